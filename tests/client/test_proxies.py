"""Proxies and certificates that the environment names, and what is wrong with them."""

from pathlib import Path

import pytest

from dara_fp.core.errors import ConfigurationError
from dara_fp.databricks.errors import ConnectionFailed, DatabricksError, UnexpectedAnswer
from dara_fp.databricks.http.proxies import certificates
from tests.client import stage
from tests.client.stage import answer, saying, served


@pytest.fixture(autouse=True)
def nothing_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http", "https", "all", "no"):
        monkeypatch.delenv(f"{name}_proxy", raising=False)
        monkeypatch.delenv(f"{name}_proxy".upper(), raising=False)


async def test_the_environment_s_proxy_is_used_and_its_exceptions_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with served(saying(answer(b'{"by": "proxy"}'))) as proxy:
        monkeypatch.setenv("http_proxy", proxy.host)
        monkeypatch.setenv("no_proxy", "direct.test")
        async with stage.workspace(host="http://far.test") as workspace:
            assert await workspace.do("GET", "/x") == {"by": "proxy"}
        async with stage.workspace(host="http://direct.test", seconds=0) as workspace:
            with pytest.raises(ConnectionFailed, match=r"direct\.test"):
                await workspace.do("GET", "/x")
    assert [heard.target for heard in proxy.heard] == ["http://far.test/x"]


async def test_a_proxy_without_a_scheme_is_an_http_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    async with served(saying(answer(b'{"by": "proxy"}'))) as proxy:
        monkeypatch.setenv("all_proxy", proxy.host.removeprefix("http://"))
        async with stage.workspace(host="http://far.test") as workspace:
            assert await workspace.do("GET", "/x") == {"by": "proxy"}


@pytest.mark.parametrize("proxy", ["socks5://me:hush@h:1", "http://me:hush@h:x", "http://", "h:0"])
async def test_what_is_no_http_proxy_is_named_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("https_proxy", proxy)
    async with stage.workspace(host="https://far.test") as workspace:
        with pytest.raises(ConfigurationError, match="https_proxy names no HTTP") as caught:
            await workspace.do("GET", "/x")
    assert "hush" not in str(caught.value)


# The bridge between the two HTTP libraries still says a proxy's password in the old way.
@pytest.mark.filterwarnings("ignore:(BasicAuth|The .proxy_auth. parameter) is:DeprecationWarning")
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_proxy_that_wants_a_password_is_told_at_once(
    monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    wanting = answer(b"", status="407 Proxy Authentication Required")
    async with served(saying(wanting)) as proxy:
        monkeypatch.setenv(f"{scheme}_proxy", proxy.host.replace("//", "//me:hush@"))
        async with stage.workspace(host=f"{scheme}://far.test") as workspace:
            with pytest.raises(DatabricksError, match=f"check the proxy that {scheme}_") as caught:
                await workspace.do("GET", "/x?sig=hush")
    assert (len(proxy.heard), caught.value.status, caught.value.retryable) == (1, 407, False)
    assert "hush" not in str(caught.value)


async def test_a_proxy_that_does_not_reach_the_host_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    away, forbidden = (answer(b"", status=status) for status in ("502 Bad Gateway", "403 No"))
    async with served(saying(away, forbidden)) as proxy:
        monkeypatch.setenv("https_proxy", proxy.host)
        async with stage.workspace(host="https://far.test") as workspace:
            with pytest.raises(UnexpectedAnswer, match="it answered 403"):
                await workspace.do("GET", "/x")
    assert [heard.method for heard in proxy.heard] == ["CONNECT", "CONNECT"]


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
async def test_certificates_that_cannot_be_read_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    empty = tmp_path / "empty.pem"
    empty.touch()
    for path in (empty, tmp_path / "none.pem", tmp_path):
        monkeypatch.setenv(name, str(path))
        async with stage.workspace(host="https://far.test") as workspace:
            with pytest.raises(ConfigurationError, match=f"{name} is '{path}'"):
                await workspace.do("GET", "/x")


def test_the_first_bundle_that_is_named_is_read(tmp_path: Path) -> None:
    named = {"CURL_CA_BUNDLE": str(tmp_path / "ours.pem"), "SSL_CERT_FILE": str(tmp_path / "b")}
    with pytest.raises(ConfigurationError, match="CURL_CA_BUNDLE"):
        certificates({"REQUESTS_CA_BUNDLE": "", **named})
    assert certificates({}) is None
