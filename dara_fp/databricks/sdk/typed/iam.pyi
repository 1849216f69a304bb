# Written by `make stubs` from the installed databricks-sdk: not for changing by hand.
# ruff: noqa: A002

import builtins
from collections.abc import AsyncIterator
from typing import Any

from databricks.sdk.service import iam as _iam

class AccessControlAPI:
    async def check_policy(
        self,
        actor: _iam.Actor,
        permission: str,
        resource: str,
        consistency_token: _iam.ConsistencyToken,
        authz_identity: _iam.RequestAuthzIdentity,
        *,
        resource_info: _iam.ResourceInfo | None = ...,
    ) -> _iam.CheckPolicyResponse: ...
    def __getattr__(self, name: str) -> Any: ...

class AccountAccessControlAPI:
    async def get_assignable_roles_for_resource(
        self, resource: str
    ) -> _iam.GetAssignableRolesForResourceResponse: ...
    async def get_rule_set(self, name: str, etag: str) -> _iam.RuleSetResponse: ...
    async def update_rule_set(
        self, name: str, rule_set: _iam.RuleSetUpdateRequest
    ) -> _iam.RuleSetResponse: ...
    def __getattr__(self, name: str) -> Any: ...

class AccountAccessControlProxyAPI:
    async def get_assignable_roles_for_resource(
        self, resource: str
    ) -> _iam.GetAssignableRolesForResourceResponse: ...
    async def get_rule_set(self, name: str, etag: str) -> _iam.RuleSetResponse: ...
    async def update_rule_set(
        self, name: str, rule_set: _iam.RuleSetUpdateRequest
    ) -> _iam.RuleSetResponse: ...
    def __getattr__(self, name: str) -> Any: ...

class AccountGroupsAPI:
    async def create(
        self,
        *,
        display_name: str | None = ...,
        entitlements: builtins.list[_iam.ComplexValue] | None = ...,
        external_id: str | None = ...,
        groups: builtins.list[_iam.ComplexValue] | None = ...,
        id: str | None = ...,
        members: builtins.list[_iam.ComplexValue] | None = ...,
        meta: _iam.ResourceMeta | None = ...,
        roles: builtins.list[_iam.ComplexValue] | None = ...,
        schemas: builtins.list[_iam.GroupSchema] | None = ...,
    ) -> _iam.Group: ...
    async def delete(self, id: str) -> None: ...
    async def get(self, id: str) -> _iam.Group: ...
    def list(
        self,
        *,
        attributes: str | None = ...,
        count: int | None = ...,
        excluded_attributes: str | None = ...,
        filter: str | None = ...,
        sort_by: str | None = ...,
        sort_order: _iam.ListSortOrder | None = ...,
        start_index: int | None = ...,
    ) -> AsyncIterator[_iam.Group]: ...
    async def patch(
        self,
        id: str,
        *,
        operations: builtins.list[_iam.Patch] | None = ...,
        schemas: builtins.list[_iam.PatchSchema] | None = ...,
    ) -> None: ...
    async def update(
        self,
        id: str,
        *,
        display_name: str | None = ...,
        entitlements: builtins.list[_iam.ComplexValue] | None = ...,
        external_id: str | None = ...,
        groups: builtins.list[_iam.ComplexValue] | None = ...,
        members: builtins.list[_iam.ComplexValue] | None = ...,
        meta: _iam.ResourceMeta | None = ...,
        roles: builtins.list[_iam.ComplexValue] | None = ...,
        schemas: builtins.list[_iam.GroupSchema] | None = ...,
    ) -> None: ...
    def __getattr__(self, name: str) -> Any: ...

