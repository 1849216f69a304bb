"""Every method of the SDK and of ours, called alike: what they send and give must be equal.

`python -m tests.sdk.differential` runs it with the installed databricks-sdk, and with any other:

    pip install --no-deps --target other databricks-sdk==0.57.0
    PYTHONPATH=other python -m tests.sdk.differential

Lists of records in a query, which SDK 0.36 to 0.57 ask for once (`consumer_listings.list`, `tags`),
differ: neither the SDK nor ours can write them, and later ones do not ask.
"""

import asyncio
import importlib
import importlib.metadata
import inspect
import io
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import attrs

from dara_fp.databricks.account import Account
from dara_fp.databricks.sdk.classes import asynchronous, reaches_the_network
from dara_fp.databricks.sdk.irregular import IRREGULAR, REFUSED_SERVICES, Irregular
from dara_fp.databricks.sdk.sources import service_names
from dara_fp.databricks.sdk.streams import Stream
from dara_fp.databricks.workspace import Workspace
from tests.sdk.synthetic import NotMadeUp, answers, arguments
from tests.sdk.wires import HOST, TOKEN, Wires, cut

__all__ = ["ACCOUNT", "Compared", "Method", "clients", "compared", "methods", "seen", "version"]

ACCOUNT = "11111111-2222-3333-4444-555555555555"
_BROKEN = "sends nothing with the SDK either:"
_WORKSPACE = "1234567890"
_RAISING = frozenset(  # nothing that is made up can be selected: test_by_hand.py has what can
    {
        "WorkspaceClient.clusters.select_node_type",
        "WorkspaceClient.clusters.select_spark_version",
    }
)


@attrs.frozen(kw_only=True)
class Method:
    """A method of both.

    Attributes:
        name: Where it is: client, service and its own name.
        original: The SDK's function.
        sync: The SDK's method.
        ours: Ours.
    """

    name: str
    original: Callable[..., Any]
    sync: Callable[..., Any]
    ours: Callable[..., Any]


@attrs.frozen(kw_only=True)
class Compared:
    """What the comparison found.

    Attributes:
        methods: How many methods were called.
        calls: How often, with all arguments and with the needed ones.
        requests: How many requests the SDK sent.
        differences: What differed, by method.
        apart: Methods that are not compared here, and why.
    """

    methods: int
    calls: int
    requests: int
    differences: dict[str, str]
    apart: dict[str, str]


def version() -> str:
    """Tell the version of the installed SDK."""
    return importlib.metadata.version("databricks-sdk")


def clients() -> list[tuple[Any, Any]]:
    """Give a client of the SDK and one of ours, for a workspace and for an account."""
    sdk: Any = importlib.import_module("databricks.sdk")
    config: Any = sdk.core.Config
    # Older ones know no id, and their services send none.
    known = hasattr(config, "workspace_id")
    ids = {"workspace_id": _WORKSPACE} if known else {}
    ours = Workspace(HOST, token=TOKEN, rates=(), workspace_id=_WORKSPACE if known else None)
    account: Any = sdk.AccountClient(config=config(host=HOST, token=TOKEN, account_id=ACCOUNT))
    return [
        (sdk.WorkspaceClient(config=config(host=HOST, token=TOKEN, **ids)), ours),
        (account, Account(HOST, token=TOKEN, account_id=ACCOUNT)),
    ]


def methods(sync: Any, ours: Any) -> Iterator[Method]:
    """Give all methods of the services of *sync* that are offered by *ours*."""
    client = type(sync).__name__
    for name in sorted(service_names(client) - {*REFUSED_SERVICES}):
        service = getattr(sync, name)
        ours_of = asynchronous(service.__class__)
        if IRREGULAR.get(service.__class__.__name__, Irregular()).only_base:
            service = service.__class__.__bases__[0](sync.api_client)
        yield from _methods(f"{client}.{name}", service, ours_of(ours._api))  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


def _methods(where: str, sync: Any, ours: Any) -> Iterator[Method]:
    for name, member in inspect.getmembers(sync.__class__):
        if isinstance(member, property) and reaches_the_network(getattr(sync, name).__class__):
            yield from _methods(f"{where}.{name}", getattr(sync, name), getattr(ours, name))
        if inspect.isfunction(member) and not name.startswith("_"):
            there = getattr(ours, name, None)
            yield Method(
                name=f"{where}.{name}",
                original=member,
                sync=getattr(sync, name),
                ours=there or _lacking,
            )


