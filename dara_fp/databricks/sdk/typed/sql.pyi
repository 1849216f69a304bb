# Written by `make stubs` from the installed databricks-sdk: not for changing by hand.
# pyright: reportMissingTypeStubs=false
# ruff: noqa: A002, ASYNC109

import builtins
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

from databricks.sdk.common.types.fieldmask import FieldMask
from databricks.sdk.service import sql as _sql

from dara_fp.databricks.sdk.waits import Wait

class AlertsAPI:
    async def create(
        self,
        *,
        alert: _sql.CreateAlertRequestAlert | None = ...,
        auto_resolve_display_name: bool | None = ...,
    ) -> _sql.Alert: ...
    async def delete(self, id: str) -> None: ...
    async def get(self, id: str) -> _sql.Alert: ...
    def list(
        self, *, page_size: int | None = ..., page_token: str | None = ...
    ) -> AsyncIterator[_sql.ListAlertsResponseAlert]: ...
    async def update(
        self,
        id: str,
        update_mask: str,
        *,
        alert: _sql.UpdateAlertRequestAlert | None = ...,
        auto_resolve_display_name: bool | None = ...,
    ) -> _sql.Alert: ...
    def __getattr__(self, name: str) -> Any: ...

class AlertsLegacyAPI:
    async def create(
        self,
        name: str,
        options: _sql.AlertOptions,
        query_id: str,
        *,
        parent: str | None = ...,
        rearm: int | None = ...,
    ) -> _sql.LegacyAlert: ...
    async def delete(self, alert_id: str) -> None: ...
    async def get(self, alert_id: str) -> _sql.LegacyAlert: ...
    def list(self) -> AsyncIterator[_sql.LegacyAlert]: ...
    async def update(
        self,
        alert_id: str,
        name: str,
        options: _sql.AlertOptions,
        query_id: str,
        *,
        rearm: int | None = ...,
    ) -> None: ...
    def __getattr__(self, name: str) -> Any: ...

class AlertsV2API:
    async def create_alert(self, alert: _sql.AlertV2) -> _sql.AlertV2: ...
    async def get_alert(self, id: str) -> _sql.AlertV2: ...
    def list_alerts(
        self, *, page_size: int | None = ..., page_token: str | None = ...
    ) -> AsyncIterator[_sql.AlertV2]: ...
    async def trash_alert(self, id: str, *, purge: bool | None = ...) -> None: ...
    async def update_alert(
        self, id: str, alert: _sql.AlertV2, update_mask: str
    ) -> _sql.AlertV2: ...
    def __getattr__(self, name: str) -> Any: ...

class DashboardWidgetsAPI:
    async def create(
        self,
        dashboard_id: str,
        options: _sql.WidgetOptions,
        width: int,
        *,
        text: str | None = ...,
        visualization_id: str | None = ...,
    ) -> _sql.Widget: ...
    async def delete(self, id: str) -> None: ...
    async def update(
        self,
        id: str,
        dashboard_id: str,
        options: _sql.WidgetOptions,
        width: int,
        *,
        text: str | None = ...,
        visualization_id: str | None = ...,
    ) -> _sql.Widget: ...
    def __getattr__(self, name: str) -> Any: ...

class DashboardsAPI:
    async def delete(self, dashboard_id: str) -> None: ...
    async def get(self, dashboard_id: str) -> _sql.Dashboard: ...
    def list(
        self,
        *,
        order: _sql.ListOrder | None = ...,
        page: int | None = ...,
        page_size: int | None = ...,
        q: str | None = ...,
    ) -> AsyncIterator[_sql.Dashboard]: ...
    async def restore(self, dashboard_id: str) -> None: ...
    async def update(
        self,
        dashboard_id: str,
        *,
        name: str | None = ...,
        run_as_role: _sql.RunAsRole | None = ...,
        tags: builtins.list[str] | None = ...,
    ) -> _sql.Dashboard: ...
    def __getattr__(self, name: str) -> Any: ...

class DataSourcesAPI:
    def list(self) -> AsyncIterator[_sql.DataSource]: ...
    def __getattr__(self, name: str) -> Any: ...

