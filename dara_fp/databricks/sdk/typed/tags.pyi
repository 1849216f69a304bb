# Written by `make stubs` from the installed databricks-sdk: not for changing by hand.

from collections.abc import AsyncIterator
from typing import Any

from databricks.sdk.service import tags as _tags

class TagPoliciesAPI:
    async def create_tag_policy(self, tag_policy: _tags.TagPolicy) -> _tags.TagPolicy: ...
    async def delete_tag_policy(self, tag_key: str) -> None: ...
    async def get_tag_policy(self, tag_key: str) -> _tags.TagPolicy: ...
    def list_tag_policies(
        self, *, page_size: int | None = ..., page_token: str | None = ...
    ) -> AsyncIterator[_tags.TagPolicy]: ...
    async def update_tag_policy(
        self, tag_key: str, tag_policy: _tags.TagPolicy, update_mask: str
    ) -> _tags.TagPolicy: ...
    def __getattr__(self, name: str) -> Any: ...

class WorkspaceEntityTagAssignmentsAPI:
    async def create_tag_assignment(
        self, tag_assignment: _tags.TagAssignment
    ) -> _tags.TagAssignment: ...
    async def delete_tag_assignment(
        self, entity_type: str, entity_id: str, tag_key: str
    ) -> None: ...
    async def get_tag_assignment(
        self, entity_type: str, entity_id: str, tag_key: str
    ) -> _tags.TagAssignment: ...
    def list_tag_assignments(
        self,
        entity_type: str,
        entity_id: str,
        *,
        page_size: int | None = ...,
        page_token: str | None = ...,
    ) -> AsyncIterator[_tags.TagAssignment]: ...
    async def update_tag_assignment(
        self,
        entity_type: str,
        entity_id: str,
        tag_key: str,
        tag_assignment: _tags.TagAssignment,
        update_mask: str,
    ) -> _tags.TagAssignment: ...
    def __getattr__(self, name: str) -> Any: ...
