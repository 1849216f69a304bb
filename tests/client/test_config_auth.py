"""Signing in by the official SDK's configuration, which blocks, without being blocked by it."""

import asyncio
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs
import httpx
import pytest
import respx

from dara_fp.core.errors import Kind
from dara_fp.databricks.account import Account
from dara_fp.databricks.auth.config_auth import ConfigAuth, SdkConfig
from dara_fp.databricks.auth.sdk_variables import Attribute, told_by
from dara_fp.databricks.auth.settings import ENVIRONMENT, Settings, checked, settings_from
from dara_fp.databricks.errors import ConnectionFailed, Unauthenticated
from dara_fp.databricks.http.calls import Calls
from dara_fp.databricks.http.transport import Transport
from dara_fp.databricks.workspace import Workspace
from tests.client.stage import HOST, Heard, VirtualTime, answer, last, saying, served

GOOGLE = {"Authorization": "Bearer t1", "X-Databricks-GCP-SA-Access-Token": "of-google"}


@attrs.define(kw_only=True)
class Told:
    """An attribute that a configuration says it has."""

    name: str
    env: str | None = None
    sensitive: bool = False


@attrs.define
class Made:
    """A configuration as the SDK makes it, with threads to hold up and troubles to raise."""

    given: dict[str, Any]
    signs: Callable[[], dict[str, str]]
    host: str | None = "https://found.test/"
    workspace_id: str | None = "77"
    auth_type: str | None = "google-id"
    password: str = "of-the-profile"

    @staticmethod
    def attributes() -> list[Attribute]:
        return [Told(name="password", sensitive=True), Told(name="auth_type")]

    def authenticate(self) -> dict[str, str]:
        return self.signs()


class Sdk:
    """Makes configurations, and counts."""

    def __init__(self) -> None:
        self.made: list[Made] = []
        self.asked = 0
        self.gate = threading.Event()
        self.gate.set()
        self.trouble: BaseException | None = None
        self.headers = GOOGLE

    def __call__(self, **given: Any) -> SdkConfig:
        made = Made(given, self._sign)
        self.made.append(made)
        return made

    def _sign(self) -> dict[str, str]:
        self.asked += 1
        assert self.gate.wait(30)
        if self.trouble is not None:
            raise self.trouble
        return dict(self.headers)


class CoreOf(ModuleType):
    """The module in which the SDK has its configuration, which is imported by name."""

    def __init__(self, sdk: Callable[..., SdkConfig]) -> None:
        super().__init__("databricks.sdk.core")
        self.Config = sdk


@pytest.fixture
def sdk() -> Iterator[Sdk]:
    made = Sdk()
    yield made
    made.gate.set()


@pytest.fixture
async def calls(sdk: Sdk, time: VirtualTime) -> AsyncIterator[Calls]:
    made = calls_of(checked({"host": HOST, "auth_type": "google-id"}), sdk, time)
    yield made
    await made.aclose()


def calls_of(settings: Settings, sdk: Sdk, time: VirtualTime, seconds: float = 5.0) -> Calls:
    return Calls(
        settings=settings,
        auth=ConfigAuth(settings, clock=time.clock, timeout_seconds=seconds, make=sdk),
        transport=Transport(timeout_seconds=60, max_connections=1),
        retries=time.retries(60),
        timeout_seconds=60,
    )


async def test_every_header_that_the_sdk_signs_with_is_sent(
    wire: respx.MockRouter, calls: Calls, sdk: Sdk
) -> None:
    route = wire.get("/x").respond(json={})
    assert sdk.made == []
    await calls.json("GET", "/x")
    headers = last(route).headers
    assert {name: headers[name] for name in GOOGLE} == GOOGLE
    assert headers["X-Databricks-Workspace-Id"] == "77"
    assert headers["User-Agent"].endswith(" auth/google-id")
    given = sdk.made[0].given
    assert (given["host"], given["auth_type"]) == (HOST, "google-id")
    assert given["retry_timeout_seconds"] <= 10


