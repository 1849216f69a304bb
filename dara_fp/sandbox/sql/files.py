"""Files of volumes as tables: `read_files` and the formats that can stand before a path."""

from collections.abc import Mapping
from pathlib import Path

from sqlglot import exp

from dara_fp.sandbox.files.paths import volume_path
from dara_fp.sandbox.server.errors import ApiError
from dara_fp.sandbox.sql.errors import not_done, of_catalog
from dara_fp.sandbox.sql.running import SqlError

__all__ = ["FORMATS", "reader"]

FORMATS = frozenset({"csv", "json", "parquet", "text", "binaryfile"})

_READ = {
    "parquet": "FROM read_parquet({}, union_by_name = true)",
    "json": "FROM read_json({}, union_by_name = true)",
    # A delimiter that no text has, so that a line stays whole.
    "text": "FROM read_csv({}, columns = {{'value': 'VARCHAR'}}, header = false, delim = '\x01',"
    " quote = '')",
    "binaryfile": "SELECT filename AS path, last_modified AS modificationTime, size AS length,"
    " content FROM read_blob({})",
}


def reader(root: Path, path: str, options: Mapping[str, exp.Expr]) -> str:
    """Give the engine's query for the files at *path*, a file, a directory or a pattern.

    Args:
        root: The directory below which `/Volumes` lives.
        path: Absolute, in a volume.
        options: As for `read_files`; `format`, `header`, `sep`, `delimiter`, `multiLine`.

    Raises:
        SqlError: There is nothing at *path*, it is in no volume, or an option is not known.
    """
    given = {name.lower(): _said(value) for name, value in options.items()}
    kind = given.pop("format", "").lower() or _kind_of(path)
    place = _quoted(_place(root, path))
    how = _csv(given) if kind == "csv" else _READ.get(kind)
    if how is None:
        raise not_done(f"files of the format {kind!r}")
    if kind == "json":
        given.pop("multiline", None)
    if given:
        raise not_done(f"the option {next(iter(given))!r} of read_files")
    return how.format(place)


def _csv(given: dict[str, str]) -> str:
    header = given.pop("header", "false").lower() == "true"
    separator = given.pop("sep", "") or given.pop("delimiter", "")
    for known in ("inferschema", "mode", "multiline"):
        given.pop(known, None)
    delimiter = f", delim = {_quoted(separator)}" if separator else ""
    said = f"header = {str(header).lower()}, union_by_name = true{delimiter}"
    return "FROM read_csv({}, " + said.replace("{", "{{").replace("}", "}}") + ")"


def _said(value: exp.Expr) -> str:
    return str(value.this).lower() if isinstance(value, exp.Boolean) else str(value.name)


def _kind_of(path: str) -> str:
    ending = path.rpartition(".")[2].lower()
    return {"csv": "csv", "json": "json", "jsonl": "json", "txt": "text"}.get(ending, "parquet")


def _place(root: Path, path: str) -> str:
    path = path.removeprefix("dbfs:")
    try:
        place = volume_path(root, path, below_volume=False)
    except ApiError as error:
        raise of_catalog(error) from None
    if place.is_dir():
        return f"{place}/**/*.*"
    if not (place.exists() or any(mark in path for mark in "*?[{")):
        raise SqlError(
            message=f"[PATH_NOT_FOUND] Path does not exist: {path}. SQLSTATE: 42K03",
            sql_state="42K03",
        )
    return str(place)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
