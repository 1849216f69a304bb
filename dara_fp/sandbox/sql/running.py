"""A statement on its way, and how it fails; nothing here loads the engine.

Exception
└── SqlError    the statement failed: code of the service, SQLSTATE, message
"""

import threading
from typing import Protocol

import attrs

__all__ = ["Interruptible", "Running", "SqlError"]


@attrs.define(kw_only=True, eq=False)
class SqlError(Exception):
    """A statement that failed.

    Attributes:
        message: What was wrong, with the condition's name and SQLSTATE as a warehouse writes them.
        sql_state: The SQLSTATE.
        error_code: The service's code.
    """

    message: str
    sql_state: str | None = None
    error_code: str = "BAD_REQUEST"

    def __str__(self) -> str:
        return self.message


class Interruptible(Protocol):
    """What can be stopped from another thread."""

    def interrupt(self) -> None:
        """Stop what runs."""
        ...


class Running:
    """A statement on its way, which another thread may stop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: Interruptible | None = None
        self.stopped = False

    def stop(self) -> None:
        """Stop it as soon as it can be."""
        with self._lock:
            self.stopped = True
            if self._connection is not None:
                self._connection.interrupt()

    def rest(self) -> None:
        """Say that it runs on no connection any more."""
        with self._lock:
            self._connection = None

    def using(self, connection: Interruptible) -> None:
        """Say that it runs on *connection* now.

        Raises:
            SqlError: It was stopped already.
        """
        with self._lock:
            self._connection = connection
        self.check()

    def check(self) -> None:
        """Go on only if it was not stopped.

        Raises:
            SqlError: It was.
        """
        if self.stopped:
            raise SqlError(message="The statement was canceled.", error_code="CANCELLED")
