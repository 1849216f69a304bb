# Written by `make stubs` from the installed databricks-sdk: not for changing by hand.
# pyright: reportMissingTypeStubs=false
# ruff: noqa: A002, ASYNC109

import builtins
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

from databricks.sdk.common.types.fieldmask import FieldMask
from databricks.sdk.service import catalog as _catalog

from dara_fp.databricks.sdk.waits import Wait

class AccountMetastoreAssignmentsAPI:
    async def create(
        self,
        workspace_id: int,
        metastore_id: str,
        *,
        metastore_assignment: _catalog.CreateMetastoreAssignment | None = ...,
    ) -> _catalog.AccountsCreateMetastoreAssignmentResponse: ...
    async def delete(
        self, workspace_id: int, metastore_id: str
    ) -> _catalog.AccountsDeleteMetastoreAssignmentResponse: ...
    async def get(self, workspace_id: int) -> _catalog.AccountsMetastoreAssignment: ...
    def list(self, metastore_id: str) -> AsyncIterator[int]: ...
    async def update(
        self,
        workspace_id: int,
        metastore_id: str,
        *,
        metastore_assignment: _catalog.UpdateMetastoreAssignment | None = ...,
    ) -> _catalog.AccountsUpdateMetastoreAssignmentResponse: ...
    def __getattr__(self, name: str) -> Any: ...

class AccountMetastoresAPI:
    async def create(
        self, *, metastore_info: _catalog.CreateAccountsMetastore | None = ...
    ) -> _catalog.AccountsCreateMetastoreResponse: ...
    async def delete(
        self, metastore_id: str, *, force: bool | None = ...
    ) -> _catalog.AccountsDeleteMetastoreResponse: ...
    async def get(self, metastore_id: str) -> _catalog.AccountsGetMetastoreResponse: ...
    def list(self) -> AsyncIterator[_catalog.MetastoreInfo]: ...
    async def update(
        self, metastore_id: str, *, metastore_info: _catalog.UpdateAccountsMetastore | None = ...
    ) -> _catalog.AccountsUpdateMetastoreResponse: ...
    def __getattr__(self, name: str) -> Any: ...

class AccountStorageCredentialsAPI:
    async def create(
        self,
        metastore_id: str,
        *,
        credential_info: _catalog.CreateAccountsStorageCredential | None = ...,
        skip_validation: bool | None = ...,
    ) -> _catalog.AccountsCreateStorageCredentialInfo: ...
    async def delete(
        self, metastore_id: str, storage_credential_name: str, *, force: bool | None = ...
    ) -> _catalog.AccountsDeleteStorageCredentialResponse: ...
    async def get(
        self, metastore_id: str, storage_credential_name: str
    ) -> _catalog.AccountsStorageCredentialInfo: ...
    def list(self, metastore_id: str) -> AsyncIterator[_catalog.StorageCredentialInfo]: ...
    async def update(
        self,
        metastore_id: str,
        storage_credential_name: str,
        *,
        credential_info: _catalog.UpdateAccountsStorageCredential | None = ...,
        skip_validation: bool | None = ...,
    ) -> _catalog.AccountsUpdateStorageCredentialResponse: ...
    def __getattr__(self, name: str) -> Any: ...

