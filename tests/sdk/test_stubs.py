"""The type stubs that are committed are those of the SDK they name."""

import re
from pathlib import Path

from dara_fp.databricks.sdk.stubs import FOLDER, formatted, stubs
from tests.sdk.differential import version


def test_the_stubs_are_those_of_the_sdk_they_name(tmp_path: Path) -> None:
    named = re.search(r'SDK: str = "(.*)"', (FOLDER / "typed/__init__.pyi").read_text())
    assert named
    files = stubs()
    assert {"workspace_services.pyi", "account_services.pyi", "typed/jobs.pyi"} <= {*files}
    if named[1] == version():  # those of another version may differ
        formatted(files, tmp_path)
        stale = [name for name in files if read(tmp_path / name) != read(FOLDER / name)]
        assert stale == [], "write them anew by `make stubs`"
        there = {str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*.pyi")}
        assert there == {*files}


def read(file: Path) -> str:
    return file.read_text() if file.exists() else ""
