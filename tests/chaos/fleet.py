"""All processes of the chaos: a store, a workspace, a server and its workers."""

import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp
import attrs

from dara_fp.cli.serving import READY
from dara_fp.store.binary import find_binary
from tests.chaos.nursery import Nursery
from tests.chaos.processes import Life, Process, Program

__all__ = ["Fleet", "Workspace", "standing"]

TOKEN: Final = "dapi-of-the-chaos"
TARGET: Final = "tests.chaos.workflows"
ROOT: Final = Path(__file__).parents[2]
STOP_SECONDS: Final = 10.0
CONCURRENCY: Final = "10"
DARA: Final = (sys.executable, "-m", "dara_fp.cli")


@attrs.define(kw_only=True)
class Running:
    """A program that is started again and again, one life after the other."""

    program: Program
    lives: list[Life] = attrs.field(factory=list[Life])

    @property
    def life(self) -> Life:
        """The process it has now."""
        return self.lives[-1]

    @property
    def has_died(self) -> bool:
        """Whether it ended without us."""
        return bool(self.lives) and self.life.ended_at is None and not self.life.alive

    def begin(self) -> Life:
        """Give it a new life."""
        self.lives.append(Life.begin(self.program, len(self.lives)))
        return self.life

    def kill(self) -> None:
        """End its life by SIGKILL, if it has one."""
        if self.lives and self.life.ended_at is None:
            self.life.kill()


@attrs.frozen(kw_only=True)
class Workspace:
    """The sandbox, as the chaos sees it: what was done, and what shall go wrong."""

    url: str
    http: aiohttp.ClientSession

    async def create_job(self, settings: dict[str, object]) -> str:
        """Make a job, and give its id."""
        return str((await self._call("POST", "/api/2.2/jobs/create", settings))["job_id"])

    async def upload(self, path: str, content: bytes) -> None:
        """Put a file."""
        async with self.http.put(f"{self.url}/api/2.0/fs/files{path}", data=content) as answer:
            answer.raise_for_status()

    async def arm(self, fault: dict[str, object]) -> None:
        """Have calls go wrong."""
        await self._call("POST", "/_sandbox/faults", fault)

    async def disarm(self) -> int:
        """Have no more calls go wrong; give how many did."""
        faults: list[dict[str, int]] = (await self._call("GET", "/_sandbox/faults"))["faults"]
        await self._call("DELETE", "/_sandbox/faults")
        return sum(fault["applied"] for fault in faults)

    async def ledger(self) -> list[dict[str, object]]:
        """Give every run that was ever started."""
        runs: list[dict[str, object]] = (await self._call("GET", "/_sandbox/runs"))["runs"]
        return runs

    async def _call(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        async with self.http.request(method, self.url + path, json=body) as answer:
            answer.raise_for_status()
            found: dict[str, Any] = await answer.json()
            return found


@attrs.define(kw_only=True)
class Fleet:
    """The processes while they stand.

    Attributes:
        store: Valkey, with all its writes on the disk before it answers.
        server: `dara serve` without a worker of its own.
        workers: `dara worker`, several.
        address: Where the server was reached last.
        workspace: The sandbox.
    """

    store: Running
    server: Running
    workers: tuple[Running, ...]
    workspace: Workspace
    address: str = ""

    async def restart_store(self, *, kill: bool) -> None:
        """End Valkey, by SIGKILL or SIGTERM, and start it on what it has written."""
        await _end(self.store, kill=kill)
        await self.store.begin().address()

    async def restart_server(self, *, kill: bool) -> None:
        """End the server, by SIGKILL or SIGTERM, and start another."""
        await _end(self.server, kill=kill)
        self.address = await self.server.begin().address()

    def restart_worker(self, place: int) -> None:
        """Kill the worker at *place* and start another at once, without waiting for it."""
        self.workers[place].kill()
        self.workers[place].begin()

    async def revive(self) -> list[str]:
        """Start again what ended by itself, as a supervisor does; tell what that said last."""
        dead = [each for each in (self.server, *self.workers) if each.has_died]
        told = [each.life.last_words() for each in dead]
        for each in dead:
            each.life.kill()
            each.begin()
        if self.server in dead:
            self.address = await self.server.life.address()
        return told

    async def stop_workers(self) -> list[float]:
        """End all workers by SIGTERM; give the seconds each took."""
        return [await worker.life.stop(STOP_SECONDS) for worker in self.workers]


@asynccontextmanager
async def standing(folder: Path, workers: int, redelivery: float) -> AsyncGenerator[Fleet]:
    """Have a fleet with its logs and data in *folder* while the block runs."""
    logs = folder / "logs"
    logs.mkdir(parents=True)
    store, sandbox = Running(program=_valkey(folder)), Running(program=_sandbox(folder))
    begun = [store, sandbox]
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    try:
        async with aiohttp.ClientSession(headers=bearer) as http, AsyncExitStack() as stack:
            await store.begin().address()
            url = await sandbox.begin().address()
            environ = {
                "DARA_REDIS_URL": f"unix://{folder}/store.sock",
                "DARA_REDELIVERY_SECONDS": f"{redelivery:g}",
                "DARA_CONCURRENCY": "0",
                "DARA_LOG": "json",
                "DATABRICKS_HOST": url,
                "DATABRICKS_TOKEN": TOKEN,
            }
            nursery = Nursery(TARGET, environ, ROOT)
            stack.callback(nursery.close)
            names = [f"worker{place}" for place in range(workers)]
            options = ("--concurrency", CONCURRENCY)
            fleet = Fleet(
                store=store,
                server=_forked("server", folder, nursery, "serve", "--port", "0"),
                workers=tuple(_forked(name, folder, nursery, "worker", *options) for name in names),
                workspace=Workspace(url=url, http=http),
            )
            begun += [fleet.server, *fleet.workers]
            fleet.address = await fleet.server.begin().address()
            for life in [worker.begin() for worker in fleet.workers]:
                await life.address()
            yield fleet
    finally:
        for running in reversed(begun):
            running.kill()


async def _end(running: Running, *, kill: bool) -> None:
    if kill:
        running.kill()
    else:
        await running.life.stop(STOP_SECONDS)


def _valkey(folder: Path) -> Program:
    options = {
        "port": "0",
        "unixsocket": f"{folder}/store.sock",
        "dir": str(folder),
        "appendonly": "yes",
        # What is acknowledged is on the disk: what this proves has no `within a second` in it.
        "appendfsync": "always",
        "save": "",
        "maxmemory-policy": "noeviction",
    }
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    return _program("valkey", folder, "Ready to accept connections", [str(find_binary()), *words])


def _sandbox(folder: Path) -> Program:
    words = [
        "sandbox",
        "--port",
        "0",
        "--data-dir",
        f"{folder}/sandbox",
        "--token",
        TOKEN,
        "--no-rate-limits",
    ]
    return _program("sandbox", folder, "sandbox ready ", [*DARA, *words])


def _forked(name: str, folder: Path, nursery: Nursery, command: str, *options: str) -> Running:
    def start(log: Path) -> Process:
        return Process(pid=nursery.fork(log, (command, TARGET, *options)))

    return Running(program=Program(name=name, start=start, logs=folder / "logs", ready=READY))


def _program(name: str, folder: Path, ready: str, words: Sequence[str]) -> Program:
    def start(log: Path) -> Process:
        return Process.of(words, ROOT, log)

    return Program(name=name, start=start, logs=folder / "logs", ready=ready)
