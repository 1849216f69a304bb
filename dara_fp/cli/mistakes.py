"""What a user of the command line can get wrong."""

__all__ = ["CannotLoad"]


class CannotLoad(Exception):
    """What the user named is not there, or is something else."""
