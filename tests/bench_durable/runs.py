"""A little server of job runs, which go on until it is told that they end.

`python -m tests.bench_durable.runs` answers an `Ending` with what it has `Seen`.
"""

import asyncio
import re

import attrs
import msgspec

from tests.bench_durable.lines import answer

__all__ = ["Ending", "Seen"]

_RUN_ID = re.compile(rb"[?&]run_id=(\d+)")


@attrs.frozen(kw_only=True)
class Ending:
    """Whether the runs are to end."""

    end: bool


@attrs.frozen(kw_only=True)
class Seen:
    """What the server has seen.

    Attributes:
        port: Where it listens, on this machine.
        runs: How many runs it was asked about.
        requests: How often it was asked.
    """

    port: int
    runs: int
    requests: int


class Runs:
    """Runs of a job, by their numbers."""

    def __init__(self) -> None:
        """Let them all run."""
        self.asked: set[int] = set()
        self.requests = 0
        self.ended = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of a connection; none of them has a body."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(self._answer(head))
        except asyncio.IncompleteReadError:
            writer.close()

    def _answer(self, head: bytes) -> bytes:
        found = _RUN_ID.search(head)
        assert found is not None, head
        run_id = int(found[1])
        self.asked.add(run_id)
        self.requests += 1
        done = {"life_cycle_state": "TERMINATED", "result_state": "SUCCESS"}
        state = done if self.ended else {"life_cycle_state": "RUNNING"}
        body = msgspec.json.encode({"run_id": run_id, "job_id": 1, "state": state})
        return (
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
        )


async def main() -> None:
    """Serve runs on a port that is free."""
    runs = Runs()
    server = await asyncio.start_server(runs.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]

    async def reply(asked: Ending) -> Seen:
        runs.ended = asked.end
        return Seen(port=port, runs=len(runs.asked), requests=runs.requests)

    await answer(Ending, reply)
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
