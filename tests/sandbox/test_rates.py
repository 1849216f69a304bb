"""A workspace takes so many calls a second, and says so when there are more."""

from collections.abc import Iterator

import httpx
import pytest

from dara_fp.sandbox.server.rates import DOCUMENTED, Limit, Rates

LIMITS = "/_sandbox/limits"
LIST = "/api/2.2/jobs/list"


@pytest.fixture
def limited(http: httpx.Client) -> Iterator[httpx.Client]:
    documented = http.get(LIMITS).json()["limits"]
    yield http
    limits = [{key: limit[key] for key in limit if key != "refused"} for limit in documented]
    assert http.put(LIMITS, json={"limits": limits}).status_code == 200


def refusals(rates: Rates, call: str, times: int) -> int:
    return sum(rates.refusal(call) is not None for _ in range(times))


def test_a_second_holds_as_many_calls_as_documented_and_then_it_fills_up_again() -> None:
    now = [100.0]
    rates = Rates(DOCUMENTED, clock=lambda: now[0])
    run_now, get = "POST /api/2.2/jobs/run-now", "GET /api/2.1/jobs/runs/get"
    assert refusals(rates, run_now, 25) == 5
    assert refusals(rates, get, 105) == 5
    now[0] += 0.5
    assert refusals(rates, run_now, 25) == 15
    now[0] += 60
    assert refusals(rates, run_now, 25) == 5


def test_limits_of_one_kind_of_call_do_not_touch_another() -> None:
    rates = Rates([Limit("GET /api/2.2/jobs/runs/get", 1)], clock=lambda: 0.0)
    assert refusals(rates, "GET /api/2.2/jobs/runs/get", 9) == 8
    assert refusals(rates, "GET /api/2.2/jobs/runs/get-output", 9) == 0


def test_less_than_one_call_a_second_is_a_limit_too() -> None:
    now = [0.0]
    rates = Rates([Limit("GET /*", 0.25)], clock=lambda: now[0])
    assert refusals(rates, "GET /a", 2) == 1
    now[0] += 4
    assert refusals(rates, "GET /a", 2) == 1


@pytest.mark.parametrize("told", [True, False])
def test_one_too_many_is_told_with_or_without_a_time(limited: httpx.Client, *, told: bool) -> None:
    limit = {"pattern": f"GET {LIST}", "per_second": 0.1, "retry_after": told}
    assert limited.put(LIMITS, json={"limits": [limit]}).status_code == 200
    first, second = limited.get(LIST), limited.get(LIST)
    assert (first.status_code, second.status_code) == (200, 429)
    assert second.json()["error_code"] == "REQUEST_LIMIT_EXCEEDED"
    assert second.headers.get("retry-after") == ("10" if told else None)
    assert limited.get(LIMITS).json()["limits"] == [limit | {"refused": 1}]


def test_a_limit_of_everything_locks_nobody_out_of_the_sandbox(limited: httpx.Client) -> None:
    limit = {"pattern": "* /*", "per_second": 0.001}
    assert limited.put(LIMITS, json={"limits": [limit]}).status_code == 200
    assert [limited.get(LIST).status_code for _ in range(2)] == [200, 429]
    assert [limited.get(LIMITS).status_code for _ in range(2)] == [200, 200]
    assert limited.put(LIMITS, json={"limits": []}).status_code == 200
    assert limited.get(LIST).status_code == 200


def test_the_documented_limits_are_in_force_until_others_are_set(limited: httpx.Client) -> None:
    patterns = [limit["pattern"] for limit in limited.get(LIMITS).json()["limits"]]
    assert patterns == [limit.pattern for limit in DOCUMENTED]
    assert limited.put(LIMITS, json={"limits": []}).json() == {"limits": []}
    assert limited.put(LIMITS, json={"limits": [{"pattern": "x"}]}).status_code == 400