async def test_a_crowd_asks_the_sdk_once_and_again_only_after_a_while(
    wire: respx.MockRouter, calls: Calls, sdk: Sdk, time: VirtualTime
) -> None:
    route = wire.get("/x").respond(json={})
    await asyncio.gather(*(calls.json("GET", "/x") for _ in range(100)))
    assert (len(sdk.made), sdk.asked, route.call_count) == (1, 1, 100)
    time.now += 31
    sdk.headers = {"Authorization": "Bearer t2"}
    await calls.json("GET", "/x")
    assert last(route).headers["Authorization"] == "Bearer t1"
    async with asyncio.timeout(5):
        while last(route).headers["Authorization"] == "Bearer t1":
            await asyncio.sleep(0.001)
            await calls.json("GET", "/x")
    time.now += 301
    sdk.headers = {"Authorization": "Bearer t3"}
    await calls.json("GET", "/x")
    assert last(route).headers["Authorization"] == "Bearer t3"
    assert len(sdk.made) == 1


async def test_a_signature_that_is_rejected_is_made_anew(
    wire: respx.MockRouter, calls: Calls, sdk: Sdk
) -> None:
    route = wire.get("/x").mock(side_effect=[httpx.Response(401), httpx.Response(200, json={})])

    def another() -> dict[str, str]:
        return {"Authorization": f"Bearer t{len(sdk.made)}"}

    sdk._sign = another  # type: ignore[method-assign]  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    await calls.json("GET", "/x")
    assert last(route).headers["Authorization"] == "Bearer t2"
    assert (route.call_count, len(sdk.made)) == (2, 2)


async def test_the_same_signature_is_not_sent_twice(
    wire: respx.MockRouter, calls: Calls, sdk: Sdk
) -> None:
    route = wire.get("/x").respond(401)
    with pytest.raises(Unauthenticated):
        await calls.json("GET", "/x")
    assert (route.call_count, len(sdk.made)) == (1, 2)


async def test_a_host_that_only_the_sdk_knows_is_called(
    wire: respx.MockRouter, sdk: Sdk, time: VirtualTime
) -> None:
    route = wire.get("https://found.test/x").respond(json={})
    calls = calls_of(Settings(host="", config={}), sdk, time)
    await calls.json("GET", "/x")
    await calls.aclose()
    assert route.call_count == 1


async def test_a_user_s_call_goes_where_the_sdk_has_found_the_workspace(
    wire: respx.MockRouter, sdk: Sdk, time: VirtualTime
) -> None:
    route = wire.get("https://found.test/x").respond(json={})
    calls = calls_of(Settings(host="", config={}), sdk, time)
    assert calls.host == ""
    with calls.on_behalf_of("of-a-user"):
        await calls.json("GET", "/x")
    await calls.json("GET", "/x", headers={"Authorization": "Bearer of-the-call"})
    await calls.aclose()
    heard: list[Any] = list(route.calls)
    sent: list[httpx.Headers] = [call.request.headers for call in heard]
    assert [each["Authorization"] for each in sent] == ["Bearer of-a-user", "Bearer of-the-call"]
    assert [each["X-Databricks-Workspace-Id"] for each in sent] == ["77", "77"]
    assert not any("X-Databricks-GCP-SA-Access-Token" in each for each in sent)
    assert (calls.host, sdk.asked) == ("https://found.test", 1)


