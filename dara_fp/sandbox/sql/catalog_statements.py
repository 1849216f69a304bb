"""Statements that make and drop catalogs and volumes, which the parser leaves as text."""

import re
from typing import TYPE_CHECKING, Any

from dara_fp.sandbox.catalog.entries import CatalogEntry, Volume
from dara_fp.sandbox.server.errors import ApiError
from dara_fp.sandbox.sql.binding import Binding
from dara_fp.sandbox.sql.schema_views import table_of

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["change_catalogs"]

_CATALOGS = re.compile(
    r"(?is)(CREATE|DROP)\s+(CATALOG|(?:EXTERNAL\s+)?VOLUME)\s+(IF\s+(?:NOT\s+)?EXISTS\s+)?"
    r"([\w.`-]+)(?:\s+(CASCADE|RESTRICT|COMMENT\s+.*))?\s*"
)
_NOT_FOUND = 404


def change_catalogs(binding: Binding, text: str) -> Any | None:
    """Do the statement *text* if it makes or drops a catalog or a volume."""
    found = _CATALOGS.fullmatch(text)
    if found is None:
        return None
    verb, kind, lenient, name, more = (part or "" for part in found.groups())
    full_name = name.replace("`", "")
    try:
        _change(binding, f"{verb} {kind.split()[-1]}".upper(), full_name, more.upper())
    except ApiError as error:
        passes = error.status == _NOT_FOUND or str(error.error_code).endswith("ALREADY_EXISTS")
        if not (lenient and passes):
            raise
    return table_of([], [])


def _change(binding: Binding, what: str, name: str, more: str) -> None:
    catalog, session = binding.tables.catalog, binding.session
    above = [session.catalog, session.schema]
    full = ".".join([*above[: max(0, 2 - name.count("."))], name]) if "VOLUME" in what else name
    parent, _, own = full.rpartition(".")
    changes: dict[str, Callable[[], object]] = {
        "CREATE CATALOG": lambda: catalog.make_catalog(CatalogEntry(name=name)),
        "DROP CATALOG": lambda: catalog.drop_catalog(name, force=more == "CASCADE"),
        "CREATE VOLUME": lambda: catalog.make_volume(Volume(name=own, parent=parent)),
        "DROP VOLUME": lambda: catalog.drop_volume(full),
    }
    changes[what]()
