# Written by `make stubs` from the installed databricks-sdk: not for changing by hand.

import builtins
from collections.abc import AsyncIterator
from typing import Any

from databricks.sdk.service import oauth2 as _oauth2

class AccountFederationPolicyAPI:
    async def create(
        self, policy: _oauth2.FederationPolicy, *, policy_id: str | None = ...
    ) -> _oauth2.FederationPolicy: ...
    async def delete(self, policy_id: str) -> None: ...
    async def get(self, policy_id: str) -> _oauth2.FederationPolicy: ...
    def list(
        self, *, page_size: int | None = ..., page_token: str | None = ...
    ) -> AsyncIterator[_oauth2.FederationPolicy]: ...
    async def update(
        self, policy_id: str, policy: _oauth2.FederationPolicy, *, update_mask: str | None = ...
    ) -> _oauth2.FederationPolicy: ...
    def __getattr__(self, name: str) -> Any: ...

class CustomAppIntegrationAPI:
    async def create(
        self,
        *,
        confidential: bool | None = ...,
        name: str | None = ...,
        redirect_urls: builtins.list[str] | None = ...,
        scopes: builtins.list[str] | None = ...,
        token_access_policy: _oauth2.TokenAccessPolicy | None = ...,
        user_authorized_scopes: builtins.list[str] | None = ...,
    ) -> _oauth2.CreateCustomAppIntegrationOutput: ...
    async def delete(self, integration_id: str) -> None: ...
    async def get(self, integration_id: str) -> _oauth2.GetCustomAppIntegrationOutput: ...
    def list(
        self,
        *,
        include_creator_username: bool | None = ...,
        page_size: int | None = ...,
        page_token: str | None = ...,
    ) -> AsyncIterator[_oauth2.GetCustomAppIntegrationOutput]: ...
    async def update(
        self,
        integration_id: str,
        *,
        redirect_urls: builtins.list[str] | None = ...,
        scopes: builtins.list[str] | None = ...,
        token_access_policy: _oauth2.TokenAccessPolicy | None = ...,
        user_authorized_scopes: builtins.list[str] | None = ...,
    ) -> None: ...
    def __getattr__(self, name: str) -> Any: ...

class OAuthPublishedAppsAPI:
    def list(
        self, *, page_size: int | None = ..., page_token: str | None = ...
    ) -> AsyncIterator[_oauth2.PublishedAppOutput]: ...
    def __getattr__(self, name: str) -> Any: ...

class PublishedAppIntegrationAPI:
    async def create(
        self,
        *,
        app_id: str | None = ...,
        token_access_policy: _oauth2.TokenAccessPolicy | None = ...,
    ) -> _oauth2.CreatePublishedAppIntegrationOutput: ...
    async def delete(self, integration_id: str) -> None: ...
    async def get(self, integration_id: str) -> _oauth2.GetPublishedAppIntegrationOutput: ...
    def list(
        self, *, page_size: int | None = ..., page_token: str | None = ...
    ) -> AsyncIterator[_oauth2.GetPublishedAppIntegrationOutput]: ...
    async def update(
        self, integration_id: str, *, token_access_policy: _oauth2.TokenAccessPolicy | None = ...
    ) -> None: ...
    def __getattr__(self, name: str) -> Any: ...

class ServicePrincipalFederationPolicyAPI:
    async def create(
        self,
        service_principal_id: int,
        policy: _oauth2.FederationPolicy,
        *,
        policy_id: str | None = ...,
    ) -> _oauth2.FederationPolicy: ...
    async def delete(self, service_principal_id: int, policy_id: str) -> None: ...
    async def get(self, service_principal_id: int, policy_id: str) -> _oauth2.FederationPolicy: ...
    def list(
        self,
        service_principal_id: int,
        *,
        page_size: int | None = ...,
        page_token: str | None = ...,
    ) -> AsyncIterator[_oauth2.FederationPolicy]: ...
    async def update(
        self,
        service_principal_id: int,
        policy_id: str,
        policy: _oauth2.FederationPolicy,
        *,
        update_mask: str | None = ...,
    ) -> _oauth2.FederationPolicy: ...
    def __getattr__(self, name: str) -> Any: ...

class ServicePrincipalSecretsAPI:
    async def create(
        self,
        service_principal_id: str,
        *,
        lifetime: str | None = ...,
        scopes: builtins.list[str] | None = ...,
    ) -> _oauth2.CreateServicePrincipalSecretResponse: ...
    async def delete(self, service_principal_id: str, secret_id: str) -> None: ...
    def list(
        self,
        service_principal_id: str,
        *,
        page_size: int | None = ...,
        page_token: str | None = ...,
    ) -> AsyncIterator[_oauth2.SecretInfo]: ...
    def __getattr__(self, name: str) -> Any: ...

class ServicePrincipalSecretsProxyAPI:
    async def create(
        self,
        service_principal_id: str,
        *,
        lifetime: str | None = ...,
        scopes: builtins.list[str] | None = ...,
    ) -> _oauth2.CreateServicePrincipalSecretResponse: ...
    async def delete(self, service_principal_id: str, secret_id: str) -> None: ...
    def list(
        self,
        service_principal_id: str,
        *,
        page_size: int | None = ...,
        page_token: str | None = ...,
    ) -> AsyncIterator[_oauth2.SecretInfo]: ...
    def __getattr__(self, name: str) -> Any: ...