class AiGatewayAPI:
    async def create_mcp_service(
        self, mcp_service: _catalog.McpService, parent: str, mcp_service_id: str
    ) -> _catalog.McpService: ...
    async def create_mcp_service_user_mapped_credential(
        self, name: str, login: _catalog.McpServiceUserMappedCredentialLogin
    ) -> _catalog.McpServiceUserMappedCredential: ...
    async def create_model_provider_service(
        self,
        model_provider_service: _catalog.ModelProviderService,
        parent: str,
        model_provider_service_id: str,
    ) -> _catalog.ModelProviderService: ...
    async def create_model_service(
        self, model_service: _catalog.ModelService, parent: str, model_service_id: str
    ) -> _catalog.ModelService: ...
    async def create_skill(
        self, skill: _catalog.Skill, parent: str, skill_id: str
    ) -> _catalog.Skill: ...
    async def delete_mcp_service(self, name: str, *, etag: str | None = ...) -> None: ...
    async def delete_mcp_service_user_mapped_credential(
        self, name: str
    ) -> _catalog.DeleteMcpServiceUserMappedCredentialResponse: ...
    async def delete_model_provider_service(self, name: str, *, etag: str | None = ...) -> None: ...
    async def delete_model_service(self, name: str, *, etag: str | None = ...) -> None: ...
    async def delete_skill(self, name: str, *, etag: str | None = ...) -> None: ...
    async def finalize_skill(self, name: str) -> _catalog.Skill: ...
    async def get_mcp_service(self, name: str) -> _catalog.McpService: ...
    async def get_mcp_service_user_mapped_credential(
        self, name: str
    ) -> _catalog.McpServiceUserMappedCredential: ...
    async def get_model_provider_service(self, name: str) -> _catalog.ModelProviderService: ...
    async def get_model_service(self, name: str) -> _catalog.ModelService: ...
    async def get_skill(self, name: str) -> _catalog.Skill: ...
    def list_mcp_services(
        self,
        *,
        page_size: int | None = ...,
        page_token: str | None = ...,
        parent: str | None = ...,
        view: _catalog.ListMcpServicesRequestView | None = ...,
    ) -> AsyncIterator[_catalog.McpService]: ...
    def list_model_provider_services(
        self,
        *,
        page_size: int | None = ...,
        page_token: str | None = ...,
        parent: str | None = ...,
        view: _catalog.ListModelProviderServicesRequestView | None = ...,
    ) -> AsyncIterator[_catalog.ModelProviderService]: ...
    def list_model_services(
        self,
        *,
        page_size: int | None = ...,
        page_token: str | None = ...,
        parent: str | None = ...,
        view: _catalog.ListModelServicesRequestView | None = ...,
    ) -> AsyncIterator[_catalog.ModelService]: ...
    def list_skills(
        self, parent: str, *, page_size: int | None = ..., page_token: str | None = ...
    ) -> AsyncIterator[_catalog.Skill]: ...
    async def update_mcp_service(
        self,
        name: str,
        mcp_service: _catalog.McpService,
        update_mask: FieldMask,
        *,
        etag: str | None = ...,
    ) -> _catalog.McpService: ...
    async def update_model_provider_service(
        self,
        name: str,
        model_provider_service: _catalog.ModelProviderService,
        update_mask: FieldMask,
        *,
        etag: str | None = ...,
    ) -> _catalog.ModelProviderService: ...
    async def update_model_service(
        self,
        name: str,
        model_service: _catalog.ModelService,
        update_mask: FieldMask,
        *,
        etag: str | None = ...,
    ) -> _catalog.ModelService: ...
    async def update_skill(
        self, name: str, skill: _catalog.Skill, update_mask: FieldMask, *, etag: str | None = ...
    ) -> _catalog.Skill: ...
    def __getattr__(self, name: str) -> Any: ...

class ArtifactAllowlistsAPI:
    async def get(self, artifact_type: _catalog.ArtifactType) -> _catalog.ArtifactAllowlistInfo: ...
    async def update(
        self,
        artifact_type: _catalog.ArtifactType,
        artifact_matchers: list[_catalog.ArtifactMatcher],
        *,
        created_at: int | None = ...,
        created_by: str | None = ...,
        metastore_id: str | None = ...,
    ) -> _catalog.ArtifactAllowlistInfo: ...
    def __getattr__(self, name: str) -> Any: ...

class CatalogsAPI:
    async def create(
        self,
        name: str,
        *,
        comment: str | None = ...,
        connection_name: str | None = ...,
        custom_max_retention_hours: int | None = ...,
        managed_encryption_settings: _catalog.EncryptionSettings | None = ...,
        options: dict[str, str] | None = ...,
        properties: dict[str, str] | None = ...,
        provider_name: str | None = ...,
        share_name: str | None = ...,
        storage_root: str | None = ...,
    ) -> _catalog.CatalogInfo: ...
    async def delete(self, name: str, *, force: bool | None = ...) -> None: ...
    async def get(
        self, name: str, *, include_browse: bool | None = ...
    ) -> _catalog.CatalogInfo: ...
    def list(
        self,
        *,
        include_browse: bool | None = ...,
        include_unbound: bool | None = ...,
        max_results: int | None = ...,
        page_token: str | None = ...,
    ) -> AsyncIterator[_catalog.CatalogInfo]: ...
    async def update(
        self,
        name: str,
        *,
        comment: str | None = ...,
        custom_max_retention_hours: int | None = ...,
        enable_predictive_optimization: _catalog.EnablePredictiveOptimization | None = ...,
        isolation_mode: _catalog.CatalogIsolationMode | None = ...,
        managed_encryption_settings: _catalog.EncryptionSettings | None = ...,
        new_name: str | None = ...,
        options: dict[str, str] | None = ...,
        owner: str | None = ...,
        properties: dict[str, str] | None = ...,
    ) -> _catalog.CatalogInfo: ...
    def __getattr__(self, name: str) -> Any: ...

class ConnectionsAPI:
    async def create(
        self,
        name: str,
        connection_type: _catalog.ConnectionType,
        options: dict[str, str],
        *,
        comment: str | None = ...,
        environment_settings: _catalog.EnvironmentSettings | None = ...,
        parent: str | None = ...,
        properties: dict[str, str] | None = ...,
        read_only: bool | None = ...,
        secrets: dict[str, str] | None = ...,
    ) -> _catalog.ConnectionInfo: ...
    async def delete(self, name: str) -> None: ...
    async def get(self, name: str) -> _catalog.ConnectionInfo: ...
    def list(
        self,
        *,
        max_results: int | None = ...,
        page_token: str | None = ...,
        parent: str | None = ...,
    ) -> AsyncIterator[_catalog.ConnectionInfo]: ...
    async def update(
        self,
        name: str,
        options: dict[str, str],
        *,
        environment_settings: _catalog.EnvironmentSettings | None = ...,
        new_name: str | None = ...,
        owner: str | None = ...,
        secrets: dict[str, str] | None = ...,
    ) -> _catalog.ConnectionInfo: ...
    def __getattr__(self, name: str) -> Any: ...

