"""Calls that must not be sent twice: whether one that failed may have been done all the same."""

from collections.abc import Generator
from contextlib import contextmanager
from http import HTTPStatus

from dara_fp.databricks.errors import DatabricksError, UnexpectedAnswer

__all__ = ["in_doubt", "may_have_been_done", "not_to_be_repeated"]

_TURNED_AWAY = HTTPStatus.SERVICE_UNAVAILABLE


def may_have_been_done(error: DatabricksError) -> bool:
    """Tell whether the workspace may have done what the call asked for, though it ended in *error*.

    Then whoever cannot send it again has a look at what is there. A refusal leaves no doubt, and
    neither does a workspace that said it is away.
    """
    if error.lost_before or error.in_doubt:
        return True
    return error.sent and (error.status is None or _answered_badly(error))


@contextmanager
def not_to_be_repeated() -> Generator[None]:
    """Mark what goes wrong with the calls of the block as in doubt where one may have been done."""
    try:
        yield
    except DatabricksError as error:
        if not may_have_been_done(error):
            raise
        raise in_doubt(error) from None


def in_doubt(error: DatabricksError) -> DatabricksError:
    """Give *error* as that of a call that may have been done all the same."""
    return error.changed(in_doubt=True)


def _answered_badly(error: DatabricksError) -> bool:
    broke = error.status is not None and error.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return isinstance(error, UnexpectedAnswer) or (broke and error.status != _TURNED_AWAY)
