# Written by `make stubs` from the installed databricks-sdk: not for changing by hand.
# ruff: noqa: A002

from collections.abc import AsyncIterator
from typing import Any

from databricks.sdk.service import sharing as _sharing

class ProvidersAPI:
    async def create(
        self,
        name: str,
        authentication_type: _sharing.AuthenticationType,
        *,
        comment: str | None = ...,
        recipient_profile_str: str | None = ...,
    ) -> _sharing.ProviderInfo: ...
    async def delete(self, name: str) -> None: ...
    async def get(self, name: str) -> _sharing.ProviderInfo: ...
    def list(
        self,
        *,
        data_provider_global_metastore_id: str | None = ...,
        max_results: int | None = ...,
        page_token: str | None = ...,
    ) -> AsyncIterator[_sharing.ProviderInfo]: ...
    async def list_provider_share_assets(
        self,
        provider_name: str,
        share_name: str,
        *,
        function_max_results: int | None = ...,
        notebook_max_results: int | None = ...,
        table_max_results: int | None = ...,
        volume_max_results: int | None = ...,
    ) -> _sharing.ListProviderShareAssetsResponse: ...
    def list_shares(
        self, name: str, *, max_results: int | None = ..., page_token: str | None = ...
    ) -> AsyncIterator[_sharing.ProviderShare]: ...
    async def update(
        self,
        name: str,
        *,
        comment: str | None = ...,
        new_name: str | None = ...,
        owner: str | None = ...,
        recipient_profile_str: str | None = ...,
    ) -> _sharing.ProviderInfo: ...
    def __getattr__(self, name: str) -> Any: ...

class RecipientActivationAPI:
    async def get_activation_url_info(self, activation_url: str) -> None: ...
    async def retrieve_token(self, activation_url: str) -> _sharing.RetrieveTokenResponse: ...
    def __getattr__(self, name: str) -> Any: ...

class RecipientFederationPoliciesAPI:
    async def create(
        self, recipient_name: str, policy: _sharing.FederationPolicy
    ) -> _sharing.FederationPolicy: ...
    async def delete(self, recipient_name: str, name: str) -> None: ...
    async def get_federation_policy(
        self, recipient_name: str, name: str
    ) -> _sharing.FederationPolicy: ...
    def list(
        self, recipient_name: str, *, max_results: int | None = ..., page_token: str | None = ...
    ) -> AsyncIterator[_sharing.FederationPolicy]: ...
    def __getattr__(self, name: str) -> Any: ...

class RecipientsAPI:
    async def create(
        self,
        name: str,
        authentication_type: _sharing.AuthenticationType,
        *,
        comment: str | None = ...,
        data_recipient_global_metastore_id: str | None = ...,
        expiration_time: int | None = ...,
        id: str | None = ...,
        ip_access_list: _sharing.IpAccessList | None = ...,
        owner: str | None = ...,
        properties_kvpairs: _sharing.SecurablePropertiesKvPairs | None = ...,
        sharing_code: str | None = ...,
    ) -> _sharing.RecipientInfo: ...
    async def delete(self, name: str) -> None: ...
    async def get(self, name: str) -> _sharing.RecipientInfo: ...
    def list(
        self,
        *,
        data_recipient_global_metastore_id: str | None = ...,
        max_results: int | None = ...,
        page_token: str | None = ...,
    ) -> AsyncIterator[_sharing.RecipientInfo]: ...
    async def rotate_token(
        self, name: str, existing_token_expire_in_seconds: int
    ) -> _sharing.RecipientInfo: ...
    async def share_permissions(
        self, name: str, *, max_results: int | None = ..., page_token: str | None = ...
    ) -> _sharing.GetRecipientSharePermissionsResponse: ...
    async def update(
        self,
        name: str,
        *,
        comment: str | None = ...,
        expiration_time: int | None = ...,
        id: str | None = ...,
        ip_access_list: _sharing.IpAccessList | None = ...,
        new_name: str | None = ...,
        owner: str | None = ...,
        properties_kvpairs: _sharing.SecurablePropertiesKvPairs | None = ...,
    ) -> _sharing.RecipientInfo: ...
    def __getattr__(self, name: str) -> Any: ...

class SharesAPI:
    async def create(
        self, name: str, *, comment: str | None = ..., storage_root: str | None = ...
    ) -> _sharing.ShareInfo: ...
    async def delete(self, name: str) -> None: ...
    async def get(
        self, name: str, *, include_shared_data: bool | None = ...
    ) -> _sharing.ShareInfo: ...
    def list_shares(
        self, *, max_results: int | None = ..., page_token: str | None = ...
    ) -> AsyncIterator[_sharing.ShareInfo]: ...
    async def share_permissions(
        self, name: str, *, max_results: int | None = ..., page_token: str | None = ...
    ) -> _sharing.GetSharePermissionsResponse: ...
    async def update(
        self,
        name: str,
        *,
        comment: str | None = ...,
        new_name: str | None = ...,
        owner: str | None = ...,
        storage_root: str | None = ...,
        updates: list[_sharing.SharedDataObjectUpdate] | None = ...,
    ) -> _sharing.ShareInfo: ...
    async def update_permissions(
        self,
        name: str,
        *,
        changes: list[_sharing.PermissionsChange] | None = ...,
        omit_permissions_list: bool | None = ...,
    ) -> _sharing.UpdateSharePermissionsResponse: ...
    def __getattr__(self, name: str) -> Any: ...