class AccountGroupsV2API:
    async def create(
        self,
        *,
        display_name: str | None = ...,
        external_id: str | None = ...,
        id: str | None = ...,
        members: builtins.list[_iam.ComplexValue] | None = ...,
        meta: _iam.ResourceMeta | None = ...,
        roles: builtins.list[_iam.ComplexValue] | None = ...,
    ) -> _iam.AccountGroup: ...
    async def delete(self, id: str) -> None: ...
    async def get(self, id: str) -> _iam.AccountGroup: ...
    def list(
        self,
        *,
        attributes: str | None = ...,
        count: int | None = ...,
        excluded_attributes: str | None = ...,
        filter: str | None = ...,
        sort_by: str | None = ...,
        sort_order: _iam.ListSortOrder | None = ...,
        start_index: int | None = ...,
    ) -> AsyncIterator[_iam.AccountGroup]: ...
    async def patch(
        self,
        id: str,
        *,
        operations: builtins.list[_iam.Patch] | None = ...,
        schemas: builtins.list[_iam.PatchSchema] | None = ...,
    ) -> None: ...
    async def update(
        self,
        id: str,
        *,
        display_name: str | None = ...,
        external_id: str | None = ...,
        members: builtins.list[_iam.ComplexValue] | None = ...,
        meta: _iam.ResourceMeta | None = ...,
        roles: builtins.list[_iam.ComplexValue] | None = ...,
    ) -> None: ...
    def __getattr__(self, name: str) -> Any: ...

class AccountServicePrincipalsAPI:
    async def create(
        self,
        *,
        active: bool | None = ...,
        application_id: str | None = ...,
        display_name: str | None = ...,
        entitlements: builtins.list[_iam.ComplexValue] | None = ...,
        external_id: str | None = ...,
        groups: builtins.list[_iam.ComplexValue] | None = ...,
        id: str | None = ...,
        roles: builtins.list[_iam.ComplexValue] | None = ...,
        schemas: builtins.list[_iam.ServicePrincipalSchema] | None = ...,
    ) -> _iam.ServicePrincipal: ...
    async def delete(self, id: str) -> None: ...
    async def get(self, id: str) -> _iam.ServicePrincipal: ...
    def list(
        self,
        *,
        attributes: str | None = ...,
        count: int | None = ...,
        excluded_attributes: str | None = ...,
        filter: str | None = ...,
        sort_by: str | None = ...,
        sort_order: _iam.ListSortOrder | None = ...,
        start_index: int | None = ...,
    ) -> AsyncIterator[_iam.ServicePrincipal]: ...
    async def patch(
        self,
        id: str,
        *,
        operations: builtins.list[_iam.Patch] | None = ...,
        schemas: builtins.list[_iam.PatchSchema] | None = ...,
    ) -> None: ...
    async def update(
        self,
        id: str,
        *,
        active: bool | None = ...,
        application_id: str | None = ...,
        display_name: str | None = ...,
        entitlements: builtins.list[_iam.ComplexValue] | None = ...,
        external_id: str | None = ...,
        groups: builtins.list[_iam.ComplexValue] | None = ...,
        roles: builtins.list[_iam.ComplexValue] | None = ...,
        schemas: builtins.list[_iam.ServicePrincipalSchema] | None = ...,
    ) -> None: ...
    def __getattr__(self, name: str) -> Any: ...

class AccountServicePrincipalsV2API:
    async def create(
        self,
        *,
        active: bool | None = ...,
        application_id: str | None = ...,
        display_name: str | None = ...,
        external_id: str | None = ...,
        id: str | None = ...,
        roles: builtins.list[_iam.ComplexValue] | None = ...,
    ) -> _iam.AccountServicePrincipal: ...
    async def delete(self, id: str) -> None: ...
    async def get(self, id: str) -> _iam.AccountServicePrincipal: ...
    def list(
        self,
        *,
        attributes: str | None = ...,
        count: int | None = ...,
        excluded_attributes: str | None = ...,
        filter: str | None = ...,
        sort_by: str | None = ...,
        sort_order: _iam.ListSortOrder | None = ...,
        start_index: int | None = ...,
    ) -> AsyncIterator[_iam.AccountServicePrincipal]: ...
    async def patch(
        self,
        id: str,
        *,
        operations: builtins.list[_iam.Patch] | None = ...,
        schemas: builtins.list[_iam.PatchSchema] | None = ...,
    ) -> None: ...
    async def update(
        self,
        id: str,
        *,
        active: bool | None = ...,
        application_id: str | None = ...,
        display_name: str | None = ...,
        external_id: str | None = ...,
        roles: builtins.list[_iam.ComplexValue] | None = ...,
    ) -> None: ...
    def __getattr__(self, name: str) -> Any: ...

