# Written by `make stubs` from the installed databricks-sdk: not for changing by hand.
# pyright: reportMissingTypeStubs=false

from collections.abc import AsyncIterator
from typing import Any

from databricks.sdk.common.types.fieldmask import FieldMask
from databricks.sdk.service import disasterrecovery as _disasterrecovery

class DisasterRecoveryAPI:
    async def create_failover_group(
        self,
        parent: str,
        failover_group: _disasterrecovery.FailoverGroup,
        failover_group_id: str,
        *,
        validate_only: bool | None = ...,
    ) -> _disasterrecovery.FailoverGroup: ...
    async def create_stable_url(
        self,
        parent: str,
        stable_url: _disasterrecovery.StableUrl,
        stable_url_id: str,
        *,
        validate_only: bool | None = ...,
    ) -> _disasterrecovery.StableUrl: ...
    async def delete_failover_group(self, name: str, *, etag: str | None = ...) -> None: ...
    async def delete_stable_url(self, name: str) -> None: ...
    async def failover_failover_group(
        self,
        name: str,
        target_primary_region: str,
        failover_type: _disasterrecovery.FailoverFailoverGroupRequestFailoverType,
        *,
        etag: str | None = ...,
    ) -> _disasterrecovery.FailoverGroup: ...
    async def get_failover_group(self, name: str) -> _disasterrecovery.FailoverGroup: ...
    async def get_stable_url(self, name: str) -> _disasterrecovery.StableUrl: ...
    def list_failover_groups(
        self, parent: str, *, page_size: int | None = ..., page_token: str | None = ...
    ) -> AsyncIterator[_disasterrecovery.FailoverGroup]: ...
    def list_stable_urls(
        self, parent: str, *, page_size: int | None = ..., page_token: str | None = ...
    ) -> AsyncIterator[_disasterrecovery.StableUrl]: ...
    async def update_failover_group(
        self,
        name: str,
        failover_group: _disasterrecovery.FailoverGroup,
        update_mask: FieldMask,
        *,
        etag: str | None = ...,
    ) -> _disasterrecovery.FailoverGroup: ...
    def __getattr__(self, name: str) -> Any: ...
