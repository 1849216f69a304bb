"""All vector search endpoints and indexes of the sandbox, and where they are kept."""

import shutil
from pathlib import Path

import attrs
import msgspec

from dara_fp.sandbox.files.disk import write_atomically
from dara_fp.sandbox.jobs.runs import now
from dara_fp.sandbox.server.errors import already_exists, invalid, missing
from dara_fp.sandbox.vectors.index_specs import IndexSpec
from dara_fp.sandbox.vectors.vectors import VectorIndex

__all__ = ["Endpoint", "Index", "Indexes", "Progress", "Sync"]


class Endpoint(msgspec.Struct, frozen=True):
    """A vector search endpoint; it is online as soon as it is there."""

    name: str
    endpoint_type: str
    created: int


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far an index follows its table.

    Attributes:
        table_id: Which table it was; another one of the same name has another.
        version: The table's version that the index has; -1 for none.
        timestamp: When it got that far, as a workspace writes times.
        pending: Whether an update was asked for and has not ended.
        error: Why the last update failed; empty where it did not.
        left_out: Rows of the last update that had nothing to make a vector of.
    """

    table_id: str = ""
    version: int = -1
    timestamp: str = ""
    pending: bool = True
    error: str = ""
    left_out: int = 0


class Sync:
    """The progress of one index, kept in *file*."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._asked = 0
        self._closed = False
        known = file.exists()
        self.progress = (
            msgspec.json.decode(file.read_bytes(), type=Progress) if known else Progress()
        )

    def ask(self) -> None:
        """Note that an update was asked for, also while one is under way."""
        self._asked += 1
        self._keep(msgspec.structs.replace(self.progress, pending=True))

    def begin(self) -> int:
        """Give what `end` wants to know: which updates the one that begins now covers."""
        return self._asked

    def end(self, begun: int, progress: Progress) -> None:
        """Keep the *progress* of the update that was *begun*; a later one is still to come."""
        self._keep(msgspec.structs.replace(progress, pending=self._asked != begun))

    def close(self) -> None:
        """Keep nothing more, since the index was deleted: another one may have its name."""
        self._closed = True

    def _keep(self, progress: Progress) -> None:
        if not self._closed:
            write_atomically(self._file, msgspec.json.encode(progress))
        self.progress = progress


@attrs.frozen(kw_only=True, eq=False)
class Index:
    """An index, its rows, and how far it follows its table, if it has one."""

    spec: IndexSpec
    rows: VectorIndex
    sync: Sync | None = None

    @property
    def table(self) -> str:
        """Full name of the table behind it; empty where there is none."""
        return self.spec.following.source_table if self.spec.following else ""

    @property
    def is_continuous(self) -> bool:
        """Whether it follows its table by itself."""
        return self.spec.following is not None and self.spec.following.is_continuous


class Indexes:
    """The endpoints and indexes below *directory*."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._endpoints_at = directory / "endpoints.json"
        self.endpoints = _load_endpoints(self._endpoints_at)
        specs = [
            msgspec.json.decode(file.read_bytes(), type=IndexSpec)
            for file in directory.glob("*/spec.json")
        ]
        self._indexes = {spec.name: self._open(spec) for spec in specs}

    def create_endpoint(self, name: str, endpoint_type: str) -> Endpoint:
        """Keep a new endpoint."""
        if name in self.endpoints:
            raise already_exists(f"Vector search endpoint {name} already exists.")
        self.endpoints[name] = Endpoint(name, endpoint_type, now())
        self._save_endpoints()
        return self.endpoints[name]

    def endpoint(self, name: str) -> Endpoint:
        """Give the endpoint *name*."""
        if name not in self.endpoints:
            raise missing(f"Vector search endpoint {name} not found.")
        return self.endpoints[name]

    def delete_endpoint(self, name: str) -> None:
        """Forget the endpoint *name*, which must have no index."""
        self.endpoint(name)
        used = [index.spec.name for index in self.of(name)]
        if used:
            raise invalid(
                f"Endpoint {name} still has the index {used[0]}: delete its indexes first."
            )
        del self.endpoints[name]
        self._save_endpoints()

    def of(self, endpoint_name: str) -> list[Index]:
        """Give the indexes of the endpoint *endpoint_name*, by name."""
        mine = (
            index for index in self._indexes.values() if index.spec.endpoint_name == endpoint_name
        )
        return sorted(mine, key=lambda index: index.spec.name)

    def create(self, spec: IndexSpec) -> Index:
        """Keep a new, empty index."""
        self.endpoint(spec.endpoint_name)
        if spec.name in self._indexes:
            raise already_exists(f"Vector index {spec.name} already exists.")
        write_atomically(self._place(spec.name) / "spec.json", msgspec.json.encode(spec))
        self._indexes[spec.name] = self._open(spec)
        return self._indexes[spec.name]

    def following(self) -> list[Index]:
        """Give the indexes that follow tables."""
        return [index for index in self._indexes.values() if index.sync is not None]

    def has(self, index: Index) -> bool:
        """Tell whether *index* is there, and no other one of its name."""
        return self._indexes.get(index.spec.name) is index

    def index(self, name: str, endpoint_name: str | None = None) -> Index:
        """Give the index *name*, which must be of *endpoint_name* when that is given."""
        index = self._indexes.get(name)
        if index is None or endpoint_name not in {None, index.spec.endpoint_name}:
            raise missing(f"Vector index {name} not found.")
        return index

    def delete(self, name: str) -> None:
        """Forget the index *name* and its rows."""
        index = self._indexes.pop(name)
        index.rows.close()
        if index.sync is not None:
            index.sync.close()
        shutil.rmtree(self._place(name), ignore_errors=True)

    def _open(self, spec: IndexSpec) -> Index:
        place = self._place(spec.name)
        rows = VectorIndex(place / "rows.log", spec.primary_key, spec.dimension)
        sync = None if spec.following is None else Sync(place / "sync.json")
        return Index(spec=spec, rows=rows, sync=sync)

    def _place(self, name: str) -> Path:
        # A name has three parts without slashes, so it is one safe directory name.
        return self._directory / name

    def _save_endpoints(self) -> None:
        write_atomically(self._endpoints_at, msgspec.json.encode(list(self.endpoints.values())))


def _load_endpoints(file: Path) -> dict[str, Endpoint]:
    if not file.exists():
        return {}
    known = msgspec.json.decode(file.read_bytes(), type=list[Endpoint])
    return {endpoint.name: endpoint for endpoint in known}
