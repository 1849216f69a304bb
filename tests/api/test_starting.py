"""What keeps a server from starting is named, variable by variable, without a stack."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import attrs
import pytest

from dara_fp import Outcome, Success, start, step, workflow
from dara_fp.api.app import create_app
from dara_fp.api.settings import ApiSettings
from dara_fp.cli.serving import place_of
from dara_fp.core.errors import ConfigurationError
from dara_fp.databricks.environment import DatabricksEnv
from dara_fp.databricks.workspace import Workspace
from tests.api.stage import (
    ROOT,
    Count,
    Gate,
    Parcel,
    check,
    clean_environment,
    count,
    parcel,
    served,
    weigh,
)

HOST = "https://workspace.example"
AWAY = "redis://:hush-hush@127.0.0.1:1/0"
NO_DIR = {"DARA_DATA_DIR": ""}
SIGNED_IN = {"DATABRICKS_HOST": HOST, "DATABRICKS_TOKEN": "dapi-secret"}


@pytest.mark.parametrize(
    ("target", "environ", "named"),
    [
        ("check", {"DARA_REDIS_URL": AWAY, **NO_DIR}, ["DARA_REDIS_URL", "127.0.0.1:1"]),
        ("check", {"DARA_REDIS_URL": "http://hush-hush", **NO_DIR}, ["DARA_REDIS_URL"]),
        ("check", {"DARA_REDIS_URL": AWAY}, ["DARA_REDIS_URL", "DARA_DATA_DIR", "both set"]),
        ("parcel", {}, ["DATABRICKS_HOST", "DATABRICKS_TOKEN", "DATABRICKS_CLIENT_ID"]),
        ("parcel", SIGNED_IN, ["DARA_UPLOAD_VOLUME", "parcel"]),
        ("check", {"DATABRICKS_APP_PORT": "abc"}, ["DATABRICKS_APP_PORT is 'abc'"]),
    ],
)
def test_serve_ends_with_a_line_that_names_what_is_wrong(
    tmp_path: Path, target: str, environ: dict[str, str], named: list[str]
) -> None:
    ended = dara(tmp_path, environ, "serve", f"tests.api.stage:{target}", "--port", "0")
    names_what_is_wrong(ended, named)


def test_a_worker_names_all_that_is_wrong_at_once(tmp_path: Path) -> None:
    wrong = {"DARA_GRACE_SECONDS": "x", "DARA_CONCURRENCY": "y", "DARA_REDIS_URL": "http://z"}
    ended = dara(tmp_path, wrong, "worker", "tests.api.stage:parcel")
    names_what_is_wrong(ended, [*wrong, "DATABRICKS_HOST", "DATABRICKS_TOKEN"])


def dara(
    tmp_path: Path, environ: dict[str, str], *words: str
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "dara_fp.cli", *words],
        env={**clean_environment(), "DARA_DATA_DIR": str(tmp_path / "d"), **environ},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def names_what_is_wrong(ended: "subprocess.CompletedProcess[str]", named: list[str]) -> None:
    assert ended.returncode != 0
    assert "Traceback" not in ended.stderr
    assert "dara:" in ended.stderr
    assert all(name in ended.stderr for name in named), ended.stderr
    assert "hush-hush" not in ended.stderr
    assert "dapi-secret" not in ended.stderr
    assert "dara ready" not in ended.stdout


async def refused(app: Any) -> str:
    """Start *app* and give what its configuration lacks."""
    with pytest.raises(ConfigurationError) as caught:
        async with served(app):
            pass
    return str(caught.value)


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"DATABRICKS_TOKEN": "t"}, ["DATABRICKS_HOST"]),
        ({"DATABRICKS_HOST": HOST}, ["DATABRICKS_TOKEN", "DATABRICKS_CLIENT_ID"]),
        ({**SIGNED_IN, "DATABRICKS_CLIENT_ID": "c"}, ["DATABRICKS_TOKEN", "DATABRICKS_CLIENT_ID"]),
        ({"DATABRICKS_HOST": HOST, "DATABRICKS_CLIENT_ID": "c"}, ["DATABRICKS_CLIENT_SECRET"]),
        ({**SIGNED_IN, "DATABRICKS_HOST": "ftp://x"}, ["DATABRICKS_HOST", "ftp://x"]),
    ],
)
async def test_variables_of_the_workspace_that_cannot_work_are_named(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], named: list[str]
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    said = await refused(create_app([parcel]))
    assert all(name in said for name in named), said
    assert "dapi-secret" not in said


async def test_a_workflow_that_takes_files_needs_a_volume(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DARA_UPLOAD_VOLUME")
    async with served(create_app([check])):
        pass
    env = DatabricksEnv(workspace=Workspace(HOST, token="t"))
    said = await refused(create_app([parcel], env=env))
    assert "DARA_UPLOAD_VOLUME is not set, and parcel takes files" in said


@pytest.mark.parametrize(
    "volume",
    [
        "uploads",
        "/Volumes/main/default",
        "/Volumes/main/default/../x",
        "/Volumes/main/./default/x",
        "/Volumes//main/default/x",
        "/dbfs/Volumes/a/b/c",
        "dbfs:/Volumes/a/b/c",
    ],
)
def test_an_upload_volume_that_is_none_is_named(volume: str) -> None:
    with pytest.raises(ConfigurationError, match=r"DARA_UPLOAD_VOLUME is .*such as /Volumes/"):
        ApiSettings.from_environment({"DARA_UPLOAD_VOLUME": volume})


NUMBERS = {
    "DARA_CONCURRENCY": (0, 1000),
    "DARA_GRACE_SECONDS": (0, 3600),
    "DARA_QUEUE_LIMIT": (0, 9_999_999),
    "DARA_OWNER_CONCURRENCY": (0, 1000),
    "DARA_REDELIVERY_SECONDS": (5, 300),
}


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("number", ["-1", "ten", "1.5", "99999999", "9" * 5000, "²", "٣"])
def test_a_setting_that_is_no_fit_number_is_named(name: str, number: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"{name} is .*from {NUMBERS[name][0]}") as caught:
        ApiSettings.from_environment({name: number})
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("name", NUMBERS)
def test_a_setting_takes_what_is_within_its_bounds(name: str) -> None:
    least, most = NUMBERS[name]
    for number in (least, most):
        ApiSettings.from_environment({name: str(number)})
    for number in (least - 1, most + 1):
        with pytest.raises(ConfigurationError, match=f"{name} is '{number}'"):
            ApiSettings.from_environment({name: str(number)})


def test_limits_and_leases_are_what_the_settings_say() -> None:
    found = ApiSettings.from_environment(
        {
            "DARA_GRACE_SECONDS": "3",
            "DARA_QUEUE_LIMIT": "100",
            "DARA_OWNER_CONCURRENCY": "2",
            "DARA_REDELIVERY_SECONDS": "30",
        }
    )
    assert (found.leases.grace, found.leases.redelivery) == (3, 30)
    assert (found.limits.queue, found.limits.owner_concurrency) == (100, 2)
    unset = ApiSettings.from_environment({"DARA_QUEUE_LIMIT": "0"})
    assert (unset.limits.queue, unset.limits.owner_concurrency) == (None, None)


def test_settings_that_do_not_fit_are_all_named() -> None:
    environ = {"DARA_UPLOAD_VOLUME": "v", "DARA_CONCURRENCY": "x", "DARA_GRACE_SECONDS": "y"}
    with pytest.raises(ConfigurationError) as caught:
        ApiSettings.from_environment(environ)
    assert [line.split()[0] for line in str(caught.value).splitlines()] == list(environ)


@pytest.mark.parametrize("port", ["abc", "65536", "-1", "8000.0", "²", "9" * 5000])
def test_a_port_that_is_none_is_named(port: str) -> None:
    with pytest.raises(ConfigurationError, match=r"DATABRICKS_APP_PORT is .*port, 0 to") as caught:
        place_of({"DATABRICKS_APP_PORT": port})
    assert len(str(caught.value)) < 300


def test_only_an_app_is_reached_from_other_machines() -> None:
    assert place_of({"DATABRICKS_APP_PORT": ""}) == ("127.0.0.1", 8000)
    assert place_of({"DATABRICKS_APP_PORT": "8080"}) == ("0.0.0.0", 8080)  # noqa: S104


def test_blank_variables_count_as_unset() -> None:
    blank = {"DARA_UPLOAD_VOLUME": " ", "DARA_CONCURRENCY": ""}
    assert ApiSettings.from_environment(blank) == ApiSettings.from_environment({})


def test_a_folder_of_a_volume_may_end_in_a_slash() -> None:
    found = ApiSettings.from_environment({"DARA_UPLOAD_VOLUME": "/Volumes/a/b.c/d/..e/"})
    assert found.upload_volume == "/Volumes/a/b.c/d/..e"


@attrs.frozen(kw_only=True)
class Bare:
    """An environment without a workspace."""

    name: str = "bare"


async def test_an_environment_that_lacks_something_is_named() -> None:
    said = await refused(create_app([count], env=Bare()))
    assert "'count' needs an environment like Gate, got Bare, without opened" in said


async def test_an_environment_without_a_workspace_cannot_take_files() -> None:
    parcels = workflow("parcels", start(Parcel, Bare) >> weigh)
    said = await refused(create_app([parcels], env=Bare()))
    assert "parcels takes files, so the environment needs a `workspace`" in said


async def test_an_environment_that_nobody_can_make_is_named() -> None:
    said = await refused(create_app([count]))
    assert "Gate" in said
    assert "env=" in said


def test_two_workflows_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two workflows share a name"):
        create_app([check, workflow("check", start(Count) >> leave)])


@step
async def leave(ctx: Count) -> Outcome[Count]:
    return Success(ctx)


@attrs.frozen(kw_only=True)
class Closing(Gate):
    """Notes that it was closed."""

    closed: list[bool] = attrs.field(factory=list[bool])

    @classmethod
    def from_environment(cls) -> "Closing":
        made.append(cls())
        return made[-1]

    async def aclose(self) -> None:
        self.closed.append(True)


made: list[Closing] = []


async def test_an_environment_made_here_is_closed_and_a_given_one_is_not() -> None:
    closing = workflow("closing", start(Count, Closing) >> leave)
    made.clear()
    async with served(create_app([count, closing])):
        assert [env.closed for env in made] == [[]]
    assert made[0].closed == [True]
    given = Closing()
    async with served(create_app([closing], env=given)):
        pass
    assert given.closed == []
