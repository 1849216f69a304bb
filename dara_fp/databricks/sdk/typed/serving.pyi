# Written by `make stubs` from the installed databricks-sdk: not for changing by hand.
# ruff: noqa: A002, ASYNC109

import builtins
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import timedelta
from typing import Any

from databricks.sdk.service import serving as _serving

from dara_fp.databricks.sdk.streams import Stream
from dara_fp.databricks.sdk.waits import Wait

class ServingEndpointsExt:
    async def build_logs(self, name: str, served_model_name: str) -> _serving.BuildLogsResponse: ...
    async def create(
        self,
        name: str,
        *,
        ai_gateway: _serving.AiGatewayConfig | None = ...,
        budget_policy_id: str | None = ...,
        config: _serving.EndpointCoreConfigInput | None = ...,
        description: str | None = ...,
        email_notifications: _serving.EmailNotifications | None = ...,
        rate_limits: builtins.list[_serving.RateLimit] | None = ...,
        route_optimized: bool | None = ...,
        tags: builtins.list[_serving.EndpointTag] | None = ...,
        telemetry_config: _serving.TelemetryConfig | None = ...,
    ) -> Wait[_serving.ServingEndpointDetailed]: ...
    async def create_and_wait(
        self,
        name: str,
        *,
        ai_gateway: _serving.AiGatewayConfig | None = ...,
        budget_policy_id: str | None = ...,
        config: _serving.EndpointCoreConfigInput | None = ...,
        description: str | None = ...,
        email_notifications: _serving.EmailNotifications | None = ...,
        rate_limits: builtins.list[_serving.RateLimit] | None = ...,
        route_optimized: bool | None = ...,
        tags: builtins.list[_serving.EndpointTag] | None = ...,
        telemetry_config: _serving.TelemetryConfig | None = ...,
        timeout: timedelta | float | None = ...,
    ) -> _serving.ServingEndpointDetailed: ...
    async def create_provisioned_throughput_endpoint(
        self,
        name: str,
        config: _serving.PtEndpointCoreConfig,
        *,
        ai_gateway: _serving.AiGatewayConfig | None = ...,
        budget_policy_id: str | None = ...,
        email_notifications: _serving.EmailNotifications | None = ...,
        tags: builtins.list[_serving.EndpointTag] | None = ...,
    ) -> Wait[_serving.ServingEndpointDetailed]: ...
    async def create_provisioned_throughput_endpoint_and_wait(
        self,
        name: str,
        config: _serving.PtEndpointCoreConfig,
        *,
        ai_gateway: _serving.AiGatewayConfig | None = ...,
        budget_policy_id: str | None = ...,
        email_notifications: _serving.EmailNotifications | None = ...,
        tags: builtins.list[_serving.EndpointTag] | None = ...,
        timeout: timedelta | float | None = ...,
    ) -> _serving.ServingEndpointDetailed: ...
    async def delete(self, name: str) -> None: ...
    async def export_metrics(self, name: str) -> _serving.ExportMetricsResponse: ...
    async def get(self, name: str) -> _serving.ServingEndpointDetailed: ...
    async def get_open_api(self, name: str) -> _serving.GetOpenApiResponse: ...
    async def get_permission_levels(
        self, serving_endpoint_id: str
    ) -> _serving.GetServingEndpointPermissionLevelsResponse: ...
    async def get_permissions(
        self, serving_endpoint_id: str
    ) -> _serving.ServingEndpointPermissions: ...
    async def http_request(
        self,
        conn: str,
        method: Any,
        path: str,
        *,
        headers: Mapping[str, str] | None = ...,
        json: Mapping[str, Any] | None = ...,
        params: Mapping[str, str] | None = ...,
    ) -> Stream: ...
    def list(self) -> AsyncIterator[_serving.ServingEndpoint]: ...
    async def logs(self, name: str, served_model_name: str) -> _serving.ServerLogsResponse: ...
    async def patch(
        self,
        name: str,
        *,
        add_tags: builtins.list[_serving.EndpointTag] | None = ...,
        delete_tags: builtins.list[str] | None = ...,
    ) -> _serving.EndpointTags: ...
    async def patch_telemetry_config(
        self, name: str, *, telemetry_config: _serving.TelemetryConfig | None = ...
    ) -> _serving.ServingEndpointDetailed: ...
    async def put(
        self, name: str, *, rate_limits: builtins.list[_serving.RateLimit] | None = ...
    ) -> _serving.PutResponse: ...
    async def put_ai_gateway(
        self,
        name: str,
        *,
        fallback_config: _serving.FallbackConfig | None = ...,
        guardrails: _serving.AiGatewayGuardrails | None = ...,
        inference_table_config: _serving.AiGatewayInferenceTableConfig | None = ...,
        rate_limits: builtins.list[_serving.AiGatewayRateLimit] | None = ...,
        usage_tracking_config: _serving.AiGatewayUsageTrackingConfig | None = ...,
    ) -> _serving.PutAiGatewayResponse: ...
    async def query(
        self,
        name: str,
        *,
        client_request_id: str | None = ...,
        dataframe_records: builtins.list[Any] | None = ...,
        dataframe_split: _serving.DataframeSplitInput | None = ...,
        extra_params: dict[str, str] | None = ...,
        input: Any | None = ...,
        inputs: Any | None = ...,
        instances: builtins.list[Any] | None = ...,
        max_tokens: int | None = ...,
        messages: builtins.list[_serving.ChatMessage] | None = ...,
        n: int | None = ...,
        prompt: Any | None = ...,
        stop: builtins.list[str] | None = ...,
        stream: bool | None = ...,
        temperature: float | None = ...,
        usage_context: dict[str, str] | None = ...,
    ) -> _serving.QueryEndpointResponse: ...
    async def set_permissions(
        self,
        serving_endpoint_id: str,
        *,
        access_control_list: builtins.list[_serving.ServingEndpointAccessControlRequest]
        | None = ...,
    ) -> _serving.ServingEndpointPermissions: ...
    async def update_config(
        self,
        name: str,
        *,
        auto_capture_config: _serving.AutoCaptureConfigInput | None = ...,
        served_entities: builtins.list[_serving.ServedEntityInput] | None = ...,
        served_models: builtins.list[_serving.ServedModelInput] | None = ...,
        traffic_config: _serving.TrafficConfig | None = ...,
    ) -> Wait[_serving.ServingEndpointDetailed]: ...
    async def update_config_and_wait(
        self,
        name: str,
        *,
        auto_capture_config: _serving.AutoCaptureConfigInput | None = ...,
        served_entities: builtins.list[_serving.ServedEntityInput] | None = ...,
        served_models: builtins.list[_serving.ServedModelInput] | None = ...,
        traffic_config: _serving.TrafficConfig | None = ...,
        timeout: timedelta | float | None = ...,
    ) -> _serving.ServingEndpointDetailed: ...
    async def update_notifications(
        self, name: str, *, email_notifications: _serving.EmailNotifications | None = ...
    ) -> _serving.UpdateInferenceEndpointNotificationsResponse: ...
    async def update_permissions(
        self,
        serving_endpoint_id: str,
        *,
        access_control_list: builtins.list[_serving.ServingEndpointAccessControlRequest]
        | None = ...,
    ) -> _serving.ServingEndpointPermissions: ...
    async def update_provisioned_throughput_endpoint_config(
        self, name: str, config: _serving.PtEndpointCoreConfig
    ) -> Wait[_serving.ServingEndpointDetailed]: ...
    async def update_provisioned_throughput_endpoint_config_and_wait(
        self,
        name: str,
        config: _serving.PtEndpointCoreConfig,
        timeout: timedelta | float | None = ...,
    ) -> _serving.ServingEndpointDetailed: ...
    async def wait_get_serving_endpoint_not_updating(
        self,
        name: str,
        timeout: timedelta = ...,
        callback: Callable[[_serving.ServingEndpointDetailed], None] | None = ...,
    ) -> _serving.ServingEndpointDetailed: ...
    def __getattr__(self, name: str) -> Any: ...