class CredentialsAPI:
    async def create_credential(
        self,
        name: str,
        *,
        aws_iam_role: _catalog.AwsIamRole | None = ...,
        azure_managed_identity: _catalog.AzureManagedIdentity | None = ...,
        azure_service_principal: _catalog.AzureServicePrincipal | None = ...,
        comment: str | None = ...,
        databricks_gcp_service_account: _catalog.DatabricksGcpServiceAccount | None = ...,
        purpose: _catalog.CredentialPurpose | None = ...,
        read_only: bool | None = ...,
        skip_validation: bool | None = ...,
    ) -> _catalog.CredentialInfo: ...
    async def delete_credential(self, name_arg: str, *, force: bool | None = ...) -> None: ...
    async def generate_temporary_service_credential(
        self,
        credential_name: str,
        *,
        azure_options: _catalog.GenerateTemporaryServiceCredentialAzureOptions | None = ...,
        gcp_options: _catalog.GenerateTemporaryServiceCredentialGcpOptions | None = ...,
    ) -> _catalog.TemporaryCredentials: ...
    async def get_credential(self, name_arg: str) -> _catalog.CredentialInfo: ...
    def list_credentials(
        self,
        *,
        include_unbound: bool | None = ...,
        max_results: int | None = ...,
        page_token: str | None = ...,
        purpose: _catalog.CredentialPurpose | None = ...,
    ) -> AsyncIterator[_catalog.CredentialInfo]: ...
    async def update_credential(
        self,
        name_arg: str,
        *,
        aws_iam_role: _catalog.AwsIamRole | None = ...,
        azure_managed_identity: _catalog.AzureManagedIdentity | None = ...,
        azure_service_principal: _catalog.AzureServicePrincipal | None = ...,
        comment: str | None = ...,
        databricks_gcp_service_account: _catalog.DatabricksGcpServiceAccount | None = ...,
        force: bool | None = ...,
        isolation_mode: _catalog.IsolationMode | None = ...,
        new_name: str | None = ...,
        owner: str | None = ...,
        read_only: bool | None = ...,
        skip_validation: bool | None = ...,
    ) -> _catalog.CredentialInfo: ...
    async def validate_credential(
        self,
        *,
        aws_iam_role: _catalog.AwsIamRole | None = ...,
        azure_managed_identity: _catalog.AzureManagedIdentity | None = ...,
        credential_name: str | None = ...,
        databricks_gcp_service_account: _catalog.DatabricksGcpServiceAccount | None = ...,
        external_location_name: str | None = ...,
        purpose: _catalog.CredentialPurpose | None = ...,
        read_only: bool | None = ...,
        url: str | None = ...,
    ) -> _catalog.ValidateCredentialResponse: ...
    def __getattr__(self, name: str) -> Any: ...

class EntityTagAssignmentsAPI:
    async def create(
        self, tag_assignment: _catalog.EntityTagAssignment
    ) -> _catalog.EntityTagAssignment: ...
    async def delete(self, entity_type: str, entity_name: str, tag_key: str) -> None: ...
    async def get(
        self, entity_type: str, entity_name: str, tag_key: str
    ) -> _catalog.EntityTagAssignment: ...
    def list(
        self,
        entity_type: str,
        entity_name: str,
        *,
        max_results: int | None = ...,
        page_token: str | None = ...,
    ) -> AsyncIterator[_catalog.EntityTagAssignment]: ...
    async def update(
        self,
        entity_type: str,
        entity_name: str,
        tag_key: str,
        tag_assignment: _catalog.EntityTagAssignment,
        update_mask: str,
    ) -> _catalog.EntityTagAssignment: ...
    def __getattr__(self, name: str) -> Any: ...

class ExternalLineageAPI:
    async def create_external_lineage_relationship(
        self, external_lineage_relationship: _catalog.CreateRequestExternalLineage
    ) -> _catalog.ExternalLineageRelationship: ...
    async def delete_external_lineage_relationship(
        self, external_lineage_relationship: _catalog.DeleteRequestExternalLineage
    ) -> None: ...
    def list_external_lineage_relationships(
        self,
        object_info: _catalog.ExternalLineageObject,
        lineage_direction: _catalog.LineageDirection,
        *,
        page_size: int | None = ...,
        page_token: str | None = ...,
    ) -> AsyncIterator[_catalog.ExternalLineageInfo]: ...
    async def update_external_lineage_relationship(
        self, external_lineage_relationship: _catalog.UpdateRequestExternalLineage, update_mask: str
    ) -> _catalog.ExternalLineageRelationship: ...
    def __getattr__(self, name: str) -> Any: ...

