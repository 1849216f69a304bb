"""Changes of a job's settings: what stays, what is replaced, what is merged by its key."""

from collections.abc import Sequence

from dara_fp.sandbox.server.errors import invalid
from dara_fp.sandbox.server.wire import Json, convert

__all__ = ["changed"]

_KEYS = {"tasks": "task_key", "job_clusters": "job_cluster_key", "environments": "environment_key"}
"""Lists whose elements are told apart by a key: one with a known key takes the other's place."""


def changed(settings: Json, new: Json, fields_to_remove: Sequence[str]) -> Json:
    """Give *settings* without *fields_to_remove*, and with what is *new* in place of the old.

    A field to remove may be an element, such as `tasks/task_1`.

    >>> before = {"name": "a", "tasks": [{"task_key": "x"}]}
    >>> changed(before, {"tasks": [{"task_key": "y"}]}, ["name"])
    {'tasks': [{'task_key': 'x'}, {'task_key': 'y'}]}

    Raises:
        ApiError: 400; a list is none, or a field to remove has elements without a key.
    """
    left = dict(settings)
    for field in fields_to_remove:
        name, slash, element = field.partition("/")
        if not slash:
            left.pop(name, None)
        elif name in _KEYS:
            left[name] = [each for each in _list(left, name) if each.get(_KEYS[name]) != element]
        else:
            raise invalid(f"fields_to_remove has {field!r}, and {name} has no elements with keys.")
    return left | {name: _merged(name, left, new) for name in new}


def _merged(name: str, settings: Json, new: Json) -> object:
    if name not in _KEYS:
        return new[name]
    key = _KEYS[name]
    merged = {each.get(key): each for each in (*_list(settings, name), *_list(new, name))}
    return list(merged.values())


def _list(settings: Json, name: str) -> list[Json]:
    return convert(settings.get(name) or [], list[Json], name)
