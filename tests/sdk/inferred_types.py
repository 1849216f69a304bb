"""What both type checkers must infer from the stubs, and refuse; checked by lint, never run."""
# pyright: reportUnnecessaryTypeIgnoreComment=true

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, assert_type

from databricks.sdk.service.catalog import CatalogInfo
from databricks.sdk.service.jobs import BaseJob, Run
from databricks.sdk.service.postgres import Branch
from databricks.sdk.service.provisioning import Workspace as AccountWorkspace
from databricks.sdk.service.settings import DefaultNamespaceSetting

from dara_fp.databricks.account import Account
from dara_fp.databricks.files.files import Files
from dara_fp.databricks.sdk.streams import Stream
from dara_fp.databricks.sdk.waits import Wait
from dara_fp.databricks.workspace import Workspace


async def answers(workspace: Workspace) -> None:
    assert_type(await workspace.jobs.get_run(7), Run)
    assert_type(await workspace.jobs.get_run(run_id=7, include_history=True), Run)
    assert_type((await workspace.catalogs.get("main")).name, str | None)
    assert_type(await workspace.settings.default_namespace.get(), DefaultNamespaceSetting)
    assert_type(await workspace.workspace.download("/notebook"), Stream)


async def lists(workspace: Workspace, account: Account) -> None:
    assert_type(workspace.jobs.list(), AsyncIterator[BaseJob])
    assert_type([each async for each in workspace.catalogs.list()], list[CatalogInfo])
    async for each in account.workspaces.list():
        assert_type(each, AccountWorkspace)


async def waits(workspace: Workspace) -> None:
    seen: list[Run] = []
    wait = await workspace.jobs.run_now(job_id=7)
    assert_type(wait, Wait[Run])
    assert_type(await wait, Run)
    assert_type(await wait.result(timeout=60, callback=seen.append), Run)
    assert_type(await workspace.jobs.run_now_and_wait(7, timeout=timedelta(hours=1)), Run)
    assert_type(await workspace.jobs.run_now_and_wait(7, timeout=None), Run)
    operation = await workspace.postgres.create_branch("projects/p", Branch(), "main")
    assert_type(operation.name(), str)
    assert_type(await operation.wait(), Branch)


async def what_is_newer_than_the_stubs(workspace: Workspace) -> None:
    assert_type(await workspace.jobs.not_yet_in_the_stubs(7), Any)
    assert_type(await workspace.not_yet_in_the_stubs.get("a"), Any)


def what_is_written_by_hand(workspace: Workspace) -> None:
    assert_type(workspace.files, Files)


async def what_is_refused(workspace: Workspace) -> None:
    await workspace.jobs.get_run("7")  # type: ignore[arg-type]  # a number
    await workspace.jobs.get_run(7, history=True)  # type: ignore[call-arg]  # no such one
    await workspace.jobs.get_run()  # type: ignore[call-arg]  # the id is missing
    for _ in workspace.jobs.list():  # type: ignore[attr-defined]  # asynchronous
        pass
