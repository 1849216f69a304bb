"""What a refusal means that follows a lost answer: an earlier try may have done what was asked."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from dara_fp.databricks.errors import DatabricksError, NotFound
from dara_fp.databricks.http.calls import Calls, Request

__all__ = ["gone_already", "is_stored_already"]

_ROUNDING = 1.0  # seconds; the times of headers have no fractions


@contextmanager
def gone_already() -> Generator[None]:
    """Let a deletion be done that finds nothing to delete after a try whose answer was lost."""
    try:
        yield
    except NotFound as error:
        if not error.lost_before:
            raise


async def is_stored_already(
    calls: Calls, path: str, *, length: int, began: float, error: DatabricksError
) -> bool:
    """Tell whether a try before *error* stored the file at *path*.

    It did if the file is there with *length* bytes, and was changed since the upload *began*, by
    `Calls.now`: by the server's own clock, which may go otherwise.
    """
    if not error.lost_before:
        return False
    try:
        found = await calls.answer(Request(method="HEAD", path=path))
    except DatabricksError:
        return False  # what was refused first says more
    is_as_long = found.headers.get("content-length") == str(length)
    return is_as_long and _changed_within(found.headers, calls.now() - began)


def _changed_within(headers: Mapping[str, str], seconds: float) -> bool:
    """Tell whether what *headers* tell of was changed in the last *seconds* before the answer."""
    answered, changed = _moment(headers.get("date")), _moment(headers.get("last-modified"))
    if answered is None or changed is None:
        return False  # nothing proves it
    return (answered - changed).total_seconds() <= seconds + _ROUNDING


def _moment(text: str | None) -> datetime | None:
    try:
        found = parsedate_to_datetime(text) if text else None
    except ValueError:
        return None
    return found.replace(tzinfo=found.tzinfo or UTC) if found else None