class AccountUsersAPI:
    async def create(
        self,
        *,
        active: bool | None = ...,
        display_name: str | None = ...,
        emails: builtins.list[_iam.ComplexValue] | None = ...,
        entitlements: builtins.list[_iam.ComplexValue] | None = ...,
        external_id: str | None = ...,
        groups: builtins.list[_iam.ComplexValue] | None = ...,
        id: str | None = ...,
        name: _iam.Name | None = ...,
        roles: builtins.list[_iam.ComplexValue] | None = ...,
        schemas: builtins.list[_iam.UserSchema] | None = ...,
        user_name: str | None = ...,
    ) -> _iam.User: ...
    async def delete(self, id: str) -> None: ...
    async def get(
        self,
        id: str,
        *,
        attributes: str | None = ...,
        count: int | None = ...,
        excluded_attributes: str | None = ...,
        filter: str | None = ...,
        sort_by: str | None = ...,
        sort_order: _iam.GetSortOrder | None = ...,
        start_index: int | None = ...,
    ) -> _iam.User: ...
    def list(
        self,
        *,
        attributes: str | None = ...,
        count: int | None = ...,
        excluded_attributes: str | None = ...,
        filter: str | None = ...,
        sort_by: str | None = ...,
        sort_order: _iam.ListSortOrder | None = ...,
        start_index: int | None = ...,
    ) -> AsyncIterator[_iam.User]: ...
    async def patch(
        self,
        id: str,
        *,
        operations: builtins.list[_iam.Patch] | None = ...,
        schemas: builtins.list[_iam.PatchSchema] | None = ...,
    ) -> None: ...
    async def update(
        self,
        id: str,
        *,
        active: bool | None = ...,
        display_name: str | None = ...,
        emails: builtins.list[_iam.ComplexValue] | None = ...,
        entitlements: builtins.list[_iam.ComplexValue] | None = ...,
        external_id: str | None = ...,
        groups: builtins.list[_iam.ComplexValue] | None = ...,
        name: _iam.Name | None = ...,
        roles: builtins.list[_iam.ComplexValue] | None = ...,
        schemas: builtins.list[_iam.UserSchema] | None = ...,
        user_name: str | None = ...,
    ) -> None: ...
    def __getattr__(self, name: str) -> Any: ...

class AccountUsersV2API:
    async def create(
        self,
        *,
        active: bool | None = ...,
        display_name: str | None = ...,
        emails: builtins.list[_iam.ComplexValue] | None = ...,
        external_id: str | None = ...,
        id: str | None = ...,
        name: _iam.Name | None = ...,
        roles: builtins.list[_iam.ComplexValue] | None = ...,
        user_name: str | None = ...,
    ) -> _iam.AccountUser: ...
    async def delete(self, id: str) -> None: ...
    async def get(
        self,
        id: str,
        *,
        attributes: str | None = ...,
        count: int | None = ...,
        excluded_attributes: str | None = ...,
        filter: str | None = ...,
        sort_by: str | None = ...,
        sort_order: _iam.GetSortOrder | None = ...,
        start_index: int | None = ...,
    ) -> _iam.AccountUser: ...
    def list(
        self,
        *,
        attributes: str | None = ...,
        count: int | None = ...,
        excluded_attributes: str | None = ...,
        filter: str | None = ...,
        sort_by: str | None = ...,
        sort_order: _iam.ListSortOrder | None = ...,
        start_index: int | None = ...,
    ) -> AsyncIterator[_iam.AccountUser]: ...
    async def patch(
        self,
        id: str,
        *,
        operations: builtins.list[_iam.Patch] | None = ...,
        schemas: builtins.list[_iam.PatchSchema] | None = ...,
    ) -> None: ...
    async def update(
        self,
        id: str,
        *,
        active: bool | None = ...,
        display_name: str | None = ...,
        emails: builtins.list[_iam.ComplexValue] | None = ...,
        external_id: str | None = ...,
        name: _iam.Name | None = ...,
        roles: builtins.list[_iam.ComplexValue] | None = ...,
        user_name: str | None = ...,
    ) -> None: ...
    def __getattr__(self, name: str) -> Any: ...

