# Written by `make stubs` from the installed databricks-sdk: not for changing by hand.
# pyright: reportMissingTypeStubs=false

from collections.abc import AsyncIterator
from typing import Any

from databricks.sdk.common.types.fieldmask import FieldMask
from databricks.sdk.service import domains as _domains

class DomainsAPI:
    async def create_domain(
        self, domain: _domains.Domain, *, domain_id: str | None = ...
    ) -> _domains.Domain: ...
    async def delete_domain(self, name: str, *, force: bool | None = ...) -> None: ...
    async def get_domain(self, name: str) -> _domains.Domain: ...
    def list_domains(
        self,
        *,
        page_size: int | None = ...,
        page_token: str | None = ...,
        parent_domain_id: str | None = ...,
    ) -> AsyncIterator[_domains.Domain]: ...
    async def update_domain(
        self, name: str, domain: _domains.Domain, update_mask: FieldMask
    ) -> _domains.Domain: ...
    def __getattr__(self, name: str) -> Any: ...
