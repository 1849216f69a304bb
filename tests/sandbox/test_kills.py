"""The programs of a place's runs are killed wherever they have gone, and no others."""

import asyncio
import signal
from pathlib import Path

import pytest

from dara_fp.sandbox.jobs.processes import Exit, Script, run_script
from dara_fp.sandbox.server.kills import kill_runs

GONE = "import os, time; os.chdir('/'); print('gone', flush=True); time.sleep(60)"
ORPHANED = """
import subprocess, sys
quick = "import os, time; os.chdir('/'); time.sleep(60)"
subprocess.Popen([sys.executable, "-c", quick], start_new_session=True)
print("gone", flush=True)
import time; time.sleep(60)
"""


def running(place: Path, source: str) -> "asyncio.Task[Exit]":
    place.mkdir()
    file = place / "x.py"
    file.write_text(source)
    script = Script(
        file=file, parameters=(), directory=place / "work", environment={}, log=place / "log"
    )
    return asyncio.create_task(run_script(script))


async def gone(place: Path) -> None:
    async with asyncio.timeout(10):
        while not _size(place / "log"):  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(("source", "number"), [(GONE, 1), (ORPHANED, 2)])
async def test_a_program_that_has_changed_its_folder_is_killed_all_the_same(
    tmp_path: Path, source: str, number: int
) -> None:
    here, elsewhere = running(tmp_path / "here", source), running(tmp_path / "elsewhere", GONE)
    await gone(tmp_path / "here")
    await gone(tmp_path / "elsewhere")
    assert kill_runs((tmp_path / "here").resolve()) == number
    async with asyncio.timeout(10):
        assert (await here).code == 128 + signal.SIGKILL
    assert not elsewhere.done()
    elsewhere.cancel()
    await asyncio.wait([elsewhere])


def _size(log: Path) -> int:
    return log.stat().st_size if log.exists() else 0
