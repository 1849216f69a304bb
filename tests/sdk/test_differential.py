"""Every method of every service sends and gives what the SDK's own does, waits included."""

import inspect
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from databricks.sdk.common.lro import (  # pyright: ignore[reportMissingTypeStubs] - no __init__
    LroOptions,
)

from dara_fp.databricks.errors import DatabricksError
from tests.sdk.differential import Method, clients, compared, methods, seen, version
from tests.sdk.endings import Ending, endings, operation_endings
from tests.sdk.synthetic import annotations, answers, arguments
from tests.sdk.wires import Wires, cut

LIMIT = timedelta(seconds=75)  # until pauses have grown to their longest


async def test_every_method_sends_and_gives_what_the_sdks_own_does(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = await compared()
    with capsys.disabled():
        print(  # noqa: T201 - the figures are asked for
            f"\ndatabricks-sdk {version()}: {found.methods} methods, {found.calls} calls,"
            f" {found.requests} requests, {len(found.differences)} differences",
            file=sys.stderr,  # which a worker of xdist has, unlike an output
        )
    assert found.differences == {}
    assert found.methods >= 1300
    assert found.requests > found.calls
    alone = {name: why for name, why in found.apart.items() if not why.startswith("waits:")}
    assert alone == {
        "WorkspaceClient.clusters.ensure_cluster_is_running": BY_HAND,
        "WorkspaceClient.consumer_listings.search": BROKEN,
        "WorkspaceClient.serving_endpoints.http_request": BY_HAND,
        "WorkspaceClient.workspace.list": BY_HAND,
    }


BY_HAND = "written by hand: has tests of its own"
# It puts its query into itself: the parameter `query` is the name of its parameters, too.
BROKEN = "sends nothing with the SDK either: ('raised', 'RecursionError')"


async def test_every_waiter_ends_as_the_sdks_own_does() -> None:
    waited = 0
    with cut() as wires:
        for waiter in waiters():
            if waiter.original.__name__.startswith("wait_"):
                for ending in endings(waiter.original):
                    await both_end_alike(waiter, ending, wires)
                    waited += 1
            else:
                await both_begin_and_end_alike(waiter, wires)
                waited += 1
    assert waited > 80


async def test_every_operation_ends_as_the_sdks_own_does() -> None:
    operations = 0
    with cut() as wires:
        for method in (each for pair in clients() for each in methods(*pair)):
            if names_operation(method.original):
                operations += 1
                for ending in operation_endings():
                    await both_operate_alike(method, ending, wires)
    assert operations > 30


def waiters() -> list[Method]:
    """Give all methods with a time limit."""
    found = (each for pair in clients() for each in methods(*pair))
    return [each for each in found if "timeout" in inspect.signature(each.original).parameters]


async def both_end_alike(waiter: Method, ending: Ending, wires: Wires) -> None:
    given = {**arguments(waiter.original, optional=True), "timeout": LIMIT}
    told: tuple[list[Any], list[Any]] = ([], [])
    wires.expect(ending.answers)
    theirs = await seen(waiter.sync, {**given, "callback": told[0].append})
    ours = await seen(waiter.ours, {**given, "callback": told[1].append})
    assert ours == theirs, (waiter.name, ending.name)
    assert is_raised(theirs) == ending.fails, (waiter.name, ending.name)
    alike(wires, told, f"{waiter.name} ends {ending.name}")


async def both_begin_and_end_alike(method: Method, wires: Wires) -> None:
    """Begin by *method*, such as `run_now_and_wait`, and wait for the end."""
    service: Any = getattr(method.sync, "__self__")  # noqa: B009 - a bound method has it
    name = method.original.__name__.removesuffix("_and_wait")
    beginning: Any = getattr(service, name).__func__
    given = arguments(method.original, optional=True)
    begun = answers(beginning)
    wires.expect(begun)
    wait: Any = beginning(service, **given)
    waiter: Any = getattr(wait, "_waiter")  # noqa: B009 - the SDK keeps it to itself
    well = next(iter(endings(waiter.__func__)))
    wires.expect([*begun, *well.answers])
    theirs = await seen(method.sync, {**given, "timeout": LIMIT})
    ours = await seen(method.ours, {**given, "timeout": LIMIT.total_seconds()})
    assert ours == theirs, method.name
    assert not is_raised(theirs), method.name
    alike(wires, ([], []), method.name)


async def both_operate_alike(method: Method, ending: Ending, wires: Wires) -> None:
    given = arguments(method.original, optional=True)
    wires.expect(ending.answers)
    theirs = method.sync(**given)
    ours = await method.ours(**given)
    assert ours.name() == theirs.name()
    assert ours.metadata() == theirs.metadata()
    assert await ours.done() == theirs.done()
    options = {"opts": LroOptions(timeout=LIMIT)}
    ended = await seen(theirs.wait, options), await seen(ours.wait, options)
    assert ended[0] == ended[1], (method.name, ending.name)
    if ending.name != "with nothing":  # which is no failure of what gives nothing
        assert is_raised(ended[0]) == ending.fails, (method.name, ending.name)
    alike(wires, ([], []), f"{method.name} ends {ending.name}")
    if is_raised(ended[1]):
        with pytest.raises(DatabricksError):
            await ours.wait(LroOptions(timeout=LIMIT))


def alike(wires: Wires, told: tuple[list[Any], list[Any]], what: str) -> None:
    assert wires.ours == wires.sync, what
    assert wires.naps[1] == wires.naps[0], what
    assert told[1] == told[0], what


def is_raised(result: Any) -> bool:
    return isinstance(result, tuple) and result[:1] == ("raised",)


def names_operation(method: Callable[..., Any]) -> bool:
    returned = annotations(method).get("return")
    return inspect.isclass(returned) and hasattr(returned, "wait") and hasattr(returned, "done")
