"""Profiles of `~/.databrickscfg`: which one counts, and what is said of one that cannot."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from dara_fp.core.errors import ConfigurationError
from dara_fp.databricks.auth.settings import Settings, checked, settings_from
from dara_fp.databricks.workspace import Workspace

FILE = """\
[DEFAULT]
host = default.test
token = of-default

[prod]
host = https://prod.test/
client_id = c
client_secret = s
workspace_id = 42

[tokened]
host = tokened.test
token = %of-tokened

[azure]
host = azure.test
azure_client_id = a
azure_tenant_id = t
azure_client_secret = hush

[cli]
host = cli.test
auth_type = databricks-cli

[bare]
token = t
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.delenv("DATABRICKS_CONFIG_FILE", raising=False)
    (tmp_path / ".databrickscfg").write_text(FILE)
    return tmp_path


def read(home: Path, **more: str) -> Settings:
    return settings_from({"HOME": str(home), **more})


def test_a_named_profile_is_read_and_its_host_is_called_by_it(home: Path) -> None:
    found = read(home, DATABRICKS_CONFIG_PROFILE="prod")
    assert (found.host, found.client_id, found.client_secret) == ("https://prod.test", "c", "s")
    assert (found.workspace_id, found.config) == ("42", None)
    assert found.named_by == "host of profile 'prod' in ~/.databrickscfg"


def test_the_default_is_read_only_where_nothing_else_says_who_calls(home: Path) -> None:
    assert read(home).token == "of-default"
    assert read(home, DATABRICKS_HOST="h.test", DATABRICKS_TOKEN="t").host == "https://h.test"
    with pytest.raises(ConfigurationError, match="DATABRICKS_HOST is not set"):
        read(home, DATABRICKS_TOKEN="t")
    with pytest.raises(ConfigurationError, match="DATABRICKS_HOST is not set"):
        settings_from({})


def test_the_file_itself_may_name_its_default(home: Path) -> None:
    file = home / ".databrickscfg"
    file.write_text(f"[__settings__]\ndefault_profile = tokened\n{FILE}")
    assert read(home).token == "%of-tokened"
    file.write_text("[__settings__]\ndefault_profile = gone\n")
    with pytest.raises(ConfigurationError, match="the default profile is 'gone', which"):
        read(home)


def test_a_variable_goes_before_the_profile(home: Path) -> None:
    found = read(home, DATABRICKS_CONFIG_PROFILE="tokened", DATABRICKS_HOST="mine.test")
    assert (found.host, found.token) == ("https://mine.test", "%of-tokened")
    assert found.named_by == "DATABRICKS_HOST"


def test_another_file_may_be_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = home / "other.cfg"
    other.write_text("[DEFAULT]\nhost = other.test\ntoken = t\n")
    assert read(home, DATABRICKS_CONFIG_FILE=str(other)).host == "https://other.test"
    monkeypatch.setenv("DATABRICKS_CONFIG_FILE", str(other))
    assert checked({"profile": "DEFAULT"}).host == "https://other.test"


def test_profiles_are_those_of_the_home_that_is_given(
    home: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path_factory.mktemp("home")
    (other / ".databrickscfg").write_text("[DEFAULT]\nhost = other.test\nusername = me\n")
    monkeypatch.setenv("DATABRICKS_CONFIG_FILE", str(home / "not-given"))
    found = read(other)
    file = f"{other}/.databrickscfg"
    assert (found.host, dict(found.config or {})["config_file"]) == ("https://other.test", file)
    assert found.named_by == f"host of profile 'DEFAULT' in {file}"
    assert read(home).token == "of-default"


def test_a_profile_inherits_nothing_from_the_default(home: Path) -> None:
    with pytest.raises(ConfigurationError, match="DATABRICKS_HOST is not set"):
        read(home, DATABRICKS_CONFIG_PROFILE="bare")


@pytest.mark.parametrize(("name", "kind"), [("azure", "sdk-config"), ("cli", "databricks-cli")])
def test_what_is_neither_a_token_nor_a_client_is_left_to_the_sdk(
    home: Path, name: str, kind: str
) -> None:
    assert home.is_dir()
    found = checked({"profile": name})
    config = dict(found.config or {})
    assert config["profile"] == name
    assert repr(Workspace(profile=name)) == f"Workspace('https://{name}.test', auth='{kind}')"
    assert "hush" not in repr(found) + repr(config)


@pytest.mark.parametrize(
    "ways",
    [
        {"DATABRICKS_HOST": "h.test", "ARM_CLIENT_ID": "a"},
        {"DATABRICKS_HOST": "h.test", "GOOGLE_CREDENTIALS": "{}"},
        {"DATABRICKS_HOST": "h.test", "DATABRICKS_AUTH_TYPE": "azure-cli"},
        {"DATABRICKS_HOST": "h.test", "DATABRICKS_CLIENT_ID": "c", "DATABRICKS_OIDC_TOKEN": "o"},
        {"DATABRICKS_RUNTIME_VERSION": "18.0"},
        {"DATABRICKS_AZURE_RESOURCE_ID": "/subscriptions/1", "ARM_USE_MSI": "true"},
    ],
)
def test_other_variables_of_the_sdk_s_lead_to_the_sdk(
    home: Path, ways: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DATABRICKS_OIDC_TOKEN", "DATABRICKS_RUNTIME_VERSION"):
        if name in ways:  # the SDK can read them only there
            with pytest.raises(ConfigurationError, match=f"{name} is read by the SDK from the env"):
                read(home, **ways)
            monkeypatch.setenv(name, ways[name])
    found = read(home, **ways)
    assert found.config is not None
    assert found.host == ("https://h.test" if "DATABRICKS_HOST" in ways else "")


def test_a_token_needs_no_sdk_whatever_else_is_set(home: Path) -> None:
    both = {"DATABRICKS_HOST": "h.test", "DATABRICKS_TOKEN": "t", "ARM_CLIENT_ID": "a"}
    assert read(home, **both).config is None


def test_a_way_that_finds_no_host_wants_one(home: Path) -> None:
    (home / ".databrickscfg").unlink()
    with pytest.raises(ConfigurationError, match="DATABRICKS_HOST is not set"):
        read(home, DATABRICKS_AUTH_TYPE="azure-cli")


def test_a_profile_that_is_not_there_is_told_with_those_that_are(home: Path) -> None:
    wrong = "DATABRICKS_CONFIG_PROFILE is 'test', which ~/.databrickscfg does not have: it has DEF"
    with pytest.raises(ConfigurationError, match=wrong):
        read(home, DATABRICKS_CONFIG_PROFILE="test")
    with pytest.raises(ConfigurationError, match="'__settings__'"):
        read(home, DATABRICKS_CONFIG_PROFILE="__settings__")
    (home / ".databrickscfg").unlink()
    with pytest.raises(ConfigurationError, match="it has no profile"):
        Workspace(profile="test")
    with pytest.raises(ConfigurationError, match="DATABRICKS_HOST is not set"):
        read(home)


@pytest.mark.parametrize("content", [b"token = hush\n", b"[a]\nhush", b"[a]\na = hush\xff\n"])
def test_a_file_that_cannot_be_read_is_named_and_not_shown(home: Path, content: bytes) -> None:
    (home / ".databrickscfg").write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"~/\.databrickscfg cannot be read") as caught:
        read(home)
    assert "hush" not in str(caught.value)