class DbsqlPermissionsAPI:
    async def get(self, object_type: _sql.ObjectTypePlural, object_id: str) -> _sql.GetResponse: ...
    async def set(
        self,
        object_type: _sql.ObjectTypePlural,
        object_id: str,
        *,
        access_control_list: list[_sql.AccessControl] | None = ...,
    ) -> _sql.SetResponse: ...
    async def transfer_ownership(
        self,
        object_type: _sql.OwnableObjectType,
        object_id: _sql.TransferOwnershipObjectId,
        *,
        new_owner: str | None = ...,
    ) -> _sql.Success: ...
    def __getattr__(self, name: str) -> Any: ...

class QueriesAPI:
    async def create(
        self,
        *,
        auto_resolve_display_name: bool | None = ...,
        query: _sql.CreateQueryRequestQuery | None = ...,
    ) -> _sql.Query: ...
    async def delete(self, id: str) -> None: ...
    async def get(self, id: str) -> _sql.Query: ...
    def list(
        self, *, page_size: int | None = ..., page_token: str | None = ...
    ) -> AsyncIterator[_sql.ListQueryObjectsResponseQuery]: ...
    def list_visualizations(
        self, id: str, *, page_size: int | None = ..., page_token: str | None = ...
    ) -> AsyncIterator[_sql.Visualization]: ...
    async def update(
        self,
        id: str,
        update_mask: str,
        *,
        auto_resolve_display_name: bool | None = ...,
        query: _sql.UpdateQueryRequestQuery | None = ...,
    ) -> _sql.Query: ...
    def __getattr__(self, name: str) -> Any: ...

class QueriesLegacyAPI:
    async def create(
        self,
        *,
        data_source_id: str | None = ...,
        description: str | None = ...,
        name: str | None = ...,
        options: Any | None = ...,
        parent: str | None = ...,
        query: str | None = ...,
        run_as_role: _sql.RunAsRole | None = ...,
        tags: builtins.list[str] | None = ...,
    ) -> _sql.LegacyQuery: ...
    async def delete(self, query_id: str) -> None: ...
    async def get(self, query_id: str) -> _sql.LegacyQuery: ...
    def list(
        self,
        *,
        order: str | None = ...,
        page: int | None = ...,
        page_size: int | None = ...,
        q: str | None = ...,
    ) -> AsyncIterator[_sql.LegacyQuery]: ...
    async def restore(self, query_id: str) -> None: ...
    async def update(
        self,
        query_id: str,
        *,
        data_source_id: str | None = ...,
        description: str | None = ...,
        name: str | None = ...,
        options: Any | None = ...,
        query: str | None = ...,
        run_as_role: _sql.RunAsRole | None = ...,
        tags: builtins.list[str] | None = ...,
    ) -> _sql.LegacyQuery: ...
    def __getattr__(self, name: str) -> Any: ...

class QueryHistoryAPI:
    async def list(
        self,
        *,
        filter_by: _sql.QueryFilter | None = ...,
        include_metrics: bool | None = ...,
        max_results: int | None = ...,
        page_token: str | None = ...,
    ) -> _sql.ListQueriesResponse: ...
    def __getattr__(self, name: str) -> Any: ...

class QueryVisualizationsAPI:
    async def create(
        self, *, visualization: _sql.CreateVisualizationRequestVisualization | None = ...
    ) -> _sql.Visualization: ...
    async def delete(self, id: str) -> None: ...
    async def update(
        self,
        id: str,
        update_mask: str,
        *,
        visualization: _sql.UpdateVisualizationRequestVisualization | None = ...,
    ) -> _sql.Visualization: ...
    def __getattr__(self, name: str) -> Any: ...

class QueryVisualizationsLegacyAPI:
    async def create(
        self,
        options: Any,
        query_id: str,
        type: str,
        *,
        description: str | None = ...,
        name: str | None = ...,
    ) -> _sql.LegacyVisualization: ...
    async def delete(self, id: str) -> None: ...
    async def update(
        self,
        *,
        created_at: str | None = ...,
        description: str | None = ...,
        id: str | None = ...,
        name: str | None = ...,
        options: Any | None = ...,
        query: _sql.LegacyQuery | None = ...,
        type: str | None = ...,
        updated_at: str | None = ...,
    ) -> _sql.LegacyVisualization: ...
    def __getattr__(self, name: str) -> Any: ...

class RedashConfigAPI:
    async def get_config(self) -> _sql.ClientConfig: ...
    def __getattr__(self, name: str) -> Any: ...

