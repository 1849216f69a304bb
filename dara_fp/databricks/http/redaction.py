"""Keeping what must not be shown out of errors and logs, however an answer echoes it."""

import re
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from types import TracebackType
from urllib.parse import quote, quote_plus, unquote_plus, urlsplit

from dara_fp.databricks.errors import DatabricksError

__all__ = ["credentials", "hiding", "signatures", "without"]

# Beside the usual one, those that sign a call on Azure and on Google.
_SIGNING = frozenset(
    {
        "authorization",
        "x-databricks-azure-sp-management-token",
        "x-databricks-gcp-sa-access-token",
    }
)
_SHORT = 4  # characters; what is shorter is a number of a part, and stands everywhere


def credentials(headers: Mapping[str, str]) -> tuple[str, ...]:
    """Give what *headers* sign a call with, without the scheme.

    >>> credentials({"authorization": "Bearer abc", "Accept": "a/b"})
    ('abc',)
    """
    signed = [value for name, value in headers.items() if name.lower() in _SIGNING]
    return tuple(value.partition(" ")[2] or value for value in signed)


def signatures(url: str) -> tuple[str, ...]:
    """Give what a presigned *url* is signed with: its query, whole and value by value.

    >>> signatures("https://store.test/f?sig=a%2Fbc%3D&part=1")
    ('sig=a%2Fbc%3D&part=1', 'a%2Fbc%3D', 'a/bc=')
    """
    query = urlsplit(url).query
    raw = [pair.partition("=")[2] for pair in query.split("&")]
    both = [form for value in raw for form in dict.fromkeys((value, unquote_plus(value)))]
    return (query, *(value for value in both if len(value) >= _SHORT)) if query else ()


def without(text: str, secrets: Iterable[str]) -> str:
    """Give *text* with none of *secrets* in it, nor any of them as it is written in an address.

    >>> without("token abc is wrong", ["abc", ""])
    'token [redacted] is wrong'
    >>> without("token abc is wrong", ["t", "token abc"])
    '[redacted] is wrong'
    >>> without("?t=a%2Fb", ["a/b"])
    '?t=[redacted]'
    """
    forms = sorted({form for secret in secrets for form in _forms(secret)}, key=len, reverse=True)
    if not forms:
        return text
    return re.sub("|".join(map(re.escape, forms)), "[redacted]", text, flags=re.IGNORECASE)


def hiding(secrets: Iterable[str]) -> AbstractContextManager[None]:
    """Let no `DatabricksError` out of the block with one of *secrets* in it."""
    return _Hiding(secrets)


class _Hiding(AbstractContextManager[None]):
    """Every call passes here, so that this is a class: a generator takes several times as long."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = secrets

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not isinstance(error, DatabricksError):
            return
        found = _hidden(error, tuple(self._secrets))
        if found is error:
            return
        del error, trace  # a trace of this frame would show them
        try:
            raise found
        finally:
            found.__context__ = None  # that is the one with the secret


def _hidden(error: DatabricksError, secrets: tuple[str, ...]) -> DatabricksError:
    told = {name: getattr(error.error, name) for name in ("message", "request_id", "error_code")}
    hidden = {name: without(text, secrets) if text else text for name, text in told.items()}
    reasons = tuple(without(reason, secrets) for reason in error.reasons)
    if (hidden, reasons) == (told, error.reasons):
        return error
    changed = error.changed(**hidden).with_traceback(None)
    changed.reasons = reasons
    return changed


def _forms(secret: str) -> Iterable[str]:
    """Give *secret* as it is, and as it stands in an address."""
    return {secret, quote(secret, safe=""), quote_plus(secret)} if secret else ()
