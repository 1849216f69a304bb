"""What holds for every test: no deadline for an example, since a machine may be busy."""

import gc
import os
import sys

from hypothesis import Phase, settings

# Both workers and every process that a test starts read what one of them has compiled.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# What is imported and collected stays to the end, so the collector need not look at it.
gc.disable()

settings.register_profile("dara", deadline=None, max_examples=30)
settings.register_profile("thorough", deadline=None, max_examples=1_000)
# To see that a law fails, not how small it can be made to fail.
settings.register_profile(
    "mutants",
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),
)
settings.load_profile("dara")


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()
