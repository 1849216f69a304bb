"""Runs the black-box tests of minilake, another local workspace, against the sandbox.

`python -m tests.outside.minilake` takes its source distribution from PyPI into the folder of the
environment, once, and runs the groups below as they are there. Their server is started by `uv run
minilake`; a program of that name, which starts the sandbox, stands in its place.
"""

import argparse
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Final

import attrs

from tests.outside.minilake.left_out import LEFT_OUT

VERSION: Final = "1.9.0"
ROOT: Final = Path(__file__).parents[3]
PORT: Final = "8123"

GROUPS: Final = {
    "files": ("test_files.py",),
    "workspace": ("test_workspace.py", "test_workspace_files.py"),
    "jobs": ("test_jobs.py", "test_jobs_submit.py", "test_jobs_sql_tasks.py"),
    "sql": ("test_sql_statements.py", "test_warehouses.py"),
    "catalog": (
        "unity_catalog/test_catalogs.py",
        "unity_catalog/test_schemas.py",
        "unity_catalog/test_tables.py",
        "unity_catalog/test_delta_tables.py",
        "unity_catalog/test_types.py",
        "unity_catalog/test_volumes.py",
    ),
    "errors": ("error_handling/test_400_bad_request.py", "error_handling/test_404_not_found.py"),
    "story": ("test_golden_path.py",),
}
"""The groups that the sandbox claims, with their files."""

STAND_IN: Final = """#!/bin/sh
exec {python} -m tests.outside.minilake.stand_in "$@"
"""


@attrs.frozen(kw_only=True)
class Count:
    """How many tests passed, of those that ran."""

    passed: int = 0
    ran: int = 0
    left_out: int = 0

    def __add__(self, other: "Count") -> "Count":
        return Count(
            passed=self.passed + other.passed,
            ran=self.ran + other.ran,
            left_out=self.left_out + other.left_out,
        )

    def __str__(self) -> str:
        return f"{self.passed:4} of {self.ran} passed, {self.left_out} left out"


def main() -> int:
    """Run the groups and print how many tests passed in each."""
    asked = _arguments()
    with tempfile.TemporaryDirectory() as scratch:
        tests = _unpack(asked.sdist or _downloaded(), Path(scratch))
        stand_in = Path(scratch, "bin", "uv")
        stand_in.parent.mkdir()
        stand_in.write_text(STAND_IN.format(python=sys.executable))
        stand_in.chmod(0o755)
        counts = {
            group: _run(tests, GROUPS[group], stand_in.parent, asked.rest)
            for group in asked.groups or GROUPS
        }
    for group, count in counts.items():
        _tell(f"{group:12}{count}")
    whole = sum(counts.values(), Count())
    _tell(f"minilake {VERSION}: {whole}")
    for reason, tests_of_it in LEFT_OUT.items():
        _tell(f"  left out: {reason} ({len(tests_of_it)})")
    return 0 if whole.passed == whole.ran else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Run minilake's tests against the sandbox.")
    parser.add_argument("groups", nargs="*", choices=[*GROUPS, []], help="all if none is given")
    parser.add_argument("--sdist", type=Path, help="the source distribution, if it is there")
    parser.add_argument("--rest", action="append", default=[], help="for pytest, as --rest=-x")
    return parser.parse_args()


def _downloaded() -> Path:
    folder = Path(sys.prefix) / "outside"
    archive = folder / f"minilake-{VERSION}.tar.gz"
    if not archive.exists():
        wanted = ("--no-deps", "--no-binary", "minilake", f"minilake=={VERSION}")
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "-q", *wanted, "-d", str(folder)], check=True
        )
    return archive


def _unpack(archive: Path, scratch: Path) -> Path:
    with tarfile.open(archive) as opened:
        # Files alone, and none outside: Python 3.11.2 has no filter that says so.
        inside = [each for each in opened if each.isfile() and ".." not in Path(each.name).parts]
        opened.extractall(scratch, inside)  # noqa: S202 - as looked at
    return scratch / f"minilake-{VERSION}"


def _run(project: Path, files: tuple[str, ...], programs: Path, rest: list[str]) -> Count:
    """Run *files* of *project*."""
    environ = {
        **os.environ,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
    }
    names = [f"tests/{file}" for file in files]
    left = [f"--deselect=tests/{test}" for tests in LEFT_OUT.values() for test in tests]
    pytest = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=short"]
    command = [*pytest, *left, *rest]
    done = subprocess.run(
        [*command, *names], cwd=project, env=environ, stdout=subprocess.PIPE, text=True, check=False
    )
    print(done.stdout, file=sys.stderr)  # noqa: T201 - what went wrong
    found = {what: int(count) for count, what in re.findall(r"(\d+) (\w+)", _last_line(done))}
    return Count(
        passed=found.get("passed", 0),
        ran=sum(found.get(what, 0) for what in ("passed", "failed", "error", "errors")),
        left_out=found.get("deselected", 0),
    )


def _tell(line: str) -> None:
    print(line)  # noqa: T201 - a report


def _last_line(done: "subprocess.CompletedProcess[str]") -> str:
    return (done.stdout.strip().splitlines() or [""])[-1]


if __name__ == "__main__":
    sys.exit(main())
