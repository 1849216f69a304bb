"""What a vector index is made of, and which rows fit into it."""

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec

from dara_fp.sandbox.server.errors import invalid
from dara_fp.sandbox.server.wire import Json, parse

__all__ = [
    "DIMENSION_LIMIT",
    "EMBEDDED",
    "MODEL_DIMENSION",
    "TYPES",
    "CreateIndex",
    "Embeddings",
    "Following",
    "IndexSpec",
    "Source",
    "VectorColumn",
    "are_numbers",
    "index_spec",
    "row_fault",
    "spec_of",
]

DIMENSION_LIMIT = 4_096
MODEL_DIMENSION = 1_024

LARGEST_FLOAT = 3.4028234663852886e38
"""What vectors hold at most: they are kept as 32-bit floats."""

LONG = range(-(2**63), 2**63)

TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "date": (str,),
    "timestamp": (str,),
    "int": (int,),
    "integer": (int,),
    "long": (int,),
    "bigint": (int,),
    "short": (int,),
    "smallint": (int,),
    "byte": (int,),
    "float": (int, float),
    "double": (int, float),
    "bool": (bool,),
    "boolean": (bool,),
}


class Source(msgspec.Struct, frozen=True, omit_defaults=True):
    """A text column and the model that embeds it."""

    name: str = ""
    embedding_model_endpoint_name: str = ""
    model_endpoint_name_for_query: str = ""

    @property
    def query_model(self) -> str:
        """The model for questions."""
        return self.model_endpoint_name_for_query or self.embedding_model_endpoint_name


class VectorColumn(msgspec.Struct, frozen=True):
    """A column of vectors."""

    name: str
    embedding_dimension: int


class Embeddings(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where the vectors of an index come from: made of a text, or stored."""

    embedding_source_columns: tuple[Source, ...] = ()
    embedding_vector_columns: tuple[VectorColumn, ...] = ()


class DirectSpec(Embeddings, frozen=True):
    """The `direct_access_index_spec` of a request."""

    schema_json: str = ""


class Following(Embeddings, frozen=True, omit_defaults=True):
    """The `delta_sync_index_spec` of a request: the table behind an index."""

    source_table: str = ""
    pipeline_type: Literal["TRIGGERED", "CONTINUOUS"] = "TRIGGERED"
    columns_to_sync: tuple[str, ...] = ()
    columns_to_index: tuple[str, ...] = ()
    embedding_writeback_table: str = ""

    @property
    def missing(self) -> str:
        """What it asks for that the sandbox does not have; mostly nothing."""
        asked = {
            "columns_to_index": self.columns_to_index,
            "embedding_writeback_table": self.embedding_writeback_table,
        }
        return ", ".join(name for name, value in asked.items() if value)

    @property
    def is_continuous(self) -> bool:
        """Whether the index follows by itself."""
        return self.pipeline_type == "CONTINUOUS"


class CreateIndex(msgspec.Struct, frozen=True):
    """The body of `create_index`."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[^./\s]+\.[^./\s]+\.[^./\s]+$", max_length=765)]
    endpoint_name: str
    primary_key: Annotated[str, msgspec.Meta(min_length=1)]
    index_type: Literal["DIRECT_ACCESS", "DELTA_SYNC"]
    direct_access_index_spec: DirectSpec | None = None
    delta_sync_index_spec: Following | None = None


class IndexSpec(msgspec.Struct, frozen=True, kw_only=True):
    """An index as it is kept.

    Attributes:
        schema: Column name to type, as in `schema_json`, without the vector column.
        vector: Name of the vector column; the reserved `__vector` when the sandbox embeds a text.
        source: The text column and its model, if there is one.
        following: The table behind it, if there is one.
    """

    name: str
    endpoint_name: str
    primary_key: str
    schema: dict[str, str]
    schema_json: str
    vector: str
    dimension: int
    source: Source | None
    following: Following | None = None

    @property
    def numbered(self) -> bool:
        """Whether keys are integers; else they are strings."""
        return TYPES[self.schema[self.primary_key]] == (int,)

    @property
    def embeds(self) -> bool:
        """Whether the sandbox makes the vectors of the rows itself."""
        return self.source is not None and self.vector == EMBEDDED


EMBEDDED = "__vector"


def index_spec(asked: CreateIndex) -> IndexSpec:
    """Give the index that *asked* describes.

    Raises:
        ApiError: 400, naming the part that does not fit.
    """
    direct = asked.direct_access_index_spec
    if direct is None:
        raise invalid("A DIRECT_ACCESS index needs a direct_access_index_spec.")
    return spec_of(asked, direct, _schema(direct.schema_json))


