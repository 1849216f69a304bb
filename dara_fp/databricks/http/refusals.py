"""From an HTTP answer that refuses to the error it means.

The shapes of the bodies, their order, and the three overrides are those of databricks-sdk 0.156.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import attrs
import msgspec

from dara_fp.core.errors import StepError
from dara_fp.databricks.errors import (
    CLASS_OF_CODE,
    CLASS_OF_STATUS,
    DatabricksError,
    PrivateLinkValidationError,
    ResourceDoesNotExist,
    UnexpectedAnswer,
    kind_of_status,
)
from dara_fp.databricks.http.redaction import without
from dara_fp.databricks.http.request_ids import request_id_of
from dara_fp.databricks.http.retry_after import seconds_asked

__all__ = ["TRANSIENT_STATUSES", "Refusal", "excerpt", "refused"]

TRANSIENT_STATUSES = frozenset({408, 429, 502, 503, 504})
_EXCERPT = 400
_MESSAGE = 4_000

# Wording of passing troubles that come with many statuses (databricks-sdk, `_is_retryable`).
_TRANSIENT_PHRASES = (
    "com.databricks.backend.manager.util.UnknownWorkerEnvironmentException",
    "does not have any associated worker environments",
    "There is no worker environment with id",
    "Unknown worker environment",
    "ClusterNotReadyException",
    "Unexpected error",
    "Please try again later or try a faster operation.",
    "RPC token bucket limit has been exceeded",
)

# A workspace says 400 for these missing things; callers expect "not found".
_NOT_FOUND_AFTER_ALL = (
    (re.compile(r"/api/2\.\d/clusters/get"), re.compile(r"Cluster .* does not exist")),
    (re.compile(r"/api/2\.\d/jobs/get"), re.compile(r"Job .* does not exist")),
    (
        re.compile(r"/api/2\.\d/jobs/runs/get"),
        re.compile(r"Run .* does not exist|Run: .* in job: .* doesn't exist"),
    ),
)

_TEXT = re.compile(r"([A-Z_]+): (.*)", re.DOTALL)
_HTML = (re.compile(r"<pre>(.*?)</pre>", re.DOTALL), re.compile(r"<title>(.*?)</title>", re.DOTALL))
_XML = re.compile(r"<(Code|Message|AuthenticationErrorDetail)>([^<]*)</\1>")
_HINTS: Mapping[int, str] = {
    401: "check the token, or the client id and secret, of this workspace",
    403: "grant the caller what is missing, or call as someone who has it",
    407: "check the proxy that http_proxy or all_proxy names, and the user and password in it",
}


@attrs.frozen(kw_only=True)
class Refusal:
    """An answer with an HTTP status of 300 or more, as it came.

    Attributes:
        method: Verb of the call.
        path: Path of the call, without its query.
        status: HTTP status.
        reason: Its reason phrase; may be empty.
        headers: Headers of the answer, in lower case.
        body: Its body, or the beginning of a long one.
    """

    method: str
    path: str
    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes = attrs.field(repr=False)

    @property
    def phrase(self) -> str:
        """Give the reason phrase, the standard one where the answer brought none."""
        if self.reason:
            return self.reason
        known = {known.value: known.phrase for known in HTTPStatus}
        return known.get(self.status, "no reason given")


@attrs.frozen(kw_only=True)
class _Said:
    """What the body of a refusal says."""

    message: str
    code: str | None = None
    reasons: tuple[str, ...] = ()


def refused(refusal: Refusal, *, secrets: Iterable[str] = ()) -> DatabricksError:
    """Give the error *refusal* means, with none of *secrets* in it."""
    if 300 <= refusal.status < 400:  # noqa: PLR2004 - the two ends of the redirects
        return _redirected(refusal)
    known = tuple(secrets)
    said = _understand(refusal, _without(refusal.body, known))
    told = without(said.message, known)[:_MESSAGE]  # before it is cut, maybe amid a secret
    call = f"{refusal.method} {refusal.path}"
    hint = _HINTS.get(refusal.status)
    return _class_for(refusal, said)(
        StepError(
            kind=kind_of_status(refusal.status),
            message=f"{call}: {told}" + (f" ({hint})" if hint else ""),
            status=refusal.status,
            error_code=said.code,
            request_id=request_id_of(refusal.headers),
            retryable=_is_transient(refusal.status, said.message),
        ),
        retry_after=seconds_asked(refusal.headers),
        reasons=said.reasons,
    )


def excerpt(body: bytes | str, limit: int = _EXCERPT, *, secrets: Iterable[str] = ()) -> str:
    r"""Give the beginning of *body* on one printable line of at most *limit* characters.

    None of *secrets* is in it, not even one that the end cuts in two.

    >>> excerpt(b"Bad\r\n\x00gateway " + b"." * 99, limit=12)
    'Bad gateway ... (113 long)'
    """
    text = body if isinstance(body, str) else body[: 4 * limit].decode("utf-8", "replace")
    text = without(text, secrets)
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(body) <= limit else f"{line[:limit]}... ({len(body)} long)"


def _class_for(refusal: Refusal, said: _Said) -> type[DatabricksError]:
    if _is_missing_after_all(refusal, said):
        return ResourceDoesNotExist
    by_status = CLASS_OF_STATUS.get(refusal.status, DatabricksError)
    return CLASS_OF_CODE.get(said.code or "", by_status)


def _is_missing_after_all(refusal: Refusal, said: _Said) -> bool:
    if (refusal.method, refusal.status, said.code) != ("GET", 400, "INVALID_PARAMETER_VALUE"):
        return False
    return any(
        path.match(refusal.path) and wording.match(said.message)
        for path, wording in _NOT_FOUND_AFTER_ALL
    )


def _is_transient(status: int, message: str) -> bool:
    return status in TRANSIENT_STATUSES or any(phrase in message for phrase in _TRANSIENT_PHRASES)


def _understand(refusal: Refusal, body: bytes) -> _Said:
    readers: tuple[Callable[[Refusal, bytes], _Said | None], ...] = (
        _from_nothing,
        _from_json,
        _from_text,
        _from_html,
        _from_xml,
    )
    for reader in readers:
        if said := reader(refusal, body):
            return said
    return _Said(message=f"an answer that cannot be read: {excerpt(body)}")


def _from_nothing(refusal: Refusal, body: bytes) -> _Said | None:
    return None if body else _Said(message=refusal.phrase)


def _from_json(_refusal: Refusal, body: bytes) -> _Said | None:
    try:
        answer = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return _from_scim(answer) or _from_api_1_2(answer) or _from_api_2(answer)


def _from_scim(answer: dict[str, Any]) -> _Said | None:
    if not (detail := answer.get("detail")):
        return None
    said = "SCIM API Internal Error" if detail == "null" else detail
    scim_type = answer.get("scimType") or ""  # the SDK prints "None" where there is none
    return _Said(message=f"{scim_type} {said}".strip(), code=f"SCIM_{answer.get('status')}")


def _from_api_1_2(answer: dict[str, Any]) -> _Said | None:
    error = answer.get("error")
    if not isinstance(error, str):
        return None
    more = answer.get("error_description") or answer.get("errorSummary")  # OAuth's own shape
    return _Said(
        message=f"{error}: {more}" if more else error, code=_text(answer.get("error_code"))
    )


def _from_api_2(answer: dict[str, Any]) -> _Said | None:
    message = _text(answer.get("message")) or "request failed"
    reasons = tuple(str(detail["reason"]) for detail in _details(answer) if "reason" in detail)
    return _Said(message=message, code=_text(answer.get("error_code")), reasons=reasons)


def _details(answer: dict[str, Any]) -> list[dict[str, Any]]:
    try:
        return msgspec.convert(answer.get("details") or [], list[dict[str, Any]])
    except msgspec.ValidationError:
        return []


def _from_text(_refusal: Refusal, body: bytes) -> _Said | None:
    if not (match := _TEXT.match(body.decode("utf-8", "replace"))):
        return None
    return _Said(message=match[2].strip(), code=match[1])


def _from_html(refusal: Refusal, body: bytes) -> _Said | None:
    text = body.decode("utf-8", "replace")
    found = next((match for pattern in _HTML if (match := pattern.search(text))), None)
    if found is None:
        return None
    code = refusal.phrase.upper().replace(" ", "_")
    return _Said(message=excerpt(found[1].strip() or refusal.phrase), code=code)


def _from_xml(_refusal: Refusal, body: bytes) -> _Said | None:
    """Read what a cloud's store says of a presigned URL."""
    found = dict(_XML.findall(body.decode("utf-8", "replace")))
    if "Code" not in found:
        return None
    told = (found.get("Message"), found.get("AuthenticationErrorDetail"))
    message = ": ".join(excerpt(text) for text in told if text)
    return _Said(message=message or found["Code"], code=found["Code"])


def _redirected(refusal: Refusal) -> DatabricksError:
    target = urlsplit(refusal.headers.get("location", ""))
    call = f"{refusal.method} {refusal.path}"
    if target.path == "/login.html" and "error=private-link-validation-error" in target.query:
        return PrivateLinkValidationError(
            StepError(
                kind=kind_of_status(403),
                message=f"{call}: the workspace has a private link and this network no way to it:"
                " call it from a network that reaches its private endpoint",
                status=403,
                error_code="PRIVATE_LINK_VALIDATION_ERROR",
                request_id=request_id_of(refusal.headers),
            ),
        )
    where = f"{target.scheme}://{target.hostname}{target.path}" if target.hostname else target.path
    return UnexpectedAnswer(
        StepError(
            message=f"{call}: the host sends us elsewhere, to {where or 'nowhere'}:"
            " check that the host is the workspace's own address",
            status=refusal.status,
            request_id=request_id_of(refusal.headers),
        ),
    )


def _without(body: bytes, secrets: Iterable[str]) -> bytes:
    # In this way bytes that are no text come back as they were.
    return without(body.decode("utf-8", "surrogateescape"), secrets).encode(
        "utf-8", "surrogateescape"
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)
