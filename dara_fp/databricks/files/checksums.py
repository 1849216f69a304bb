"""What a cloud's store says it holds, against what was sent.

Each store tells in its own way, read from its documentation: S3 by an `ETag` that is the MD5 of
what it keeps in the clear or under keys of its own (`AES256`), and by `x-amz-checksum-*` where the
bucket has it; Azure's blobs by `Content-MD5`; Google's store by `x-goog-hash`.
"""

import asyncio
import base64
import hashlib
import re
import zlib
from collections.abc import Callable, Mapping

__all__ = ["Sum", "holds_other_bytes", "md5_of"]

Digest = Callable[[bytes], str]


class Sum:
    """The MD5 of bytes that come piece by piece."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._digest = hashlib.md5(usedforsecurity=False)

    async def add(self, piece: bytes) -> None:
        """Take *piece* in, in a thread."""
        await asyncio.to_thread(self._digest.update, piece)

    def is_denied(self, headers: Mapping[str, str]) -> bool:
        """Tell whether the answer with *headers* proves that all was other than these bytes."""
        said = md5_of(headers)
        return said is not None and said != _base64(self._digest.digest())


def md5_of(headers: Mapping[str, str]) -> str | None:
    """Give the MD5, in Base64, that *headers* tell of a whole, if they do."""
    found = re.search(r"\bmd5=([A-Za-z0-9+/]{22}==)", headers.get("x-goog-hash", ""))
    return headers.get("content-md5") or (found[1] if found else None)


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def _md5_base64(content: bytes) -> str:
    return _base64(hashlib.md5(content, usedforsecurity=False).digest())


def _crc32(content: bytes) -> str:
    return _base64(zlib.crc32(content).to_bytes(4))


def _sha256(content: bytes) -> str:
    return _base64(hashlib.sha256(content).digest())


async def holds_other_bytes(headers: Mapping[str, str], content: bytes) -> bool:
    """Tell whether the answer with *headers* proves that something else than *content* arrived.

    A store that says nothing of what it holds proves nothing.
    """
    said = _said(headers)
    if said is None:
        return False
    digest, expected = said
    return await asyncio.to_thread(digest, content) != expected


def _said(headers: Mapping[str, str]) -> tuple[Digest, str] | None:
    """Give how the store of *headers* digests what it got, and what came out."""
    named: dict[str, Digest] = {
        "x-amz-checksum-crc32": _crc32,
        "x-amz-checksum-sha256": _sha256,
    }
    for name, digest in named.items():
        if value := headers.get(name):
            return digest, value
    if md5 := md5_of(headers):
        return _md5_base64, md5
    return _etag(headers)


def _etag(headers: Mapping[str, str]) -> tuple[Digest, str] | None:
    # Under a customer's key, an ETag is no digest of the content.
    if headers.get("x-amz-server-side-encryption", "AES256") != "AES256":
        return None
    if "x-amz-server-side-encryption-customer-algorithm" in headers:
        return None
    found = re.fullmatch(r'"([0-9a-f]{32})"', headers.get("etag", ""))
    return (_md5, found[1]) if found else None
