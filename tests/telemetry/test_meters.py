"""What is counted, how it is called, and how it is read."""

import urllib.request

import pytest
from prometheus_client import REGISTRY, CollectorRegistry

from dara_fp import Entry, StepError
from dara_fp.core.errors import ConfigurationError
from dara_fp.telemetry.meters import Meters, meters
from dara_fp.telemetry.metrics import listening, metrics_page
from tests.telemetry.observed import ingest, running


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def counted(registry: CollectorRegistry) -> Meters:
    return Meters(registry)


def value(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    return registry.get_sample_value(name, {"workflow": "ingest", **labels})


async def test_tasks_are_counted_by_how_they_end(
    counted: Meters, registry: CollectorRegistry
) -> None:
    await ingest(counted)
    await ingest(counted)
    await ingest(counted, "empty.txt")
    assert value(registry, "dara_tasks_total", state="succeeded") == 2
    assert value(registry, "dara_tasks_total", state="failed") == 1
    assert value(registry, "dara_deliveries_total") == 3
    assert value(registry, "dara_task_seconds_count") == 3


async def test_accepted_tasks_are_counted(counted: Meters, registry: CollectorRegistry) -> None:
    counted.task_accepted("ingest")
    assert value(registry, "dara_tasks_accepted_total") == 1


async def test_a_task_is_timed_from_its_acceptance(
    counted: Meters, registry: CollectorRegistry
) -> None:
    task = running()
    counted.task_started(task)
    counted.task_ended(task, "succeeded", None, 75.0)
    assert value(registry, "dara_task_seconds_sum") == 75
    assert value(registry, "dara_task_seconds_bucket", le="60.0") == 0
    assert value(registry, "dara_task_seconds_bucket", le="600.0") == 1


@pytest.mark.parametrize("end", ["parked", "dropped", "ended"])
def test_a_task_runs_until_it_is_parked_dropped_or_ended(
    counted: Meters, registry: CollectorRegistry, end: str
) -> None:
    task = running()
    counted.task_started(task)
    assert value(registry, "dara_running_tasks") == 1
    if end == "ended":
        counted.task_ended(task, "failed", StepError(message="no"), 1.0)
    else:
        (counted.task_parked if end == "parked" else counted.task_dropped)(task)
    assert value(registry, "dara_running_tasks") == 0


def test_items_and_tries_of_a_step_are_one_series(
    counted: Meters, registry: CollectorRegistry
) -> None:
    for path in ("[a.txt]/embed", "[b%2Fc]/2/embed", "[c]/1.2/embed"):
        counted.step_recorded(running(), path, Entry(started_at=1.0, finished_at=3.0))
    assert value(registry, "dara_step_seconds_count", step="[]/embed") == 3
    assert value(registry, "dara_step_seconds_sum", step="[]/embed") == 6


def test_what_became_of_a_failure_and_the_last_context_are_no_steps(
    counted: Meters, registry: CollectorRegistry
) -> None:
    verdict = Entry(error=StepError(message="no"), started_at=1.0, verdict="caught")
    counted.step_recorded(running(), "retry(load)", verdict)
    counted.step_recorded(running(), "context()", Entry())
    assert value(registry, "dara_step_seconds_count", step="retry(load)") is None
    assert value(registry, "dara_step_seconds_count", step="context()") is None


def test_a_clock_that_was_put_back_counts_as_no_time(
    counted: Meters, registry: CollectorRegistry
) -> None:
    counted.step_recorded(running(), "load", Entry(started_at=5.0, finished_at=4.0))
    counted.task_ended(running(), "succeeded", None, -1.0)
    assert value(registry, "dara_step_seconds_sum", step="load") == 0
    assert value(registry, "dara_task_seconds_sum") == 0


def test_the_page_shows_what_this_process_counts_and_is_none_where_metrics_are_off() -> None:
    assert metrics_page({}) is None
    meters().task_accepted("shown")
    page = metrics_page({"DARA_METRICS": "1"})
    assert page is not None
    assert b'dara_tasks_accepted_total{workflow="shown"} 1.0' in page[0]
    assert page[1].startswith("text/plain")
    assert meters() is meters()
    assert REGISTRY.get_sample_value("dara_tasks_accepted_total", {"workflow": "shown"}) == 1


def test_a_worker_listens_where_it_is_told_until_it_stops() -> None:
    meters().task_accepted("listening")
    with listening({"DARA_METRICS_LISTEN": "127.0.0.1:0"}) as address:
        assert address is not None
        url = f"http://127.0.0.1:{address.port}/metrics"
        with urllib.request.urlopen(url, timeout=10) as answer:
            page = answer.read()
    assert b'dara_tasks_accepted_total{workflow="listening"} 1.0' in page
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(url, timeout=10)


def test_a_worker_that_is_not_told_listens_nowhere() -> None:
    with listening({"DARA_METRICS": "1"}) as address:
        assert address is None


def test_a_taken_port_is_a_mistake_in_the_settings() -> None:
    with listening({"DARA_METRICS_LISTEN": "127.0.0.1:0"}) as taken:
        assert taken is not None
        again = listening({"DARA_METRICS_LISTEN": f"127.0.0.1:{taken.port}"})
        with pytest.raises(ConfigurationError, match="DARA_METRICS_LISTEN is 127"), again:
            raise AssertionError("it listens at a port that is taken")