class ExternalLocationsAPI:
    async def create(
        self,
        name: str,
        url: str,
        credential_name: str,
        *,
        comment: str | None = ...,
        effective_enable_file_events: bool | None = ...,
        effective_file_event_queue: _catalog.FileEventQueue | None = ...,
        enable_file_events: bool | None = ...,
        encryption_details: _catalog.EncryptionDetails | None = ...,
        fallback: bool | None = ...,
        file_event_queue: _catalog.FileEventQueue | None = ...,
        read_only: bool | None = ...,
        skip_validation: bool | None = ...,
    ) -> _catalog.ExternalLocationInfo: ...
    async def delete(self, name: str, *, force: bool | None = ...) -> None: ...
    async def get(
        self, name: str, *, include_browse: bool | None = ...
    ) -> _catalog.ExternalLocationInfo: ...
    def list(
        self,
        *,
        include_browse: bool | None = ...,
        include_unbound: bool | None = ...,
        max_results: int | None = ...,
        page_token: str | None = ...,
    ) -> AsyncIterator[_catalog.ExternalLocationInfo]: ...
    async def update(
        self,
        name: str,
        *,
        comment: str | None = ...,
        credential_name: str | None = ...,
        effective_enable_file_events: bool | None = ...,
        effective_file_event_queue: _catalog.FileEventQueue | None = ...,
        enable_file_events: bool | None = ...,
        encryption_details: _catalog.EncryptionDetails | None = ...,
        fallback: bool | None = ...,
        file_event_queue: _catalog.FileEventQueue | None = ...,
        force: bool | None = ...,
        isolation_mode: _catalog.IsolationMode | None = ...,
        new_name: str | None = ...,
        owner: str | None = ...,
        read_only: bool | None = ...,
        skip_validation: bool | None = ...,
        url: str | None = ...,
    ) -> _catalog.ExternalLocationInfo: ...
    def __getattr__(self, name: str) -> Any: ...

class ExternalMetadataAPI:
    async def create_external_metadata(
        self, external_metadata: _catalog.ExternalMetadata
    ) -> _catalog.ExternalMetadata: ...
    async def delete_external_metadata(self, name: str) -> None: ...
    async def get_external_metadata(self, name: str) -> _catalog.ExternalMetadata: ...
    def list_external_metadata(
        self, *, page_size: int | None = ..., page_token: str | None = ...
    ) -> AsyncIterator[_catalog.ExternalMetadata]: ...
    async def update_external_metadata(
        self, name: str, external_metadata: _catalog.ExternalMetadata, update_mask: str
    ) -> _catalog.ExternalMetadata: ...
    def __getattr__(self, name: str) -> Any: ...

class FunctionsAPI:
    async def create(self, function_info: _catalog.CreateFunction) -> _catalog.FunctionInfo: ...
    async def delete(self, name: str, *, force: bool | None = ...) -> None: ...
    async def get(
        self, name: str, *, include_browse: bool | None = ...
    ) -> _catalog.FunctionInfo: ...
    def list(
        self,
        catalog_name: str,
        schema_name: str,
        *,
        include_browse: bool | None = ...,
        max_results: int | None = ...,
        page_token: str | None = ...,
    ) -> AsyncIterator[_catalog.FunctionInfo]: ...
    async def update(self, name: str, *, owner: str | None = ...) -> _catalog.FunctionInfo: ...
    def __getattr__(self, name: str) -> Any: ...

class GrantsAPI:
    async def get(
        self,
        securable_type: str,
        full_name: str,
        *,
        max_results: int | None = ...,
        page_token: str | None = ...,
        principal: str | None = ...,
    ) -> _catalog.GetPermissionsResponse: ...
    async def get_effective(
        self,
        securable_type: str,
        full_name: str,
        *,
        max_results: int | None = ...,
        page_token: str | None = ...,
        principal: str | None = ...,
    ) -> _catalog.EffectivePermissionsList: ...
    def list(
        self,
        securable_type: str,
        full_name: str,
        *,
        page_size: int | None = ...,
        page_token: str | None = ...,
        principal: str | None = ...,
    ) -> AsyncIterator[_catalog.PrivilegeAssignment]: ...
    def list_effective(
        self,
        securable_type: str,
        full_name: str,
        *,
        page_size: int | None = ...,
        page_token: str | None = ...,
        principal: str | None = ...,
    ) -> AsyncIterator[_catalog.EffectivePrivilegeAssignment]: ...
    async def update(
        self,
        securable_type: str,
        full_name: str,
        *,
        changes: builtins.list[_catalog.PermissionsChange] | None = ...,
        omit_permissions_in_response: bool | None = ...,
    ) -> _catalog.UpdatePermissionsResponse: ...
    def __getattr__(self, name: str) -> Any: ...

