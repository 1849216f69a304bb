"""What a SQL statement can fail with, in the words of a warehouse."""

import re

from sqlglot.errors import ParseError, TokenError

from dara_fp.sandbox.server.errors import ApiError
from dara_fp.sandbox.sql.running import SqlError
from dara_fp.sandbox.sql.session import INLINE_LIMIT, RESULT_LIMIT

__all__ = [
    "DIVIDED",
    "INDEXED",
    "NO_ELEMENT",
    "ZERO",
    "expected",
    "no_parse",
    "no_schema",
    "no_table",
    "not_done",
    "of_catalog",
    "of_duckdb",
    "other_columns",
    "refuse_large",
    "table_exists",
    "wrong_count",
]

DIVIDED = "[DIVIDE_BY_ZERO]"
"""What the engine says where the divisor is zero."""

INDEXED = "[INVALID_ARRAY_INDEX]"
"""What the engine says where an array is too short."""

NO_ELEMENT = "[INVALID_ARRAY_INDEX_IN_ELEMENT_AT]"
"""What the engine says where an array is too short for `element_at`."""

ZERO = "[INVALID_INDEX_OF_ZERO]"
"""What the engine says where `element_at` is asked for the element 0."""

_MARKED = {
    DIVIDED: (
        "DIVIDE_BY_ZERO",
        (
            "Division by zero. Use `try_divide` to tolerate divisor being 0 and return NULL"
            ' instead. If necessary set "ansi_mode" to "false" to bypass this error.'
        ),
        "22012",
    ),
    "must appear in the GROUP BY clause": (
        "MISSING_AGGREGATION",
        (
            "A non-aggregating expression is based on columns which are not participating in the"
            " GROUP BY clause: add them to it, or use any_value() where any value will do."
        ),
        "42803",
    ),
    INDEXED: (
        "INVALID_ARRAY_INDEX",
        (
            "The index is out of bounds. Use the SQL function `get()` to tolerate accessing an"
            " element at an invalid index and return NULL instead."
        ),
        "22003",
    ),
    NO_ELEMENT: (
        "INVALID_ARRAY_INDEX_IN_ELEMENT_AT",
        (
            "The index is out of bounds. Use `try_element_at` to tolerate accessing an element at"
            " an invalid index and return NULL instead."
        ),
        "22003",
    ),
    ZERO: (
        "INVALID_INDEX_OF_ZERO",
        "The index 0 is invalid. An index shall be either < 0 or > 0, the first element is 1.",
        "22003",
    ),
}

_MESSAGE_LIMIT = 4_000
_UNRESOLVED = re.compile(r'(?:Referenced column|column) "([^"]+)" (?:not found|does not)')
_FUNCTION = re.compile(
    r"(?:Scalar|Table|Aggregate)? ?Function with name \"?(\w+)\"? does not exist"
)

# By how its messages begin, since those of a reader of Arrow have another class.
_BY_KIND = {
    "Conversion Error:": ("CAST_INVALID_INPUT", "22018"),
    "Out of Range Error:": ("ARITHMETIC_OVERFLOW", "22003"),
    "Constraint Error:": ("DELTA_VIOLATE_CONSTRAINT_WITH_VALUES", "23001"),
    "Permission Error:": ("INSUFFICIENT_PERMISSIONS", "42501"),
    "Parser Error:": ("PARSE_SYNTAX_ERROR", "42601"),
    "Binder Error:": ("DATATYPE_MISMATCH", "42K09"),
    "IO Error:": ("CANNOT_READ_FILE", "KD003"),
}


def _error(condition: str, said: str, state: str) -> SqlError:
    message = f"[{condition}] {said} SQLSTATE: {state}"
    return SqlError(message=message[:_MESSAGE_LIMIT], sql_state=state)


def no_parse(error: ParseError | TokenError, statement: str) -> SqlError:
    """Give the error of a *statement* that does not parse."""
    found = error.errors[0] if isinstance(error, ParseError) and error.errors else {}
    word = found.get("highlight") or "end of input"
    line, column = found.get("line") or 1, max((found.get("col") or 1) - len(str(word)), 0)
    said = f"Syntax error at or near '{word}'."
    message = (
        f"[PARSE_SYNTAX_ERROR] {said} SQLSTATE: 42601 (line {line}, pos {column})"
        f"\n\n== SQL ==\n{statement[:_MESSAGE_LIMIT]}"
    )
    return SqlError(message=message, sql_state="42601")


def no_table(name: str) -> SqlError:
    """Give the error for the table or view *name*, which is not there."""
    return _error(
        "TABLE_OR_VIEW_NOT_FOUND",
        f"The table or view {_quoted(name)} cannot be found. Verify the spelling and correctness"
        " of the schema and catalog.\nIf you did not qualify the name with a schema, verify the"
        " current_schema() output, or qualify the name with the correct schema and catalog.\nTo"
        " tolerate the error on drop use DROP VIEW IF EXISTS or DROP TABLE IF EXISTS.",
        "42P01",
    )