class CurrentUserAPI:
    async def me(
        self, *, attributes: str | None = ..., excluded_attributes: str | None = ...
    ) -> _iam.User: ...
    def __getattr__(self, name: str) -> Any: ...

class GroupsAPI:
    async def create(
        self,
        *,
        display_name: str | None = ...,
        entitlements: builtins.list[_iam.ComplexValue] | None = ...,
        external_id: str | None = ...,
        groups: builtins.list[_iam.ComplexValue] | None = ...,
        id: str | None = ...,
        members: builtins.list[_iam.ComplexValue] | None = ...,
        meta: _iam.ResourceMeta | None = ...,
        roles: builtins.list[_iam.ComplexValue] | None = ...,
        schemas: builtins.list[_iam.GroupSchema] | None = ...,
    ) -> _iam.Group: ...
    async def delete(self, id: str) -> None: ...
    async def get(self, id: str) -> _iam.Group: ...
    def list(
        self,
        *,
        attributes: str | None = ...,
        count: int | None = ...,
        excluded_attributes: str | None = ...,
        filter: str | None = ...,
        sort_by: str | None = ...,
        sort_order: _iam.ListSortOrder | None = ...,
        start_index: int | None = ...,
    ) -> AsyncIterator[_iam.Group]: ...
    async def patch(
        self,
        id: str,
        *,
        operations: builtins.list[_iam.Patch] | None = ...,
        schemas: builtins.list[_iam.PatchSchema] | None = ...,
    ) -> None: ...
    async def update(
        self,
        id: str,
        *,
        display_name: str | None = ...,
        entitlements: builtins.list[_iam.ComplexValue] | None = ...,
        external_id: str | None = ...,
        groups: builtins.list[_iam.ComplexValue] | None = ...,
        members: builtins.list[_iam.ComplexValue] | None = ...,
        meta: _iam.ResourceMeta | None = ...,
        roles: builtins.list[_iam.ComplexValue] | None = ...,
        schemas: builtins.list[_iam.GroupSchema] | None = ...,
    ) -> None: ...
    def __getattr__(self, name: str) -> Any: ...

class GroupsV2API:
    async def create(
        self,
        *,
        display_name: str | None = ...,
        entitlements: builtins.list[_iam.ComplexValue] | None = ...,
        external_id: str | None = ...,
        groups: builtins.list[_iam.ComplexValue] | None = ...,
        id: str | None = ...,
        members: builtins.list[_iam.ComplexValue] | None = ...,
        meta: _iam.ResourceMeta | None = ...,
        roles: builtins.list[_iam.ComplexValue] | None = ...,
        schemas: builtins.list[_iam.GroupSchema] | None = ...,
    ) -> _iam.Group: ...
    async def delete(self, id: str) -> None: ...
    async def get(self, id: str) -> _iam.Group: ...
    def list(
        self,
        *,
        attributes: str | None = ...,
        count: int | None = ...,
        excluded_attributes: str | None = ...,
        filter: str | None = ...,
        sort_by: str | None = ...,
        sort_order: _iam.ListSortOrder | None = ...,
        start_index: int | None = ...,
    ) -> AsyncIterator[_iam.Group]: ...
    async def patch(
        self,
        id: str,
        *,
        operations: builtins.list[_iam.Patch] | None = ...,
        schemas: builtins.list[_iam.PatchSchema] | None = ...,
    ) -> None: ...
    async def update(
        self,
        id: str,
        *,
        display_name: str | None = ...,
        entitlements: builtins.list[_iam.ComplexValue] | None = ...,
        external_id: str | None = ...,
        groups: builtins.list[_iam.ComplexValue] | None = ...,
        members: builtins.list[_iam.ComplexValue] | None = ...,
        meta: _iam.ResourceMeta | None = ...,
        roles: builtins.list[_iam.ComplexValue] | None = ...,
        schemas: builtins.list[_iam.GroupSchema] | None = ...,
    ) -> None: ...
    def __getattr__(self, name: str) -> Any: ...

