"""Names of steps that do not multiply with the tries and the items of a run."""

import re
from functools import lru_cache

from dara_fp.core.scope import Path

__all__ = ["step_name"]

_TRIES = re.compile(r"[0-9.]+")


@lru_cache(maxsize=4096)
def step_name(path: Path) -> str:
    """Give *path* without the numbers of tries and the keys of items.

    There are as many as the workflow has steps, however often it repeats them.

    >>> step_name("upload/[a.txt]/1.2/embed")
    'upload/[]/embed'
    """
    segments = path.split("/")
    kept = (segment for segment in segments if not _TRIES.fullmatch(segment))
    return "/".join("[]" if segment.startswith("[") else segment for segment in kept)
