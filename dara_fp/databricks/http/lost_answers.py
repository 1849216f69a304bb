"""What a refusal means that follows a lost answer: an earlier try may have done what was asked."""

from collections.abc import Generator
from contextlib import contextmanager

from dara_fp.databricks.errors import DatabricksError, NotFound
from dara_fp.databricks.http.calls import Calls, Request

__all__ = ["gone_already", "is_stored_already"]


@contextmanager
def gone_already() -> Generator[None]:
    """Let a deletion be done that finds nothing to delete after a try whose answer was lost."""
    try:
        yield
    except NotFound as error:
        if not error.in_doubt:
            raise


async def is_stored_already(calls: Calls, path: str, length: int, error: DatabricksError) -> bool:
    """Tell whether a try before *error* stored the file at *path*: it is there, *length* bytes."""
    if not error.in_doubt:
        return False
    try:
        found = await calls.answer(Request(method="HEAD", path=path))
    except DatabricksError:
        return False  # what was refused first says more
    return found.headers.get("content-length") == str(length)
