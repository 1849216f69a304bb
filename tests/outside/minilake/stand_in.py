"""Serves a sandbox where minilake's tests expect theirs: `... run minilake --port 8123`.

Those tests bring one token and ask for everything to be forgotten before each of them. Here each
time is a new workspace, whose token is put into the place of theirs.
"""

import argparse
import tempfile
from pathlib import Path

import httpx
import uvicorn
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from dara_fp.sandbox import create_sandbox
from dara_fp.sandbox.server.stumbling import Connection

TOKEN = "dapi-of-the-stand-in"


class Forgetful:
    """The sandbox *app*, which begins anew when it is asked to."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.token: str | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif scope["path"].startswith("/_minilake/"):
            self.token = None
            await JSONResponse({"status": "ok"})(scope, receive, send)
        else:
            await self.app(await self._renamed(scope), receive, send)

    async def _renamed(self, scope: Scope) -> Scope:
        token = self.token or await self._new_workspace()
        self.token = token
        headers = [
            (name, f"Bearer {token}".encode() if name == b"authorization" else value)
            for name, value in scope["headers"]
        ]
        return {**scope, "headers": headers}

    async def _new_workspace(self) -> str:
        transport = httpx.ASGITransport(self.app)
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as http:
            made = await http.post("/_sandbox/workspaces", headers=bearer, json={})
        return str(made.raise_for_status().json()["token"])


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser()
    parser.add_argument("words", nargs=2)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", required=True)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        app = Forgetful(create_sandbox(Path(folder), token=TOKEN, rate_limits=False))
        uvicorn.run(app, host=asked.host, port=asked.port, log_level="warning", http=Connection)


if __name__ == "__main__":
    main()
