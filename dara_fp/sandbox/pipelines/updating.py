"""Runs updates of pipelines: one at a time a pipeline, each in a thread of its own, to an end."""

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from dara_fp.sandbox.files.paths import object_path
from dara_fp.sandbox.jobs.notebooks import language_named, language_of
from dara_fp.sandbox.pipelines.pipeline_records import Pipeline, State, Update, event
from dara_fp.sandbox.pipelines.pipeline_store import LOST, Pipelines
from dara_fp.sandbox.server.errors import ApiError
from dara_fp.sandbox.sql.lake import Lake
from dara_fp.sandbox.sql.running import Running, SqlError
from dara_fp.sandbox.sql.session import Asked, Session

if TYPE_CHECKING:
    from dara_fp.sandbox.pipelines.datasets import Dataset

__all__ = ["Updating"]

logger = logging.getLogger("dara_fp.sandbox")

AT_ONCE = 4
LOOK_SECONDS = 0.1
FAULT = "The sandbox failed on this update: its log has the reason."


@attrs.frozen(kw_only=True)
class Updating:
    """The updates under way of *pipelines*, over the tables of *lake*.

    Attributes:
        pipelines: Where it is kept how far they are.
        lake: Their tables.
        root: The directory below which `/Volumes` and `/Workspace` live.
    """

    pipelines: Pipelines
    lake: Lake
    root: Path
    _pool: ThreadPoolExecutor = attrs.field(
        init=False, factory=lambda: ThreadPoolExecutor(AT_ONCE, thread_name_prefix="pipeline")
    )
    _running: dict[str, tuple[Running, "asyncio.Task[None]"]] = attrs.field(
        init=False, factory=dict[str, tuple[Running, "asyncio.Task[None]"]]
    )

    def start(self, pipeline_id: str, update: Update) -> None:
        """Begin *update* of the pipeline *pipeline_id*.

        Raises:
            ApiError: 404, there is no such pipeline; 409, an update of it is under way.
        """
        self.pipelines.begin(pipeline_id, update)
        running = Running()
        task = asyncio.create_task(self._drive(pipeline_id, update, running))
        self._running[pipeline_id] = (running, task)
        task.add_done_callback(lambda _task: self._forget(pipeline_id, running))

    def stop(self, pipeline_id: str) -> None:
        """Ask for the update under way to end; nothing happens where there is none."""
        active = self.pipelines.get(pipeline_id).active
        known = self._running.get(pipeline_id)
        if active is None or known is None or active.state is State.STOPPING:
            return
        self.pipelines.move(pipeline_id, active.update_id, State.STOPPING)
        known[0].stop()

    async def delete(self, pipeline_id: str, *, cascade: bool) -> None:
        """Forget the pipeline *pipeline_id*, and with *cascade* drop the tables it has made.

        Raises:
            ApiError: 404; there is none.
        """
        while self.pipelines.get(pipeline_id).active is not None:
            self.stop(pipeline_id)
            await asyncio.wait([self._running[pipeline_id][1]])
        tables = self.pipelines.get(pipeline_id).tables
        self.pipelines.forget(pipeline_id)
        if cascade and tables:
            await asyncio.to_thread(self._drop, tables)

    async def close(self) -> None:
        """End all updates; they have failed."""
        under_way = list(self._running.values())
        for running, _task in under_way:
            running.stop()
        await asyncio.gather(*(task for _running, task in under_way))
        self._pool.shutdown(wait=False)

    def _drop(self, tables: Sequence[str]) -> None:
        catalog = self.lake.tables.catalog
        with self.lake.tables.writing(*tables):
            for name in tables:
                # Somebody may have dropped it since, and made a view of its name.
                if catalog.has_table(name) and catalog.table(name).view_definition is None:
                    catalog.drop_table(name)

    def _forget(self, pipeline_id: str, running: Running) -> None:
        if pipeline_id in self._running and self._running[pipeline_id][0] is running:
            del self._running[pipeline_id]

    async def _drive(self, pipeline_id: str, update: Update, running: Running) -> None:
        self.pipelines.move(pipeline_id, update.update_id, State.WAITING_FOR_RESOURCES)
        waiting = self._pool.submit(self._run, pipeline_id, update, running)
        work = asyncio.wrap_future(waiting)
        while not work.done():
            await asyncio.wait([work], timeout=LOOK_SECONDS)
            if running.stopped and not waiting.cancel():
                # Once more, since the engine forgets what came just before it began.
                running.stop()
        if work.cancelled():
            end, error = self._end_of_stopped(pipeline_id)
            self.pipelines.move(pipeline_id, update.update_id, end, error)
            return
        if (fault := work.exception()) is not None:
            logger.error("update %s: a fault of the sandbox", update.update_id, exc_info=fault)
            self.pipelines.move(pipeline_id, update.update_id, State.FAILED, FAULT)

    def _run(self, pipeline_id: str, update: Update, running: Running) -> None:
        """Do the whole *update*, and keep how it ended."""
        end, error = State.COMPLETED, ""
        try:
            self._update(self.pipelines.get(pipeline_id), update, running)
        except (SqlError, ApiError) as failure:
            end, error = State.FAILED, failure.message
        except (OSError, ValueError) as failure:
            end, error = State.FAILED, str(failure)
        if running.stopped and end is State.FAILED:
            end, error = self._end_of_stopped(pipeline_id)
        self.pipelines.move(pipeline_id, update.update_id, end, error)

    def _end_of_stopped(self, pipeline_id: str) -> tuple[State, str]:
        active = self.pipelines.get(pipeline_id).active
        asked = active is not None and active.state is State.STOPPING
        return (State.CANCELED, "") if asked else (State.FAILED, LOST)

    def _update(self, pipeline: Pipeline, update: Update, running: Running) -> None:
        # Late, as the engine itself: it loads what a sandbox without pipelines does without.
        from dara_fp.sandbox.pipelines.datasets import datasets, in_order  # noqa: PLC0415 - see above

        self._go_on(pipeline, update, State.INITIALIZING, running)
        session = _session(pipeline)
        ordered = in_order(datasets(self._texts(pipeline), session))
        self._go_on(pipeline, update, State.SETTING_UP_TABLES, running)
        if not any(dataset.is_table for dataset in ordered):
            raise ValueError("The pipeline has no tables: let its sources declare some.")
        wanted = _selected(ordered, update.selection, session)
        for dataset in wanted:
            self._check_free(pipeline, dataset)
        self._go_on(pipeline, update, State.RUNNING, running)
        for dataset in wanted:
            self._make(pipeline, update, dataset, session, running)

    def _go_on(self, pipeline: Pipeline, update: Update, state: State, running: Running) -> None:
        running.check()
        self.pipelines.move(pipeline.pipeline_id, update.update_id, state)

    def _texts(self, pipeline: Pipeline) -> list[str]:
        """Give the SQL of all sources of *pipeline*."""
        if not pipeline.sources:
            raise ValueError("The pipeline has no libraries: give it files or notebooks of SQL.")
        return [self._text(source.path) for source in pipeline.sources]

    def _text(self, shown: str) -> str:
        place = object_path(self.root, shown)
        if not place.is_file():
            raise FileNotFoundError(f"Unable to read the source {shown!r}: import it first.")
        content = place.read_bytes()
        language = language_of(content) or language_named(shown)
        if language not in {None, "SQL"}:
            raise ValueError(
                f"The sandbox does not run {language} in pipelines, as in {shown!r}: only SQL."
            )
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError:
            raise ValueError(f"The source {shown!r} is no text in UTF-8.") from None

    def _check_free(self, pipeline: Pipeline, dataset: "Dataset") -> None:
        there = self.lake.tables.catalog.has_table(dataset.name)
        if dataset.is_table and there and dataset.name not in pipeline.tables:
            raise ValueError(
                f"Could not materialize '{dataset.name}' because a table with that name exists that"
                " this pipeline has not made: drop it, or choose another name."
            )

    def _make(
        self,
        pipeline: Pipeline,
        update: Update,
        dataset: "Dataset",
        session: Session,
        running: Running,
    ) -> None:
        running.check()
        self._note(pipeline, update, dataset, "is RUNNING")
        if dataset.is_table:
            # Before it is there, so that one who comes back after a crash knows whose it is.
            self.pipelines.change(pipeline.pipeline_id, lambda known: _with_table(known, dataset))
        try:
            self.lake.engine.run(Asked(text=dataset.statement), session, running)
        except SqlError as error:
            if not running.stopped:
                self._note(pipeline, update, dataset, "has FAILED", error.message)
            raise
        self._note(pipeline, update, dataset, "has COMPLETED")

    def _note(
        self, pipeline: Pipeline, update: Update, dataset: "Dataset", what: str, error: str = ""
    ) -> None:
        happened = event(
            update.update_id,
            "flow_progress",
            f"Flow '{dataset.name}' {what}.",
            level="ERROR" if error else "INFO",
            dataset=dataset.name,
            error=error,
        )
        self.pipelines.change(pipeline.pipeline_id, lambda known: known.noted(happened))


def _session(pipeline: Pipeline) -> Session:
    settings = pipeline.settings
    schema = settings.get("schema") or settings.get("target") or "default"
    return Session(catalog=str(settings.get("catalog") or "main"), schema=str(schema))


def _selected(
    ordered: Sequence["Dataset"], selection: Sequence[str], session: Session
) -> list["Dataset"]:
    """Give those of *ordered* that the *selection* names, and all views; without one give all."""
    if not selection:
        return list(ordered)
    names = {_full_name(name, session) for name in selection}
    if unknown := names - {dataset.name for dataset in ordered if dataset.is_table}:
        raise ValueError(f"The pipeline has no tables {', '.join(sorted(unknown))} to refresh.")
    return [dataset for dataset in ordered if not dataset.is_table or dataset.name in names]


def _full_name(name: str, session: Session) -> str:
    parts = name.replace("`", "").lower().split(".")
    around = [session.catalog, session.schema][: max(0, 3 - len(parts))]
    return ".".join([*around, *parts]).lower()


def _with_table(pipeline: Pipeline, dataset: "Dataset") -> Pipeline:
    if dataset.name in pipeline.tables:
        return pipeline
    return attrs.evolve(pipeline, tables=(*pipeline.tables, dataset.name))