def spec_of(asked: CreateIndex, embeddings: Embeddings, schema: dict[str, str]) -> IndexSpec:
    """Give the index of *asked*, whose columns are *schema*.

    Raises:
        ApiError: 400, naming the part that does not fit.
    """
    vector, dimension = _vector(embeddings)
    _check_key(asked.primary_key, vector, schema)
    source = next(iter(embeddings.embedding_source_columns), None)
    if vector == EMBEDDED and (source is None or source.name not in schema):
        raise invalid(
            "Give one of embedding_vector_columns, or one of embedding_source_columns whose name "
            f"is a column of the index: it has {', '.join(schema)}."
        )
    direct = asked.direct_access_index_spec
    return IndexSpec(
        name=asked.name,
        endpoint_name=asked.endpoint_name,
        primary_key=asked.primary_key,
        schema={name: kind for name, kind in schema.items() if name != vector},
        schema_json=direct.schema_json if direct else "",
        vector=vector,
        dimension=dimension,
        source=source,
        following=asked.delta_sync_index_spec,
    )


def are_numbers(values: Sequence[object]) -> bool:
    """Tell whether all *values* are numbers that a vector can hold."""
    # Compared, not converted: an integer may be larger than any float.
    return all(isinstance(value, int | float) and abs(value) <= LARGEST_FLOAT for value in values)


def row_fault(spec: IndexSpec, row: Json) -> str:
    """Tell why *row* cannot be kept in an index of *spec*; empty when it can.

    Raises:
        ApiError: 400; the row has no key, unknown columns, or a vector of another dimension, which
            is a fault of the request and not of one row.
    """
    if row.get(spec.primary_key) is None:
        raise invalid(f"A row has no value for the primary key {spec.primary_key!r}.")
    _check_columns(spec, row)
    for name, kind in spec.schema.items():
        if not _fits(row.get(name), kind):
            return f"column {name!r} is not of type {kind}"
    if spec.embeds:
        return "" if _source_text(spec, row) else "there is no text to embed"
    return _vector_fault(spec, row.get(spec.vector))


def _schema(schema_json: str) -> dict[str, str]:
    schema = parse(schema_json, dict[str, str], "schema_json")
    unknown = [kind for kind in schema.values() if (_entry_kind(kind) or kind) not in TYPES]
    if unknown:
        known = ", ".join(sorted(TYPES))
        raise invalid(f"Unknown type {unknown[0]!r} in schema_json: use {known} or array<float>.")
    return schema


def _check_key(key: str, vector: str, schema: dict[str, str]) -> None:
    if key == vector or key not in schema:
        where = "is the vector column" if key == vector else "is not a column of schema_json"
        raise invalid(f"The primary key {key!r} {where}: choose a column with one key a row.")
    if TYPES.get(schema[key]) not in {(str,), (int,)}:
        said = f"The primary key {key!r} cannot be of type {schema[key]}: use string or long."
        raise invalid(said)


def _vector(direct: Embeddings) -> tuple[str, int]:
    if len(direct.embedding_vector_columns) > 1 or len(direct.embedding_source_columns) > 1:
        raise invalid("The sandbox takes one embedding column an index.")
    for column in direct.embedding_vector_columns:
        if not 1 <= column.embedding_dimension <= DIMENSION_LIMIT:
            raise invalid(
                f"embedding_dimension must be 1 to {DIMENSION_LIMIT}, "
                f"got {column.embedding_dimension}."
            )
        return column.name, column.embedding_dimension
    return EMBEDDED, MODEL_DIMENSION


def _check_columns(spec: IndexSpec, row: Json) -> None:
    unknown = [name for name in row if name not in spec.schema and name != spec.vector]
    if unknown:
        known = ", ".join([*spec.schema, spec.vector])
        raise invalid(f"Unknown column {unknown[0]!r} in the input: the index has {known}.")


def _fits(value: object, kind: str) -> bool:
    if value is None:
        return True
    entry_kind = _entry_kind(kind)
    if entry_kind and isinstance(value, list):
        entries: list[object] = [*value]
        return all(_fits(entry, entry_kind) for entry in entries)
    types = TYPES.get(kind, ())
    if isinstance(value, bool):
        return bool in types
    if isinstance(value, int) and value not in LONG:
        return False
    return isinstance(value, types)


def _entry_kind(kind: str) -> str:
    """Give the type of the entries of an array type; nothing for another type."""
    is_array = kind.startswith("array<") and kind.endswith(">")
    return kind.removeprefix("array<").removesuffix(">") if is_array else ""


def _source_text(spec: IndexSpec, row: Json) -> str:
    text = row.get(spec.source.name) if spec.source else None
    return text if isinstance(text, str) else ""


def _vector_fault(spec: IndexSpec, vector: object) -> str:
    if not isinstance(vector, list):
        return f"column {spec.vector!r} is not a list of numbers"
    values: list[object] = [*vector]
    if len(values) != spec.dimension:
        raise invalid(
            f"A vector of column {spec.vector!r} has {len(values)} dimensions, "
            f"the index has {spec.dimension}."
        )
    return "" if are_numbers(values) else f"column {spec.vector!r} holds no finite 32-bit floats"