class MetastoresAPI:
    async def assign(
        self, workspace_id: int, metastore_id: str, default_catalog_name: str
    ) -> None: ...
    async def create(
        self,
        name: str,
        *,
        external_access_enabled: bool | None = ...,
        region: str | None = ...,
        storage_root: str | None = ...,
    ) -> _catalog.MetastoreInfo: ...
    async def current(self) -> _catalog.MetastoreAssignment: ...
    async def delete(self, id: str, *, force: bool | None = ...) -> None: ...
    async def get(self, id: str) -> _catalog.MetastoreInfo: ...
    def list(
        self, *, max_results: int | None = ..., page_token: str | None = ...
    ) -> AsyncIterator[_catalog.MetastoreInfo]: ...
    async def summary(self) -> _catalog.GetMetastoreSummaryResponse: ...
    async def unassign(self, workspace_id: int, metastore_id: str) -> None: ...
    async def update(
        self,
        id: str,
        *,
        delta_sharing_organization_name: str | None = ...,
        delta_sharing_recipient_token_lifetime_in_seconds: int | None = ...,
        delta_sharing_scope: _catalog.DeltaSharingScopeEnum | None = ...,
        external_access_enabled: bool | None = ...,
        new_name: str | None = ...,
        owner: str | None = ...,
        privilege_model_version: str | None = ...,
        storage_root_credential_id: str | None = ...,
    ) -> _catalog.MetastoreInfo: ...
    async def update_assignment(
        self,
        workspace_id: int,
        *,
        default_catalog_name: str | None = ...,
        metastore_id: str | None = ...,
    ) -> None: ...
    def __getattr__(self, name: str) -> Any: ...

class ModelVersionsAPI:
    async def delete(self, full_name: str, version: int) -> None: ...
    async def get(
        self,
        full_name: str,
        version: int,
        *,
        include_aliases: bool | None = ...,
        include_browse: bool | None = ...,
    ) -> _catalog.ModelVersionInfo: ...
    async def get_by_alias(
        self, full_name: str, alias: str, *, include_aliases: bool | None = ...
    ) -> _catalog.ModelVersionInfo: ...
    def list(
        self,
        full_name: str,
        *,
        include_browse: bool | None = ...,
        max_results: int | None = ...,
        page_token: str | None = ...,
    ) -> AsyncIterator[_catalog.ModelVersionInfo]: ...
    async def update(
        self,
        full_name: str,
        version: int,
        *,
        aliases: builtins.list[_catalog.RegisteredModelAlias] | None = ...,
        catalog_name: str | None = ...,
        comment: str | None = ...,
        created_at: int | None = ...,
        created_by: str | None = ...,
        id: str | None = ...,
        metastore_id: str | None = ...,
        model_name: str | None = ...,
        model_version_dependencies: _catalog.DependencyList | None = ...,
        run_id: str | None = ...,
        run_workspace_id: int | None = ...,
        schema_name: str | None = ...,
        source: str | None = ...,
        status: _catalog.ModelVersionInfoStatus | None = ...,
        storage_location: str | None = ...,
        updated_at: int | None = ...,
        updated_by: str | None = ...,
    ) -> _catalog.ModelVersionInfo: ...
    def __getattr__(self, name: str) -> Any: ...

class OnlineTablesAPI:
    async def create(self, table: _catalog.OnlineTable) -> Wait[_catalog.OnlineTable]: ...
    async def create_and_wait(
        self, table: _catalog.OnlineTable, timeout: timedelta | float | None = ...
    ) -> _catalog.OnlineTable: ...
    async def delete(self, name: str) -> None: ...
    async def get(self, name: str) -> _catalog.OnlineTable: ...
    async def wait_get_online_table_active(
        self,
        name: str,
        timeout: timedelta = ...,
        callback: Callable[[_catalog.OnlineTable], None] | None = ...,
    ) -> _catalog.OnlineTable: ...
    def __getattr__(self, name: str) -> Any: ...

class PoliciesAPI:
    async def create_policy(self, policy_info: _catalog.PolicyInfo) -> _catalog.PolicyInfo: ...
    async def delete_policy(
        self, on_securable_type: str, on_securable_fullname: str, name: str
    ) -> _catalog.DeletePolicyResponse: ...
    async def get_policy(
        self, on_securable_type: str, on_securable_fullname: str, name: str
    ) -> _catalog.PolicyInfo: ...
    def list_policies(
        self,
        on_securable_type: str,
        on_securable_fullname: str,
        *,
        include_inherited: bool | None = ...,
        max_results: int | None = ...,
        page_token: str | None = ...,
    ) -> AsyncIterator[_catalog.PolicyInfo]: ...
    async def update_policy(
        self,
        on_securable_type: str,
        on_securable_fullname: str,
        name: str,
        policy_info: _catalog.PolicyInfo,
        *,
        update_mask: str | None = ...,
    ) -> _catalog.PolicyInfo: ...
    def __getattr__(self, name: str) -> Any: ...

