"""A workspace that knows nothing but runs, and thinks for a while before it tells of one.

`python -m tests.bench_client.server` answers an `Ending` with what it has `Seen`.
"""

import asyncio
import re
import sys
from typing import cast

import msgspec
import uvloop

from tests.bench_durable.lines import answer
from tests.bench_durable.runs import Ending, Seen

__all__ = ["ANSWER_BYTES", "WAIT", "Ending", "Seen", "body_of"]

WAIT = 0.05
"""Seconds before an answer."""

ANSWER_BYTES = 1_200
"""Length of an answer, its head apart."""

_RUN_ID = re.compile(rb"runs/get\?run_id=(\d+)")
_END = b"\r\n\r\n"
_NOTHING = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


def body_of(run_id: int, *, ended: bool) -> bytes:
    """Give a run as the Jobs API tells of it, padded to its length by a description."""
    done = {"life_cycle_state": "TERMINATED", "result_state": "SUCCESS", "state_message": ""}
    state = done if ended else {"life_cycle_state": "RUNNING", "state_message": "In run"}
    task = {
        "run_id": run_id + 1_000_000,
        "task_key": "parse",
        "state": state,
        "notebook_task": {"notebook_path": "/Shared/parse", "source": "WORKSPACE"},
        "start_time": 1_760_000_000_000,
        "attempt_number": 0,
    }
    run = {
        "run_id": run_id,
        "job_id": 7,
        "number_in_job": run_id,
        "state": state,
        "tasks": [task],
        "start_time": 1_760_000_000_000,
        "setup_duration": 0,
        "execution_duration": 0,
        "cleanup_duration": 0,
        "trigger": "ONE_TIME",
        "creator_user_name": "someone@example.com",
        "run_name": "parse documents",
        "run_page_url": f"https://example.com/#job/7/run/{run_id}",
        "run_type": "JOB_RUN",
        "format": "MULTI_TASK",
        "description": "",
    }
    run["description"] = "." * max(0, ANSWER_BYTES - len(msgspec.json.encode(run)))
    return msgspec.json.encode(run)


class Runs:
    """What was asked, and whether the runs go on."""

    def __init__(self) -> None:
        """Let them all run."""
        self.asked: set[int] = set()
        self.requests = 0
        self.ended = False

    def answer(self, head: bytes) -> bytes | None:
        """Give the answer to a request that began with *head*, or None if there is no such run."""
        if (found := _RUN_ID.search(head)) is None:
            return None
        run_id = int(found[1])
        self.asked.add(run_id)
        self.requests += 1
        body = body_of(run_id, ended=self.ended)
        top = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
        return f"{top}{len(body)}\r\n\r\n".encode() + body


class Connection(asyncio.Protocol):
    """One connection; requests come one after the other, without bodies."""

    def __init__(self, runs: Runs) -> None:
        """Answer of *runs*."""
        self._runs = runs
        self._received = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep where to answer to."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer each request that is complete, in a while."""
        self._received += data
        while (end := self._received.find(_END)) >= 0:
            head = bytes(self._received[:end])
            del self._received[: end + len(_END)]
            answered = self._runs.answer(head)
            wait = WAIT if answered else 0.0
            asyncio.get_running_loop().call_later(wait, self._write, answered or _NOTHING)

    def connection_lost(self, exc: Exception | None) -> None:
        """Answer no more."""
        self._transport = None

    def _write(self, answered: bytes) -> None:
        if self._transport is not None:
            self._transport.write(answered)


async def main() -> None:
    """Serve runs on a port that is free."""
    runs = Runs()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(runs), "127.0.0.1", 0, backlog=8_192)
    port = server.sockets[0].getsockname()[1]

    async def reply(asked: Ending) -> Seen:
        runs.ended = asked.end
        return Seen(port=port, runs=len(runs.asked), requests=runs.requests)

    await answer(Ending, reply)
    server.close()


if __name__ == "__main__":
    assert sys.platform != "win32"
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
