# Written by `make stubs` from the installed databricks-sdk: not for changing by hand.
# pyright: reportMissingTypeStubs=false
# ruff: noqa: A002

from collections.abc import AsyncIterator
from typing import Any

from databricks.sdk.common.types.fieldmask import FieldMask
from databricks.sdk.service import agentkit as _agentkit

class AgentKitAPI:
    async def append_session_items(
        self, parent: str, items: list[_agentkit.SessionItem]
    ) -> _agentkit.AppendSessionItemsResponse: ...
    async def clear_session_items(self, parent: str) -> _agentkit.ClearSessionItemsResponse: ...
    async def create_memory(
        self,
        parent: str,
        managed_memory_entry: _agentkit.ManagedMemoryEntry,
        *,
        managed_memory_entry_id: str | None = ...,
    ) -> _agentkit.ManagedMemoryEntry: ...
    async def create_memory_store(
        self, managed_memory_store: _agentkit.ManagedMemoryStore, managed_memory_store_id: str
    ) -> _agentkit.ManagedMemoryStore: ...
    async def create_session(
        self, parent: str, session: _agentkit.Session, *, session_id: str | None = ...
    ) -> _agentkit.Session: ...
    async def create_session_store(
        self, session_store: _agentkit.SessionStore, session_store_id: str
    ) -> _agentkit.SessionStore: ...
    async def delete_memory(self, name: str) -> None: ...
    async def delete_memory_store(self, name: str) -> None: ...
    async def delete_session(self, name: str) -> None: ...
    async def delete_session_store(self, name: str) -> None: ...
    async def extract_memories(
        self,
        session_store: str,
        session_id: str,
        memory_store: str,
        *,
        dry_run: bool | None = ...,
        instructions: str | None = ...,
    ) -> _agentkit.ExtractMemoriesResponse: ...
    async def fork_session(
        self,
        parent: str,
        source_session_id: str,
        actor_id: str,
        *,
        metadata: dict[str, str] | None = ...,
        session_id: str | None = ...,
        up_to_item_id: str | None = ...,
    ) -> _agentkit.ForkSessionResponse: ...
    async def get_memory(
        self, name: str, *, view: _agentkit.ManagedMemoryEntryView | None = ...
    ) -> _agentkit.ManagedMemoryEntry: ...
    async def get_memory_store(self, name: str) -> _agentkit.ManagedMemoryStore: ...
    async def get_session(self, name: str) -> _agentkit.Session: ...
    async def get_session_store(self, name: str) -> _agentkit.SessionStore: ...
    def list_memories(
        self,
        parent: str,
        actor_id: str,
        *,
        page_size: int | None = ...,
        page_token: str | None = ...,
        path_prefix: str | None = ...,
        session_id: str | None = ...,
        view: _agentkit.ManagedMemoryEntryView | None = ...,
    ) -> AsyncIterator[_agentkit.ManagedMemoryEntry]: ...
    def list_memory_stores(
        self, *, page_size: int | None = ..., page_token: str | None = ...
    ) -> AsyncIterator[_agentkit.ManagedMemoryStore]: ...
    def list_session_items(
        self,
        parent: str,
        *,
        order_by: str | None = ...,
        page_size: int | None = ...,
        page_token: str | None = ...,
    ) -> AsyncIterator[_agentkit.SessionItem]: ...
    def list_session_stores(
        self, *, page_size: int | None = ..., page_token: str | None = ...
    ) -> AsyncIterator[_agentkit.SessionStore]: ...
    def list_sessions(
        self,
        parent: str,
        *,
        filter: str | None = ...,
        order_by: str | None = ...,
        page_size: int | None = ...,
        page_token: str | None = ...,
    ) -> AsyncIterator[_agentkit.Session]: ...
    async def pop_session_item(self, parent: str) -> _agentkit.PopSessionItemResponse: ...
    def search_memories(
        self,
        parent: str,
        actor_id: str,
        query: str,
        *,
        limit: int | None = ...,
        page_size: int | None = ...,
        page_token: str | None = ...,
        path_prefix: str | None = ...,
        session_id: str | None = ...,
        view: _agentkit.ManagedMemoryEntryView | None = ...,
    ) -> AsyncIterator[_agentkit.ManagedMemoryEntrySearchResult]: ...
    async def update_memory(
        self, name: str, managed_memory_entry: _agentkit.ManagedMemoryEntry, update_mask: FieldMask
    ) -> _agentkit.ManagedMemoryEntry: ...
    async def update_memory_store(
        self, name: str, managed_memory_store: _agentkit.ManagedMemoryStore, update_mask: FieldMask
    ) -> _agentkit.ManagedMemoryStore: ...
    async def update_session(
        self, name: str, session: _agentkit.Session, update_mask: FieldMask
    ) -> _agentkit.Session: ...
    async def update_session_store(
        self, name: str, session_store: _agentkit.SessionStore, update_mask: FieldMask
    ) -> _agentkit.SessionStore: ...
    def __getattr__(self, name: str) -> Any: ...