@pytest.mark.parametrize("kind", [Workspace, Account])
async def test_workspaces_and_accounts_tell_the_host_that_the_sdk_has_found(
    wire: respx.MockRouter, sdk: Sdk, time: VirtualTime,
    kind: type[Workspace | Account], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setitem(sys.modules, "databricks.sdk.core", CoreOf(sdk))
    wire.get("https://found.test/x").respond(json={})
    made = kind(settings=Settings(host="", account_id="a", config={}), retries=time.retries())
    async with made as entered:
        assert (entered, made.host) == (made, "")
        await made._api.do("GET", "/x")  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    assert made.host == "https://found.test"
    assert "https://found.test" in repr(made)


async def test_a_user_s_token_goes_to_no_other_workspace_that_the_sdk_finds(
    wire: respx.MockRouter, sdk: Sdk, time: VirtualTime
) -> None:
    route = wire.get("https://found.test/x").respond(json={})
    one, other = (calls_of(Settings(host="", config={}), sdk, time) for _ in range(2))
    with one.on_behalf_of("of-a-user"):
        await other.json("GET", "/x")
    await one.aclose()
    await other.aclose()
    assert last(route).headers["Authorization"] == GOOGLE["Authorization"]


async def test_a_hung_sdk_is_waited_for_so_long_and_blocks_nobody(
    sdk: Sdk, time: VirtualTime
) -> None:
    sdk.gate.clear()
    settings = checked({"host": HOST, "profile": None, "auth_type": "azure-cli"})
    auth = ConfigAuth(settings, clock=time.clock, timeout_seconds=0.1, make=sdk)
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.005)
            ticks += 1

    ticking = asyncio.create_task(tick())
    for _ in range(3):
        with pytest.raises(
            ConnectionFailed, match=r"auth_type 'azure-cli'.* within 0\.1 s"
        ) as late:
            await auth.signature()
        assert (late.value.error.kind, late.value.sent) == (Kind.TIMEOUT, False)
    ticking.cancel()
    await auth.aclose()
    assert ticks > 5
    assert sdk.asked == 1  # what hangs does not pile up
    hung = [thread for thread in threading.enumerate() if thread.name == "dara-fp-sign-in"]
    assert [thread.daemon for thread in hung] == [True]  # nor does it hold up the end


@pytest.mark.parametrize(
    ("trouble", "passes"),
    [
        (ValueError("azure-cli: cannot get access token: hush"), False),
        (RuntimeError("no invoker's token"), False),
        (FileNotFoundError("databricks"), False),
        (ConnectionResetError("reset by peer"), True),
        (TimeoutError("slow"), True),
    ],
)
async def test_what_the_sdk_says_is_told_and_tried_again_where_it_may_pass(
    sdk: Sdk, time: VirtualTime, trouble: Exception, *, passes: bool
) -> None:
    settings = checked({"host": HOST, "token": "hush", "auth_type": "azure-cli"})
    calls = calls_of(settings, sdk, time)
    sdk.trouble = trouble
    with pytest.raises(ConnectionFailed if passes else Unauthenticated) as caught:
        await calls.json("GET", "/x")
    await calls.aclose()
    assert f"cannot sign in by the SDK's configuration (auth_type 'azure-cli') at {HOST}: " in (
        caught.value.message
    )
    assert type(trouble).__name__ in caught.value.message
    assert "hush" not in str(caught.value)
    assert (sdk.asked > 1, caught.value.retryable) == (passes, passes)


