"""All vector search endpoints and indexes of the sandbox, and where they are kept."""

import shutil
from pathlib import Path

import attrs
import msgspec

from dara_fp.sandbox.disk import write_atomically
from dara_fp.sandbox.errors import already_exists, invalid, missing
from dara_fp.sandbox.index_specs import IndexSpec
from dara_fp.sandbox.runs import now
from dara_fp.sandbox.vectors import VectorIndex

__all__ = ["Endpoint", "Index", "Indexes"]


class Endpoint(msgspec.Struct, frozen=True):
    """A vector search endpoint; it is online as soon as it is there."""

    name: str
    endpoint_type: str
    created: int


@attrs.frozen(kw_only=True)
class Index:
    """An index and its rows."""

    spec: IndexSpec
    rows: VectorIndex


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

    def index(self, name: str, endpoint_name: str | None = None) -> Index:
        """Give the index *name*, which must be of *endpoint_name* when that is given."""
        index = self._indexes.get(name)
        if index is None or endpoint_name not in {None, index.spec.endpoint_name}:
            raise missing(f"Vector index {name} not found.")
        return index

    def delete(self, name: str) -> None:
        """Forget the index *name* and its rows."""
        self._indexes.pop(name).rows.close()
        shutil.rmtree(self._place(name), ignore_errors=True)

    def _open(self, spec: IndexSpec) -> Index:
        log = self._place(spec.name) / "rows.log"
        return Index(spec=spec, rows=VectorIndex(log, spec.primary_key, spec.dimension))

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
