"""Where a workspace path lives on disk, and which paths are refused."""

from pathlib import Path

from dara_fp.sandbox.server.errors import ApiError, invalid

__all__ = ["VOLUME_DEPTH", "local_path", "object_path", "volume_path"]

VOLUME_DEPTH = 4
"""Segments of a volume's root: Volumes, catalog, schema, volume."""

NAME_LIMIT = 255
PATH_LIMIT = 2_000


def volume_path(root: Path, path: str, *, below_volume: bool = True) -> Path:
    """Give the place below *root* of the file or directory *path* of a volume.

    Args:
        root: The directory below which `/Volumes` lives.
        path: Absolute workspace path, percent-decoded.
        below_volume: Refuse the volume's own root, which is no file and cannot be deleted.

    Raises:
        ApiError: 400; *path* is not below `/Volumes/<catalog>/<schema>/<volume>`, or leaves it.
    """
    depth = VOLUME_DEPTH + (1 if below_volume else 0)
    segments = path.rstrip("/").split("/")[1:]
    if not path.startswith("/Volumes/") or len(segments) < depth:
        raise _bad(path, "expected /Volumes/<catalog>/<schema>/<volume>/<path>")
    return local_path(root, path)


def object_path(root: Path, path: str) -> Path:
    """Give the place below *root* of the workspace object or file *path*: a notebook, a program.

    Objects of the workspace are known with `/Workspace` before their path, and without.

    Raises:
        ApiError: 400; *path* is not absolute, or leaves the workspace.
    """
    if not path.startswith("/"):
        raise _bad(path, "expected an absolute path, such as /Shared/name")
    known = path.startswith(("/Workspace/", "/Volumes/"))
    return local_path(root, path if known else f"/Workspace{path}")


def local_path(root: Path, path: str) -> Path:
    """Give the place of the absolute *path* below *root*, links resolved and still inside.

    Raises:
        ApiError: 400; *path* has an empty, relative or overlong segment, or leads outside.
    """
    segments = path.rstrip("/").split("/")[1:]
    wrong = _fault(path, segments)
    if wrong:
        raise _bad(path, wrong)
    # A job can leave a link in a volume; following it must not lead out of the sandbox.
    place = root.joinpath(*segments).resolve()
    if not place.is_relative_to(root.resolve()):
        raise _bad(path, "it leads outside of the sandbox's files")
    return place


def _fault(path: str, segments: list[str]) -> str:
    if len(path) > PATH_LIMIT:
        return f"it is longer than {PATH_LIMIT} characters"
    if not path.isprintable():
        return "it contains control characters or is not valid UTF-8"
    if any(segment in {"", ".", ".."} for segment in segments):
        return "empty segments, '.' and '..' are not allowed"
    if any(len(segment.encode()) > NAME_LIMIT for segment in segments):
        return f"a name is longer than {NAME_LIMIT} bytes"
    return ""


def _bad(path: str, why: str) -> ApiError:
    return invalid(f"Invalid path {path[:200]!r}: {why}.")
