"""Addresses that carry their own permission for one file and some minutes, as cloud stores give."""

import base64
import binascii
import hashlib
import hmac
import secrets
import time
from datetime import datetime
from pathlib import Path

import attrs
import msgspec
from starlette.responses import Response

from dara_fp.sandbox.server.errors import invalid

__all__ = ["STORAGE_PATH", "Grant", "GrantRefused", "Signer", "expired", "expiry"]

STORAGE_PATH = "/sandbox/storage"
LONGEST_LIFE = 24 * 3600
KEY_BYTES = 32


@attrs.frozen(kw_only=True)
class Grant:
    """What a presigned address allows until *expires* (seconds since the epoch)."""

    verb: str
    target: str
    part: int = 0
    expires: float


class GrantRefused(Exception):
    """The signature of an address is wrong, or its time is over."""


class Signer:
    """Makes and checks presigned addresses with the key in *key_file*, made when it is missing.

    They name *workspace_id*, since they bring no token that would tell whose they are.
    """

    def __init__(self, workspace_id: str, key_file: Path) -> None:
        self._key = _key(key_file)
        self._place = f"{STORAGE_PATH}?o={workspace_id}"

    def address(self, base: str, grant: Grant) -> str:
        """Give the address below *base* that carries *grant*."""
        body = base64.urlsafe_b64encode(msgspec.json.encode(grant))
        return f"{base}{self._place}&grant={body.decode()}&signature={self._sign(body)}"

    def check(self, body: str, signature: str, verb: str) -> Grant:
        """Give the grant in *body*.

        Raises:
            GrantRefused: *signature* is not ours, *verb* is not allowed, or the time is over.
        """
        if not hmac.compare_digest(self._sign(body.encode()).encode(), signature.encode()):
            raise GrantRefused("Signature does not match")
        try:
            grant = msgspec.json.decode(base64.urlsafe_b64decode(body), type=Grant)
        except (binascii.Error, msgspec.DecodeError):
            raise GrantRefused("Signature does not match") from None
        if grant.verb != verb:
            raise GrantRefused("Method not allowed by this address")
        if grant.expires < time.time():
            raise GrantRefused("Request has expired")
        return grant

    def _sign(self, body: bytes) -> str:
        return hmac.new(self._key, body, hashlib.sha256).hexdigest()


def _key(file: Path) -> bytes:
    if not file.exists():
        # Kept, so that addresses outlive a restart, as those of a cloud's store do.
        file.touch(mode=0o600)
        file.write_bytes(secrets.token_bytes(KEY_BYTES))
    key = file.read_bytes()
    if len(key) == KEY_BYTES:
        return key
    file.unlink()  # a start that was killed while it wrote
    return _key(file)


def expired(refused: GrantRefused) -> Response:
    """Give the 403 of a cloud store for *refused*; clients look for "Request has expired"."""
    said = f"<Error><Code>AccessDenied</Code><Message>{refused}</Message></Error>"
    return Response(said, status_code=403, media_type="application/xml")


def expiry(expire_time: str) -> float:
    """Read *expire_time* (RFC 3339), at most a day away, as seconds since the epoch."""
    try:
        moment = datetime.fromisoformat(expire_time).timestamp()
    except ValueError:
        said = f"expire_time must be an RFC 3339 time, got {expire_time[:60]!r}."
        raise invalid(said) from None
    return min(moment, time.time() + LONGEST_LIFE)
