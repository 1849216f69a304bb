"""Where the store is, read from the environment."""

from pathlib import Path

import pytest

from dara_fp.core.errors import ConfigurationError
from dara_fp.store.records import Retention, State
from dara_fp.store.settings import StoreSettings, address_of, check_url


def test_without_variables_the_embedded_store_is_in_the_current_directory() -> None:
    assert StoreSettings.from_environment({}) == StoreSettings(url=None, data_dir=Path(".dara"))
    empty = {"DARA_REDIS_URL": " ", "DARA_DATA_DIR": ""}
    assert StoreSettings.from_environment(empty) == StoreSettings.from_environment({})


def test_variables_are_taken() -> None:
    assert StoreSettings.from_environment({"DARA_REDIS_URL": "rediss://h:1/2"}).url is not None
    settings = StoreSettings.from_environment({"DARA_REDIS_URL": "", "DARA_DATA_DIR": "/data"})
    assert (settings.url, settings.data_dir) == (None, Path("/data"))


def test_an_address_and_a_directory_contradict_each_other() -> None:
    environ = {"DARA_REDIS_URL": "redis://:hunter2@h", "DARA_DATA_DIR": "/data"}
    with pytest.raises(ValueError, match="DARA_REDIS_URL and DARA_DATA_DIR are both") as refused:
        StoreSettings.from_environment(environ)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://localhost", "DARA_REDIS_URL has the scheme 'http'"),
        ("localhost:6379", "DARA_REDIS_URL has no scheme"),
        ("hunter2:6379", "DARA_REDIS_URL has no scheme"),
        ("redis://:hunter2/x@host", "DARA_REDIS_URL is no address"),
        ("redis://:hunter2@host:99999", "DARA_REDIS_URL is no address"),
        ("redis://[hunter2", "DARA_REDIS_URL is no address"),
        ("unix://relative.sock", "DARA_REDIS_URL names no socket"),
        ("redis://:hunter2@h/prod", "DARA_REDIS_URL does not name its database by a number"),
        ("redis://hunter/hunter2@h", "DARA_REDIS_URL does not name its database by a number"),
        ("redis://h/1/2", "DARA_REDIS_URL does not name its database by a number"),
        ("redis://h/-3", "DARA_REDIS_URL does not name its database by a number"),
        ("redis://:hunter2@h?db=abc", "DARA_REDIS_URL has an option that cannot be used .*'db'"),
        ("redis://:hunter2@h?ssl_ca_certs=x", "an option that cannot be used .*ssl_ca_certs"),
        ("rediss://h?ssl_cert_reqs=banana", "an option that cannot be used .*banana"),
    ],
)
def test_a_bad_url_is_named_with_its_variable_and_not_repeated(url: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as refused:
        StoreSettings.from_environment({"DARA_REDIS_URL": url})
    assert "hunter2" not in str(refused.value)
    assert "redis://host:6379/0" in str(refused.value)


def test_the_password_is_not_in_the_repr() -> None:
    settings = StoreSettings.from_environment({"DARA_REDIS_URL": "redis://:hunter2@h"})
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://:hunter2@h", "redis://h:6379"),
        ("rediss://u:hunter2@h:1/3?ssl_cert_reqs=none", "rediss://h:1/3"),
        ("redis://[::1]:7000/", "redis://[::1]:7000"),
        ("unix://:hunter2@/run/s.sock?db=1", "unix:///run/s.sock"),
    ],
)
def test_an_address_is_shown_without_secrets(url: str, shown: str) -> None:
    check_url(url)
    assert address_of(url) == shown


def test_how_safe_and_how_long_is_a_setting_each() -> None:
    settings = StoreSettings.from_environment(
        {
            "DARA_STORE_FSYNC": " always ",
            "DARA_KEEP_SUCCEEDED_DAYS": "1",
            "DARA_KEEP_FAILED_DAYS": "0.5",
            "DARA_KEEP_CANCELLED_DAYS": "3650",
        }
    )
    assert settings.fsync == "always"
    kept = [settings.retention.of(state) for state in State if state.final]
    assert kept == [86_400, 43_200, 3_650 * 86_400]


def test_without_variables_a_second_may_be_lost_and_failures_are_kept_longest() -> None:
    settings = StoreSettings.from_environment(
        {"DARA_STORE_FSYNC": "", "DARA_KEEP_FAILED_DAYS": " "}
    )
    assert (settings.fsync, settings.retention) == ("everysec", Retention())
    assert [settings.retention.of(state) / 86_400 for state in State if state.final] == [7, 28, 7]


@pytest.mark.parametrize("text", ["no", "ALWAYS", "1", "x" * 500])
def test_what_is_no_way_to_write_to_the_disk_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"DARA_STORE_FSYNC is .*: give") as refused:
        StoreSettings.from_environment({"DARA_STORE_FSYNC": text})
    assert len(str(refused.value)) < 200


def test_a_server_that_is_not_ours_is_told_itself_how_to_write() -> None:
    environ = {"DARA_STORE_FSYNC": "always", "DARA_REDIS_URL": "redis://:hunter2@h"}
    with pytest.raises(ConfigurationError, match="appendfsync always") as refused:
        StoreSettings.from_environment(environ)
    assert "hunter2" not in str(refused.value)
    assert StoreSettings.from_environment({**environ, "DARA_STORE_FSYNC": "everysec"}).url


@pytest.mark.parametrize("state", ["SUCCEEDED", "FAILED", "CANCELLED"])
@pytest.mark.parametrize(
    "text",
    ["0", "0.0", "-1", "3651", "9999", "week", "1e3", "nan", "inf", "1_0", "٣", "1.", "x" * 500],
)
def test_a_number_of_days_that_does_not_fit_is_refused(state: str, text: str) -> None:
    name = f"DARA_KEEP_{state}_DAYS"
    with pytest.raises(ConfigurationError, match=f"{name} is .*: give a number of days") as refused:
        StoreSettings.from_environment({name: text})
    assert len(str(refused.value)) < 250