class QualityMonitorsAPI:
    async def cancel_refresh(self, table_name: str, refresh_id: int) -> None: ...
    async def create(
        self,
        table_name: str,
        output_schema_name: str,
        assets_dir: str,
        *,
        baseline_table_name: str | None = ...,
        custom_metrics: list[_catalog.MonitorMetric] | None = ...,
        data_classification_config: _catalog.MonitorDataClassificationConfig | None = ...,
        inference_log: _catalog.MonitorInferenceLog | None = ...,
        latest_monitor_failure_msg: str | None = ...,
        notifications: _catalog.MonitorNotifications | None = ...,
        schedule: _catalog.MonitorCronSchedule | None = ...,
        skip_builtin_dashboard: bool | None = ...,
        slicing_exprs: list[str] | None = ...,
        snapshot: _catalog.MonitorSnapshot | None = ...,
        time_series: _catalog.MonitorTimeSeries | None = ...,
        warehouse_id: str | None = ...,
    ) -> _catalog.MonitorInfo: ...
    async def delete(self, table_name: str) -> _catalog.DeleteMonitorResponse: ...
    async def get(self, table_name: str) -> _catalog.MonitorInfo: ...
    async def get_refresh(
        self, table_name: str, refresh_id: int
    ) -> _catalog.MonitorRefreshInfo: ...
    async def list_refreshes(self, table_name: str) -> _catalog.MonitorRefreshListResponse: ...
    async def regenerate_dashboard(
        self, table_name: str, *, warehouse_id: str | None = ...
    ) -> _catalog.RegenerateDashboardResponse: ...
    async def run_refresh(self, table_name: str) -> _catalog.MonitorRefreshInfo: ...
    async def update(
        self,
        table_name: str,
        output_schema_name: str,
        *,
        baseline_table_name: str | None = ...,
        custom_metrics: list[_catalog.MonitorMetric] | None = ...,
        dashboard_id: str | None = ...,
        data_classification_config: _catalog.MonitorDataClassificationConfig | None = ...,
        inference_log: _catalog.MonitorInferenceLog | None = ...,
        latest_monitor_failure_msg: str | None = ...,
        notifications: _catalog.MonitorNotifications | None = ...,
        schedule: _catalog.MonitorCronSchedule | None = ...,
        slicing_exprs: list[str] | None = ...,
        snapshot: _catalog.MonitorSnapshot | None = ...,
        time_series: _catalog.MonitorTimeSeries | None = ...,
    ) -> _catalog.MonitorInfo: ...
    def __getattr__(self, name: str) -> Any: ...

class RegisteredModelsAPI:
    async def create(
        self,
        *,
        aliases: builtins.list[_catalog.RegisteredModelAlias] | None = ...,
        browse_only: bool | None = ...,
        catalog_name: str | None = ...,
        comment: str | None = ...,
        created_at: int | None = ...,
        created_by: str | None = ...,
        full_name: str | None = ...,
        metastore_id: str | None = ...,
        name: str | None = ...,
        owner: str | None = ...,
        schema_name: str | None = ...,
        storage_location: str | None = ...,
        updated_at: int | None = ...,
        updated_by: str | None = ...,
    ) -> _catalog.RegisteredModelInfo: ...
    async def delete(self, full_name: str) -> None: ...
    async def delete_alias(self, full_name: str, alias: str) -> None: ...
    async def get(
        self,
        full_name: str,
        *,
        include_aliases: bool | None = ...,
        include_browse: bool | None = ...,
    ) -> _catalog.RegisteredModelInfo: ...
    def list(
        self,
        *,
        catalog_name: str | None = ...,
        include_browse: bool | None = ...,
        max_results: int | None = ...,
        page_token: str | None = ...,
        schema_name: str | None = ...,
    ) -> AsyncIterator[_catalog.RegisteredModelInfo]: ...
    async def set_alias(
        self, full_name: str, alias: str, version_num: int
    ) -> _catalog.RegisteredModelAlias: ...
    async def update(
        self,
        full_name: str,
        *,
        aliases: builtins.list[_catalog.RegisteredModelAlias] | None = ...,
        browse_only: bool | None = ...,
        catalog_name: str | None = ...,
        comment: str | None = ...,
        created_at: int | None = ...,
        created_by: str | None = ...,
        metastore_id: str | None = ...,
        name: str | None = ...,
        new_name: str | None = ...,
        owner: str | None = ...,
        schema_name: str | None = ...,
        storage_location: str | None = ...,
        updated_at: int | None = ...,
        updated_by: str | None = ...,
    ) -> _catalog.RegisteredModelInfo: ...
    def __getattr__(self, name: str) -> Any: ...

class ResourceQuotasAPI:
    async def get_quota(
        self, parent_securable_type: str, parent_full_name: str, quota_name: str
    ) -> _catalog.GetQuotaResponse: ...
    def list_quotas(
        self, *, max_results: int | None = ..., page_token: str | None = ...
    ) -> AsyncIterator[_catalog.QuotaInfo]: ...
    def __getattr__(self, name: str) -> Any: ...

class RfaAPI:
    async def batch_create_access_requests(
        self, *, requests: list[_catalog.CreateAccessRequest] | None = ...
    ) -> _catalog.BatchCreateAccessRequestsResponse: ...
    async def get_access_request_destinations(
        self, securable_type: str, full_name: str
    ) -> _catalog.AccessRequestDestinations: ...
    async def update_access_request_destinations(
        self, access_request_destinations: _catalog.AccessRequestDestinations, update_mask: str
    ) -> _catalog.AccessRequestDestinations: ...
    def __getattr__(self, name: str) -> Any: ...

