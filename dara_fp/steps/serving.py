"""Steps that talk to chat models."""

import asyncio
from typing import Protocol

import attrs
from returns.result import Success

from dara_fp.core.context import Evolves
from dara_fp.core.errors import Kind, Outcome, StepError, StepFailed, fail
from dara_fp.core.pipeline import step
from dara_fp.core.scope import Position
from dara_fp.databricks.environment import HasWorkspace
from dara_fp.databricks.models.models import ChatStream

__all__ = ["ChatMessage", "ChatReply", "ChatsWithModel", "chat"]

_LONGEST = 200_000
_EVERY = 0.5


@attrs.frozen(kw_only=True)
class ChatMessage:
    """One message of a chat; its *role* is `system`, `user` or `assistant`."""

    role: str
    content: str


@attrs.frozen(kw_only=True)
class ChatReply:
    """What a model answered.

    Attributes:
        text: The answer.
        model: The model that answered.
        finish_reason: Why it ended: `stop` by itself, `length` at the limit of tokens.
        prompt_tokens: Tokens of the messages; 0 where the model does not tell.
        completion_tokens: Tokens of the answer; 0 where the model does not tell.
    """

    text: str
    model: str | None = None
    finish_reason: str | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0


class ChatsWithModel(Evolves, Protocol):
    """What `chat` needs of a context; properties may make the messages of other fields."""

    @property
    def chat_model(self) -> str:
        """Name of a serving endpoint of a chat model."""
        ...

    @property
    def messages(self) -> tuple[ChatMessage, ...]:
        """What to say, the question last."""
        ...

    @property
    def max_tokens(self) -> int:
        """How many tokens the answer may have."""
        ...

    @property
    def reply(self) -> ChatReply | None:
        """What this step makes."""
        ...


@step
async def chat(ctx: ChatsWithModel, env: HasWorkspace, at: Position) -> Outcome[ChatsWithModel]:
    """Ask a chat model and read its answer (`POST serving-endpoints/{model}/invocations`, stream).

    How far it is, is told while tokens come. A step that is cut closes the connection, which tells
    the model to stop. One that is begun again by another worker asks again.
    """
    if not ctx.messages:
        return fail("there are no messages: give the question at least", kind="rejected")
    said = [attrs.asdict(message) for message in ctx.messages]
    asked = env.workspace.models.stream(ctx.chat_model, said, max_tokens=ctx.max_tokens)
    async with asked as stream:
        text = await _read(stream, at)
    if not text:
        return fail(f"the model {ctx.chat_model} answered nothing ({stream.finish_reason}): ask on")
    reply = ChatReply(
        text=text,
        model=stream.model,
        finish_reason=stream.finish_reason,
        prompt_tokens=stream.usage.prompt_tokens,
        completion_tokens=stream.usage.completion_tokens,
    )
    return Success(ctx.evolve(reply=reply))


async def _read(stream: ChatStream, at: Position) -> str:
    clock = asyncio.get_running_loop().time
    parts: list[str] = []
    length, told = 0, clock() - _EVERY
    async for piece in stream:
        parts.append(piece)
        length += len(piece)
        if length > _LONGEST:
            raise _too_long()
        if clock() - told >= _EVERY:
            told = clock()
            await at.report(f"{length} characters")
    return "".join(parts)


def _too_long() -> StepFailed:
    said = f"the answer has more than {_LONGEST:,} characters: set max_tokens lower"
    return StepFailed(StepError(kind=Kind.REJECTED, message=said))