class PermissionMigrationAPI:
    async def migrate_permissions(
        self,
        workspace_id: int,
        from_workspace_group_name: str,
        to_account_group_name: str,
        *,
        size: int | None = ...,
    ) -> _iam.MigratePermissionsResponse: ...
    def __getattr__(self, name: str) -> Any: ...

class PermissionsAPI:
    async def get(
        self, request_object_type: str, request_object_id: str
    ) -> _iam.ObjectPermissions: ...
    async def get_permission_levels(
        self, request_object_type: str, request_object_id: str
    ) -> _iam.GetPermissionLevelsResponse: ...
    async def set(
        self,
        request_object_type: str,
        request_object_id: str,
        *,
        access_control_list: list[_iam.AccessControlRequest] | None = ...,
    ) -> _iam.ObjectPermissions: ...
    async def update(
        self,
        request_object_type: str,
        request_object_id: str,
        *,
        access_control_list: list[_iam.AccessControlRequest] | None = ...,
    ) -> _iam.ObjectPermissions: ...
    def __getattr__(self, name: str) -> Any: ...

class ServicePrincipalsAPI:
    async def create(
        self,
        *,
        active: bool | None = ...,
        application_id: str | None = ...,
        display_name: str | None = ...,
        entitlements: builtins.list[_iam.ComplexValue] | None = ...,
        external_id: str | None = ...,
        groups: builtins.list[_iam.ComplexValue] | None = ...,
        id: str | None = ...,
        roles: builtins.list[_iam.ComplexValue] | None = ...,
        schemas: builtins.list[_iam.ServicePrincipalSchema] | None = ...,
    ) -> _iam.ServicePrincipal: ...
    async def delete(self, id: str) -> None: ...
    async def get(self, id: str) -> _iam.ServicePrincipal: ...
    def list(
        self,
        *,
        attributes: str | None = ...,
        count: int | None = ...,
        excluded_attributes: str | None = ...,
        filter: str | None = ...,
        sort_by: str | None = ...,
        sort_order: _iam.ListSortOrder | None = ...,
        start_index: int | None = ...,
    ) -> AsyncIterator[_iam.ServicePrincipal]: ...
    async def patch(
        self,
        id: str,
        *,
        operations: builtins.list[_iam.Patch] | None = ...,
        schemas: builtins.list[_iam.PatchSchema] | None = ...,
    ) -> None: ...
    async def update(
        self,
        id: str,
        *,
        active: bool | None = ...,
        application_id: str | None = ...,
        display_name: str | None = ...,
        entitlements: builtins.list[_iam.ComplexValue] | None = ...,
        external_id: str | None = ...,
        groups: builtins.list[_iam.ComplexValue] | None = ...,
        roles: builtins.list[_iam.ComplexValue] | None = ...,
        schemas: builtins.list[_iam.ServicePrincipalSchema] | None = ...,
    ) -> None: ...
    def __getattr__(self, name: str) -> Any: ...

