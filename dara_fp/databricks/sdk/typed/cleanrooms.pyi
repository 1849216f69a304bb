# Written by `make stubs` from the installed databricks-sdk: not for changing by hand.
# ruff: noqa: ASYNC109

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

from databricks.sdk.service import cleanrooms as _cleanrooms

from dara_fp.databricks.sdk.waits import Wait

class CleanRoomAssetRevisionsAPI:
    async def get(
        self,
        clean_room_name: str,
        asset_type: _cleanrooms.CleanRoomAssetAssetType,
        name: str,
        etag: str,
    ) -> _cleanrooms.CleanRoomAsset: ...
    def list(
        self,
        clean_room_name: str,
        asset_type: _cleanrooms.CleanRoomAssetAssetType,
        name: str,
        *,
        page_size: int | None = ...,
        page_token: str | None = ...,
    ) -> AsyncIterator[_cleanrooms.CleanRoomAsset]: ...
    def __getattr__(self, name: str) -> Any: ...

class CleanRoomAssetsAPI:
    async def create(
        self, clean_room_name: str, asset: _cleanrooms.CleanRoomAsset
    ) -> _cleanrooms.CleanRoomAsset: ...
    async def create_clean_room_asset_review(
        self,
        clean_room_name: str,
        asset_type: _cleanrooms.CleanRoomAssetAssetType,
        name: str,
        *,
        jar_analysis_review: _cleanrooms.JarAnalysisVersionReview | None = ...,
        notebook_review: _cleanrooms.NotebookVersionReview | None = ...,
    ) -> _cleanrooms.CreateCleanRoomAssetReviewResponse: ...
    async def delete(
        self, clean_room_name: str, asset_type: _cleanrooms.CleanRoomAssetAssetType, name: str
    ) -> None: ...
    async def get(
        self, clean_room_name: str, asset_type: _cleanrooms.CleanRoomAssetAssetType, name: str
    ) -> _cleanrooms.CleanRoomAsset: ...
    def list(
        self, clean_room_name: str, *, page_token: str | None = ...
    ) -> AsyncIterator[_cleanrooms.CleanRoomAsset]: ...
    async def update(
        self,
        clean_room_name: str,
        asset_type: _cleanrooms.CleanRoomAssetAssetType,
        name: str,
        asset: _cleanrooms.CleanRoomAsset,
    ) -> _cleanrooms.CleanRoomAsset: ...
    def __getattr__(self, name: str) -> Any: ...

class CleanRoomAutoApprovalRulesAPI:
    async def create(
        self, clean_room_name: str, auto_approval_rule: _cleanrooms.CleanRoomAutoApprovalRule
    ) -> _cleanrooms.CleanRoomAutoApprovalRule: ...
    async def delete(self, clean_room_name: str, rule_id: str) -> None: ...
    async def get(
        self, clean_room_name: str, rule_id: str
    ) -> _cleanrooms.CleanRoomAutoApprovalRule: ...
    def list(
        self, clean_room_name: str, *, page_size: int | None = ..., page_token: str | None = ...
    ) -> AsyncIterator[_cleanrooms.CleanRoomAutoApprovalRule]: ...
    async def update(
        self,
        clean_room_name: str,
        rule_id: str,
        auto_approval_rule: _cleanrooms.CleanRoomAutoApprovalRule,
    ) -> _cleanrooms.CleanRoomAutoApprovalRule: ...
    def __getattr__(self, name: str) -> Any: ...

class CleanRoomTaskRunsAPI:
    def list(
        self,
        clean_room_name: str,
        *,
        notebook_name: str | None = ...,
        page_size: int | None = ...,
        page_token: str | None = ...,
    ) -> AsyncIterator[_cleanrooms.CleanRoomNotebookTaskRun]: ...
    def list_clean_room_task_runs_handler(
        self,
        clean_room_name: str,
        *,
        name: str | None = ...,
        page_size: int | None = ...,
        page_token: str | None = ...,
        task_type: _cleanrooms.CleanRoomTaskType | None = ...,
    ) -> AsyncIterator[_cleanrooms.CleanRoomTaskRun]: ...
    def __getattr__(self, name: str) -> Any: ...

class CleanRoomsAPI:
    async def create(self, clean_room: _cleanrooms.CleanRoom) -> Wait[_cleanrooms.CleanRoom]: ...
    async def create_and_wait(
        self, clean_room: _cleanrooms.CleanRoom, timeout: timedelta | float | None = ...
    ) -> _cleanrooms.CleanRoom: ...
    async def create_output_catalog(
        self, clean_room_name: str, output_catalog: _cleanrooms.CleanRoomOutputCatalog
    ) -> _cleanrooms.CreateCleanRoomOutputCatalogResponse: ...
    async def delete(self, name: str) -> None: ...
    async def get(self, name: str) -> _cleanrooms.CleanRoom: ...
    def list(
        self, *, page_size: int | None = ..., page_token: str | None = ...
    ) -> AsyncIterator[_cleanrooms.CleanRoom]: ...
    async def update(
        self, name: str, *, clean_room: _cleanrooms.CleanRoom | None = ...
    ) -> _cleanrooms.CleanRoom: ...
    async def wait_get_clean_room_active(
        self,
        name: str,
        timeout: timedelta = ...,
        callback: Callable[[_cleanrooms.CleanRoom], None] | None = ...,
    ) -> _cleanrooms.CleanRoom: ...
    def __getattr__(self, name: str) -> Any: ...
