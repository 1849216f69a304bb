"""Signing in as a service principal, without a request too many."""

import asyncio
import base64
import logging
from collections.abc import AsyncIterator

import httpx
import pytest
import respx

from dara_fp.core.errors import Kind
from dara_fp.databricks.auth.machine_auth import MachineAuth
from dara_fp.databricks.auth.settings import Settings
from dara_fp.databricks.errors import ConnectionFailed, Unauthenticated, UnexpectedAnswer
from dara_fp.databricks.http.transport import Transport
from dara_fp.databricks.workspace import Workspace
from tests.client.stage import HOST, TOKEN, VirtualTime, last

DISCOVERY = "/oidc/.well-known/oauth-authorization-server"
SECRET = "dose-never-to-be-seen"


class Service:
    """A token service that counts, and fails when told."""

    def __init__(self, wire: respx.MockRouter) -> None:
        self.given = 0
        self.expires_in = 3600
        self.failing: httpx.Response | Exception | None = None
        self.fails_for = 1_000_000
        self.asked = asyncio.Event()
        self.gate: asyncio.Event | None = None
        self.discovery = wire.get(DISCOVERY).respond(
            json={"token_endpoint": f"{HOST}/oidc/v1/token", "authorization_endpoint": "x"}
        )
        self.tokens = wire.post("/oidc/v1/token").mock(side_effect=self.give)

    async def give(self, _request: httpx.Request) -> httpx.Response:
        self.asked.set()
        if self.gate is not None:
            await self.gate.wait()
        if self.failing is not None and self.fails_for:
            self.fails_for -= 1
            if isinstance(self.failing, Exception):
                raise self.failing
            return self.failing
        self.given += 1
        token = {"access_token": f"t{self.given}", "expires_in": self.expires_in}
        return httpx.Response(200, json={**token, "token_type": "Bearer"})


@pytest.fixture
def service(wire: respx.MockRouter) -> Service:
    return Service(wire)


@pytest.fixture
def things(wire: respx.MockRouter) -> respx.Route:
    return wire.get("/x").respond(json={})


@pytest.fixture
async def machine(time: VirtualTime) -> AsyncIterator[Workspace]:
    retries = time.retries()
    async with Workspace(HOST, client_id="c:id", client_secret=SECRET, retries=retries) as made:
        yield made


def signature(route: respx.Route) -> str:
    return str(last(route).headers["Authorization"])


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_the_token_is_asked_for_as_the_sdk_asks(
    service: Service, things: respx.Route, machine: Workspace
) -> None:
    assert service.discovery.call_count == 0
    await machine.do("GET", "/x")
    asked = last(service.tokens)
    basic = base64.b64encode(f"c:id:{SECRET}".encode()).decode()
    assert asked.headers["Authorization"] == f"Basic {basic}"
    assert asked.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert asked.content == b"grant_type=client_credentials&scope=all-apis"
    assert signature(things) == "Bearer t1"
    assert last(things).headers["User-Agent"].endswith("auth/oauth-m2m")


async def test_a_hundred_callers_wait_for_one_token(
    service: Service, things: respx.Route, machine: Workspace
) -> None:
    await asyncio.gather(*(machine.do("GET", "/x") for _ in range(100)))
    assert (service.given, things.call_count) == (1, 100)
    await machine.do("GET", "/x")
    assert service.given == 1


async def test_a_caller_that_gives_up_does_not_take_the_token_from_the_others(
    service: Service, things: respx.Route, machine: Workspace
) -> None:
    service.gate = asyncio.Event()
    first, second = (asyncio.create_task(machine.do("GET", "/x")) for _ in range(2))
    await service.asked.wait()
    first.cancel()
    service.gate.set()
    assert await second == {}
    assert (service.given, things.call_count) == (1, 1)
    assert first.cancelled()


@pytest.mark.parametrize(("life", "ahead"), [(3600, 60), (100, 10)])
async def test_a_token_is_renewed_ahead_of_its_end_while_calls_go_on(
    service: Service,
    things: respx.Route,
    machine: Workspace,
    time: VirtualTime,
    life: int,
    ahead: int,
) -> None:
    service.expires_in = life
    await machine.do("GET", "/x")
    time.now += life - ahead - 1
    await machine.do("GET", "/x")
    await settle()
    assert service.given == 1
    time.now += 2
    await machine.do("GET", "/x")
    assert signature(things) == "Bearer t1"
    await settle()
    assert service.given == 2
    await machine.do("GET", "/x")
    assert signature(things) == "Bearer t2"


