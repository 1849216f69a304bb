"""What a program waits for once: imports, and the first use of a service.

`python -m tests.bench_client.starts URL` prints a `Start` as a line of JSON.
"""

import asyncio
import importlib
import sys
import time

import attrs
import msgspec

__all__ = ["Start"]


@attrs.frozen(kw_only=True)
class Start:
    """What a fresh process took, in seconds.

    Attributes:
        imported: To import the client.
        sdk_free: Whether the SDK was not imported with it.
        sdk: To import the SDK, as the first use of any service does, in a thread.
        first: To make the first call of a service, beyond what the same call took later.
    """

    imported: float
    sdk_free: bool
    sdk: float
    first: float


async def measured(url: str) -> Start:
    """Import and call, each for the first time."""
    began = time.perf_counter()
    client = importlib.import_module("dara_fp.databricks.workspace")
    imported = time.perf_counter() - began
    sdk_free = not any(name.partition(".")[0] == "databricks" for name in sys.modules)
    async with client.Workspace(url, token="bench", rates=()) as workspace:
        await workspace.runs.get(1)  # connections and certificates are not what is measured
        began = time.perf_counter()
        await asyncio.to_thread(importlib.import_module, "databricks.sdk")
        sdk = time.perf_counter() - began
        took: list[float] = []
        for _ in range(4):
            began = time.perf_counter()
            await workspace.jobs.get_run(1)
            took.append(time.perf_counter() - began)
    return Start(imported=imported, sdk_free=sdk_free, sdk=sdk, first=took[0] - min(took[1:]))


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(asyncio.run(measured(sys.argv[1]))))
