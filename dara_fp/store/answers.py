"""What the store answers beside records."""

import attrs

from dara_fp.store.claimed import Claimed

__all__ = ["Creation", "Look", "Signalled", "Taken"]


@attrs.frozen(kw_only=True)
class Creation:
    """What came of creating a task.

    Attributes:
        outcome: `created`; `exists`, as something else; or `full`, because of the bound.
        tickets: How many tickets are to be put.
        workflow: Of the task that exists.
        request: Of the task that exists.
    """

    outcome: str
    tickets: int = 0
    workflow: str | None = None
    request: str | None = None


@attrs.frozen(kw_only=True)
class Taken:
    """What a worker took: a task, or None where none may run."""

    task: Claimed | None


@attrs.frozen(kw_only=True)
class Signalled:
    """What came of a signal: `taken`, `known`, `other`, `over` or `unknown`; and tickets to put."""

    outcome: str
    tickets: int = 0


@attrs.frozen(kw_only=True)
class Look:
    """What a look found.

    Attributes:
        tickets: How many are to be put.
        cancelling: Which tasks of the worker are to be cancelled.
        claimed: All tasks of the worker, as far as the store knows. One that the worker never
            hears of was claimed by a copy of a call that came very late.
        ready: How many tasks could be claimed, of any workflow.
    """

    tickets: int
    cancelling: tuple[str, ...]
    claimed: tuple[str, ...]
    ready: int
