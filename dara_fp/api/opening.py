"""What a process needs to run workflows: read from the environment, then opened."""

import os
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import attrs

from dara_fp.api.environment import closing, make_environment
from dara_fp.api.settings import ApiSettings, read_all
from dara_fp.core.workflow import Workflow
from dara_fp.runtime.executor import WorkflowExecutor
from dara_fp.runtime.queue import Leases
from dara_fp.store.settings import StoreSettings
from dara_fp.store.store import Store

__all__ = ["Needs", "find_needs", "open_executor"]


@attrs.frozen(kw_only=True)
class Needs:
    """What *definitions* need, before anything is opened.

    Attributes:
        definitions: The workflows.
        settings: Of this process.
        store: Where the tasks are.
        env: What steps need beside the context.
        given: The same if somebody gave it, and so closes it.
    """

    definitions: tuple[Workflow[Any, Any], ...]
    settings: ApiSettings
    store: StoreSettings
    env: object
    given: object


def find_needs(
    definitions: Iterable[Workflow[Any, Any]],
    given: object = None,
    settings: Callable[[], ApiSettings] = ApiSettings.from_environment,
) -> Needs:
    """Read what *definitions* need from the environment; *given* is theirs, if it is not None.

    Raises:
        ConfigurationError: Names every variable that is unset or does not fit.
    """
    wanted = tuple(definitions)
    found, store, env = read_all(
        settings,
        lambda: StoreSettings.from_environment(os.environ),
        lambda: make_environment(wanted, given),
    )
    return Needs(definitions=wanted, settings=found, store=store, env=env, given=given)


@asynccontextmanager
async def open_executor(
    needs: Needs, *, leases: Leases | None = None
) -> AsyncGenerator[WorkflowExecutor]:
    """Open the store and the executor that *needs* ask for, while the block runs.

    Args:
        needs: What `find_needs` gave.
        leases: How long a worker may hold a task, if it is not what the settings say.

    Raises:
        StoreUnavailable: The store is away, refuses us, or cannot be started.
    """
    async with AsyncExitStack() as stack:
        env = await stack.enter_async_context(closing(needs.env, needs.given))
        where = needs.store
        opening = Store.open(
            where.url, where.data_dir, retention=where.retention, fsync=where.fsync
        )
        store = await stack.enter_async_context(opening)
        executor = WorkflowExecutor(
            needs.definitions,
            store,
            env,
            leases=leases or needs.settings.leases,
            limits=needs.settings.limits,
        )
        yield await stack.enter_async_context(executor)
