"""The tables of a workspace and the engine over them, loaded when they are first used."""

import threading
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from dara_fp.sandbox.catalog.catalog import Catalog

if TYPE_CHECKING:
    from dara_fp.sandbox.sql.engine import SqlEngine
    from dara_fp.sandbox.sql.tables import Tables

__all__ = ["Lake"]


class Lake:
    """The tables that *catalog* registers, with the volumes below *root*.

    The first use loads DuckDB, delta-rs and Arrow, which takes half a second: do it in a thread.
    """

    def __init__(self, catalog: Catalog, root: Path) -> None:
        self._catalog = catalog
        self._root = root
        self._lock = threading.RLock()

    @property
    def tables(self) -> "Tables":
        """Give the tables."""
        with self._lock:
            return self._tables

    @property
    def engine(self) -> "SqlEngine":
        """Give the engine."""
        with self._lock:
            return self._engine

    @cached_property
    def _tables(self) -> "Tables":
        # Late, so that a sandbox that is asked for no table starts without these libraries.
        from dara_fp.sandbox.sql.tables import Tables  # noqa: PLC0415 - see above

        return Tables(self._catalog, self._root)

    @cached_property
    def _engine(self) -> "SqlEngine":
        from dara_fp.sandbox.sql.engine import SqlEngine  # noqa: PLC0415 - as above

        return SqlEngine(tables=self._tables, root=self._root)
