"""What may have been done is not done twice: `retry` around steps whose answers are lost."""

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import attrs
import httpx
import pytest
import respx

from dara_fp import Backoff, DatabricksEnv, StepContext, Workspace, made, retry, start
from dara_fp.databricks.http.retries import Retries
from dara_fp.steps import calling
from dara_fp.steps.jobs import JobRun, submit_run
from dara_fp.steps.pipelines import PipelineUpdate, start_update
from dara_fp.steps.repairs import start_repair
from dara_fp.steps.serving import ChatMessage, ChatReply, chat
from dara_fp.steps.sql import SqlResult, submit_sql
from tests.client.stage import VirtualTime

HOST = "https://doubt.databricks.test"
AT_ONCE = Backoff(initial=0)
CUT = httpx.ReadError("cut")
RUN = {"run_id": 5, "job_id": 1, "state": {"life_cycle_state": "TERMINATED"}}


@attrs.frozen(kw_only=True)
class Doing(StepContext):
    """The least that the steps of this file take."""

    job: str = "1"
    job_parameters: Mapping[str, str] = attrs.field(factory=dict[str, str])
    run: JobRun | None = made()
    statement: str = "INSERT INTO t VALUES (1)"
    statement_parameters: Mapping[str, str | int | float | bool | None] = attrs.field(
        factory=dict[str, str | int | float | bool | None]
    )
    warehouse_id: str = "w"
    sql_result: SqlResult | None = made()
    pipeline: str = "p"
    full_refresh: bool = False
    update: PipelineUpdate | None = made()
    chat_model: str = "m"
    messages: tuple[ChatMessage, ...] = (ChatMessage(role="user", content="why?"),)
    max_tokens: int = 10
    reply: ChatReply | None = made()


@pytest.fixture
def wire() -> Iterator[respx.MockRouter]:
    with respx.mock(base_url=HOST, using="httpx", assert_all_called=False) as router:
        yield router


@pytest.fixture
async def env() -> AsyncIterator[DatabricksEnv]:
    time = VirtualTime()
    retries = Retries(seconds=2, clock=time.clock, sleep=time.sleep)
    made_env = DatabricksEnv(workspace=Workspace(HOST, token="dapi-unseen", retries=retries))
    yield made_env
    await made_env.aclose()


def tokens_of(route: respx.Route) -> set[bytes]:
    calls: Any = route.calls
    return {call.request.content for call in calls}


async def test_a_run_whose_answers_are_lost_is_not_started_under_another_token(
    wire: respx.MockRouter, env: DatabricksEnv
) -> None:
    post = wire.post("/api/2.2/jobs/run-now").mock(side_effect=CUT)
    error = (await retry(2, AT_ONCE)(submit_run)(Doing(), env)).failure()
    assert (error.in_doubt, post.called, len(tokens_of(post))) == (True, True, 1)


async def test_a_run_that_was_turned_away_is_started_again(
    wire: respx.MockRouter, env: DatabricksEnv
) -> None:
    post = wire.post("/api/2.2/jobs/run-now").respond(503)
    error = (await retry(2, AT_ONCE)(submit_run)(Doing(), env)).failure()
    assert (error.in_doubt, len(tokens_of(post))) == (False, 3)


async def test_a_call_of_the_sdk_that_has_a_token_is_not_made_with_another(
    wire: respx.MockRouter, env: DatabricksEnv
) -> None:
    post = wire.post("/api/2.2/jobs/run-now").mock(side_effect=CUT)
    run = start(Doing, DatabricksEnv) >> calling(
        lambda ws, _ctx, at: ws.jobs.run_now(job_id=1, idempotency_token=at.token)
    )
    error = (await retry(2, AT_ONCE)(run)(Doing(), env)).failure()
    assert (error.in_doubt, post.called, len(tokens_of(post))) == (True, True, 1)