class SchemasAPI:
    async def create(
        self,
        name: str,
        catalog_name: str,
        *,
        comment: str | None = ...,
        custom_max_retention_hours: int | None = ...,
        properties: dict[str, str] | None = ...,
        storage_root: str | None = ...,
    ) -> _catalog.SchemaInfo: ...
    async def delete(self, full_name: str, *, force: bool | None = ...) -> None: ...
    async def get(
        self, full_name: str, *, include_browse: bool | None = ...
    ) -> _catalog.SchemaInfo: ...
    def list(
        self,
        catalog_name: str,
        *,
        include_browse: bool | None = ...,
        max_results: int | None = ...,
        page_token: str | None = ...,
    ) -> AsyncIterator[_catalog.SchemaInfo]: ...
    async def update(
        self,
        full_name: str,
        *,
        comment: str | None = ...,
        custom_max_retention_hours: int | None = ...,
        enable_predictive_optimization: _catalog.EnablePredictiveOptimization | None = ...,
        new_name: str | None = ...,
        owner: str | None = ...,
        properties: dict[str, str] | None = ...,
    ) -> _catalog.SchemaInfo: ...
    def __getattr__(self, name: str) -> Any: ...

class SecretsUcAPI:
    async def create_secret(self, secret: _catalog.Secret) -> _catalog.Secret: ...
    async def delete_secret(self, full_name: str) -> None: ...
    async def get_secret(
        self, full_name: str, *, include_value: bool | None = ...
    ) -> _catalog.Secret: ...
    def list_secrets(
        self,
        *,
        catalog_name: str | None = ...,
        page_size: int | None = ...,
        page_token: str | None = ...,
        schema_name: str | None = ...,
    ) -> AsyncIterator[_catalog.Secret]: ...
    async def update_secret(
        self, full_name: str, secret: _catalog.Secret, update_mask: FieldMask
    ) -> _catalog.Secret: ...
    def __getattr__(self, name: str) -> Any: ...

class StorageCredentialsAPI:
    async def create(
        self,
        name: str,
        *,
        aws_iam_role: _catalog.AwsIamRoleRequest | None = ...,
        azure_managed_identity: _catalog.AzureManagedIdentityRequest | None = ...,
        azure_service_principal: _catalog.AzureServicePrincipal | None = ...,
        cloudflare_api_token: _catalog.CloudflareApiToken | None = ...,
        comment: str | None = ...,
        databricks_gcp_service_account: _catalog.DatabricksGcpServiceAccountRequest | None = ...,
        read_only: bool | None = ...,
        skip_validation: bool | None = ...,
    ) -> _catalog.StorageCredentialInfo: ...
    async def delete(self, name: str, *, force: bool | None = ...) -> None: ...
    async def get(self, name: str) -> _catalog.StorageCredentialInfo: ...
    def list(
        self,
        *,
        include_unbound: bool | None = ...,
        max_results: int | None = ...,
        page_token: str | None = ...,
    ) -> AsyncIterator[_catalog.StorageCredentialInfo]: ...
    async def update(
        self,
        name: str,
        *,
        aws_iam_role: _catalog.AwsIamRoleRequest | None = ...,
        azure_managed_identity: _catalog.AzureManagedIdentityResponse | None = ...,
        azure_service_principal: _catalog.AzureServicePrincipal | None = ...,
        cloudflare_api_token: _catalog.CloudflareApiToken | None = ...,
        comment: str | None = ...,
        databricks_gcp_service_account: _catalog.DatabricksGcpServiceAccountRequest | None = ...,
        force: bool | None = ...,
        isolation_mode: _catalog.IsolationMode | None = ...,
        new_name: str | None = ...,
        owner: str | None = ...,
        read_only: bool | None = ...,
        skip_validation: bool | None = ...,
    ) -> _catalog.StorageCredentialInfo: ...
    async def validate(
        self,
        *,
        aws_iam_role: _catalog.AwsIamRoleRequest | None = ...,
        azure_managed_identity: _catalog.AzureManagedIdentityRequest | None = ...,
        azure_service_principal: _catalog.AzureServicePrincipal | None = ...,
        cloudflare_api_token: _catalog.CloudflareApiToken | None = ...,
        databricks_gcp_service_account: _catalog.DatabricksGcpServiceAccountRequest | None = ...,
        external_location_name: str | None = ...,
        read_only: bool | None = ...,
        storage_credential_name: str | None = ...,
        url: str | None = ...,
    ) -> _catalog.ValidateStorageCredentialResponse: ...
    def __getattr__(self, name: str) -> Any: ...

class SystemSchemasAPI:
    async def disable(self, metastore_id: str, schema_name: str) -> None: ...
    async def enable(
        self, metastore_id: str, schema_name: str, *, catalog_name: str | None = ...
    ) -> None: ...
    def list(
        self, metastore_id: str, *, max_results: int | None = ..., page_token: str | None = ...
    ) -> AsyncIterator[_catalog.SystemSchemaInfo]: ...
    def __getattr__(self, name: str) -> Any: ...

