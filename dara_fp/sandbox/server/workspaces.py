"""The workspaces of a sandbox: each has keys, and a world of its own that is built on demand."""

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import attrs
import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dara_fp.sandbox.files.disk import write_atomically
from dara_fp.sandbox.server.auth import WORKSPACE_ID, Tokens, base_url, digest
from dara_fp.sandbox.server.errors import already_exists, invalid
from dara_fp.sandbox.server.faults import OWN
from dara_fp.sandbox.server.wire import json_response, read_body
from dara_fp.sandbox.server.world import Seat, World

__all__ = ["TOKEN_CHARACTERS", "Keys", "Workspaces"]

TOKEN_CHARACTERS = 8
WORKSPACE_LIMIT = 1_000


@attrs.frozen(kw_only=True)
class Keys:
    """What opens a workspace: a token, and the id and the secret of a service principal.

    Only digests are kept, and the client's id, which is no secret.
    """

    token: bytes
    client_id: str | None = None
    client_secret: bytes = b""

    @classmethod
    def of(cls, token: str, client_id: str | None, client_secret: str | None) -> "Keys":
        """Give the keys with this *token*, and the client if both its parts are given.

        Raises:
            ValueError: *token* is too short.
        """
        if len(token) < TOKEN_CHARACTERS:
            raise ValueError(
                f"the token needs {TOKEN_CHARACTERS} characters or more: choose a longer one"
            )
        if not (client_id and client_secret):
            return cls(token=digest(token))
        return cls(token=digest(token), client_id=client_id, client_secret=digest(client_secret))


class _Kept(msgspec.Struct, frozen=True):
    workspace_id: str
    keys: Keys


class _Wanted(msgspec.Struct, forbid_unknown_fields=True):
    token: Annotated[str, msgspec.Meta(min_length=TOKEN_CHARACTERS, max_length=1000)] | None = None
    client_id: Annotated[str, msgspec.Meta(min_length=1, max_length=200)] | None = None
    client_secret: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)] | None = None


class Workspaces:
    """All workspaces below *data_dir*. *first* opens the one that is always there."""

    def __init__(
        self, data_dir: Path, first: Keys, build: "Callable[[Seat, Path, Workspaces], World]"
    ) -> None:
        self._data_dir = data_dir
        self._build = build
        self._others_at = data_dir / "workspaces.json"
        self._others = _load(self._others_at)
        self._seats = {WORKSPACE_ID: self._seat(_Kept(WORKSPACE_ID, first))}
        self._keys = {WORKSPACE_ID: first} | {kept.workspace_id: kept.keys for kept in self._others}
        self._seats |= {kept.workspace_id: self._seat(kept) for kept in self._others}
        self._worlds: dict[str, World] = {}

    def routes(self) -> list[Route]:
        """Give the routes that list workspaces and make them."""
        return [
            Route(f"{OWN}/workspaces", self.show, methods=["GET"]),
            Route(f"{OWN}/workspaces", self.make, methods=["POST"]),
        ]

    @property
    def alone(self) -> bool:
        """Whether there is one workspace only."""
        return len(self._seats) == 1

    def by_token(self, token: str) -> World | None:
        """Give the workspace that *token* is of."""
        found = (seat for seat in self._seats.values() if seat.tokens.accepts(token))
        seat = next(found, None)
        return self._world(seat) if seat else None

    def by_id(self, workspace_id: str) -> World:
        """Give the workspace *workspace_id*; the first one when there is none of that name."""
        return self._world(self._seats.get(workspace_id) or self._seats[WORKSPACE_ID])

    def tokens_of(self, client_id: str, client_secret: str) -> Tokens | None:
        """Give the tokens of the workspace that knows this service principal."""
        wanted = (client_id, digest(client_secret))
        for workspace_id, keys in self._keys.items():
            if keys.client_id is not None and wanted == (keys.client_id, keys.client_secret):
                return self._seats[workspace_id].tokens
        return None

    def opened(self) -> Iterator[World]:
        """Give the worlds that were built."""
        return iter(self._worlds.values())

    async def show(self, _request: Request) -> Response:
        """Answer the ids of all workspaces; nothing tells their keys."""
        shown = [{"workspace_id": workspace_id} for workspace_id in self._seats]
        return json_response({"workspaces": shown})

    async def make(self, request: Request) -> Response:
        """Make a workspace with the keys that are asked for; what is not given is drawn."""
        wanted = await read_body(request, _Wanted)
        token = wanted.token or "dapi" + secrets.token_hex(16)
        client_id = wanted.client_id or secrets.token_hex(16)
        client_secret = wanted.client_secret or "dose" + secrets.token_hex(16)
        self._check(token, client_id)
        made = self.add(Keys.of(token, client_id, client_secret))
        return json_response(
            {
                "workspace_id": made,
                "host": base_url(request),
                "token": token,
                "client_id": client_id,
                "client_secret": client_secret,
            }
        )

    def add(self, keys: Keys) -> str:
        """Keep a new workspace that *keys* open, and give its id."""
        kept = _Kept(str(int(WORKSPACE_ID) + len(self._seats)), keys)
        self._others = [*self._others, kept]
        write_atomically(self._others_at, msgspec.json.encode(self._others))
        self._keys[kept.workspace_id] = keys
        self._seats[kept.workspace_id] = self._seat(kept)
        return kept.workspace_id

    def _check(self, token: str, client_id: str) -> None:
        if any(seat.tokens.accepts(token) for seat in self._seats.values()):
            raise already_exists("A workspace has this token already: use it, or choose another.")
        if any(keys.client_id == client_id for keys in self._keys.values()):
            said = f"A workspace knows the client {client_id!r} already: choose another id."
            raise already_exists(said)
        if len(self._seats) >= WORKSPACE_LIMIT:
            raise invalid(f"The sandbox has {WORKSPACE_LIMIT} workspaces: start another one.")

    def _world(self, seat: Seat) -> World:
        if seat.workspace_id not in self._worlds:
            self._worlds[seat.workspace_id] = self._build(
                seat, self._place(seat.workspace_id), self
            )
        return self._worlds[seat.workspace_id]

    def _seat(self, kept: _Kept) -> Seat:
        issued = self._place(kept.workspace_id) / "tokens.json"
        tokens = Tokens.known(kept.keys.token, issued)
        return Seat(workspace_id=kept.workspace_id, tokens=tokens)

    def _place(self, workspace_id: str) -> Path:
        if workspace_id == WORKSPACE_ID:
            return self._data_dir
        return self._data_dir / "workspaces" / workspace_id


def _load(file: Path) -> list[_Kept]:
    return msgspec.json.decode(file.read_bytes(), type=list[_Kept]) if file.exists() else []
