# Written by `make stubs` from the installed databricks-sdk: not for changing by hand.
# ruff: noqa: A002

import builtins
from collections.abc import AsyncIterator
from typing import Any

from databricks.sdk.service import workspace as _workspace

from dara_fp.databricks.sdk.streams import Stream

class GitCredentialsAPI:
    async def create(
        self,
        git_provider: str,
        *,
        git_email: str | None = ...,
        git_username: str | None = ...,
        is_default_for_provider: bool | None = ...,
        name: str | None = ...,
        personal_access_token: str | None = ...,
        principal_id: int | None = ...,
    ) -> _workspace.CreateCredentialsResponse: ...
    async def delete(self, credential_id: int, *, principal_id: int | None = ...) -> None: ...
    async def get(
        self, credential_id: int, *, principal_id: int | None = ...
    ) -> _workspace.GetCredentialsResponse: ...
    def list(
        self, *, principal_id: int | None = ...
    ) -> AsyncIterator[_workspace.CredentialInfo]: ...
    async def update(
        self,
        credential_id: int,
        git_provider: str,
        *,
        git_email: str | None = ...,
        git_username: str | None = ...,
        is_default_for_provider: bool | None = ...,
        name: str | None = ...,
        personal_access_token: str | None = ...,
        principal_id: int | None = ...,
    ) -> None: ...
    def __getattr__(self, name: str) -> Any: ...

class ReposAPI:
    async def create(
        self,
        url: str,
        provider: str,
        *,
        git_credential_id: int | None = ...,
        path: str | None = ...,
        sparse_checkout: _workspace.SparseCheckout | None = ...,
    ) -> _workspace.CreateRepoResponse: ...
    async def delete(self, repo_id: int) -> None: ...
    async def get(self, repo_id: int) -> _workspace.GetRepoResponse: ...
    async def get_permission_levels(
        self, repo_id: str
    ) -> _workspace.GetRepoPermissionLevelsResponse: ...
    async def get_permissions(self, repo_id: str) -> _workspace.RepoPermissions: ...
    def list(
        self, *, next_page_token: str | None = ..., path_prefix: str | None = ...
    ) -> AsyncIterator[_workspace.RepoInfo]: ...
    async def set_permissions(
        self,
        repo_id: str,
        *,
        access_control_list: builtins.list[_workspace.RepoAccessControlRequest] | None = ...,
    ) -> _workspace.RepoPermissions: ...
    async def update(
        self,
        repo_id: int,
        *,
        branch: str | None = ...,
        dangerously_force_discard_all: bool | None = ...,
        git_credential_id: int | None = ...,
        sparse_checkout: _workspace.SparseCheckoutUpdate | None = ...,
        tag: str | None = ...,
    ) -> None: ...
    async def update_permissions(
        self,
        repo_id: str,
        *,
        access_control_list: builtins.list[_workspace.RepoAccessControlRequest] | None = ...,
    ) -> _workspace.RepoPermissions: ...
    def __getattr__(self, name: str) -> Any: ...

class SecretsAPI:
    async def create_scope(
        self,
        scope: str,
        *,
        backend_azure_keyvault: _workspace.AzureKeyVaultSecretScopeMetadata | None = ...,
        initial_manage_principal: str | None = ...,
        scope_backend_type: _workspace.ScopeBackendType | None = ...,
    ) -> None: ...
    async def delete_acl(self, scope: str, principal: str) -> None: ...
    async def delete_scope(self, scope: str) -> None: ...
    async def delete_secret(self, scope: str, key: str) -> None: ...
    async def get_acl(self, scope: str, principal: str) -> _workspace.AclItem: ...
    async def get_secret(self, scope: str, key: str) -> _workspace.GetSecretResponse: ...
    def list_acls(self, scope: str) -> AsyncIterator[_workspace.AclItem]: ...
    def list_scopes(self) -> AsyncIterator[_workspace.SecretScope]: ...
    def list_secrets(self, scope: str) -> AsyncIterator[_workspace.SecretMetadata]: ...
    async def put_acl(
        self, scope: str, principal: str, permission: _workspace.AclPermission
    ) -> None: ...
    async def put_secret(
        self, scope: str, key: str, *, bytes_value: str | None = ..., string_value: str | None = ...
    ) -> None: ...
    def __getattr__(self, name: str) -> Any: ...

class WorkspaceExt:
    async def delete(self, path: str, *, recursive: bool | None = ...) -> None: ...
    async def download(self, path: str, *, format: Any = ...) -> Stream: ...
    async def export(
        self, path: str, *, format: _workspace.ExportFormat | None = ...
    ) -> _workspace.ExportResponse: ...
    async def get_permission_levels(
        self, workspace_object_type: str, workspace_object_id: str
    ) -> _workspace.GetWorkspaceObjectPermissionLevelsResponse: ...
    async def get_permissions(
        self, workspace_object_type: str, workspace_object_id: str
    ) -> _workspace.WorkspaceObjectPermissions: ...
    async def get_status(self, path: str) -> _workspace.ObjectInfo: ...
    async def import_(
        self,
        path: str,
        *,
        content: str | None = ...,
        format: _workspace.ImportFormat | None = ...,
        language: _workspace.Language | None = ...,
        overwrite: bool | None = ...,
    ) -> None: ...
    def list(
        self, path: str, *, notebooks_modified_after: int | None = ..., recursive: bool | None = ...
    ) -> AsyncIterator[Any]: ...
    async def mkdirs(self, path: str) -> None: ...
    async def set_permissions(
        self,
        workspace_object_type: str,
        workspace_object_id: str,
        *,
        access_control_list: builtins.list[_workspace.WorkspaceObjectAccessControlRequest]
        | None = ...,
    ) -> _workspace.WorkspaceObjectPermissions: ...
    async def update_permissions(
        self,
        workspace_object_type: str,
        workspace_object_id: str,
        *,
        access_control_list: builtins.list[_workspace.WorkspaceObjectAccessControlRequest]
        | None = ...,
    ) -> _workspace.WorkspaceObjectPermissions: ...
    async def upload(
        self,
        path: str,
        content: bytes,
        *,
        format: Any = ...,
        language: Any = ...,
        overwrite: bool | None = ...,
    ) -> None: ...
    def __getattr__(self, name: str) -> Any: ...