async def test_a_call_of_the_sdk_that_makes_something_is_not_made_twice(
    wire: respx.MockRouter, env: DatabricksEnv
) -> None:
    post = wire.post("/api/2.2/jobs/create").mock(side_effect=[httpx.Response(500)] * 3)
    create = start(Doing, DatabricksEnv) >> calling(lambda ws, _ctx: ws.jobs.create(name="n"))
    error = (await retry(2, AT_ONCE)(create)(Doing(), env)).failure()
    assert (error.in_doubt, error.status, post.call_count) == (True, 500, 1)


@pytest.mark.parametrize("statement", ["INSERT INTO t VALUES (1)", "SELECT 1"])
async def test_a_statement_in_doubt_is_sent_again_only_where_it_reads(
    wire: respx.MockRouter, env: DatabricksEnv, statement: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dara_fp.databricks.sql.lookup._SECONDS", 0.0)
    post = wire.post("/api/2.0/sql/statements/").mock(side_effect=CUT)
    wire.get("/api/2.0/sql/history/queries").respond(json={"res": []})
    doing = Doing(statement=statement)
    error = (await retry(2, AT_ONCE)(submit_sql)(doing, env)).failure()
    reads = statement.startswith("SELECT")
    assert (error.in_doubt, post.call_count) == (not reads, 3 if reads else 1)


async def test_a_statement_that_was_found_is_known_though_it_cannot_be_looked_at(
    wire: respx.MockRouter, env: DatabricksEnv
) -> None:
    post = wire.post("/api/2.0/sql/statements/").mock(side_effect=CUT)

    def found(_request: httpx.Request) -> httpx.Response:
        text = post.calls.last.request.content.decode()
        return httpx.Response(200, json={"res": [{"query_id": "s-1", "query_text": text}]})

    wire.get("/api/2.0/sql/history/queries").mock(side_effect=found)
    wire.get("/api/2.0/sql/statements/s-1").respond(403)
    ended = (await retry(2, AT_ONCE)(submit_sql)(Doing(), env)).unwrap()
    assert ended.sql_result == SqlResult(statement_id="s-1")
    assert post.call_count == 1


@pytest.mark.parametrize("look", [httpx.Response(200, json={"updates": []}), CUT])
async def test_an_update_that_is_not_seen_yet_is_in_doubt(
    wire: respx.MockRouter, env: DatabricksEnv, look: httpx.Response | Exception
) -> None:
    post = wire.post("/api/2.0/pipelines/p/updates").mock(side_effect=CUT)
    before = httpx.Response(200, json={"updates": []})
    wire.get("/api/2.0/pipelines/p/updates").mock(side_effect=[before, *[look] * 50])
    doing = Doing(update=PipelineUpdate(pipeline_id="p", before=None))
    error = (await retry(2, AT_ONCE)(start_update)(doing, env)).failure()
    assert (error.in_doubt, post.call_count) == (True, 1)


@pytest.mark.parametrize("look", [httpx.Response(200, json=RUN), CUT])
async def test_a_repair_that_is_not_seen_yet_is_in_doubt(
    wire: respx.MockRouter, env: DatabricksEnv, look: httpx.Response | Exception
) -> None:
    post = wire.post("/api/2.2/jobs/runs/repair").mock(side_effect=CUT)
    before = httpx.Response(200, json=RUN)
    wire.get("/api/2.2/jobs/runs/get").mock(side_effect=[before, before, *[look] * 50])
    doing = Doing(run=JobRun(run_id=5, job_id=1))
    error = (await retry(2, AT_ONCE)(start_repair)(doing, env)).failure()
    assert (error.in_doubt, post.call_count) == (True, 1)


async def test_a_model_is_asked_again(wire: respx.MockRouter, env: DatabricksEnv) -> None:
    post = wire.post("/serving-endpoints/m/invocations").mock(side_effect=CUT)
    error = (await retry(2, AT_ONCE)(chat)(Doing(), env)).failure()
    assert (error.in_doubt, post.call_count) == (False, 3)
