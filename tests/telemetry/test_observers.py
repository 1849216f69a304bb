"""What is switched on is told, and nothing else is even imported."""

import subprocess
import sys

import pytest

from dara_fp.core.errors import ConfigurationError
from dara_fp.telemetry.labels import step_name
from dara_fp.telemetry.logs import TaskFields, TaskLogs
from dara_fp.telemetry.meters import meters
from dara_fp.telemetry.observer import observers
from dara_fp.telemetry.settings import Address, TelemetrySettings
from tests.telemetry.observed import ingest


@pytest.fixture(autouse=True)
def nobody_wants_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TaskFields, "wanted", False)


def said_by(program: str) -> str:
    command = [sys.executable, "-c", program]
    return subprocess.run(
        command, env={}, capture_output=True, text=True, check=True, timeout=60
    ).stdout


def test_where_nothing_is_switched_on_nobody_is_told_and_nothing_is_imported() -> None:
    program = """
import sys
from dara_fp.telemetry.metrics import metrics_page
from dara_fp.telemetry.observer import observers
print(observers(), metrics_page(), {"opentelemetry", "prometheus_client"} & sys.modules.keys())
"""
    assert said_by(program) == "None None set()\n"


def test_spans_are_made_as_soon_as_a_tracer_provider_was_set() -> None:
    program = """
from opentelemetry import trace
from dara_fp.telemetry.observer import observers
print(observers())
from opentelemetry.sdk.trace import TracerProvider
trace.set_tracer_provider(TracerProvider())
print(type(observers()).__name__)
"""
    assert said_by(program) == "None\nSpans\n"


def test_metrics_are_counted_where_they_are_asked_for() -> None:
    assert observers({"DARA_METRICS": "0"}) is None
    assert observers({"DARA_METRICS": "1"}) is meters()
    assert observers({"DARA_METRICS_LISTEN": "127.0.0.1:9102"}) is meters()


def test_metrics_that_cannot_be_counted_are_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(_: str) -> None: ...

    monkeypatch.setattr("dara_fp.telemetry.observer.find_spec", nowhere)
    with pytest.raises(ConfigurationError, match=r"install dara-fp\[metrics\]"):
        observers({"DARA_METRICS": "1"})


def test_logs_are_told_where_they_are_json_or_a_handler_wants_the_fields() -> None:
    assert isinstance(observers({"DARA_LOG": "json"}), TaskLogs)
    assert observers({}) is None
    TaskFields()
    assert isinstance(observers({}), TaskLogs)


async def test_several_are_told_the_same(caplog: pytest.LogCaptureFixture) -> None:
    both = observers({"DARA_LOG": "json", "DARA_METRICS": "on"})
    assert both is not None
    before = tasks_counted()
    with caplog.at_level("DEBUG", "dara_fp.telemetry.logs"):
        await ingest(both)
    assert tasks_counted() == before + 1
    assert len(caplog.messages) == 4
    assert both.trace() is None


def tasks_counted() -> float:
    from prometheus_client import REGISTRY  # noqa: PLC0415 - what meters() counts in

    labels = {"workflow": "ingest", "state": "succeeded"}
    return REGISTRY.get_sample_value("dara_tasks_total", labels) or 0.0


def test_settings_are_off_unless_they_are_set() -> None:
    assert TelemetrySettings.from_environment({}) == TelemetrySettings()
    empty = {"DARA_LOG": " ", "DARA_METRICS": "", "DARA_METRICS_LISTEN": ""}
    assert TelemetrySettings.from_environment(empty) == TelemetrySettings()


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:9102", Address("127.0.0.1", 9102)),
        ("localhost:0", Address("localhost", 0)),
        ("[::1]:9102", Address("::1", 9102)),
    ],
)
def test_an_address_is_a_host_and_a_port(text: str, address: Address) -> None:
    found = TelemetrySettings.from_environment({"DARA_METRICS_LISTEN": text})
    assert found == TelemetrySettings(metrics=True, listen=address)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DARA_LOG", "yaml"),
        ("DARA_METRICS", "maybe"),
        ("DARA_METRICS_LISTEN", "9102"),
        ("DARA_METRICS_LISTEN", "localhost:70000"),
        ("DARA_METRICS_LISTEN", "a b:1"),
    ],
)
def test_a_value_that_does_not_fit_is_named_with_its_variable(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{name} is '{value}': give "):
        observers({name: value})


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("load", "load"),
        ("2/load", "load"),
        ("upload/1.2/load", "upload/load"),
        ("[a%2Fb]/[0]/3/load", "[]/[]/load"),
        ("for_each(embed)", "for_each(embed)"),
    ],
)
def test_a_step_has_one_name_however_often_it_runs(path: str, name: str) -> None:
    assert step_name(path) == name
