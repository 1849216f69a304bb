# Written by `make stubs` from the installed databricks-sdk: not for changing by hand.
# ruff: noqa: ASYNC109

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

from databricks.sdk.service import vectorsearch as _vectorsearch

from dara_fp.databricks.sdk.waits import Wait

class VectorSearchEndpointsAPI:
    async def create_endpoint(
        self,
        name: str,
        endpoint_type: _vectorsearch.EndpointType,
        *,
        budget_policy_id: str | None = ...,
        target_qps: int | None = ...,
        usage_policy_id: str | None = ...,
    ) -> Wait[_vectorsearch.EndpointInfo]: ...
    async def create_endpoint_and_wait(
        self,
        name: str,
        endpoint_type: _vectorsearch.EndpointType,
        *,
        budget_policy_id: str | None = ...,
        target_qps: int | None = ...,
        usage_policy_id: str | None = ...,
        timeout: timedelta | float | None = ...,
    ) -> _vectorsearch.EndpointInfo: ...
    async def delete_endpoint(self, endpoint_name: str) -> None: ...
    async def get_endpoint(self, endpoint_name: str) -> _vectorsearch.EndpointInfo: ...
    async def get_permission_levels(
        self, endpoint_id: str
    ) -> _vectorsearch.GetVectorSearchEndpointPermissionLevelsResponse: ...
    async def get_permissions(
        self, endpoint_id: str
    ) -> _vectorsearch.VectorSearchEndpointPermissions: ...
    def list_endpoints(
        self, *, page_token: str | None = ...
    ) -> AsyncIterator[_vectorsearch.EndpointInfo]: ...
    async def patch_endpoint(
        self, endpoint_name: str, *, target_qps: int | None = ...
    ) -> _vectorsearch.EndpointInfo: ...
    async def retrieve_user_visible_metrics(
        self,
        name: str,
        *,
        end_time: str | None = ...,
        granularity_in_seconds: int | None = ...,
        metrics: list[_vectorsearch.Metric] | None = ...,
        page_token: str | None = ...,
        start_time: str | None = ...,
    ) -> _vectorsearch.RetrieveUserVisibleMetricsResponse: ...
    async def set_permissions(
        self,
        endpoint_id: str,
        *,
        access_control_list: list[_vectorsearch.VectorSearchEndpointAccessControlRequest]
        | None = ...,
    ) -> _vectorsearch.VectorSearchEndpointPermissions: ...
    async def start_endpoint(self, endpoint_name: str) -> _vectorsearch.EndpointInfo: ...
    async def stop_endpoint(self, endpoint_name: str) -> _vectorsearch.EndpointInfo: ...
    async def update_endpoint_budget_policy(
        self, endpoint_name: str, budget_policy_id: str
    ) -> _vectorsearch.PatchEndpointBudgetPolicyResponse: ...
    async def update_endpoint_custom_tags(
        self, endpoint_name: str, custom_tags: list[_vectorsearch.CustomTag]
    ) -> _vectorsearch.UpdateEndpointCustomTagsResponse: ...
    async def update_permissions(
        self,
        endpoint_id: str,
        *,
        access_control_list: list[_vectorsearch.VectorSearchEndpointAccessControlRequest]
        | None = ...,
    ) -> _vectorsearch.VectorSearchEndpointPermissions: ...
    async def wait_get_endpoint_vector_search_endpoint_online(
        self,
        endpoint_name: str,
        timeout: timedelta = ...,
        callback: Callable[[_vectorsearch.EndpointInfo], None] | None = ...,
    ) -> _vectorsearch.EndpointInfo: ...
    def __getattr__(self, name: str) -> Any: ...

class VectorSearchIndexesAPI:
    async def create_index(
        self,
        name: str,
        endpoint_name: str,
        primary_key: str,
        index_type: _vectorsearch.VectorIndexType,
        *,
        delta_sync_index_spec: _vectorsearch.DeltaSyncVectorIndexSpecRequest | None = ...,
        direct_access_index_spec: _vectorsearch.DirectAccessVectorIndexSpec | None = ...,
        index_subtype: _vectorsearch.IndexSubtype | None = ...,
    ) -> _vectorsearch.VectorIndex: ...
    async def delete_data_vector_index(
        self, index_name: str, primary_keys: list[str]
    ) -> _vectorsearch.DeleteDataVectorIndexResponse: ...
    async def delete_index(self, index_name: str) -> None: ...
    async def get_index(
        self, index_name: str, *, ensure_reranker_compatible: bool | None = ...
    ) -> _vectorsearch.VectorIndex: ...
    def list_indexes(
        self, endpoint_name: str, *, page_token: str | None = ...
    ) -> AsyncIterator[_vectorsearch.MiniVectorIndex]: ...
    async def query_index(
        self,
        index_name: str,
        columns: list[str],
        *,
        columns_to_rerank: list[str] | None = ...,
        facets: list[str] | None = ...,
        filters_json: str | None = ...,
        num_results: int | None = ...,
        query_columns: list[str] | None = ...,
        query_text: str | None = ...,
        query_type: str | None = ...,
        query_vector: list[float] | None = ...,
        reranker: _vectorsearch.RerankerConfig | None = ...,
        score_threshold: float | None = ...,
        sort_columns: list[str] | None = ...,
    ) -> _vectorsearch.QueryVectorIndexResponse: ...
    async def query_next_page(
        self, index_name: str, *, endpoint_name: str | None = ..., page_token: str | None = ...
    ) -> _vectorsearch.QueryVectorIndexResponse: ...
    async def scan_index(
        self, index_name: str, *, last_primary_key: str | None = ..., num_results: int | None = ...
    ) -> _vectorsearch.ScanVectorIndexResponse: ...
    async def sync_index(self, index_name: str) -> None: ...
    async def upsert_data_vector_index(
        self, index_name: str, inputs_json: str
    ) -> _vectorsearch.UpsertDataVectorIndexResponse: ...
    def __getattr__(self, name: str) -> Any: ...