class ServicePrincipalsV2API:
    async def create(
        self,
        *,
        active: bool | None = ...,
        application_id: str | None = ...,
        display_name: str | None = ...,
        entitlements: builtins.list[_iam.ComplexValue] | None = ...,
        external_id: str | None = ...,
        groups: builtins.list[_iam.ComplexValue] | None = ...,
        id: str | None = ...,
        roles: builtins.list[_iam.ComplexValue] | None = ...,
        schemas: builtins.list[_iam.ServicePrincipalSchema] | None = ...,
    ) -> _iam.ServicePrincipal: ...
    async def delete(self, id: str) -> None: ...
    async def get(self, id: str) -> _iam.ServicePrincipal: ...
    def list(
        self,
        *,
        attributes: str | None = ...,
        count: int | None = ...,
        excluded_attributes: str | None = ...,
        filter: str | None = ...,
        sort_by: str | None = ...,
        sort_order: _iam.ListSortOrder | None = ...,
        start_index: int | None = ...,
    ) -> AsyncIterator[_iam.ServicePrincipal]: ...
    async def patch(
        self,
        id: str,
        *,
        operations: builtins.list[_iam.Patch] | None = ...,
        schemas: builtins.list[_iam.PatchSchema] | None = ...,
    ) -> None: ...
    async def update(
        self,
        id: str,
        *,
        active: bool | None = ...,
        application_id: str | None = ...,
        display_name: str | None = ...,
        entitlements: builtins.list[_iam.ComplexValue] | None = ...,
        external_id: str | None = ...,
        groups: builtins.list[_iam.ComplexValue] | None = ...,
        roles: builtins.list[_iam.ComplexValue] | None = ...,
        schemas: builtins.list[_iam.ServicePrincipalSchema] | None = ...,
    ) -> None: ...
    def __getattr__(self, name: str) -> Any: ...

class UsersAPI:
    async def create(
        self,
        *,
        active: bool | None = ...,
        display_name: str | None = ...,
        emails: builtins.list[_iam.ComplexValue] | None = ...,
        entitlements: builtins.list[_iam.ComplexValue] | None = ...,
        external_id: str | None = ...,
        groups: builtins.list[_iam.ComplexValue] | None = ...,
        id: str | None = ...,
        name: _iam.Name | None = ...,
        roles: builtins.list[_iam.ComplexValue] | None = ...,
        schemas: builtins.list[_iam.UserSchema] | None = ...,
        user_name: str | None = ...,
    ) -> _iam.User: ...
    async def delete(self, id: str) -> None: ...
    async def get(
        self,
        id: str,
        *,
        attributes: str | None = ...,
        count: int | None = ...,
        excluded_attributes: str | None = ...,
        filter: str | None = ...,
        sort_by: str | None = ...,
        sort_order: _iam.GetSortOrder | None = ...,
        start_index: int | None = ...,
    ) -> _iam.User: ...
    async def get_permission_levels(self) -> _iam.GetPasswordPermissionLevelsResponse: ...
    async def get_permissions(self) -> _iam.PasswordPermissions: ...
    def list(
        self,
        *,
        attributes: str | None = ...,
        count: int | None = ...,
        excluded_attributes: str | None = ...,
        filter: str | None = ...,
        sort_by: str | None = ...,
        sort_order: _iam.ListSortOrder | None = ...,
        start_index: int | None = ...,
    ) -> AsyncIterator[_iam.User]: ...
    async def patch(
        self,
        id: str,
        *,
        operations: builtins.list[_iam.Patch] | None = ...,
        schemas: builtins.list[_iam.PatchSchema] | None = ...,
    ) -> None: ...
    async def set_permissions(
        self, *, access_control_list: builtins.list[_iam.PasswordAccessControlRequest] | None = ...
    ) -> _iam.PasswordPermissions: ...
    async def update(
        self,
        id: str,
        *,
        active: bool | None = ...,
        display_name: str | None = ...,
        emails: builtins.list[_iam.ComplexValue] | None = ...,
        entitlements: builtins.list[_iam.ComplexValue] | None = ...,
        external_id: str | None = ...,
        groups: builtins.list[_iam.ComplexValue] | None = ...,
        name: _iam.Name | None = ...,
        roles: builtins.list[_iam.ComplexValue] | None = ...,
        schemas: builtins.list[_iam.UserSchema] | None = ...,
        user_name: str | None = ...,
    ) -> None: ...
    async def update_permissions(
        self, *, access_control_list: builtins.list[_iam.PasswordAccessControlRequest] | None = ...
    ) -> _iam.PasswordPermissions: ...
    def __getattr__(self, name: str) -> Any: ...

