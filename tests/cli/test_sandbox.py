"""`dara sandbox` tells what to export, and nothing that was not to be told."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest


def told(data_dir: Path, token: str | None) -> tuple[str, str]:
    """Run a sandbox until it listens; give what it printed on its two channels."""
    environ = os.environ | ({"DARA_SANDBOX_TOKEN": token} if token else {})
    process = subprocess.Popen(
        [sys.executable, "-m", "dara_fp.cli", "sandbox", "--port=0", f"--data-dir={data_dir}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environ,
    )
    assert process.stdout
    ready = process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    return ready, process.communicate(timeout=10)[1]


@pytest.mark.parametrize("token", [None, "dapi-that-was-given"])
def test_it_tells_what_to_export_and_no_token_that_was_given(
    tmp_path: Path, token: str | None
) -> None:
    ready, exports = told(tmp_path, token)
    host = ready.removeprefix("sandbox ready ").strip()
    assert f"export DATABRICKS_HOST={host} " in exports
    assert "export DATABRICKS_WAREHOUSE_ID=" in exports
    assert f"OPENAI_BASE_URL={host}/serving-endpoints " in exports
    assert (" DATABRICKS_TOKEN=" in exports) is (token is None)
    assert "dapi-that-was-given" not in exports
