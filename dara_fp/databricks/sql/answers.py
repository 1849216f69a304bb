"""Answers about statements, which can hold addresses of results: an error shows none of them."""

from typing import TypeVar

import attrs

from dara_fp.databricks.errors import UnexpectedAnswer
from dara_fp.databricks.http.exchange import Answer
from dara_fp.databricks.http.refusals import request_id_of
from dara_fp.databricks.sql.records import Statement

__all__ = ["statement_of", "understood"]

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


def statement_of(answer: Answer) -> Statement:
    """Give the statement that *answer* tells of, with the facts by which support finds the answer.

    Raises:
        UnexpectedAnswer: It tells of none.
    """
    statement = understood(answer, Statement)
    request_id = request_id_of(answer.headers)
    return attrs.evolve(statement, http_status=answer.status, request_id=request_id)
