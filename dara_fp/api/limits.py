"""The longest head of a request that a server takes, since uvicorn's quick parser has no limit."""

import msgspec
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from dara_fp.api.problems import MEDIA_TYPE, Rejected

__all__ = ["LONGEST_HEAD", "BoundedHttp"]

LONGEST_HEAD = 64 * 1024
"""Bytes of request line and headers, or of trailers, after which a connection is closed."""


class BoundedHttp(HttpToolsProtocol):
    """HTTP/1.1 for `uvicorn.Config(http=BoundedHttp)`: no header can use up the memory.

    The parser keeps a header until it is complete, so that what counts is how much came in since
    it last had something to tell.
    """

    _unread = 0

    def data_received(self, data: bytes) -> None:
        """Parse *data*, and close the connection if its head is too long."""
        self._unread += len(data)
        super().data_received(data)
        if self._unread > LONGEST_HEAD and not self.transport.is_closing():
            self._refuse()

    def on_headers_complete(self) -> None:
        """Start afresh: what follows is a body."""
        self._unread = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Start afresh: *body* was handed on."""
        self._unread = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Start afresh: what follows is another request."""
        self._unread = 0
        super().on_message_complete()

    def _refuse(self) -> None:
        detail = f"The request's headers are over {LONGEST_HEAD} bytes: send less of them"
        document = Rejected(431, "HEADERS_TOO_LARGE", detail).document
        body = msgspec.json.encode(document)
        head = (
            f"HTTP/1.1 431 {document.title}\r\nContent-Type: {MEDIA_TYPE}\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()