class UsersV2API:
    async def create(
        self,
        *,
        active: bool | None = ...,
        display_name: str | None = ...,
        emails: builtins.list[_iam.ComplexValue] | None = ...,
        entitlements: builtins.list[_iam.ComplexValue] | None = ...,
        external_id: str | None = ...,
        groups: builtins.list[_iam.ComplexValue] | None = ...,
        id: str | None = ...,
        name: _iam.Name | None = ...,
        roles: builtins.list[_iam.ComplexValue] | None = ...,
        schemas: builtins.list[_iam.UserSchema] | None = ...,
        user_name: str | None = ...,
    ) -> _iam.User: ...
    async def delete(self, id: str) -> None: ...
    async def get(
        self,
        id: str,
        *,
        attributes: str | None = ...,
        count: int | None = ...,
        excluded_attributes: str | None = ...,
        filter: str | None = ...,
        sort_by: str | None = ...,
        sort_order: _iam.GetSortOrder | None = ...,
        start_index: int | None = ...,
    ) -> _iam.User: ...
    async def get_permission_levels(self) -> _iam.GetPasswordPermissionLevelsResponse: ...
    async def get_permissions(self) -> _iam.PasswordPermissions: ...
    def list(
        self,
        *,
        attributes: str | None = ...,
        count: int | None = ...,
        excluded_attributes: str | None = ...,
        filter: str | None = ...,
        sort_by: str | None = ...,
        sort_order: _iam.ListSortOrder | None = ...,
        start_index: int | None = ...,
    ) -> AsyncIterator[_iam.User]: ...
    async def patch(
        self,
        id: str,
        *,
        operations: builtins.list[_iam.Patch] | None = ...,
        schemas: builtins.list[_iam.PatchSchema] | None = ...,
    ) -> None: ...
    async def set_permissions(
        self, *, access_control_list: builtins.list[_iam.PasswordAccessControlRequest] | None = ...
    ) -> _iam.PasswordPermissions: ...
    async def update(
        self,
        id: str,
        *,
        active: bool | None = ...,
        display_name: str | None = ...,
        emails: builtins.list[_iam.ComplexValue] | None = ...,
        entitlements: builtins.list[_iam.ComplexValue] | None = ...,
        external_id: str | None = ...,
        groups: builtins.list[_iam.ComplexValue] | None = ...,
        name: _iam.Name | None = ...,
        roles: builtins.list[_iam.ComplexValue] | None = ...,
        schemas: builtins.list[_iam.UserSchema] | None = ...,
        user_name: str | None = ...,
    ) -> None: ...
    async def update_permissions(
        self, *, access_control_list: builtins.list[_iam.PasswordAccessControlRequest] | None = ...
    ) -> _iam.PasswordPermissions: ...
    def __getattr__(self, name: str) -> Any: ...

class WorkspaceAssignmentAPI:
    async def delete(self, workspace_id: int, principal_id: int) -> None: ...
    async def get(self, workspace_id: int) -> _iam.WorkspacePermissions: ...
    def list(self, workspace_id: int) -> AsyncIterator[_iam.PermissionAssignment]: ...
    async def update(
        self,
        workspace_id: int,
        principal_id: int,
        *,
        permissions: builtins.list[_iam.WorkspacePermission] | None = ...,
    ) -> _iam.PermissionAssignment: ...
    def __getattr__(self, name: str) -> Any: ...
