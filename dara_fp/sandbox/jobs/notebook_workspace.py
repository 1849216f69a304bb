"""What a notebook asks of the sandbox: secrets, and statements of SQL.

Imports nothing of the package: the program that runs a notebook loads it alone, and what takes long
to load is loaded when it is first used.
"""

import base64
import json
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from importlib import import_module
from itertools import count
from typing import Any

__all__ = ["Refused", "Secrets", "Sql", "as_table", "statements_of"]

_SQL = "/api/2.0/sql"
_LOOK_SECONDS = 0.2
_SHOWN = 1_000
_QUOTED = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|`[^`]*`"
_COMMENT = r"--[^\n]*|/\*.*?\*/"
_STATEMENT = re.compile(rf"(?s)(?:{_QUOTED}|{_COMMENT}|[^;])+")

Rows = list[dict[str, Any]]


class Refused(Exception):
    """The sandbox does not do what the notebook asked for."""


class Secrets:
    """`dbutils.secrets`, asked of the sandbox."""

    def get(self, scope: str, key: str) -> str:
        """Give the secret *key* of *scope*."""
        # Late, as these take longer to load than most notebooks take to run.
        from urllib.parse import urlencode  # noqa: PLC0415 - see above

        query = urlencode({"scope": scope, "key": key})
        return base64.b64decode(_asked(f"/api/2.0/secrets/get?{query}")["value"]).decode()


class Sql:
    """Statements of one notebook, in one session of the warehouse *warehouse_id*."""

    def __init__(self, warehouse_id: str) -> None:
        self._warehouse_id = warehouse_id

    def rows(self, statement: str, given: Mapping[str, str]) -> tuple[list[str], Rows]:
        """Run *statement* with what is *given* for its `:name`s; give names of columns, and rows.

        Raises:
            Refused: It failed.
        """
        parameters = [{"name": name, "value": value} for name, value in given.items()]
        body = {
            "statement": statement,
            "parameters": parameters,
            "session_id": self._session,
            "warehouse_id": self._warehouse_id,
            "disposition": "EXTERNAL_LINKS",
            "format": "ARROW_STREAM",
            "wait_timeout": "50s",
        }
        done = _ended(_asked(f"{_SQL}/statements/", body))
        names = _apart([column["name"] for column in done["manifest"]["schema"]["columns"]])
        found = [part.rename_columns(names).to_pylist() for part in _parts(done)]
        return names, [row for rows in found for row in rows]

    @cached_property
    def _session(self) -> str:
        # Never closed: the sandbox forgets sessions that nobody uses.
        opened = _asked(f"{_SQL}/sessions", {"warehouse_id": self._warehouse_id})
        return str(opened["session_id"])


def statements_of(text: str) -> list[str]:
    r"""Give the statements of *text*, which semicolons part, unless they are quoted.

    >>> statements_of("SELECT ';'; -- a; b\nSELECT 2;\n")
    ["SELECT ';'", '-- a; b\nSELECT 2']
    """
    parts = (part.strip() for part in _STATEMENT.findall(text))
    return [part for part in parts if re.sub(f"(?s){_COMMENT}", "", part).strip()]


def as_table(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    """Give *rows*, the first ones of many, as lines of text.

    >>> print(as_table(["id", "name"], [{"id": 1, "name": None}, {"id": 10, "name": "b"}]))
    id | name
    ---+-----
    1  | null
    10 | b
    """
    if not columns:
        return "OK"
    cells = [[_cell(row.get(name)) for name in columns] for row in rows[:_SHOWN]]
    widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
    lines = [" | ".join(map(str.ljust, line, widths)).rstrip() for line in (columns, *cells)]
    lines.insert(1, "-+-".join("-" * width for width in widths))
    more = [f"... {len(rows) - _SHOWN} more rows"] if len(rows) > _SHOWN else []
    return "\n".join([*lines, *more])


def _apart(names: Sequence[str]) -> list[str]:
    """Give *names* with a number behind each that was there before: a row here has a name once.

    >>> _apart(["id", "id", "n"])
    ['id', 'id_2', 'n']
    """
    found: list[str] = []
    for name in names:
        numbered = (f"{name}_{number}" for number in count(2))
        found.append(name if name not in found else next(n for n in numbered if n not in found))
    return found


def _cell(value: object) -> str:
    return "null" if value is None else str(value)


def _ended(said: dict[str, Any]) -> dict[str, Any]:
    """Give what is *said* of a statement once it has ended."""
    while said["status"]["state"] in {"PENDING", "RUNNING"}:
        time.sleep(_LOOK_SECONDS)
        said = _asked(f"{_SQL}/statements/{said['statement_id']}")
    status = said["status"]
    if status["state"] != "SUCCEEDED":
        raise Refused(status.get("error", {}).get("message", f"it is {status['state']}"))
    return said


def _parts(done: Mapping[str, Any]) -> Iterator[Any]:
    """Give the parts of the result of the statement that is *done*, as tables of Arrow."""
    from urllib.request import urlopen  # noqa: PLC0415 - late, as above

    arrow: Any = import_module("pyarrow")  # late, as above
    for index in range(done["manifest"]["total_chunk_count"]):
        chunk = _asked(f"{_SQL}/statements/{done['statement_id']}/result/chunks/{index}")
        with urlopen(chunk["external_links"][0]["external_link"]) as content:  # noqa: S310 - the sandbox's own address
            yield arrow.ipc.open_stream(content.read()).read_all()


def _asked(path: str, body: Mapping[str, Any] | None = None) -> Any:
    """Give the sandbox's answer to a GET of *path*, or to a POST of *body*.

    Raises:
        Refused: It answers an error.
    """
    from urllib.error import HTTPError  # noqa: PLC0415 - late, as above
    from urllib.request import Request, urlopen  # noqa: PLC0415 - late, as above

    request = Request(  # noqa: S310 - the sandbox's own address
        f"{os.environ['DATABRICKS_HOST']}{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {os.environ['DATABRICKS_TOKEN']}"},
    )
    try:
        with urlopen(request) as answer:  # noqa: S310 - the sandbox's own address
            return json.load(answer)
    except HTTPError as error:
        raise Refused(json.load(error).get("message", str(error))) from None
