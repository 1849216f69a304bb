"""Pipelines in memory while the sandbox runs, in small files so that a restart knows them."""

import threading
from collections.abc import Callable
from pathlib import Path

import attrs
import msgspec

from dara_fp.sandbox.files.disk import write_atomically
from dara_fp.sandbox.pipelines.pipeline_records import Pipeline, State, Update, event, now
from dara_fp.sandbox.server.errors import ApiError, missing
from dara_fp.sandbox.server.wire import Json

__all__ = ["LOST", "Pipelines"]

LOST = "The sandbox was stopped while the update ran."


class Pipelines:
    """All pipelines below *directory*; every method may be called in any thread.

    Updates that were active when the sandbox ended have failed.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lock = threading.RLock()
        read = (file.read_bytes() for file in directory.glob("*.json"))
        found = [msgspec.json.decode(content, type=Pipeline) for content in read]
        self._all = {known.pipeline_id: known for known in found}
        for known in found:
            if known.active is not None:
                self.move(known.pipeline_id, known.active.update_id, State.FAILED, LOST)

    def all(self) -> list[Pipeline]:
        """Give all pipelines, by their ids."""
        return [self._all[key] for key in sorted(self._all)]

    def get(self, pipeline_id: str) -> Pipeline:
        """Give the pipeline *pipeline_id*.

        Raises:
            ApiError: 404; there is none.
        """
        with self._lock:
            if pipeline_id not in self._all:
                raise missing(f"The specified pipeline {pipeline_id[:100]} was not found.")
            return self._all[pipeline_id]

    def keep(self, pipeline: Pipeline) -> Pipeline:
        """Keep the new *pipeline*."""
        with self._lock:
            self._all[pipeline.pipeline_id] = pipeline
            place = self._directory / f"{pipeline.pipeline_id}.json"
            write_atomically(place, msgspec.json.encode(pipeline))
            return pipeline

    def change(self, pipeline_id: str, changed: Callable[[Pipeline], Pipeline]) -> Pipeline:
        """Keep the pipeline *pipeline_id* as *changed* makes it of what it is.

        Raises:
            ApiError: 404; there is none.
        """
        with self._lock:
            return self.keep(changed(self.get(pipeline_id)))

    def forget(self, pipeline_id: str) -> None:
        """Forget the pipeline *pipeline_id*."""
        with self._lock:
            self._all.pop(self.get(pipeline_id).pipeline_id)
            (self._directory / f"{pipeline_id}.json").unlink(missing_ok=True)

    def begin(self, pipeline_id: str, update: Update) -> None:
        """Keep a new *update*.

        Raises:
            ApiError: 409; another one is under way.
        """
        said = f"Update {update.update_id[:6]} started by {update.cause}."
        created = event(update.update_id, "create_update", said)
        with self._lock:
            if (active := self.get(pipeline_id).active) is not None:
                raise _conflict(
                    f"An active update {active.update_id} already exists for pipeline"
                    f" {pipeline_id}."
                )
            self.change(pipeline_id, lambda known: known.begun(update).noted(created))

    def move(self, pipeline_id: str, update_id: str, state: State, error: str = "") -> None:
        """Keep that an update is in another *state*; *error* says why it failed."""
        verb = "has" if state is State.FAILED else "is"
        level = "ERROR" if state is State.FAILED else "INFO"
        said = f"Update {update_id[:6]} {verb} {state}."
        moved = event(update_id, "update_progress", said, level=level, error=error)

        def changed(known: Pipeline) -> Pipeline:
            after = known.moved(update_id, state)
            return known if after == known else after.noted(moved)

        self.change(pipeline_id, changed)

    def edit(self, pipeline_id: str, settings: Json) -> None:
        """Keep other *settings*."""
        self.change(
            pipeline_id, lambda known: attrs.evolve(known, settings=settings, last_modified=now())
        )

    def check_name(self, name: str, *but: str) -> None:
        """Refuse the *name* of another pipeline, which is none of *but*.

        Raises:
            ApiError: 409.
        """
        if any(known.name == name and known.pipeline_id not in but for known in self.all()):
            raise _conflict(
                f"The pipeline name '{name[:200]}' is already used by another pipeline. This check"
                " can be skipped by setting `allow_duplicate_names = true` in the request."
            )


def _conflict(message: str) -> ApiError:
    return ApiError(status=409, error_code="RESOURCE_CONFLICT", message=message)
