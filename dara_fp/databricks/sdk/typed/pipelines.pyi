# Written by `make stubs` from the installed databricks-sdk: not for changing by hand.
# ruff: noqa: A002, ASYNC109

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

from databricks.sdk.service import pipelines as _pipelines

from dara_fp.databricks.sdk.waits import Wait

class PipelinesAPI:
    async def apply_environment(
        self, pipeline_id: str
    ) -> _pipelines.ApplyEnvironmentRequestResponse: ...
    async def clone(
        self,
        pipeline_id: str,
        *,
        allow_duplicate_names: bool | None = ...,
        budget_policy_id: str | None = ...,
        catalog: str | None = ...,
        channel: str | None = ...,
        clone_mode: _pipelines.CloneMode | None = ...,
        clusters: list[_pipelines.PipelineCluster] | None = ...,
        configuration: dict[str, str] | None = ...,
        continuous: bool | None = ...,
        deployment: _pipelines.PipelineDeployment | None = ...,
        development: bool | None = ...,
        edition: str | None = ...,
        environment: _pipelines.PipelinesEnvironment | None = ...,
        event_log: _pipelines.EventLogSpec | None = ...,
        expected_last_modified: int | None = ...,
        filters: _pipelines.Filters | None = ...,
        gateway_definition: _pipelines.IngestionGatewayPipelineDefinition | None = ...,
        id: str | None = ...,
        ingestion_definition: _pipelines.IngestionPipelineDefinition | None = ...,
        libraries: list[_pipelines.PipelineLibrary] | None = ...,
        name: str | None = ...,
        notifications: list[_pipelines.Notifications] | None = ...,
        parent_path: str | None = ...,
        photon: bool | None = ...,
        restart_window: _pipelines.RestartWindow | None = ...,
        root_path: str | None = ...,
        schema: str | None = ...,
        serverless: bool | None = ...,
        serverless_compute_id: str | None = ...,
        storage: str | None = ...,
        tags: dict[str, str] | None = ...,
        target: str | None = ...,
        trigger: _pipelines.PipelineTrigger | None = ...,
        usage_policy_id: str | None = ...,
    ) -> _pipelines.ClonePipelineResponse: ...
    async def create(
        self,
        *,
        allow_duplicate_names: bool | None = ...,
        budget_policy_id: str | None = ...,
        catalog: str | None = ...,
        channel: str | None = ...,
        clusters: list[_pipelines.PipelineCluster] | None = ...,
        configuration: dict[str, str] | None = ...,
        continuous: bool | None = ...,
        deployment: _pipelines.PipelineDeployment | None = ...,
        development: bool | None = ...,
        dry_run: bool | None = ...,
        edition: str | None = ...,
        environment: _pipelines.PipelinesEnvironment | None = ...,
        event_log: _pipelines.EventLogSpec | None = ...,
        filters: _pipelines.Filters | None = ...,
        gateway_definition: _pipelines.IngestionGatewayPipelineDefinition | None = ...,
        id: str | None = ...,
        ingestion_definition: _pipelines.IngestionPipelineDefinition | None = ...,
        libraries: list[_pipelines.PipelineLibrary] | None = ...,
        name: str | None = ...,
        notifications: list[_pipelines.Notifications] | None = ...,
        parameters: dict[str, str] | None = ...,
        parent_path: str | None = ...,
        photon: bool | None = ...,
        restart_window: _pipelines.RestartWindow | None = ...,
        root_path: str | None = ...,
        run_as: _pipelines.RunAs | None = ...,
        schema: str | None = ...,
        serverless: bool | None = ...,
        serverless_compute_id: str | None = ...,
        storage: str | None = ...,
        tags: dict[str, str] | None = ...,
        target: str | None = ...,
        trigger: _pipelines.PipelineTrigger | None = ...,
        usage_policy_id: str | None = ...,
    ) -> _pipelines.CreatePipelineResponse: ...
    async def delete(
        self, pipeline_id: str, *, cascade: bool | None = ..., force: bool | None = ...
    ) -> None: ...
    async def get(self, pipeline_id: str) -> _pipelines.GetPipelineResponse: ...
    async def get_permission_levels(
        self, pipeline_id: str
    ) -> _pipelines.GetPipelinePermissionLevelsResponse: ...
    async def get_permissions(self, pipeline_id: str) -> _pipelines.PipelinePermissions: ...
    async def get_update(
        self, pipeline_id: str, update_id: str
    ) -> _pipelines.GetUpdateResponse: ...
    def list_pipeline_events(
        self,
        pipeline_id: str,
        *,
        filter: str | None = ...,
        max_results: int | None = ...,
        order_by: list[str] | None = ...,
        page_token: str | None = ...,
    ) -> AsyncIterator[_pipelines.PipelineEvent]: ...
    def list_pipelines(
        self,
        *,
        filter: str | None = ...,
        max_results: int | None = ...,
        order_by: list[str] | None = ...,
        page_token: str | None = ...,
    ) -> AsyncIterator[_pipelines.PipelineStateInfo]: ...
    async def list_updates(
        self,
        pipeline_id: str,
        *,
        max_results: int | None = ...,
        page_token: str | None = ...,
        until_update_id: str | None = ...,
    ) -> _pipelines.ListUpdatesResponse: ...
    async def set_permissions(
        self,
        pipeline_id: str,
        *,
        access_control_list: list[_pipelines.PipelineAccessControlRequest] | None = ...,
    ) -> _pipelines.PipelinePermissions: ...
    async def start_update(
        self,
        pipeline_id: str,
        *,
        cause: _pipelines.StartUpdateCause | None = ...,
        development: bool | None = ...,
        full_refresh: bool | None = ...,
        full_refresh_selection: list[str] | None = ...,
        parameters: dict[str, str] | None = ...,
        refresh_selection: list[str] | None = ...,
        replace_where_overrides: list[_pipelines.ReplaceWhereOverride] | None = ...,
        reset_checkpoint_selection: list[str] | None = ...,
        rewind_spec: _pipelines.RewindSpec | None = ...,
        validate_only: bool | None = ...,
    ) -> _pipelines.StartUpdateResponse: ...
    async def stop(self, pipeline_id: str) -> Wait[_pipelines.GetPipelineResponse]: ...
    async def stop_and_wait(
        self, pipeline_id: str, timeout: timedelta | float | None = ...
    ) -> _pipelines.GetPipelineResponse: ...
    async def update(
        self,
        pipeline_id: str,
        *,
        allow_duplicate_names: bool | None = ...,
        budget_policy_id: str | None = ...,
        catalog: str | None = ...,
        channel: str | None = ...,
        clusters: list[_pipelines.PipelineCluster] | None = ...,
        configuration: dict[str, str] | None = ...,
        continuous: bool | None = ...,
        deployment: _pipelines.PipelineDeployment | None = ...,
        development: bool | None = ...,
        edition: str | None = ...,
        environment: _pipelines.PipelinesEnvironment | None = ...,
        event_log: _pipelines.EventLogSpec | None = ...,
        expected_last_modified: int | None = ...,
        filters: _pipelines.Filters | None = ...,
        gateway_definition: _pipelines.IngestionGatewayPipelineDefinition | None = ...,
        id: str | None = ...,
        ingestion_definition: _pipelines.IngestionPipelineDefinition | None = ...,
        libraries: list[_pipelines.PipelineLibrary] | None = ...,
        name: str | None = ...,
        notifications: list[_pipelines.Notifications] | None = ...,
        parameters: dict[str, str] | None = ...,
        parent_path: str | None = ...,
        photon: bool | None = ...,
        restart_window: _pipelines.RestartWindow | None = ...,
        root_path: str | None = ...,
        run_as: _pipelines.RunAs | None = ...,
        schema: str | None = ...,
        serverless: bool | None = ...,
        serverless_compute_id: str | None = ...,
        storage: str | None = ...,
        tags: dict[str, str] | None = ...,
        target: str | None = ...,
        trigger: _pipelines.PipelineTrigger | None = ...,
        usage_policy_id: str | None = ...,
    ) -> None: ...
    async def update_permissions(
        self,
        pipeline_id: str,
        *,
        access_control_list: list[_pipelines.PipelineAccessControlRequest] | None = ...,
    ) -> _pipelines.PipelinePermissions: ...
    async def wait_get_pipeline_idle(
        self,
        pipeline_id: str,
        timeout: timedelta = ...,
        callback: Callable[[_pipelines.GetPipelineResponse], None] | None = ...,
    ) -> _pipelines.GetPipelineResponse: ...
    def __getattr__(self, name: str) -> Any: ...
