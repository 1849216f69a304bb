"""What a statement runs in: the schema that unqualified names mean, and temporary views."""

import time
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING

import attrs
import msgspec

if TYPE_CHECKING:
    from sqlglot import exp

__all__ = ["INLINE_LIMIT", "RESULT_LIMIT", "Asked", "Parameter", "Session"]

INLINE_LIMIT = 25 * 2**20
"""Bytes that a result may have which comes with the answer."""

RESULT_LIMIT = 512 * 2**20
"""Bytes that any result may have, since it is kept in memory."""


class Parameter(msgspec.Struct, frozen=True):
    """A value for a `:name` in a statement; without *value* it is null."""

    name: str = ""
    value: str | None = None
    type: str = "STRING"


@attrs.define(kw_only=True)
class Session:
    """What stays from one statement to the next."""

    catalog: str = "main"
    schema: str = "default"
    views: dict[str, str] = attrs.field(factory=dict[str, str])
    id: str = attrs.field(factory=lambda: str(uuid.uuid4()))
    used: float = attrs.field(factory=time.time)

    def schema_name(self, table: "exp.Table") -> str:
        """Give the full name of the schema that *table*, as a schema's name, stands for."""
        # Where a schema is made or dropped, the parser has its name one place higher.
        above, name = (table.db, table.name) if table.name else (table.catalog, table.db)
        return f"{above or self.catalog}.{name}".lower()

    def full_name(self, table: "exp.Table") -> str:
        """Give the full name of the table or view that *table* stands for."""
        catalog, schema = table.catalog or self.catalog, table.db or self.schema
        return f"{catalog}.{schema}.{table.name}".lower()


@attrs.frozen(kw_only=True)
class Asked:
    """A statement as it was asked for.

    Attributes:
        text: The statement.
        parameters: Values for the `:name`s in it.
        row_limit: Rows of the result at most.
        byte_limit: Bytes of the result at most, as Arrow has them.
        format: How the result is given.
        inline: Whether it is given with the answer, and so must be small.
    """

    text: str
    parameters: Sequence[Parameter] = ()
    row_limit: int | None = None
    byte_limit: int | None = None
    format: str = "JSON_ARRAY"
    inline: bool = False

    @property
    def enough(self) -> int:
        """Give the bytes beyond which no more of the result is needed."""
        most = INLINE_LIMIT if self.inline else RESULT_LIMIT
        return most if self.byte_limit is None else min(most, self.byte_limit)