async def test_the_sdk_itself_signs_in_by_a_profile_while_the_loop_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def page(heard: Heard, writer: asyncio.StreamWriter) -> None:
        known = heard.target.startswith("/x")
        writer.write(answer() if known else answer(b"", status="404 Not Found"))
        await writer.drain()

    for name in ("DATABRICKS_HOST", "DATABRICKS_TOKEN", "DATABRICKS_CONFIG_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    async with served(page) as server:
        file = tmp_path / "databrickscfg"
        file.write_text(f"[p]\nhost = {server.host}\nusername = me\npassword = hush\n")
        monkeypatch.setenv("DATABRICKS_CONFIG_FILE", str(file))
        async with Workspace(profile="p") as workspace:
            assert server.heard == []
            await workspace.do("GET", "/x")
    asked = server.heard[-1]
    assert (asked.target, asked.headers["authorization"]) == ("/x", "Basic bWU6aHVzaA==")
    assert asked.headers["user-agent"].endswith(" auth/basic")


async def test_what_the_sdk_signs_in_with_is_not_shown_wherever_it_found_that(
    calls: Calls, sdk: Sdk
) -> None:
    sdk.trouble = ValueError("invalid_grant: of-the-profile is no password of google-id")
    with pytest.raises(Unauthenticated, match=r"\[redacted\] is no password of google-id"):
        await calls.json("GET", "/x")


async def test_no_variable_of_the_process_counts_beside_those_that_are_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABRICKS_TOKEN", "of-the-process")
    monkeypatch.setenv("DATABRICKS_AUTH_TYPE", "pat")
    monkeypatch.setenv("ARM_CLIENT_ID", "of-the-process")
    monkeypatch.setenv("DATABRICKS_WORKSPACE_ID", "13")
    given = {"DATABRICKS_USERNAME": "me", "DATABRICKS_PASSWORD": "hush"}
    async with served(saying(answer(b"", status="404 Not Found"), answer())) as server:
        environ = {"DATABRICKS_HOST": server.host, **given}
        async with Workspace.from_environment(environ) as workspace:
            environ["DATABRICKS_USERNAME"] = "changed later"
            await workspace.do("GET", "/x")
    asked = server.heard[-1]
    assert asked.headers["authorization"] == "Basic bWU6aHVzaA=="
    assert "x-databricks-workspace-id" not in asked.headers


async def test_what_the_sdk_finds_in_the_process_and_not_in_what_was_given_is_refused(
    monkeypatch: pytest.MonkeyPatch, time: VirtualTime
) -> None:
    class Config(Made):
        """Finds its way whatever it is told, as the SDK does in a GitHub action."""

        def __init__(self, **given: Any) -> None:
            super().__init__(given, lambda: GOOGLE, auth_type="github-oidc")

        @staticmethod
        def attributes() -> list[Any]:
            return []

        def _load_from_env(self) -> None:
            raise AssertionError("the process is not asked")

    monkeypatch.setitem(sys.modules, "databricks.sdk.core", CoreOf(Config))
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "hush")
    environ = {"DATABRICKS_HOST": HOST, "ARM_CLIENT_ID": "a"}
    async with Workspace(settings=settings_from(environ), retries=time.retries()) as workspace:
        with pytest.raises(Unauthenticated, match=r"github-oidc .*ACTIONS_.*_TOKEN") as caught:
            await workspace.do("GET", "/x")
    assert "hush" not in str(caught.value)


def test_the_sdk_is_told_each_variable_that_it_knows_by_any_of_its_names() -> None:
    attributes = import_module("databricks.sdk.core").Config.attributes()
    assert len(attributes) > 20
    known = {attribute.env: attribute.name for attribute in attributes if attribute.env}
    assert told_by(dict.fromkeys(known, "x"), attributes) == dict.fromkeys(known.values(), "x")
    old = {"DATABRICKS_OIDC_TOKEN_FILE": "f", "DATABRICKS_HOST": "", "OTHER": "x"}
    assert told_by(old, attributes) == {"oidc_token_filepath": "f"}


async def test_a_dead_host_fails_soon_and_is_told_by_what_named_it(
    time: VirtualTime,
) -> None:
    async with served(saying(answer())) as server:
        dead = server.host
    settings = checked({"host": dead, "token": "t"}, names=ENVIRONMENT)
    async with Workspace(settings=settings, retries=time.retries()) as workspace:
        with pytest.raises(ConnectionFailed, match="DATABRICKS_HOST names that host: check it"):
            await workspace.do("POST", "/x")
    assert 0 < sum(time.naps) <= 10


async def test_a_dead_host_that_was_an_argument_is_told_to_be_one(time: VirtualTime) -> None:
    async with served(saying(answer())) as server:
        dead = server.host
    async with Workspace(dead, token="token", retries=time.retries()) as workspace:
        with pytest.raises(ConnectionFailed, match="the argument host names that host: check it"):
            await workspace.runs.get(1)


async def test_a_host_that_has_answered_once_is_given_the_whole_budget(time: VirtualTime) -> None:
    async with served(saying(answer(more="Connection: close\r\n"))) as server:
        workspace = Workspace(server.host, token="t", retries=time.retries(60))
        await workspace.do("GET", "/x")
    async with workspace:
        with pytest.raises(ConnectionFailed, match="the retry budget of 60 s") as caught:
            await workspace.do("GET", "/x")
    assert "names that host" not in str(caught.value)
    assert sum(time.naps) > 30
