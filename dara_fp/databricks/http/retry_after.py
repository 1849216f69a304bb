"""How long an answer asks to wait: `Retry-After` in seconds or as a date (RFC 9110, 10.2.3)."""

import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from time import time

__all__ = ["seconds_asked"]


def seconds_asked(headers: Mapping[str, str]) -> float | None:
    """Give the seconds that *headers*, by names in lower case, ask to wait; None if they do not.

    >>> seconds_asked({"retry-after": "1.5"})
    1.5
    >>> told = {"retry-after": "Tue, 24 Nov 2026 00:00:09 GMT"}
    >>> seconds_asked({**told, "date": "Tue, 24 Nov 2026 00:00:02 GMT"})
    7.0
    >>> seconds_asked({"retry-after": "-5"})
    """
    asked = headers.get("retry-after")
    if asked is None:
        return None
    if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", asked.strip()):
        return float(asked)
    return _seconds_until(asked, headers.get("date"))


def _seconds_until(then: str, date: str | None) -> float | None:
    """Give the seconds from *date*, by the clock of whoever answers, or from now."""
    try:
        now = _timestamp(date) if date else time()
        return max(0.0, _timestamp(then) - now)
    except (ValueError, OverflowError):
        return None


def _timestamp(date: str) -> float:
    found = parsedate_to_datetime(date)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
