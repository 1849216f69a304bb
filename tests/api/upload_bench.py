"""Upload 1 GiB through a server into a sandbox and print how fast, and with how much memory.

Run by hand: `python -m tests.api.upload_bench [MEBIBYTES]`.
"""

import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TransferSpeedColumn

from tests.api.uploading import MIB, server_and_sandbox, upload

_ALLOWED = 64 * MIB


def main(mebibytes: int = 1024) -> int:
    """Upload a little to warm up, then *mebibytes*; give 0 if memory stayed flat."""
    console = Console()
    columns = ("uploading", BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with tempfile.TemporaryDirectory() as name, server_and_sandbox(Path(name)) as server:
        upload(server, 16)
        with Progress(*columns, console=console) as progress:
            shown = progress.add_task("upload", total=mebibytes * MIB)
            found = upload(
                server, mebibytes, lambda sent: progress.update(shown, completed=sent * MIB)
            )
    speed = mebibytes * MIB / found.seconds / 1e6
    console.print(
        f"{mebibytes} MiB in {found.seconds:.1f} s: {speed:.0f} MB/s, "
        f"{found.added / MIB:.1f} MiB of memory added, {found.written / MIB:.1f} MiB written"
    )
    return 0 if found.status == 202 and found.added < _ALLOWED else 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
