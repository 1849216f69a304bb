"""By what id the service knows a request, to quote to its support."""

from collections.abc import Iterable, Mapping

from dara_fp.databricks.http.redaction import without

__all__ = ["request_id_of"]

# The last two are those of S3 and Azure; what Google's store tells is part of its addresses.
_REQUEST_IDS = ("x-request-id", "x-databricks-request-id", "x-amz-request-id", "x-ms-request-id")


def request_id_of(headers: Mapping[str, str], *, secrets: Iterable[str] = ()) -> str | None:
    """Give the id the service, or a cloud's store, gave the request: by the answer's *headers*.

    None of *secrets* is in it, whatever the answer echoes.
    """
    found = next(filter(None, map(headers.get, _REQUEST_IDS)), None)
    return without(found, secrets) if found else None
