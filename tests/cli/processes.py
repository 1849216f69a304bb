"""The command line as a user has it: real processes, which end with the test."""

import os
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import httpx

DARA = (sys.executable, "-m", "dara_fp.cli")
FINAL = {"succeeded", "failed", "cancelled"}


def environ(home: Path, **more: str) -> Mapping[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return {**kept, "HOME": str(home), "COLUMNS": "100", **more}


def dara(home: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*DARA, *words],
        cwd=home,
        env=environ(home, **more),
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


@contextmanager
def running(home: Path, *words: str, **more: str) -> Generator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*DARA, *words],
        cwd=home,
        env=environ(home, **more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def line_that_starts(stream: IO[str] | None, beginning: str) -> str:
    assert stream is not None
    for line in stream:
        if line.startswith(beginning):
            return line.removeprefix(beginning).strip()
    raise AssertionError(f"no line starts with {beginning!r}")


def wait_until_ended(status_url: str) -> dict[str, Any]:
    for _ in range(200):
        status: dict[str, Any] = httpx.get(status_url).json()
        if status["state"] in FINAL:
            return status
        time.sleep(0.05)
    raise AssertionError("the task did not end")
