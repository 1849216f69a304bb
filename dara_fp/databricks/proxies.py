"""Which proxy and which certificates the environment asks for, read as the SDK reads it."""

import os
from collections.abc import Mapping
from urllib.request import getproxies, proxy_bypass

__all__ = ["certificate_bundle", "proxy_for"]


def proxy_for(scheme: str, host: str) -> str | None:
    """Give the proxy's URL for *scheme* and *host*, or None to go straight."""
    proxies = getproxies()
    if not proxies or proxy_bypass(host):
        return None
    return proxies.get(scheme) or proxies.get("all")


def certificate_bundle(environ: Mapping[str, str] = os.environ) -> str | None:
    """Give the file of trusted certificates that *environ* names as `requests` understands it.

    >>> certificate_bundle({"CURL_CA_BUNDLE": "/etc/ours.pem", "REQUESTS_CA_BUNDLE": ""})
    '/etc/ours.pem'
    """
    return environ.get("REQUESTS_CA_BUNDLE") or environ.get("CURL_CA_BUNDLE") or None
