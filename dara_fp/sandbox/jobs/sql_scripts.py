"""The statements of SQL tasks: in threads of their own, and stopped with the task they are of."""

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from dara_fp.sandbox.sql.lake import Lake
from dara_fp.sandbox.sql.running import Running, SqlError
from dara_fp.sandbox.sql.session import Parameter

__all__ = ["SqlScripts"]

logger = logging.getLogger("dara_fp.sandbox")

AT_ONCE = 4
LOOK_SECONDS = 0.1


class SqlScripts:
    """Files of SQL that run on the tables of *lake*, so many at once; the others wait."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        # Not the threads of asyncio: all of the sandbox works in those, and tasks may be long.
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="sql-task")

    async def said(self, text: str, given: Mapping[str, str]) -> str:
        """Run *text* with what is *given* for its `:name`s, and say why it failed, if it did.

        When cancelled, it stops the statement under way and waits for its end.
        """
        running = Running()
        work = self._pool.submit(self._run, text, given, running)
        end = asyncio.wrap_future(work)
        try:
            return await asyncio.shield(end)
        except asyncio.CancelledError:
            work.cancel()  # where it has not begun, nothing is to be stopped
            await _let_end(end, running)
            raise

    def close(self) -> None:
        """Take no more, and wait for nothing."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _run(self, text: str, given: Mapping[str, str], running: Running) -> str:
        parameters = [Parameter(name=name, value=value) for name, value in given.items()]
        try:
            self._lake.engine.run_script(text, parameters, running)
        except SqlError as error:
            return error.message
        return ""


async def _let_end(end: "asyncio.Future[str]", running: Running) -> None:
    """Stop *running* until it has come to its *end*, also when cancelled once more meanwhile."""
    while not end.done():
        # Again and again, since a connection forgets what came just before its statement began.
        running.stop()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait([end], timeout=LOOK_SECONDS)
    if not end.cancelled() and (error := end.exception()) is not None:
        logger.error("a file of SQL that was stopped had failed", exc_info=error)
