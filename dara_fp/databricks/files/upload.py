"""What a caller uploaded: a file that already lies in a Unity Catalog volume."""

import attrs

__all__ = ["Upload"]


@attrs.frozen(kw_only=True)
class Upload:
    """One file that was received and stored in a volume.

    Attributes:
        path: Absolute path in the volume, such as `/Volumes/main/default/inbox/a.pdf`.
        size: Its length in bytes.
        name: The file's own name, as its sender called it.
        content_type: Media type its sender gave it.

    >>> Upload(path="/Volumes/main/default/inbox/7-a.pdf", size=3, name="a.pdf").content_type
    'application/octet-stream'
    """

    path: str
    size: int
    name: str
    content_type: str = "application/octet-stream"
