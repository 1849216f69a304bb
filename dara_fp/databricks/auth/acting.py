"""Acting on behalf of a user: whose token signs the calls of the task that runs now."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from dara_fp.databricks.auth.signature import Signature

__all__ = ["acting", "user_of"]

# By workspace, so that a user's token goes to no other one that the same task calls; its address
# would not do, which only the SDK may know. It is kept in no object that could be stored, shown or
# pickled, and ends with the block.
_users: ContextVar[Mapping[object, Signature]] = ContextVar("dara_fp_databricks_users")


@contextmanager
def acting(workspace: object, token: str) -> Generator[None]:
    """Sign the calls to *workspace*, of this task and those it starts, with a user's *token*.

    Raises:
        ValueError: *token* cannot be sent in a header.
    """
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise ValueError("the user's token is empty or cannot be sent in a header: check it")
    user = Signature(headers={"Authorization": f"Bearer {token}"})
    before = _users.set({**_users.get({}), workspace: user})
    try:
        yield
    finally:
        _users.reset(before)


def user_of(workspace: object) -> Signature | None:
    """Give what the user signs with for whom this task calls *workspace*, if there is one."""
    return _users.get({}).get(workspace)
