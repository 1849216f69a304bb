"""Serving endpoints for embeddings and chats, in the shapes of Databricks and of OpenAI."""

import base64
import uuid
from collections.abc import Sequence
from typing import Annotated, Final, Literal

import attrs
import msgspec
import numpy as np
from numpy.typing import NDArray
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dara_fp.sandbox.server.auth import USER
from dara_fp.sandbox.server.errors import ApiError, missing
from dara_fp.sandbox.server.wire import Json, json_response, read_body
from dara_fp.sandbox.serving.chat_wire import CHAT_MODELS, ChatRequest, chat_response, tokens
from dara_fp.sandbox.serving.embedding import MODELS, Embedder

__all__ = ["INPUT_LIMIT", "Serving"]

INPUT_LIMIT = 150
CREATED = 1_700_000_000_000
TASKS: Final = {
    **dict.fromkeys(MODELS, "llm/v1/embeddings"),
    **dict.fromkeys(CHAT_MODELS, "llm/v1/chat"),
}


class EmbeddingsRequest(msgspec.Struct):
    """The body of an invocation."""

    input: str | Annotated[list[str], msgspec.Meta(min_length=1)]
    model: str = ""
    encoding_format: Literal["float", "base64"] = "float"


@attrs.frozen(kw_only=True)
class Serving:
    """The routes of serving endpoints."""

    embedder: Embedder

    def routes(self) -> list[Route]:
        """Give the routes."""
        return [
            Route("/serving-endpoints/embeddings", self.embeddings, methods=["POST"]),
            Route("/serving-endpoints/chat/completions", self.completions, methods=["POST"]),
            Route("/serving-endpoints/{name}/invocations", self.invoke, methods=["POST"]),
            Route("/api/2.0/serving-endpoints", self.list, methods=["GET"]),
            Route("/api/2.0/serving-endpoints/{name}", self.get, methods=["GET"]),
        ]

    async def invoke(self, request: Request) -> Response:
        """Embed, or answer, with the endpoint in the path."""
        name = str(request.path_params["name"])
        if name in CHAT_MODELS:
            return chat_response(name, await read_body(request, ChatRequest))
        if name not in MODELS:
            raise _no_endpoint(name, tuple(TASKS))
        return await self._embed(name, await read_body(request, EmbeddingsRequest))

    async def embeddings(self, request: Request) -> Response:
        """Embed with the endpoint in `model`, as the OpenAI client asks."""
        asked = await read_body(request, EmbeddingsRequest)
        return await self._embed(asked.model, asked)

    async def completions(self, request: Request) -> Response:
        """Answer with the endpoint in `model`, as the OpenAI client asks."""
        asked = await read_body(request, ChatRequest)
        if asked.model not in CHAT_MODELS:
            raise _no_endpoint(asked.model, CHAT_MODELS)
        return chat_response(asked.model, asked)

    async def list(self, _request: Request) -> Response:
        """Answer all endpoints."""
        return json_response({"endpoints": [_endpoint(name) for name in TASKS]})

    async def get(self, request: Request) -> Response:
        """Answer one endpoint."""
        name = str(request.path_params["name"])
        if name not in TASKS:
            raise missing(f"Endpoint with name {name!r} does not exist.")
        return json_response(_endpoint(name))

    async def _embed(self, name: str, asked: EmbeddingsRequest) -> Response:
        if name not in MODELS:
            raise _no_endpoint(name, MODELS)
        texts = [asked.input] if isinstance(asked.input, str) else asked.input
        if len(texts) > INPUT_LIMIT:
            said = f"Input embeddings size is too large, exceeding {INPUT_LIMIT} limit for {name}"
            raise ApiError(
                status=400, error_code="BAD_REQUEST", message=f"{said}: got {len(texts)}"
            )
        vectors = await self.embedder.embed(texts)
        count = sum(tokens(text) for text in texts)
        body = {
            "id": str(uuid.uuid4()),
            "object": "list",
            "model": name,
            "data": [
                {"object": "embedding", "index": place, "embedding": _shown(vector, asked)}
                for place, vector in enumerate(vectors)
            ],
            "usage": {"prompt_tokens": count, "total_tokens": count},
        }
        return json_response(body, {"served-model-name": name})


def _shown(vector: NDArray[np.float32], asked: EmbeddingsRequest) -> object:
    if asked.encoding_format == "base64":
        return base64.b64encode(vector.astype("<f4").tobytes()).decode()
    return vector.tolist()


def _no_endpoint(name: str, known: Sequence[str]) -> ApiError:
    said = f"The given endpoint {name!r} does not exist: the sandbox has {', '.join(known)}."
    return ApiError(status=404, error_code="ENDPOINT_NOT_FOUND", message=said)


def _endpoint(name: str) -> Json:
    return {
        "id": uuid.uuid5(uuid.NAMESPACE_URL, name).hex,
        "name": name,
        "creator": USER,
        "creation_timestamp": CREATED,
        "last_updated_timestamp": CREATED,
        "state": {"ready": "READY", "config_update": "NOT_UPDATING"},
        "config": {"served_entities": [{"name": name, "entity_name": f"system.ai.{name}"}]},
        "task": TASKS[name],
        "permission_level": "CAN_QUERY",
        "endpoint_type": "FOUNDATION_MODEL_API",
    }
