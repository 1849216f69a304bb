# Written by `make stubs` from the installed databricks-sdk: not for changing by hand.

from collections.abc import AsyncIterator
from typing import Any

from databricks.sdk.service import dataquality as _dataquality

class DataQualityAPI:
    async def cancel_refresh(
        self, object_type: str, object_id: str, refresh_id: int
    ) -> _dataquality.CancelRefreshResponse: ...
    async def create_monitor(self, monitor: _dataquality.Monitor) -> _dataquality.Monitor: ...
    async def create_refresh(
        self, object_type: str, object_id: str, refresh: _dataquality.Refresh
    ) -> _dataquality.Refresh: ...
    async def delete_monitor(self, object_type: str, object_id: str) -> None: ...
    async def delete_refresh(self, object_type: str, object_id: str, refresh_id: int) -> None: ...
    async def get_monitor(self, object_type: str, object_id: str) -> _dataquality.Monitor: ...
    async def get_refresh(
        self, object_type: str, object_id: str, refresh_id: int
    ) -> _dataquality.Refresh: ...
    def list_monitor(
        self, *, page_size: int | None = ..., page_token: str | None = ...
    ) -> AsyncIterator[_dataquality.Monitor]: ...
    def list_refresh(
        self,
        object_type: str,
        object_id: str,
        *,
        page_size: int | None = ...,
        page_token: str | None = ...,
    ) -> AsyncIterator[_dataquality.Refresh]: ...
    async def update_monitor(
        self, object_type: str, object_id: str, monitor: _dataquality.Monitor, update_mask: str
    ) -> _dataquality.Monitor: ...
    async def update_refresh(
        self,
        object_type: str,
        object_id: str,
        refresh_id: int,
        refresh: _dataquality.Refresh,
        update_mask: str,
    ) -> _dataquality.Refresh: ...
    def __getattr__(self, name: str) -> Any: ...
