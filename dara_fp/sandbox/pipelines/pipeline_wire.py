"""How pipelines, their updates and their events look to a client."""

from datetime import UTC, datetime

from dara_fp.sandbox.pipelines.pipeline_records import Event, Pipeline, State, Update
from dara_fp.sandbox.server.auth import USER
from dara_fp.sandbox.server.wire import Json

__all__ = ["event_json", "pipeline_json", "short_json", "update_json"]

LATEST = 5


def pipeline_json(pipeline: Pipeline) -> Json:
    """Give *pipeline* as `get` answers it."""
    return {
        **short_json(pipeline),
        "spec": {**pipeline.settings, "id": pipeline.pipeline_id},
        "last_modified": pipeline.last_modified,
    }


def short_json(pipeline: Pipeline) -> Json:
    """Give *pipeline* as lists have it."""
    body: Json = {
        "pipeline_id": pipeline.pipeline_id,
        "name": pipeline.name,
        "state": _state(pipeline),
        "creator_user_name": USER,
        "run_as_user_name": USER,
        "latest_updates": [
            {
                "update_id": update.update_id,
                "state": update.state.value,
                "creation_time": _moment(update.creation_time),
            }
            for update in reversed(pipeline.updates[-LATEST:])
        ],
    }
    if (health := _health(pipeline)) is not None:
        body["health"] = health
    return body


def update_json(pipeline: Pipeline, update: Update) -> Json:
    """Give an *update* of *pipeline*."""
    return {
        "pipeline_id": pipeline.pipeline_id,
        "update_id": update.update_id,
        "cause": update.cause,
        "state": update.state.value,
        "creation_time": update.creation_time,
        "full_refresh": update.full_refresh,
        "refresh_selection": update.refresh_selection,
        "full_refresh_selection": update.full_refresh_selection,
        "validate_only": False,
    }


def event_json(pipeline: Pipeline, event: Event) -> Json:
    """Give an *event* of *pipeline*."""
    origin: Json = {
        "pipeline_id": pipeline.pipeline_id,
        "pipeline_name": pipeline.name,
        "update_id": event.update_id,
    }
    if event.dataset:
        origin["dataset_name"] = origin["flow_name"] = event.dataset
    body: Json = {
        "id": event.id,
        "timestamp": _moment(event.timestamp),
        "event_type": event.event_type,
        "level": event.level,
        "maturity_level": "STABLE",
        "message": event.message,
        "origin": origin,
    }
    if event.error:
        body["error"] = {"fatal": True, "exceptions": [{"message": event.error}]}
    return body


def _state(pipeline: Pipeline) -> str:
    active = pipeline.active
    if active is None:
        return "IDLE"
    return "STOPPING" if active.state is State.STOPPING else "RUNNING"


def _health(pipeline: Pipeline) -> str | None:
    if not pipeline.updates:
        return None
    return "UNHEALTHY" if pipeline.updates[-1].state is State.FAILED else "HEALTHY"


def _moment(milliseconds: int) -> str:
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return f"{moment.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"
