"""Answers about statements, which can hold addresses of results: an error shows none of them."""

from typing import TypeVar

from dara_fp.databricks.errors import UnexpectedAnswer
from dara_fp.databricks.http.exchange import Answer

__all__ = ["understood"]

T = TypeVar("T")


def understood(answer: Answer, wanted: type[T]) -> T:
    """Give *answer* as *wanted*; an error shows nothing of it, since addresses are permissions.

    Raises:
        UnexpectedAnswer: It is something else.
    """
    try:
        return answer.decoded(wanted)
    except UnexpectedAnswer as error:
        hidden = error.changed(
            message=f"{answer.call}: the answer, which is kept secret, is not what the API"
            " promises: check that the host is a workspace"
        )
    # Raised out here, it does not carry the one that quotes the answer as its context.
    raise hidden.with_traceback(None)
