"""Served models: queries, and embeddings of texts."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from dara_fp.core.errors import StepError
from dara_fp.databricks.calls import Answer, Calls
from dara_fp.databricks.errors import UnexpectedAnswer

__all__ = ["Models"]


class Models:
    """Models behind serving endpoints."""

    def __init__(self, calls: Calls) -> None:
        """Use *calls*."""
        self._calls = calls

    async def query(self, name: str, **body: Any) -> dict[str, Any]:
        """Ask the endpoint *name*, with `input=`, `messages=` or what else its model takes.

        Sent once: asking a model may cost, and may do something.

        Raises:
            DatabricksError: The workspace refused, or no answer came.
        """
        return (await self._ask(name, body, idempotent=False)).decoded(dict[str, Any])

    async def embed(self, name: str, texts: Sequence[str]) -> list[list[float]]:
        """Give the embedding of each of *texts* from the endpoint *name*, in their order.

        Args:
            name: An endpoint of an embedding model, such as `databricks-gte-large-en`.
            texts: What to embed; none need no call. A model limits how many go at a time.

        Returns:
            One vector a text.

        Raises:
            UnexpectedAnswer: There is not one vector a text.
            DatabricksError: The workspace refused, or no answer came.
        """
        if not texts:
            return []
        answer = await self._ask(name, {"input": list(texts)}, idempotent=True)
        found = sorted(answer.decoded(_Embeddings).data, key=lambda embedding: embedding.index)
        if [embedding.index for embedding in found] != [*range(len(texts))]:
            raise UnexpectedAnswer(
                StepError(
                    message=f"{answer.call}: {len(found)} embeddings for {len(texts)} texts:"
                    " check that the endpoint serves an embedding model",
                    status=answer.status,
                ),
            )
        return [embedding.embedding for embedding in found]

    async def _ask(self, name: str, body: dict[str, Any], *, idempotent: bool) -> Answer:
        path = f"/serving-endpoints/{quote(name, safe='')}/invocations"
        return await self._calls.json("POST", path, body=body, idempotent=idempotent)


class _Embedding(msgspec.Struct):
    index: int
    embedding: list[float]


class _Embeddings(msgspec.Struct):
    data: list[_Embedding]
