"""Which settings work, and what is said of those that do not."""

import re
from collections.abc import Mapping

import pytest

from dara_fp.core.errors import ConfigurationError
from dara_fp.databricks.environment import DatabricksEnv
from dara_fp.databricks.workspace import Workspace

GOOD = {"DATABRICKS_HOST": "https://h.test", "DATABRICKS_TOKEN": "t"}
HOST = {"DATABRICKS_HOST": "h.test"}
NOBODY = ("TOKEN", "CLIENT_ID", "CLIENT_SECRET", "CONFIG_PROFILE", "AUTH_TYPE")


@pytest.mark.parametrize(
    ("given", "host"),
    [
        ("h.test", "https://h.test"),
        ("https://h.test/", "https://h.test"),
        ("https://h.test:443", "https://h.test"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("H.test:8443", "https://h.test:8443"),
        ("http://[::1]:80/", "http://[::1]"),
    ],
)
def test_a_host_is_brought_into_one_shape(given: str, host: str) -> None:
    assert Workspace.from_environment({**GOOD, "DATABRICKS_HOST": given}).host == host


@pytest.mark.parametrize(
    "host",
    [
        "ftp://h.test",
        "https://h.test/path",
        "https://h.test?o=1",
        "https://h.test#f",
        "https://",
        "://",
        "h.test:99999",
        "h test",
        "https://h.test\n.evil",
        "https://[::1",
    ],
)
def test_another_host_is_refused_by_its_name(host: str) -> None:
    with pytest.raises(ConfigurationError, match="DATABRICKS_HOST"):
        Workspace.from_environment({**GOOD, "DATABRICKS_HOST": host})
    with pytest.raises(ConfigurationError, match="host"):
        Workspace(host, token="t")


def test_a_password_in_the_host_is_not_shown() -> None:
    with pytest.raises(ConfigurationError, match="user name or password") as caught:
        Workspace("https://me:hush@h.test", token="t")
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({}, ("HOST", *NOBODY)),
        ({"DATABRICKS_TOKEN": "t"}, ("HOST",)),
        ({"DATABRICKS_HOST": "  ", "DATABRICKS_TOKEN": "t"}, ("HOST",)),
        (HOST, NOBODY),
        ({**HOST, "DATABRICKS_TOKEN": "\n"}, NOBODY),
        ({**HOST, "DATABRICKS_CLIENT_ID": "c"}, ("CLIENT_ID", "CLIENT_SECRET")),
        ({**HOST, "DATABRICKS_CLIENT_SECRET": "s"}, ("CLIENT_ID", "CLIENT_SECRET")),
        ({**GOOD, "DATABRICKS_CLIENT_ID": "c"}, ("TOKEN", "CLIENT_ID")),
        ({**GOOD, "DATABRICKS_CLIENT_SECRET": "s"}, ("TOKEN", "CLIENT_SECRET")),
        ({**GOOD, "DATABRICKS_TOKEN": "a b"}, ("TOKEN",)),
        ({**GOOD, "DATABRICKS_TOKEN": "a\r\nX: y"}, ("TOKEN",)),
        ({**GOOD, "DATABRICKS_WORKSPACE_ID": "1 2"}, ("WORKSPACE_ID",)),
    ],
)
def test_every_variable_at_fault_is_named_and_no_other(
    environ: Mapping[str, str], named: tuple[str, ...]
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        DatabricksEnv.from_environment(environ)
    assert {*re.findall(r"DATABRICKS_([A-Z_]+)", str(caught.value))} == {*named}


def test_both_ways_to_sign_in_work() -> None:
    assert repr(Workspace.from_environment(GOOD)) == "Workspace('https://h.test', auth='pat')"
    client = {**HOST, "DATABRICKS_CLIENT_ID": "c", "DATABRICKS_CLIENT_SECRET": "s"}
    made = DatabricksEnv.from_environment(client).workspace
    assert repr(made) == "Workspace('https://h.test', auth='oauth-m2m')"


def test_a_warehouse_is_that_of_the_variables_that_are_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABRICKS_WAREHOUSE_ID", "of-the-process")
    named = Workspace.from_environment({**GOOD, "DATABRICKS_WAREHOUSE_ID": "given"})
    assert named.sql.execute("select 1").warehouse_id == "given"
    with pytest.raises(ValueError, match="no SQL warehouse is named"):
        Workspace.from_environment(GOOD).sql.execute("select 1")
    assert Workspace("h.test", token="t").sql.execute("select 1").warehouse_id == "of-the-process"


async def test_an_environment_closes_its_workspace() -> None:
    env = DatabricksEnv.from_environment(GOOD)
    await env.aclose()
    await env.aclose()