def _lacking(*_args: Any, **_named: Any) -> Any:
    raise NotImplementedError("ours lacks it")


async def compared() -> Compared:
    """Call every method of both, with all arguments and with those it needs."""
    found: Counter[str] = Counter()
    differences: dict[str, str] = {}
    apart: dict[str, str] = {}
    with cut() as wires:
        for method in (each for pair in clients() for each in methods(*pair)):
            if why := _apart(method):
                apart[method.name] = why
                continue
            for optional in (True, False):
                if difference := await _difference(method, wires, optional=optional):
                    place = apart if difference.startswith(_BROKEN) else differences
                    place[method.name] = difference
                found["requests"] += len(wires.sync)
                found["calls"] += bool(wires.sync)
            found["methods"] += method.name not in apart
    return Compared(differences=differences, apart=apart, **found)


def _apart(method: Method) -> str | None:
    """Tell why *method* is not compared with the others, if so."""
    if method.ours.__module__.startswith("dara_fp.") and method.ours is not _lacking:
        return "written by hand: has tests of its own"
    if "timeout" in inspect.signature(method.original).parameters:
        return "waits: compared apart, for each way in which waiting ends"
    return None


async def _difference(method: Method, wires: Wires, *, optional: bool) -> str | None:
    try:
        given = arguments(method.original, optional=optional)
        wires.expect(answers(method.original))
    except NotMadeUp as error:
        return f"no arguments: {error}"
    theirs = await seen(method.sync, _fresh(given))
    if not wires.sync:
        return f"{_BROKEN} {theirs}"
    if method.name not in _RAISING and _is_raised(theirs):
        return f"nothing is compared, since the SDK itself {theirs}"
    ours = await seen(method.ours, _fresh(given))
    if theirs != ours:
        return f"gave {ours!r} and not {theirs!r}"
    if wires.sync != wires.ours:
        return f"sent {wires.ours!r} and not {wires.sync!r}"
    return None


def _is_raised(result: Any) -> bool:
    return isinstance(result, tuple) and result[:1] == ("raised",)


def _fresh(given: dict[str, Any]) -> dict[str, Any]:
    """Give *given* with files that were not read yet."""
    return {n: io.BytesIO(v) if isinstance(v, bytes) else v for n, v in given.items()}


async def seen(function: Callable[..., Any], given: dict[str, Any]) -> Any:
    """Call *function* with what is *given*, and give what comes in a form that can be compared."""
    try:
        result = function(**given)
        return await _comparable(await result if inspect.iscoroutine(result) else result)
    except RecursionError:
        return ("raised", "RecursionError")
    except Exception as error:  # noqa: BLE001 - whatever it is, both must raise it
        return ("raised", str(error))


async def _comparable(result: Any) -> Any:
    if inspect.isasyncgen(result):
        return [item async for item in result]
    if inspect.isgenerator(result):
        return list(result)
    if isinstance(result, Stream):
        return await result.read()
    if callable(getattr(result, "bind", None)):
        return ("wait", result.bind(), result.response)
    return await _held(result)


async def _held(result: Any) -> Any:
    """Give *result* with what only compares by identity taken out of it."""
    if hasattr(result, "_operation"):
        return ("operation", type(result).__name__, result._operation)  # noqa: SLF001 - the SDK's
    held: dict[str, Any] = getattr(result, "__dict__", {})
    if callable(read := getattr(held.get("contents"), "read", None)):
        content: Any = read()
        return {**held, "contents": await content if inspect.iscoroutine(content) else content}
    return result


if __name__ == "__main__":
    outcome = asyncio.run(compared())
    for where, what in [*outcome.differences.items()][:20]:
        print(where, what[:1000])  # noqa: T201 - what it is run for
    print(  # noqa: T201 - likewise
        f"databricks-sdk {version()}: {outcome.methods} methods, {outcome.calls} calls,"
        f" {outcome.requests} requests, {len(outcome.differences)} differences"
    )