class StatementExecutionAPI:
    async def cancel_execution(self, statement_id: str) -> None: ...
    async def execute_statement(
        self,
        statement: str,
        warehouse_id: str,
        *,
        byte_limit: int | None = ...,
        catalog: str | None = ...,
        disposition: _sql.Disposition | None = ...,
        format: _sql.Format | None = ...,
        on_wait_timeout: _sql.ExecuteStatementRequestOnWaitTimeout | None = ...,
        parameters: list[_sql.StatementParameterListItem] | None = ...,
        query_tags: list[_sql.QueryTag] | None = ...,
        row_limit: int | None = ...,
        schema: str | None = ...,
        wait_timeout: str | None = ...,
    ) -> _sql.StatementResponse: ...
    async def get_statement(self, statement_id: str) -> _sql.StatementResponse: ...
    async def get_statement_result_chunk_n(
        self, statement_id: str, chunk_index: int
    ) -> _sql.ResultData: ...
    def __getattr__(self, name: str) -> Any: ...

class WarehousesAPI:
    async def create(
        self,
        *,
        auto_stop_mins: int | None = ...,
        channel: _sql.Channel | None = ...,
        cluster_size: str | None = ...,
        creator_name: str | None = ...,
        customer_version_label: str | None = ...,
        enable_photon: bool | None = ...,
        enable_serverless_compute: bool | None = ...,
        instance_profile_arn: str | None = ...,
        max_dbu: int | None = ...,
        max_num_clusters: int | None = ...,
        min_num_clusters: int | None = ...,
        name: str | None = ...,
        reyden_cluster_size_multiplier: float | None = ...,
        spot_instance_policy: _sql.SpotInstancePolicy | None = ...,
        statement_timeout: int | None = ...,
        tags: _sql.EndpointTags | None = ...,
        warehouse_type: _sql.CreateWarehouseRequestWarehouseType | None = ...,
    ) -> Wait[_sql.GetWarehouseResponse]: ...
    async def create_and_wait(
        self,
        *,
        auto_stop_mins: int | None = ...,
        channel: _sql.Channel | None = ...,
        cluster_size: str | None = ...,
        creator_name: str | None = ...,
        customer_version_label: str | None = ...,
        enable_photon: bool | None = ...,
        enable_serverless_compute: bool | None = ...,
        instance_profile_arn: str | None = ...,
        max_dbu: int | None = ...,
        max_num_clusters: int | None = ...,
        min_num_clusters: int | None = ...,
        name: str | None = ...,
        reyden_cluster_size_multiplier: float | None = ...,
        spot_instance_policy: _sql.SpotInstancePolicy | None = ...,
        statement_timeout: int | None = ...,
        tags: _sql.EndpointTags | None = ...,
        warehouse_type: _sql.CreateWarehouseRequestWarehouseType | None = ...,
        timeout: timedelta | float | None = ...,
    ) -> _sql.GetWarehouseResponse: ...
    async def create_default_warehouse_override(
        self,
        default_warehouse_override: _sql.DefaultWarehouseOverride,
        default_warehouse_override_id: str,
    ) -> _sql.DefaultWarehouseOverride: ...
    async def delete(self, id: str) -> None: ...
    async def delete_default_warehouse_override(self, name: str) -> None: ...
    async def edit(
        self,
        id: str,
        *,
        auto_stop_mins: int | None = ...,
        channel: _sql.Channel | None = ...,
        cluster_size: str | None = ...,
        creator_name: str | None = ...,
        customer_version_label: str | None = ...,
        enable_photon: bool | None = ...,
        enable_serverless_compute: bool | None = ...,
        instance_profile_arn: str | None = ...,
        max_dbu: int | None = ...,
        max_num_clusters: int | None = ...,
        min_num_clusters: int | None = ...,
        name: str | None = ...,
        reyden_cluster_size_multiplier: float | None = ...,
        spot_instance_policy: _sql.SpotInstancePolicy | None = ...,
        statement_timeout: int | None = ...,
        tags: _sql.EndpointTags | None = ...,
        warehouse_type: _sql.EditWarehouseRequestWarehouseType | None = ...,
    ) -> Wait[_sql.GetWarehouseResponse]: ...
    async def edit_and_wait(
        self,
        id: str,
        *,
        auto_stop_mins: int | None = ...,
        channel: _sql.Channel | None = ...,
        cluster_size: str | None = ...,
        creator_name: str | None = ...,
        customer_version_label: str | None = ...,
        enable_photon: bool | None = ...,
        enable_serverless_compute: bool | None = ...,
        instance_profile_arn: str | None = ...,
        max_dbu: int | None = ...,
        max_num_clusters: int | None = ...,
        min_num_clusters: int | None = ...,
        name: str | None = ...,
        reyden_cluster_size_multiplier: float | None = ...,
        spot_instance_policy: _sql.SpotInstancePolicy | None = ...,
        statement_timeout: int | None = ...,
        tags: _sql.EndpointTags | None = ...,
        warehouse_type: _sql.EditWarehouseRequestWarehouseType | None = ...,
        timeout: timedelta | float | None = ...,
    ) -> _sql.GetWarehouseResponse: ...
    async def get(self, id: str) -> _sql.GetWarehouseResponse: ...
    async def get_default_warehouse_override(self, name: str) -> _sql.DefaultWarehouseOverride: ...
    async def get_permission_levels(
        self, warehouse_id: str
    ) -> _sql.GetWarehousePermissionLevelsResponse: ...
    async def get_permissions(self, warehouse_id: str) -> _sql.WarehousePermissions: ...
    async def get_workspace_warehouse_config(self) -> _sql.GetWorkspaceWarehouseConfigResponse: ...
    def list(
        self,
        *,
        page_size: int | None = ...,
        page_token: str | None = ...,
        run_as_user_id: int | None = ...,
    ) -> AsyncIterator[_sql.EndpointInfo]: ...
    def list_default_warehouse_overrides(
        self, *, page_size: int | None = ..., page_token: str | None = ...
    ) -> AsyncIterator[_sql.DefaultWarehouseOverride]: ...
    async def set_permissions(
        self,
        warehouse_id: str,
        *,
        access_control_list: builtins.list[_sql.WarehouseAccessControlRequest] | None = ...,
    ) -> _sql.WarehousePermissions: ...
    async def set_workspace_warehouse_config(
        self,
        *,
        channel: _sql.Channel | None = ...,
        config_param: _sql.RepeatedEndpointConfPairs | None = ...,
        data_access_config: builtins.list[_sql.EndpointConfPair] | None = ...,
        enable_serverless_compute: bool | None = ...,
        enabled_warehouse_types: builtins.list[_sql.WarehouseTypePair] | None = ...,
        global_param: _sql.RepeatedEndpointConfPairs | None = ...,
        google_service_account: str | None = ...,
        instance_profile_arn: str | None = ...,
        security_policy: _sql.SetWorkspaceWarehouseConfigRequestSecurityPolicy | None = ...,
        sql_configuration_parameters: _sql.RepeatedEndpointConfPairs | None = ...,
    ) -> None: ...
    async def start(self, id: str) -> Wait[_sql.GetWarehouseResponse]: ...
    async def start_and_wait(
        self, id: str, timeout: timedelta | float | None = ...
    ) -> _sql.GetWarehouseResponse: ...
    async def stop(self, id: str) -> Wait[_sql.GetWarehouseResponse]: ...
    async def stop_and_wait(
        self, id: str, timeout: timedelta | float | None = ...
    ) -> _sql.GetWarehouseResponse: ...
    async def update_default_warehouse_override(
        self,
        name: str,
        default_warehouse_override: _sql.DefaultWarehouseOverride,
        update_mask: FieldMask,
        *,
        allow_missing: bool | None = ...,
    ) -> _sql.DefaultWarehouseOverride: ...
    async def update_permissions(
        self,
        warehouse_id: str,
        *,
        access_control_list: builtins.list[_sql.WarehouseAccessControlRequest] | None = ...,
    ) -> _sql.WarehousePermissions: ...
    async def wait_get_warehouse_running(
        self,
        id: str,
        timeout: timedelta = ...,
        callback: Callable[[_sql.GetWarehouseResponse], None] | None = ...,
    ) -> _sql.GetWarehouseResponse: ...
    async def wait_get_warehouse_stopped(
        self,
        id: str,
        timeout: timedelta = ...,
        callback: Callable[[_sql.GetWarehouseResponse], None] | None = ...,
    ) -> _sql.GetWarehouseResponse: ...
    def __getattr__(self, name: str) -> Any: ...
