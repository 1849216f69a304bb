"""Calls on behalf of a user, whose token signs them and stays nowhere."""

import asyncio
import pickle
from typing import Any

import httpx
import pytest
import respx

from dara_fp.databricks.errors import Unauthenticated
from dara_fp.databricks.workspace import Workspace
from tests.client.stage import HOST, TOKEN, VirtualTime, last

USER = "user-never-to-be-seen"


def signed(route: respx.Route) -> list[str]:
    calls: list[Any] = list(route.calls)
    sent: list[httpx.Request] = [call.request for call in calls]
    return [request.headers["Authorization"] for request in sent]


async def test_calls_in_the_block_are_signed_by_the_user_and_others_are_not(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    route = wire.get("/x").respond(json={})
    with workspace.on_behalf_of(USER):
        await workspace.do("GET", "/x")
        await asyncio.create_task(workspace.do("GET", "/x"))
        with workspace.on_behalf_of("another"):
            await workspace.do("GET", "/x")
        await workspace.do("GET", "/x", headers={"Authorization": "Bearer of-the-call"})
    await workspace.do("GET", "/x")
    tokens = [USER, USER, "another", "of-the-call", TOKEN]
    assert signed(route) == [f"Bearer {token}" for token in tokens]


async def test_two_users_at_once_do_not_meet(wire: respx.MockRouter, workspace: Workspace) -> None:
    def echo(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"signed": request.headers["Authorization"]})

    wire.get("/x").mock(side_effect=echo)

    async def who(user: str) -> str:
        with workspace.on_behalf_of(user):
            await asyncio.sleep(0)
            return str((await workspace.do("GET", "/x"))["signed"])

    users = [f"user-{number}" for number in range(50)]
    found = await asyncio.gather(*(who(user) for user in users))
    assert found == [f"Bearer {user}" for user in users]


async def test_a_user_s_token_goes_to_no_other_workspace(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    elsewhere = wire.get("https://other.test/x").respond(json={})
    async with Workspace("https://other.test", token="other") as other:
        with workspace.on_behalf_of(USER):
            await other.do("GET", "/x")
    assert signed(elsewhere) == ["Bearer other"]


async def test_a_user_who_is_rejected_is_not_replaced_by_the_application(
    wire: respx.MockRouter, time: VirtualTime
) -> None:
    route = wire.get("/x").respond(401, json={"message": f"{USER} is unknown"})
    retries = time.retries()
    async with Workspace(HOST, client_id="c", client_secret="s", retries=retries) as workspace:
        with workspace.on_behalf_of(USER), pytest.raises(Unauthenticated) as caught:
            await workspace.do("GET", "/x")
    assert signed(route) == [f"Bearer {USER}"]
    assert last(route).headers.get_list("Authorization") == [f"Bearer {USER}"]
    assert USER not in str(caught.value)


async def test_the_token_is_in_no_attribute_of_the_workspace(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    wire.get("/x").respond(json={})
    with workspace.on_behalf_of(USER):
        await workspace.do("GET", "/x")
        assert USER not in repr(vars(workspace))
        assert USER.encode() not in pickle.dumps(workspace.host)


@pytest.mark.parametrize("token", ["", "a b", "a\r\nX-Other: y", "ä"])
def test_a_token_that_cannot_be_sent_is_refused_and_not_shown(
    workspace: Workspace, token: str
) -> None:
    with pytest.raises(ValueError, match="cannot be sent") as caught, workspace.on_behalf_of(token):
        pass
    assert not token or token not in str(caught.value)
