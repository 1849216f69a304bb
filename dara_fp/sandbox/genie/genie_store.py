"""Spaces and conversations in memory while the sandbox runs, in small files beside."""

from pathlib import Path
from typing import TypeVar

import attrs
import msgspec

from dara_fp.sandbox.files.disk import write_atomically
from dara_fp.sandbox.genie.genie_records import ENDED, Conversation, Message, Space, Status
from dara_fp.sandbox.server.errors import missing

__all__ = ["GenieStore"]

LOST = "The sandbox was stopped while the question was being answered."
T = TypeVar("T")


class GenieStore:
    """All spaces and conversations below *directory*.

    Questions that were being answered when the sandbox ended have failed.
    """

    def __init__(self, directory: Path) -> None:
        self._spaces_at = directory / "spaces"
        self._conversations_at = directory / "conversations"
        self._spaces = {known.space_id: known for known in _load(self._spaces_at, Space)}
        found = _load(self._conversations_at, Conversation)
        self._conversations = {known.conversation_id: known for known in found}
        for conversation in found:
            for message in conversation.messages:
                if message.status not in ENDED:
                    self.keep_message(conversation.conversation_id, _lost(message))

    def spaces(self) -> list[Space]:
        """Give all spaces, the oldest first."""
        return sorted(self._spaces.values(), key=lambda known: (known.created, known.space_id))

    def space(self, space_id: str) -> Space:
        """Give the space *space_id*.

        Raises:
            ApiError: 404; there is none.
        """
        if space_id not in self._spaces:
            raise missing(f"Genie space {space_id[:100]} does not exist.")
        return self._spaces[space_id]

    def keep_space(self, space: Space) -> Space:
        """Keep the new *space*."""
        self._spaces[space.space_id] = space
        write_atomically(self._spaces_at / f"{space.space_id}.json", msgspec.json.encode(space))
        return space

    def forget_space(self, space_id: str) -> None:
        """Forget the space *space_id*, which has no conversations any more."""
        del self._spaces[space_id]
        (self._spaces_at / f"{space_id}.json").unlink(missing_ok=True)

    def conversations(self, space_id: str) -> list[Conversation]:
        """Give the conversations in the space *space_id*, the newest first."""
        found = [known for known in self._conversations.values() if known.space_id == space_id]
        return sorted(found, key=lambda known: (-known.created, known.conversation_id))

    def conversation(self, space_id: str, conversation_id: str) -> Conversation:
        """Give the conversation *conversation_id* in the space *space_id*.

        Raises:
            ApiError: 404; there is no such space, or no such conversation in it.
        """
        self.space(space_id)
        found = self._conversations.get(conversation_id)
        if found is None or found.space_id != space_id:
            raise missing(f"Conversation {conversation_id[:100]} does not exist.")
        return found

    def keep(self, conversation: Conversation) -> Conversation:
        """Keep the new *conversation*."""
        self._conversations[conversation.conversation_id] = conversation
        place = self._conversations_at / f"{conversation.conversation_id}.json"
        write_atomically(place, msgspec.json.encode(conversation))
        return conversation

    def keep_message(self, conversation_id: str, message: Message) -> None:
        """Keep *message* as it is now, if it is still there."""
        if (known := self._conversations.get(conversation_id)) is not None:
            self.keep(known.having(message))

    def forget(self, conversation_id: str) -> None:
        """Forget the conversation *conversation_id*."""
        del self._conversations[conversation_id]
        (self._conversations_at / f"{conversation_id}.json").unlink(missing_ok=True)


def _load(directory: Path, kind: type[T]) -> list[T]:
    return [msgspec.json.decode(file.read_bytes(), type=kind) for file in directory.glob("*.json")]


def _lost(message: Message) -> Message:
    code = "UNEXPECTED_REPLY_PROCESS_EXCEPTION"
    return attrs.evolve(message, status=Status.FAILED, error=LOST, error_type=code)