class TableConstraintsAPI:
    async def create(
        self, full_name_arg: str, constraint: _catalog.TableConstraint
    ) -> _catalog.TableConstraint: ...
    async def delete(self, full_name: str, constraint_name: str, cascade: bool) -> None: ...
    def __getattr__(self, name: str) -> Any: ...

class TablesAPI:
    async def create(
        self,
        name: str,
        catalog_name: str,
        schema_name: str,
        table_type: _catalog.TableType,
        data_source_format: _catalog.DataSourceFormat,
        storage_location: str,
        *,
        columns: builtins.list[_catalog.ColumnInfo] | None = ...,
        properties: dict[str, str] | None = ...,
    ) -> _catalog.TableInfo: ...
    async def delete(self, full_name: str) -> None: ...
    async def exists(self, full_name: str) -> _catalog.TableExistsResponse: ...
    async def get(
        self,
        full_name: str,
        *,
        include_browse: bool | None = ...,
        include_delta_metadata: bool | None = ...,
        include_manifest_capabilities: bool | None = ...,
    ) -> _catalog.TableInfo: ...
    def list(
        self,
        catalog_name: str,
        schema_name: str,
        *,
        include_browse: bool | None = ...,
        include_manifest_capabilities: bool | None = ...,
        max_results: int | None = ...,
        omit_columns: bool | None = ...,
        omit_properties: bool | None = ...,
        omit_username: bool | None = ...,
        page_token: str | None = ...,
    ) -> AsyncIterator[_catalog.TableInfo]: ...
    def list_summaries(
        self,
        catalog_name: str,
        *,
        include_manifest_capabilities: bool | None = ...,
        max_results: int | None = ...,
        page_token: str | None = ...,
        schema_name_pattern: str | None = ...,
        table_name_pattern: str | None = ...,
    ) -> AsyncIterator[_catalog.TableSummary]: ...
    async def update(self, full_name: str, *, owner: str | None = ...) -> None: ...
    def __getattr__(self, name: str) -> Any: ...

class TemporaryPathCredentialsAPI:
    async def generate_temporary_path_credentials(
        self, url: str, operation: _catalog.PathOperation, *, dry_run: bool | None = ...
    ) -> _catalog.GenerateTemporaryPathCredentialResponse: ...
    def __getattr__(self, name: str) -> Any: ...

class TemporaryTableCredentialsAPI:
    async def generate_temporary_table_credentials(
        self, *, operation: _catalog.TableOperation | None = ..., table_id: str | None = ...
    ) -> _catalog.GenerateTemporaryTableCredentialResponse: ...
    def __getattr__(self, name: str) -> Any: ...

class TemporaryVolumeCredentialsAPI:
    async def generate_temporary_volume_credentials(
        self, *, operation: _catalog.VolumeOperation | None = ..., volume_id: str | None = ...
    ) -> _catalog.GenerateTemporaryVolumeCredentialResponse: ...
    def __getattr__(self, name: str) -> Any: ...

class VolumesAPI:
    async def create(
        self,
        catalog_name: str,
        schema_name: str,
        name: str,
        volume_type: _catalog.VolumeType,
        *,
        comment: str | None = ...,
        storage_location: str | None = ...,
    ) -> _catalog.VolumeInfo: ...
    async def delete(self, name: str) -> None: ...
    def list(
        self,
        catalog_name: str,
        schema_name: str,
        *,
        include_browse: bool | None = ...,
        max_results: int | None = ...,
        page_token: str | None = ...,
    ) -> AsyncIterator[_catalog.VolumeInfo]: ...
    async def read(
        self, name: str, *, include_browse: bool | None = ...
    ) -> _catalog.VolumeInfo: ...
    async def update(
        self,
        name: str,
        *,
        comment: str | None = ...,
        new_name: str | None = ...,
        owner: str | None = ...,
    ) -> _catalog.VolumeInfo: ...
    def __getattr__(self, name: str) -> Any: ...

class WorkspaceBindingsAPI:
    async def get(self, name: str) -> _catalog.GetCatalogWorkspaceBindingsResponse: ...
    def get_bindings(
        self,
        securable_type: str,
        securable_name: str,
        *,
        max_results: int | None = ...,
        page_token: str | None = ...,
    ) -> AsyncIterator[_catalog.WorkspaceBinding]: ...
    async def update(
        self,
        name: str,
        *,
        assign_workspaces: list[int] | None = ...,
        unassign_workspaces: list[int] | None = ...,
    ) -> _catalog.UpdateCatalogWorkspaceBindingsResponse: ...
    async def update_bindings(
        self,
        securable_type: str,
        securable_name: str,
        *,
        add: list[_catalog.WorkspaceBinding] | None = ...,
        remove: list[_catalog.WorkspaceBinding] | None = ...,
    ) -> _catalog.UpdateWorkspaceBindingsResponse: ...
    def __getattr__(self, name: str) -> Any: ...