async def test_a_renewal_that_fails_leaves_the_token_in_use_until_it_ends(
    service: Service, things: respx.Route, machine: Workspace, time: VirtualTime
) -> None:
    await machine.do("GET", "/x")
    service.failing = httpx.Response(500)
    time.now += 3570
    for _ in range(10):
        await machine.do("GET", "/x")
        await settle()
    assert signature(things) == "Bearer t1"
    assert service.tokens.call_count == 2  # not one for each call
    time.now += 31
    service.failing = None
    await machine.do("GET", "/x")
    assert signature(things) == "Bearer t2"


async def test_a_rejected_token_is_replaced_once(
    wire: respx.MockRouter, service: Service, machine: Workspace
) -> None:
    route = wire.get("/y").mock(side_effect=[httpx.Response(401), httpx.Response(200, json={})])
    assert await machine.do("GET", "/y") == {}
    assert (signature(route), service.given) == ("Bearer t2", 2)
    route.mock(return_value=httpx.Response(401))
    with pytest.raises(Unauthenticated):
        await machine.do("GET", "/y")
    assert (route.call_count, service.given) == (4, 3)


async def test_many_rejected_callers_fetch_one_new_token(
    wire: respx.MockRouter, service: Service, machine: Workspace
) -> None:
    async def only_the_second(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0)
        good = request.headers["Authorization"] == "Bearer t2"
        return httpx.Response(200 if good else 401, json={})

    wire.get("/y").mock(side_effect=only_the_second)
    await asyncio.gather(*(machine.do("GET", "/y") for _ in range(20)))
    assert service.given == 2


async def test_a_late_rejection_does_not_cost_the_newer_token(
    wire: respx.MockRouter, service: Service, machine: Workspace
) -> None:
    late = asyncio.Event()

    async def rejecting(request: httpx.Request) -> httpx.Response:
        if request.headers["Authorization"] != "Bearer t1":
            return httpx.Response(200, json={})
        if request.url.params["call"] == "late":
            await late.wait()
        return httpx.Response(401)

    wire.get("/y").mock(side_effect=rejecting)
    slow = asyncio.create_task(machine.do("GET", "/y", query={"call": "late"}))
    await service.asked.wait()
    await machine.do("GET", "/y", query={"call": "early"})
    late.set()
    await slow
    assert service.given == 2


@pytest.mark.usefixtures("service")
async def test_a_begun_stream_is_not_sent_again_with_a_new_token(
    wire: respx.MockRouter, machine: Workspace
) -> None:
    async def stream() -> AsyncIterator[bytes]:
        yield b"abc"

    route = wire.put("/api/2.0/fs/files/a").respond(401)
    with pytest.raises(Unauthenticated):
        await machine.files.upload("/a", stream(), length=3)
    assert route.call_count == 1


