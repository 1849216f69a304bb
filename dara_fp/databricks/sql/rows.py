"""The result of a statement, chunk by chunk, wherever the chunks lie."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Sequence
from contextlib import aclosing, suppress
from datetime import datetime
from importlib import import_module
from typing import Any, TypeVar

import attrs
import msgspec

from dara_fp.databricks.errors import DatabricksError
from dara_fp.databricks.http.calls import Answer, Calls
from dara_fp.databricks.http.transport import Call
from dara_fp.databricks.sql.records import Chunk, Column, Link, Manifest, Statement
from dara_fp.databricks.sql.values import Reader, Row, reader_of

__all__ = ["ArrowNotInstalled", "Rows", "arrow_table"]

T = TypeVar("T")

_API = "/api/2.0/sql/statements"
_AT_ONCE = 256 * 1024  # bytes that are understood in the event loop; more go to a thread
_CELLS_AT_ONCE = 4_000  # the same, for rows that came with an answer
_EARLY = 5.0  # seconds before its end that a link counts as expired
_GONE = frozenset({400, 401, 403, 404, 410})  # what stores answer to an address that has expired
_TRIES = 3


class ArrowNotInstalled(ImportError):
    """The package of the extra `arrow` is missing."""


@attrs.frozen(kw_only=True)
class Rows:
    """The rows of a statement that has succeeded; each `async for` begins with the first.

    Rows come chunk by chunk; while one is worked on, the next is fetched.

    Attributes:
        statement_id: Names the statement.
        columns: The columns, in order.
        row_count: How many rows there are.
        truncated: Whether there would have been more without the limit.
    """

    statement_id: str
    columns: tuple[Column, ...]
    row_count: int
    truncated: bool
    _chunks: "_Chunks" = attrs.field(alias="chunks", repr=False)

    @classmethod
    def of(cls, calls: Calls, statement: Statement) -> "Rows":
        """Give the rows of *statement*, which has succeeded."""
        manifest = statement.manifest or Manifest()
        return cls(
            statement_id=statement.statement_id,
            columns=manifest.schema.columns,
            row_count=manifest.total_row_count,
            truncated=manifest.truncated,
            chunks=_Chunks(calls=calls, statement=statement),
        )

    async def __aiter__(self) -> AsyncIterator[Row]:
        """Give row after row.

        Raises:
            DatabricksError: A chunk was refused, or is not there any more.
        """
        async with aclosing(self.chunks()) as chunks:
            async for chunk in chunks:
                for row in chunk:
                    yield row

    async def chunks(self) -> AsyncGenerator[list[Row]]:
        """Give the rows in the portions in which they come.

        Raises:
            DatabricksError: A chunk was refused, or is not there any more.
        """
        names = tuple(column.name for column in self.columns)
        readers = [reader_of(column) for column in self.columns]

        async def fetch(index: int) -> list[Row]:
            chunk = await self._chunks.get(index)
            if chunk.external_links:
                answer = await self._chunks.content(index)
                is_long = len(answer.content) > _AT_ONCE
                return await _apart(lambda: _rows(_cells(answer), names, readers), is_long=is_long)
            is_long = len(chunk.data_array) * len(names) > _CELLS_AT_ONCE
            return await _apart(lambda: _rows(chunk.data_array, names, readers), is_long=is_long)

        async with aclosing(_ahead(self._chunks.count, fetch)) as portions:
            async for rows in portions:
                yield rows

    async def all(self) -> list[Row]:
        """Give all rows at once.

        Raises:
            DatabricksError: A chunk was refused, or is not there any more.
        """
        return [row async for row in self]


async def arrow_table(calls: Calls, statement: Statement) -> Any:
    """Give the result of *statement*, which was asked for as Arrow, as a `pyarrow.Table`.

    Raises:
        ArrowNotInstalled: pyarrow is missing.
        DatabricksError: A chunk was refused, or is not there any more.
    """
    pa = await asyncio.to_thread(_arrow)
    chunks = _Chunks(calls=calls, statement=statement)

    async def fetch(index: int) -> Any:
        content = (await chunks.content(index)).content
        return await asyncio.to_thread(lambda: pa.ipc.open_stream(content).read_all())

    tables = [table async for table in _ahead(chunks.count, fetch)]
    if tables:
        return pa.concat_tables(tables)
    columns = (statement.manifest or Manifest()).schema.columns
    return pa.table({column.name: pa.array([], _arrow_type(pa, column)) for column in columns})


@attrs.define(kw_only=True)
class _Chunks:
    """Finds the chunks of a result, and has addresses renewed when their time is over."""

    calls: Calls
    statement: Statement
    links: dict[int, Link] = attrs.field(factory=dict[int, Link], repr=False)

    def __attrs_post_init__(self) -> None:
        """Keep the addresses that came with the statement."""
        self._kept(self.statement.result or Chunk())

    @property
    def count(self) -> int:
        """How many there are."""
        manifest = self.statement.manifest or Manifest()
        first = self.statement.result
        here = first is not None and bool(first.data_array or first.external_links)
        return manifest.total_chunk_count or int(here)

    async def get(self, index: int) -> Chunk:
        """Give the chunk *index*, asking for it only if its rows are not here."""
        first = self.statement.result
        if index == 0 and first is not None:
            return first
        if index in self.links:
            return Chunk(chunk_index=index, external_links=(self.links[index],))
        return self._kept((await self._asked(index)).secret(Chunk))

    async def content(self, index: int) -> Answer:
        """Give the content of the chunk *index*, which lies elsewhere."""
        tries = 0
        while True:
            tries += 1
            link = self.links.get(index)
            if link is None or _is_over(link):
                link = await self._renewed(index)
            try:
                return await self._fetched(link)
            except DatabricksError as error:
                if tries == _TRIES or error.status not in _GONE:
                    raise
                self.links.pop(index, None)

    async def _asked(self, index: int) -> Answer:
        path = f"{_API}/{self.statement.statement_id}/result/chunks/{index}"
        return await self.calls.json("GET", path)

    async def _renewed(self, index: int) -> Link:
        self.links.pop(index, None)  # an answer without it must not leave the old one
        answer = await self._asked(index)
        self._kept(answer.secret(Chunk))
        if index not in self.links:
            raise answer.unexpected(
                f"no address for chunk {index} of the result: run the statement with inline=True"
            )
        return self.links[index]

    async def _fetched(self, link: Link) -> Answer:
        # The address is the permission: our own credentials must not go there.
        headers = dict(link.http_headers or {})
        secrets = (link.external_link, *headers.values())
        call = Call(method="GET", url=link.external_link, headers=headers, secrets=secrets)
        return await self.calls.elsewhere(call)

    def _kept(self, chunk: Chunk) -> Chunk:
        """Give *chunk*, and keep its addresses, which may be those of others, too."""
        for link in chunk.external_links:
            self.links[link.chunk_index] = link
        return chunk


async def _ahead(count: int, fetch: Callable[[int], Coroutine[Any, Any, T]]) -> AsyncGenerator[T]:
    """Give what *fetch* gives for each of *count* numbers, one fetched ahead of the reader."""
    coming = asyncio.ensure_future(fetch(0)) if count else None
    try:
        for index in range(count):
            assert coming is not None  # noqa: S101 - there is one while there are numbers
            here = await coming
            coming = asyncio.ensure_future(fetch(index + 1)) if index + 1 < count else None
            yield here
            del here
    finally:
        if coming is not None:
            coming.cancel()
            with suppress(asyncio.CancelledError, DatabricksError):
                await coming


async def _apart(understand: Callable[[], T], *, is_long: bool) -> T:
    """Give what *understand* gives, in a thread where what it understands *is_long*."""
    return await asyncio.to_thread(understand) if is_long else understand()


def _cells(answer: Answer) -> Sequence[Sequence[Any]]:
    try:
        return msgspec.json.decode(answer.content, type=list[list[Any]])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        said = f"a chunk of a result is no JSON array of rows: {error}"
        raise answer.unexpected(said) from None


def _rows(
    cells: Sequence[Sequence[Any]], names: tuple[str, ...], readers: Sequence[Reader]
) -> list[Row]:
    return [
        Row(names, tuple(read(cell) for read, cell in zip(readers, row, strict=True)))
        for row in cells
    ]


def _is_over(link: Link) -> bool:
    try:
        end = datetime.fromisoformat(link.expiration).timestamp()
    except ValueError:
        return False  # the store will say so
    return end < time.time() + _EARLY


def _arrow() -> Any:
    try:
        return import_module("pyarrow")
    except ImportError:
        raise ArrowNotInstalled(
            "results as Arrow need pyarrow: run pip install 'dara-fp[arrow]'"
        ) from None


def _arrow_type(pa: Any, column: Column) -> Any:
    plain = {
        "BOOLEAN": pa.bool_,
        "BYTE": pa.int8,
        "SHORT": pa.int16,
        "INT": pa.int32,
        "LONG": pa.int64,
        "FLOAT": pa.float32,
        "DOUBLE": pa.float64,
        "DATE": pa.date32,
        "BINARY": pa.binary,
    }
    if column.type_name == "DECIMAL":
        return pa.decimal128(column.type_precision or 38, column.type_scale or 0)
    if column.type_name.startswith("TIMESTAMP"):
        return pa.timestamp("us", tz=None if column.type_name.endswith("NTZ") else "UTC")
    return plain.get(column.type_name, pa.string)()
