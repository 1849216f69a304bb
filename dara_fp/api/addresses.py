"""Where the routes are."""

__all__ = ["PREFIX", "status_url"]

PREFIX = "/api/v1/workflow"


def status_url(task_id: str) -> str:
    """Give the address that tells how far the task is."""
    return f"{PREFIX}/status/{task_id}"
