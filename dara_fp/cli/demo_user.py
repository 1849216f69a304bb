"""An app's user, as the demo plays one: over HTTP, like anyone else."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Any, Self

import httpx
import msgspec
from rich.console import Console

from dara_fp.cli.demo_documents import Document
from dara_fp.core.errors import StepError, StepFailed, WorkflowFailed
from dara_fp.runtime.status import TaskStatus
from dara_fp.steps.vectors import Passage

__all__ = ["User"]

_PREFIX = "/api/v1/workflow"
_POLL_SECONDS = 0.2


class User:
    """Starts workflows and polls their tasks."""

    def __init__(self, api: str) -> None:
        """Talk to the server at *api*."""
        self._http = httpx.AsyncClient(base_url=api, timeout=120, trust_env=False)

    async def __aenter__(self) -> Self:
        """Begin."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Hang up."""
        await self._http.aclose()

    async def upload(
        self, workflow: str, field: str, documents: Sequence[Document], console: Console
    ) -> str:
        """Send *documents* as file parts, and give the id of the task they started."""
        parts = [
            (field, (document.name, document.text.encode(), "text/markdown"))
            for document in documents
        ]
        with console.status("uploading ..."):
            return await self._start(workflow, files=parts)

    async def watch(self, task_id: str) -> AsyncGenerator[TaskStatus]:
        """Poll the task until it has ended."""
        while True:
            answer = _checked(await self._http.get(f"{_PREFIX}/status/{task_id}"))
            status = msgspec.json.decode(answer.content, type=TaskStatus)
            yield status
            if status.state.final:
                return
            await asyncio.sleep(_POLL_SECONDS)

    async def ask(self, question: str) -> tuple[Passage, ...]:
        """Give the passages that answer *question* best."""
        task_id = await self._start("ask-documents", json={"question": question})
        last = [status async for status in self.watch(task_id)][-1]
        if last.error is not None:
            raise WorkflowFailed(last.error)
        return msgspec.json.decode(last.context["passages"], type=tuple[Passage, ...])

    async def _start(self, workflow: str, **body: Any) -> str:
        answer = _checked(await self._http.post(f"{_PREFIX}/{workflow}", **body))
        task_id: str = answer.json()["task_id"]
        return task_id


def _checked(answer: httpx.Response) -> httpx.Response:
    if answer.is_error:
        said = answer.json().get("detail", answer.text)
        raise StepFailed(StepError(message=said, status=answer.status_code))
    return answer
