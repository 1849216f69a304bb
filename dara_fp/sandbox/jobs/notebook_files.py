"""What a notebook finds as `dbutils.fs`: files of volumes, of the workspace, and of the machine.

Imports nothing of the package: the program that runs a notebook loads it alone.
"""

import re
import shutil
from pathlib import Path
from typing import NamedTuple

__all__ = ["FileInfo", "NotebookFiles"]

_VOLUME_DEPTH = 4
_HEAD_BYTES = 65_536
_DRAFT = re.compile(r"\..+\.[0-9a-f]{8}")


class FileInfo(NamedTuple):
    """A file or a folder, whose name ends with a slash."""

    path: str
    name: str
    size: int
    modificationTime: int  # noqa: N815 - the name the original has

    def isDir(self) -> bool:  # noqa: N802 - the name the original has
        """Tell whether it is a folder."""
        return self.name.endswith("/")

    def isFile(self) -> bool:  # noqa: N802 - the name the original has
        """Tell whether it is a file."""
        return not self.isDir()


class NotebookFiles:
    """`dbutils.fs` over the directory *root*, below which `/Volumes` and `/Workspace` live."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def ls(self, path: str) -> list[FileInfo]:
        """Give what is in the folder *path*, by name, or the file itself."""
        place = self._there(path)
        found = sorted(place.iterdir()) if place.is_dir() else [place]
        return [self._info(one) for one in found if not _DRAFT.fullmatch(one.name)]

    def head(self, file: str, max_bytes: int = _HEAD_BYTES) -> str:
        """Give the first *max_bytes* bytes of *file* as text."""
        with self._there(file).open("rb") as content:
            return content.read(max_bytes).decode("utf-8", "replace")

    def put(self, file: str, contents: str, overwrite: bool = False) -> bool:  # noqa: FBT001, FBT002 - as the original
        """Write *contents* into *file*.

        Raises:
            FileExistsError: It is there, and not to be *overwrite*n.
        """
        place = self._changed(file)
        if place.exists() and not overwrite:
            raise FileExistsError(f"{file} exists: delete it, or pass overwrite=True")
        place.parent.mkdir(parents=True, exist_ok=True)
        written = place.write_bytes(contents.encode())
        print(f"Wrote {written} bytes.")  # noqa: T201 - as the original
        return True

    def mkdirs(self, path: str) -> bool:
        """Make the folder *path*, with those it is in."""
        if not self._place(path).is_dir():
            self._changed(path).mkdir(parents=True, exist_ok=True)
        return True

    def cp(self, source: str, to: str, recurse: bool = False) -> bool:  # noqa: FBT001, FBT002 - as the original
        """Copy *source* to the path, or into the folder, *to*."""
        place, target = self._whole(source, recurse=recurse), self._target(source, to)
        if target.is_relative_to(place):  # else a copy would go on into itself without an end
            raise ValueError(f"{source} cannot be copied into itself, to {to}")
        if place.is_dir():
            shutil.copytree(place, target, dirs_exist_ok=True)
        else:
            shutil.copy(place, target)
        return True

    def mv(self, source: str, to: str, recurse: bool = False) -> bool:  # noqa: FBT001, FBT002 - as the original
        """Move *source* to the path, or into the folder, *to*."""
        self._changed(source)
        shutil.move(self._whole(source, recurse=recurse), self._target(source, to))
        return True

    def rm(self, path: str, recurse: bool = False) -> bool:  # noqa: FBT001, FBT002 - as the original
        """Delete *path*, and tell whether it was there."""
        place = self._changed(path)
        if not place.exists():
            return False
        if not place.is_dir():
            place.unlink()
        elif any(place.iterdir()) and not recurse:
            raise OSError(f"the folder {path} is not empty: pass recurse=True")
        else:
            shutil.rmtree(place)
        return True

    def _place(self, path: str) -> Path:
        """Give where *path* lies on the disk.

        Raises:
            ValueError: It is in no volume, nor in the workspace, nor on the machine.
        """
        if path.startswith("file:"):
            return Path("/" + path.removeprefix("file:").lstrip("/"))
        parts = path.removeprefix("dbfs:").strip("/").split("/")
        place = self._root.joinpath(*parts).resolve()
        if parts[0] in {"Volumes", "Workspace"} and place.is_relative_to(self._root / parts[0]):
            return place
        raise ValueError(
            f"{path} is not in the sandbox, which has no DBFS root: use /Volumes/..., or file:/..."
            " for the machine"
        )

    def _changed(self, path: str) -> Path:
        """Give the place of *path*, which is to be made, moved or deleted."""
        place = self._place(path)
        inside = place.relative_to(self._root).parts if place.is_relative_to(self._root) else ()
        needed = {"Volumes": _VOLUME_DEPTH, "Workspace": 1}
        if inside and len(inside) <= needed[inside[0]]:
            raise ValueError(f"{path} is no file or folder in a volume or in the workspace")
        return place

    def _there(self, path: str) -> Path:
        place = self._place(path)
        if not place.exists():
            raise FileNotFoundError(f"No such file or directory: {path}")
        return place

    def _whole(self, path: str, *, recurse: bool) -> Path:
        place = self._there(path)
        if place.is_dir() and not recurse:
            raise IsADirectoryError(f"{path} is a folder: pass recurse=True")
        return place

    def _target(self, source: str, to: str) -> Path:
        """Give where *source* goes when it is to go *to* a path, or into the folder there."""
        place = self._place(to)
        if place.is_dir():
            return place / self._place(source).name
        self._changed(to).parent.mkdir(parents=True, exist_ok=True)
        return place

    def _info(self, place: Path) -> FileInfo:
        known = place.stat(follow_symlinks=False)
        is_ours = place.is_relative_to(self._root)
        shown = f"dbfs:/{place.relative_to(self._root)}" if is_ours else f"file:{place}"
        end = "/" if place.is_dir() else ""
        size = 0 if end else known.st_size
        return FileInfo(f"{shown}{end}", f"{place.name}{end}", size, int(known.st_mtime * 1000))
