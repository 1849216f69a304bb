"""Keeping what must not be shown out of errors and logs, however an answer echoes it."""

from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager

from dara_fp.databricks.errors import DatabricksError

__all__ = ["credentials", "hiding", "without"]


def credentials(headers: Mapping[str, str]) -> tuple[str, ...]:
    """Give what *headers* sign a call with, without the scheme.

    >>> credentials({"authorization": "Bearer abc", "Accept": "a/b"})
    ('abc',)
    """
    signed = [value for name, value in headers.items() if name.lower() == "authorization"]
    return tuple(value.partition(" ")[2] or value for value in signed)


def without(text: str, secrets: Iterable[str]) -> str:
    """Give *text* with none of *secrets* in it.

    >>> without("token abc is wrong", ["abc", ""])
    'token [redacted] is wrong'
    """
    for secret in secrets:
        text = text.replace(secret, "[redacted]") if secret else text
    return text


@contextmanager
def hiding(secrets: Iterable[str]) -> Generator[None]:
    """Let no `DatabricksError` out with one of *secrets* in it."""
    known = tuple(secrets)
    try:
        yield
    except DatabricksError as error:
        told = (error.message, error.request_id or "", error.error_code or "")
        message, request_id, code = (without(text, known) for text in told)
        if (message, request_id, code) == told:
            raise
        raise error.changed(
            message=message, request_id=request_id or None, error_code=code or None
        ) from None
