"""One kind of catalog entries: in memory by name, and in small files that a restart reads."""

import shutil
from pathlib import Path
from typing import Generic, TypeVar

import attrs
import msgspec

from dara_fp.sandbox.catalog.entries import Entry, checked_name
from dara_fp.sandbox.files.disk import write_atomically
from dara_fp.sandbox.server.errors import ApiError

__all__ = ["Shelf"]

E = TypeVar("E", bound=Entry)


class Shelf(Generic[E]):
    """All entries of one kind, kept below a directory."""

    def __init__(self, directory: Path, kind: type[E], noun: str, code: str) -> None:
        """Keep entries of *kind* in *directory*; errors call one a *noun* and begin with *code*."""
        self._directory = directory
        self._noun = noun
        self._code = code
        found = (
            msgspec.json.decode(file.read_bytes(), type=kind) for file in directory.glob("*.json")
        )
        self._entries: dict[str, E] = {entry.key: entry for entry in found}

    def __contains__(self, full_name: str) -> bool:
        return full_name.lower() in self._entries

    def get(self, full_name: str) -> E:
        """Give the entry *full_name*.

        Raises:
            ApiError: 404; there is none.
        """
        entry = self._entries.get(full_name.lower())
        if entry is None:
            raise ApiError(
                status=404,
                error_code=f"{self._code}_DOES_NOT_EXIST",
                message=f"{self._noun} '{full_name[:800]}' does not exist.",
            )
        return entry

    def below(self, parent: str) -> list[E]:
        """Give the entries that lie directly in *parent*, by name."""
        wanted = parent.lower()
        found = [entry for entry in self._entries.values() if entry.parent.lower() == wanted]
        return sorted(found, key=lambda entry: entry.key)

    def put(self, entry: E) -> E:
        """Keep *entry*; one of the same name gives way."""
        before = self._entries.get(entry.key)
        write_atomically(self._file(entry), msgspec.json.encode(entry))
        self._entries[entry.key] = entry
        if before is not None and before.id != entry.id:
            self._file(before).unlink(missing_ok=True)
        return entry

    def drop(self, entry: E, place: Path) -> None:
        """Forget *entry*, with the data that lie at *place*."""
        self._entries.pop(entry.key, None)
        self._file(entry).unlink(missing_ok=True)
        shutil.rmtree(place, ignore_errors=True)

    def add(self, entry: E) -> E:
        """Keep the new *entry*, its name in lower case.

        Raises:
            ApiError: 400; its name is taken or not allowed.
        """
        named = attrs.evolve(entry, name=checked_name(entry.name))
        self._refuse_taken(named)
        return self.put(named)

    def rename(self, entry: E, name: str) -> E:
        """Keep *entry* under another *name*.

        Raises:
            ApiError: 400; the name is taken or not allowed.
        """
        renamed = attrs.evolve(entry, name=checked_name(name))
        self._refuse_taken(renamed)
        self._entries.pop(entry.key, None)
        return self.put(renamed)

    def _file(self, entry: Entry) -> Path:
        return self._directory / f"{entry.id}.json"

    def _refuse_taken(self, entry: Entry) -> None:
        # The workspace answers 400 here, not 409.
        if entry.key in self._entries:
            raise ApiError(
                status=400,
                error_code=f"{self._code}_ALREADY_EXISTS",
                message=f"{self._noun} '{entry.full_name}' already exists",
            )