def table_exists(name: str) -> SqlError:
    """Give the error for the table or view *name*, which is there already."""
    return _error(
        "TABLE_OR_VIEW_ALREADY_EXISTS",
        f"Cannot create table or view {_quoted(name)} because it already exists.\nChoose a"
        " different name, drop or replace the existing object, or add the IF NOT EXISTS clause to"
        " tolerate pre-existing objects.",
        "42P07",
    )


def expected(kind: str, name: str) -> SqlError:
    """Give the error where a *kind*, TABLE or VIEW, was expected and *name* is the other one."""
    other = "TABLE" if kind == "VIEW" else "VIEW"
    return _error(
        f"EXPECT_{kind}_NOT_{other}.NO_ALTERNATIVE",
        f"The statement expects a {kind.lower()} but {_quoted(name)} is a {other.lower()}."
        f" Name a {kind.lower()}, or drop this one with DROP {other}.",
        "42809",
    )


def no_schema(name: str) -> SqlError:
    """Give the error for the schema *name*, which is not there."""
    return _error(
        "SCHEMA_NOT_FOUND",
        f"The schema {_quoted(name)} cannot be found. Verify the spelling and correctness of the"
        " schema and catalog.",
        "42704",
    )


def not_done(what: str) -> SqlError:
    """Give the error for *what* the sandbox does not do."""
    said = f"The sandbox does not do {what}: the real workspace may."
    return SqlError(message=f"[UNSUPPORTED_FEATURE] {said} SQLSTATE: 0A000", sql_state="0A000")


def refuse_large(size: int, *, inline: bool) -> None:
    """Refuse a result of more bytes than can be kept, or be *inline*.

    Raises:
        SqlError: *size*, in bytes, is beyond it.
    """
    if inline and size > INLINE_LIMIT:
        raise SqlError(
            message="Inline byte limit exceeded. Statements executed with disposition=INLINE can"
            f" have a result size of at most {INLINE_LIMIT} bytes. Please execute the statement"
            " with disposition=EXTERNAL_LINKS if you want to download the full result."
        )
    if size > RESULT_LIMIT:
        raise SqlError(
            message=f"The sandbox keeps results of at most {RESULT_LIMIT} bytes, and this one is"
            " larger: give a row_limit or a byte_limit, or write it to a table.",
            error_code="RESOURCE_EXHAUSTED",
        )


def wrong_count(function: str, wanted: int, given: int) -> SqlError:
    """Give what a *function* of so many *wanted* values is with those *given*."""
    said = f"The {_quoted(function)} requires {wanted} parameters but the actual number is {given}."
    return _error("WRONG_NUM_ARGS.WITHOUT_SUGGESTION", said, "42605")


def other_columns(kind: str, named: int, found: int) -> SqlError:
    """Give what a query of *found* columns is to a *kind* of statement that has *named* ones."""
    more = "TOO_MANY" if found > named else "NOT_ENOUGH"
    condition = f"{kind}_COLUMN_ARITY_MISMATCH.{more}_DATA_COLUMNS"
    reason = f"{more.lower().replace('_', ' ')} data columns: {named} expected, {found} given."
    return _error(condition, f"Cannot write, the reason is {reason}", "21S01")


def of_catalog(error: ApiError) -> SqlError:
    """Give what the catalog's *error* is for a statement."""
    code = str(error.error_code)
    condition = code.replace("_DOES_NOT_EXIST", "_NOT_FOUND")
    state = "42704" if condition.endswith("_NOT_FOUND") else "42000"
    return _error(condition, error.message, state)


def of_duckdb(error: Exception) -> SqlError:
    """Give what an *error* of the engine, or of a reader of its rows, is for a warehouse."""
    said = str(error).strip()
    if marks := [mark for mark in _MARKED if mark in said]:
        return _error(*_MARKED[marks[0]])
    if column := _UNRESOLVED.search(said):
        return _error(
            "UNRESOLVED_COLUMN.WITHOUT_SUGGESTION",
            "A column, variable, or function parameter with name"
            f" {_quoted(column[1])} cannot be resolved.",
            "42703",
        )
    if function := _FUNCTION.search(said):
        named = _quoted(function[1])
        return _error("UNRESOLVED_ROUTINE", f"Cannot resolve routine {named}.", "42883")
    return _of_kind(said)


def _of_kind(said: str) -> SqlError:
    for begin, (condition, state) in _BY_KIND.items():
        if said.startswith(begin):
            return _error(condition, said, state)
    return SqlError(message=said[:_MESSAGE_LIMIT])


def _quoted(name: str) -> str:
    return ".".join(f"`{part}`" for part in name.split("."))
