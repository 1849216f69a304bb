"""Answers about statements, which can hold addresses of results: an error shows none of them."""

import attrs

from dara_fp.databricks.http.exchange import Answer
from dara_fp.databricks.sql.records import Statement

__all__ = ["statement_of"]


def statement_of(answer: Answer) -> Statement:
    """Give the statement that *answer* tells of, with the facts by which support finds the answer.

    Raises:
        UnexpectedAnswer: It tells of none.
    """
    statement = answer.secret(Statement)
    request_id = answer.request_id
    return attrs.evolve(statement, http_status=answer.status, request_id=request_id)
