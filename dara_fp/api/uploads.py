"""Files of one request on their way to a volume, under names that are safe there."""

import asyncio
import hashlib
import logging
import re
from collections.abc import AsyncIterator, Awaitable
from pathlib import PurePosixPath

import attrs

from dara_fp.databricks.errors import DatabricksError, NotFound
from dara_fp.databricks.files.upload import Upload
from dara_fp.databricks.workspace import Workspace

__all__ = ["Uploader"]

_LONGEST_NAME = 200
_MOST_REMOVALS = 8
_REMOVAL_SECONDS = 20.0
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f/]+")
_MEDIA_TYPE = re.compile(r"[\w.+!#$&^-]{1,127}/[\w.+!#$&^-]{1,127}", re.ASCII)
_ANY_TYPE = "application/octet-stream"

logger = logging.getLogger(__name__)


@attrs.define
class Uploader:
    """Puts the files of one request into a folder of a volume.

    Attributes:
        workspace: Whose volume.
        folder: Absolute path, such as `/Volumes/main/default/raw/{task id}`.
        digesting: Whether to note the SHA-256 of each file.
        rehearsing: Whether to read files and send none, because an earlier request sent them.
        digests: What was noted, by field, in the order the files came.
    """

    workspace: Workspace
    folder: str
    digesting: bool = False
    rehearsing: bool = False
    digests: dict[str, tuple[str, ...]] = attrs.field(factory=dict[str, tuple[str, ...]])
    # Noted before they are sent: a file may be there although its sending failed.
    _paths: list[str] = attrs.field(factory=list[str], init=False)

    async def send(
        self, field: str, filename: str, content_type: str, chunks: AsyncIterator[bytes]
    ) -> Upload:
        """Upload the *chunks* of a file that its sender calls *filename*, while they arrive.

        Args:
            field: The context's field it is for; a folder of its own.
            filename: As it was sent; whatever is before the last slash is dropped.
            content_type: As it was sent; what is no media type is dropped.
            chunks: Its contents.

        Raises:
            DatabricksError: The workspace refused.
        """
        name = _own_name(filename)
        path = self._free_path(field, name)
        self._paths.append(path)
        size = await self._put(path, self._noted(field, chunks) if self.digesting else chunks)
        kind = content_type if _MEDIA_TYPE.fullmatch(content_type) else _ANY_TYPE
        return Upload(path=path, size=size, name=name, content_type=kind)

    async def remove(self) -> None:
        """Delete what was sent, because the request came to nothing."""
        if self.rehearsing:
            return
        at_a_time = asyncio.Semaphore(_MOST_REMOVALS)
        folders = sorted({path.rpartition("/")[0] for path in self._paths})
        files = self.workspace.files

        async def delete(path: str) -> None:
            async with at_a_time:
                await _quietly(files.delete(path), path)

        try:
            async with asyncio.timeout(_REMOVAL_SECONDS):
                await asyncio.gather(*map(delete, self._paths))
                for folder in (*folders, self.folder) if folders else ():
                    await _quietly(files.delete_directory(folder), folder)
        except TimeoutError:
            logger.warning("gave up removing %d files in %s", len(self._paths), self.folder)

    async def _put(self, path: str, chunks: AsyncIterator[bytes]) -> int:
        if self.rehearsing:
            return sum([len(chunk) async for chunk in chunks])
        return await self.workspace.files.upload(path, chunks, overwrite=True)

    async def _noted(self, field: str, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Give *chunks* on, and note their digest."""
        digest = hashlib.sha256()
        async for chunk in chunks:
            digest.update(chunk)
            yield chunk
        self.digests[field] = (*self.digests.get(field, ()), digest.hexdigest())

    def _free_path(self, field: str, called: str) -> str:
        """Give a path for the file *called* so that this request has not used yet."""
        name = PurePosixPath(_shortened(called))
        path, number = f"{self.folder}/{field}/{name}", 1
        while path in self._paths:
            number += 1
            path = f"{self.folder}/{field}/{name.stem}-{number}{name.suffix}"
        return path


def _own_name(filename: str) -> str:
    r"""Give the last part of *filename*, without what could mean something to a file system.

    >>> _own_name("../../etc/passwd"), _own_name("C:\\temp\\a b.txt"), _own_name("..")
    ('passwd', 'a b.txt', 'file')
    """
    last = filename.replace("\\", "/").rpartition("/")[2]
    return _UNSAFE.sub("_", last).strip(". ") or "file"


def _shortened(name: str) -> str:
    """Give the last bytes of *name* that a file name can hold, so that its ending is kept.

    >>> len(_shortened("é" * 300 + ".txt").encode())
    200
    """
    return name.encode()[-_LONGEST_NAME:].decode(errors="ignore").strip(". ") or "file"


async def _quietly(deleting: Awaitable[None], path: str) -> None:
    try:
        await deleting
    except NotFound:
        return
    except DatabricksError as error:
        logger.warning("could not remove %s: %s", path, error)
