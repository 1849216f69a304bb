"""Commands forked from one process that has imported everything, so that a start costs little.

`dara worker` takes two seconds of a core to start, nearly all of it imports: a machine of two cores
that starts one a second would do nothing else. A forked one runs the same command in a process of
its own, with a session, a log and a death of its own.

As a program it is that one process: it reads from its standard input the name of a log and the
words of a command, as JSON, forks, and writes the process id of the command. It ends with its
input, and what was forked ends with it.
"""

import importlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from dara_fp.cli.commands import main as run_command

__all__ = ["Nursery"]


class Nursery:
    """The process that commands are forked from, as its owner sees it."""

    def __init__(self, target: str, environ: Mapping[str, str], folder: Path) -> None:
        """Import *target* and what serves it and works for it."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.nursery", target],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=folder,
            env={**os.environ, **environ},
            start_new_session=True,
        )

    def fork(self, log: Path, words: Sequence[str]) -> int:
        """Start `dara` with *words*, writing to *log*, and give its process id."""
        asks, answers = self._process.stdin, self._process.stdout
        assert asks is not None
        assert answers is not None
        asks.write(json.dumps([str(log), *words]).encode() + b"\n")
        asks.flush()
        return int(answers.readline())

    def close(self) -> None:
        """End it, and all that were forked."""
        self._process.kill()
        self._process.communicate()


def main(target: str) -> None:
    """Be the process that commands are forked from."""
    # What the commands import when they are called, and all that this imports in turn.
    for module in ("dara_fp.cli.loading", "dara_fp.cli.serving", "dara_fp.api.app", target):
        importlib.import_module(module)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how they ended
    alive, ours = os.pipe()
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            os.close(ours)
            _be(*json.loads(line), alive=alive)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


def _be(log: str, *words: str, alive: int) -> None:
    """Be `dara` with *words*, and end with the process that *alive* tells of."""
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for place, source in ((0, os.open(os.devnull, os.O_RDONLY)), (1, output), (2, output)):
        os.dup2(source, place)
    threading.Thread(target=_end_with, args=(alive,), daemon=True).start()
    random.seed()  # or all would draw the same pauses
    sys.argv = ["dara", *words]
    run_command()
    sys.exit(0)


def _end_with(alive: int) -> None:
    os.read(alive, 1)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1])