async def test_a_fixed_token_that_is_rejected_is_not_sent_twice(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    route = wire.get("/y").respond(401, json={"error_code": "X", "message": "no"})
    with pytest.raises(Unauthenticated, match="check the token") as caught:
        await workspace.do("GET", "/y")
    assert route.call_count == 1
    assert caught.value.error.kind is Kind.REJECTED


async def test_a_wrong_secret_is_told_and_not_shown(
    service: Service, things: respx.Route, machine: Workspace
) -> None:
    error = {"error": "invalid_client", "error_description": f"secret {SECRET} is wrong"}
    service.failing = httpx.Response(401, json=error)
    with pytest.raises(Unauthenticated, match="invalid_client") as caught:
        await machine.do("GET", "/x")
    assert SECRET not in str(caught.value)
    assert (service.tokens.call_count, things.call_count) == (1, 0)


async def test_the_client_as_it_was_signed_is_not_shown_either(
    service: Service, machine: Workspace
) -> None:
    signed = base64.b64encode(f"c:id:{SECRET}".encode()).decode()
    error = {"error": "invalid_client", "error_description": f"no such client: {signed}"}
    service.failing = httpx.Response(401, json=error, headers={"x-request-id": signed})
    with pytest.raises(Unauthenticated, match="no such client") as caught:
        await machine.do("GET", "/x")
    assert signed not in str(caught.value)


async def test_a_service_that_stumbles_is_asked_again_for_any_verb(
    wire: respx.MockRouter, service: Service, machine: Workspace, time: VirtualTime
) -> None:
    route = wire.post("/y").respond(json={})
    service.failing = httpx.ConnectError("refused")
    service.fails_for = 3
    assert await machine.do("POST", "/y") == {}
    assert (route.call_count, len(time.naps)) == (1, 3)


async def test_a_service_that_stays_away_ends_with_the_budget(
    service: Service, things: respx.Route, machine: Workspace, time: VirtualTime
) -> None:
    service.failing = httpx.ConnectError("refused")
    with pytest.raises(ConnectionFailed, match="retry budget"):
        await machine.do("GET", "/x")
    assert sum(time.naps) <= 300
    assert not things.called


async def test_callers_that_wait_in_vain_each_get_an_error_of_their_own(
    service: Service, machine: Workspace
) -> None:
    service.failing = httpx.Response(503)
    calls = (machine.do("GET", "/x") for _ in range(20))
    raised = await asyncio.gather(*calls, return_exceptions=True)
    assert len({id(error) for error in raised}) == 20
    assert {str(error).count("tried") for error in raised} == {1}


async def test_a_service_that_says_nothing_is_not_waited_for_for_ever(service: Service) -> None:
    service.gate = asyncio.Event()
    transport = Transport(timeout_seconds=60, max_connections=1)
    settings = Settings(host=HOST, client_id="c", client_secret=SECRET)
    auth = MachineAuth(settings, transport, timeout_seconds=0.05)
    async with asyncio.timeout(5):
        with pytest.raises(ConnectionFailed, match=r"no token from .* within 0\.05 s") as caught:
            await auth.signature()
    await transport.aclose()
    assert (caught.value.error.kind, caught.value.sent) == (Kind.TIMEOUT, False)


@pytest.mark.parametrize(
    "endpoint", ["http://elsewhere.test/token", "ftp://h.test/", "/oidc/v1/token", ""]
)
async def test_no_secret_goes_to_an_endpoint_that_is_not_safe(
    wire: respx.MockRouter, machine: Workspace, endpoint: str
) -> None:
    wire.get(DISCOVERY).respond(json={"token_endpoint": endpoint})
    with pytest.raises(UnexpectedAnswer, match="to which no secret goes"):
        await machine.do("GET", "/x")
    assert len(wire.calls) == 1


async def test_an_answer_that_holds_no_token_is_not_shown(
    service: Service, machine: Workspace
) -> None:
    service.failing = httpx.Response(200, json={"accesstoken": "hush", "expires_in": 1})
    with pytest.raises(UnexpectedAnswer, match="not what a token service answers") as caught:
        await machine.do("GET", "/x")
    assert "hush" not in str(caught.value)


async def test_closing_stops_a_renewal(
    service: Service, things: respx.Route, machine: Workspace, time: VirtualTime
) -> None:
    await machine.do("GET", "/x")
    service.gate = asyncio.Event()
    time.now += 3570
    await machine.do("GET", "/x")
    await settle()
    before = asyncio.all_tasks()
    await machine.aclose()
    assert len(asyncio.all_tasks()) == len(before) - 1
    assert things.call_count == 2


@pytest.mark.usefixtures("service", "things")
async def test_no_secret_is_in_a_log_or_a_representation(
    machine: Workspace,
    workspace: Workspace,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    await machine.do("GET", "/x", query={"secret": "in-the-query"})
    await workspace.do("GET", "/x", headers={"Authorization": "Bearer of-the-user"})
    logged = " ".join(record.getMessage() for record in caplog.records)
    assert "GET /x -> 200 in " in logged
    shown = logged + repr(machine) + str(workspace) + repr(vars(machine)) + repr(vars(workspace))
    for secret in (TOKEN, SECRET, "t1", "of-the-user", "in-the-query"):
        assert f"Bearer {secret}" not in shown
        assert secret == "t1" or secret not in shown
