"""How much work is taken on, and what is answered for what was."""

from typing import Any

import attrs

from dara_fp.core.codec import codec_of
from dara_fp.core.workflow import Workflow

__all__ = ["Accepted", "Limits", "initial"]


@attrs.frozen(kw_only=True)
class Limits:
    """How much is taken on in the whole fleet, or None for any number.

    Attributes:
        owner_concurrency: How many tasks of one owner run at a time; the rest is queued.
        queue: How many tasks may be queued; more are refused.
    """

    owner_concurrency: int | None = None
    queue: int | None = None


@attrs.frozen
class Accepted:
    """A task that was accepted, now if it *is_new*, or else when it was started before."""

    task_id: str
    is_new: bool


def initial(workflow: Workflow[Any, Any], context: object) -> bytes:
    """Give *context* as the store keeps it.

    Raises:
        TypeError: It is not of the class that *workflow* takes, or cannot be stored.
    """
    # A subclass would lose the fields it adds.
    if type(context) is not workflow.context:
        took, got = workflow.context.__name__, type(context).__name__
        raise TypeError(f"workflow {workflow.name!r} takes a {took}, got a {got}")
    return codec_of(workflow.context).encode(context)
