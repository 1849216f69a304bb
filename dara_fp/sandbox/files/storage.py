"""The cloud store behind presigned addresses: parts in, parts dropped, files out."""

from pathlib import Path
from typing import Annotated

import attrs
import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dara_fp.sandbox.files.files import file_response
from dara_fp.sandbox.files.paths import volume_path
from dara_fp.sandbox.files.presigned import (
    STORAGE_PATH,
    Grant,
    GrantRefused,
    Signer,
    expired,
    expiry,
)
from dara_fp.sandbox.files.uploads import Uploads
from dara_fp.sandbox.server.auth import base_url
from dara_fp.sandbox.server.errors import not_found
from dara_fp.sandbox.server.wire import json_response, read_query

__all__ = ["Storage"]


class _DownloadQuery(msgspec.Struct):
    path: Annotated[str, msgspec.Meta(min_length=1)]
    expire_time: str


@attrs.frozen(kw_only=True)
class Storage:
    """The routes that need no bearer token, because the address is the permission."""

    root: Path
    signer: Signer
    uploads: Uploads

    def routes(self) -> list[Route]:
        """Give the route of the store and the one that hands out download addresses."""
        return [
            Route("/api/2.0/fs/create-download-url", self.download_url, methods=["POST"]),
            Route(STORAGE_PATH, self.serve, methods=["GET", "HEAD", "PUT", "DELETE"]),
        ]

    async def download_url(self, request: Request) -> Response:
        """Answer an address that gives the content of a file without a token."""
        query = read_query(request, _DownloadQuery)
        if not volume_path(self.root, query.path).is_file():
            raise not_found("The file being accessed is not found.")
        grant = Grant(verb="GET", target=query.path, expires=expiry(query.expire_time))
        url = self.signer.address(base_url(request), grant)
        return json_response({"url": url, "headers": []})

    async def serve(self, request: Request) -> Response:
        """Do what the address of *request* allows."""
        verb = "GET" if request.method == "HEAD" else request.method
        query = request.query_params
        try:
            grant = self.signer.check(query.get("grant", ""), query.get("signature", ""), verb)
        except GrantRefused as refused:
            return expired(refused)
        if verb == "PUT":
            etag = await self.uploads.store_part(grant, request.stream())
            return Response(headers={"ETag": etag})
        if verb == "DELETE":
            self.uploads.abort(grant)
            return Response()
        return file_response(request, volume_path(self.root, grant.target))
