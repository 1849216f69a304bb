"""Which proxy and which certificates the environment asks for, read as the SDK reads it."""

import os
import ssl
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from dara_fp.core.errors import ConfigurationError, Kind, StepError
from dara_fp.databricks.errors import ConnectionFailed, DatabricksError, UnexpectedAnswer
from dara_fp.databricks.http.transport import Call

__all__ = ["certificates", "proxy_for", "refused_by_proxy"]

_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


def proxy_for(scheme: str, host: str) -> str | None:
    """Give the proxy's URL for *scheme* and *host*, or None to go straight.

    Raises:
        ConfigurationError: What the environment names is no HTTP proxy.
    """
    proxies = getproxies()
    if not proxies or proxy_bypass(host):
        return None
    name = scheme if proxies.get(scheme) else "all"
    found = proxies.get(name)
    return _checked(found, f"{name}_proxy") if found else None


def certificates(environ: Mapping[str, str] = os.environ) -> ssl.SSLContext | None:
    """Give the trust in the file that *environ* names as `requests` understands it, if it does.

    Raises:
        ConfigurationError: There is no such file, or it holds no certificates.
    """
    name = next((name for name in _BUNDLES if environ.get(name)), None)
    if name is None:
        return None
    path = environ[name]
    try:
        return ssl.create_default_context(cafile=path)
    except OSError as error:
        raise ConfigurationError(
            f"{name} is {path!r}, from which no certificates can be read ({error}):"
            " name a file of certificates in PEM form, or unset it",
        ) from None


def refused_by_proxy(call: Call, status: int) -> DatabricksError:
    """Give the error of *call*, to which a proxy answered *status* and opened no way."""
    passes = status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return (ConnectionFailed if passes else UnexpectedAnswer)(
        StepError(
            kind=Kind.FAILED if passes else Kind.REJECTED,
            message=f"{call.name}: the proxy opens no way to {call.host}, it answered {status}:"
            " check the proxy that https_proxy or all_proxy names, and the user and password in it",
            status=status,
            retryable=passes,
        ),
    )


def _checked(proxy: str, name: str) -> str:
    """Give *proxy* with its scheme, which is http where *name* leaves it out."""
    url = proxy if "://" in proxy else f"http://{proxy}"
    if not _is_http(url):
        # Not shown: it may hold a password.
        raise ConfigurationError(
            f"{name} names no HTTP proxy: give it as http://host:port, or unset it"
        )
    return url


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
