# Written by `make stubs` from the installed databricks-sdk: not for changing by hand.
# pyright: reportMissingTypeStubs=false
# ruff: noqa: A002, ASYNC109

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

from databricks.sdk.common.lro import LroOptions
from databricks.sdk.common.types.fieldmask import FieldMask
from databricks.sdk.service import ml as _ml

from dara_fp.databricks.sdk.waits import Operation, Wait

class BackfillFeaturesOperation(Operation):
    async def cancel(self) -> None: ...
    async def done(self) -> bool: ...
    def metadata(self) -> _ml.BackfillOperationMetadata: ...
    def name(self) -> str: ...
    async def wait(self, opts: LroOptions | None = ...) -> _ml.BackfillFeaturesResponse: ...
    def __getattr__(self, name: str) -> Any: ...

class ExperimentsAPI:
    async def create_experiment(
        self,
        name: str,
        *,
        artifact_location: str | None = ...,
        tags: list[_ml.ExperimentTag] | None = ...,
        trace_location: _ml.ExperimentTraceLocation | None = ...,
    ) -> _ml.CreateExperimentResponse: ...
    async def create_issue(
        self, parent: str, issue: _ml.Issue, *, issue_id: str | None = ...
    ) -> _ml.Issue: ...
    async def create_logged_model(
        self,
        experiment_id: str,
        *,
        model_type: str | None = ...,
        name: str | None = ...,
        params: list[_ml.LoggedModelParameter] | None = ...,
        source_run_id: str | None = ...,
        tags: list[_ml.LoggedModelTag] | None = ...,
    ) -> _ml.CreateLoggedModelResponse: ...
    async def create_run(
        self,
        *,
        experiment_id: str | None = ...,
        run_name: str | None = ...,
        start_time: int | None = ...,
        tags: list[_ml.RunTag] | None = ...,
        user_id: str | None = ...,
    ) -> _ml.CreateRunResponse: ...
    async def delete_experiment(self, experiment_id: str) -> None: ...
    async def delete_logged_model(self, model_id: str) -> None: ...
    async def delete_logged_model_tag(self, model_id: str, tag_key: str) -> None: ...
    async def delete_run(self, run_id: str) -> None: ...
    async def delete_runs(
        self, experiment_id: str, max_timestamp_millis: int, *, max_runs: int | None = ...
    ) -> _ml.DeleteRunsResponse: ...
    async def delete_tag(self, run_id: str, key: str) -> None: ...
    async def finalize_logged_model(
        self, model_id: str, status: _ml.LoggedModelStatus
    ) -> _ml.FinalizeLoggedModelResponse: ...
    async def get_by_name(self, experiment_name: str) -> _ml.GetExperimentByNameResponse: ...
    async def get_experiment(self, experiment_id: str) -> _ml.GetExperimentResponse: ...
    def get_history(
        self,
        metric_key: str,
        *,
        max_results: int | None = ...,
        page_token: str | None = ...,
        run_id: str | None = ...,
        run_uuid: str | None = ...,
    ) -> AsyncIterator[_ml.Metric]: ...
    async def get_issue(self, name: str) -> _ml.Issue: ...
    async def get_logged_model(self, model_id: str) -> _ml.GetLoggedModelResponse: ...
    async def get_permission_levels(
        self, experiment_id: str
    ) -> _ml.GetExperimentPermissionLevelsResponse: ...
    async def get_permissions(self, experiment_id: str) -> _ml.ExperimentPermissions: ...
    async def get_run(self, run_id: str, *, run_uuid: str | None = ...) -> _ml.GetRunResponse: ...
    def list_artifacts(
        self,
        *,
        page_token: str | None = ...,
        path: str | None = ...,
        run_id: str | None = ...,
        run_uuid: str | None = ...,
    ) -> AsyncIterator[_ml.FileInfo]: ...
    def list_experiments(
        self,
        *,
        max_results: int | None = ...,
        page_token: str | None = ...,
        view_type: _ml.ViewType | None = ...,
    ) -> AsyncIterator[_ml.Experiment]: ...
    async def log_batch(
        self,
        *,
        metrics: list[_ml.Metric] | None = ...,
        params: list[_ml.Param] | None = ...,
        run_id: str | None = ...,
        tags: list[_ml.RunTag] | None = ...,
    ) -> None: ...
    async def log_inputs(
        self,
        run_id: str,
        *,
        datasets: list[_ml.DatasetInput] | None = ...,
        models: list[_ml.ModelInput] | None = ...,
    ) -> None: ...
    async def log_logged_model_params(
        self, model_id: str, *, params: list[_ml.LoggedModelParameter] | None = ...
    ) -> None: ...
    async def log_metric(
        self,
        key: str,
        value: float,
        timestamp: int,
        *,
        dataset_digest: str | None = ...,
        dataset_name: str | None = ...,
        model_id: str | None = ...,
        run_id: str | None = ...,
        run_uuid: str | None = ...,
        step: int | None = ...,
    ) -> None: ...
    async def log_model(
        self, *, model_json: str | None = ..., run_id: str | None = ...
    ) -> None: ...
    async def log_outputs(
        self, run_id: str, *, models: list[_ml.ModelOutput] | None = ...
    ) -> None: ...
    async def log_param(
        self, key: str, value: str, *, run_id: str | None = ..., run_uuid: str | None = ...
    ) -> None: ...
    async def restore_experiment(self, experiment_id: str) -> None: ...
    async def restore_run(self, run_id: str) -> None: ...
    async def restore_runs(
        self, experiment_id: str, min_timestamp_millis: int, *, max_runs: int | None = ...
    ) -> _ml.RestoreRunsResponse: ...
    def search_experiments(
        self,
        *,
        filter: str | None = ...,
        max_results: int | None = ...,
        order_by: list[str] | None = ...,
        page_token: str | None = ...,
        view_type: _ml.ViewType | None = ...,
    ) -> AsyncIterator[_ml.Experiment]: ...
    def search_issues(
        self,
        parent: str,
        *,
        categories: list[str] | None = ...,
        page_size: int | None = ...,
        page_token: str | None = ...,
        query: str | None = ...,
        severities: list[_ml.IssueSeverity] | None = ...,
        sort_key: _ml.IssueSortKey | None = ...,
        sort_order: _ml.SortOrder | None = ...,
        statuses: list[_ml.IssueStatus] | None = ...,
        tag_filters: list[_ml.IssueTagFilter] | None = ...,
        view: _ml.IssueView | None = ...,
    ) -> AsyncIterator[_ml.Issue]: ...
    async def search_logged_models(
        self,
        *,
        datasets: list[_ml.SearchLoggedModelsDataset] | None = ...,
        experiment_ids: list[str] | None = ...,
        filter: str | None = ...,
        max_results: int | None = ...,
        order_by: list[_ml.SearchLoggedModelsOrderBy] | None = ...,
        page_token: str | None = ...,
    ) -> _ml.SearchLoggedModelsResponse: ...
    def search_runs(
        self,
        *,
        experiment_ids: list[str] | None = ...,
        filter: str | None = ...,
        max_results: int | None = ...,
        order_by: list[str] | None = ...,
        page_token: str | None = ...,
        run_view_type: _ml.ViewType | None = ...,
    ) -> AsyncIterator[_ml.Run]: ...
    async def set_experiment_tag(self, experiment_id: str, key: str, value: str) -> None: ...
    async def set_logged_model_tags(
        self, model_id: str, *, tags: list[_ml.LoggedModelTag] | None = ...
    ) -> None: ...
    async def set_permissions(
        self,
        experiment_id: str,
        *,
        access_control_list: list[_ml.ExperimentAccessControlRequest] | None = ...,
    ) -> _ml.ExperimentPermissions: ...
    async def set_tag(
        self, key: str, value: str, *, run_id: str | None = ..., run_uuid: str | None = ...
    ) -> None: ...
    async def update_experiment(
        self, experiment_id: str, *, new_name: str | None = ...
    ) -> None: ...
    async def update_issue(
        self, name: str, issue: _ml.Issue, update_mask: FieldMask
    ) -> _ml.Issue: ...
    async def update_permissions(
        self,
        experiment_id: str,
        *,
        access_control_list: list[_ml.ExperimentAccessControlRequest] | None = ...,
    ) -> _ml.ExperimentPermissions: ...
    async def update_run(
        self,
        *,
        end_time: int | None = ...,
        run_id: str | None = ...,
        run_name: str | None = ...,
        run_uuid: str | None = ...,
        status: _ml.UpdateRunStatus | None = ...,
    ) -> _ml.UpdateRunResponse: ...
    def __getattr__(self, name: str) -> Any: ...

class FeatureEngineeringAPI:
    async def backfill_features(
        self,
        feature_full_names: list[str],
        backfill_ranges: list[_ml.BackfillRange],
        *,
        budget_policy_id: str | None = ...,
        request_id: str | None = ...,
        tags: dict[str, str] | None = ...,
    ) -> BackfillFeaturesOperation: ...
    async def batch_create_materialized_features(
        self, requests: list[_ml.CreateMaterializedFeatureRequest]
    ) -> _ml.BatchCreateMaterializedFeaturesResponse: ...
    async def cancel_operation(self, name: str) -> None: ...
    async def create_feature(self, feature: _ml.Feature) -> _ml.Feature: ...
    async def create_kafka_config(self, kafka_config: _ml.KafkaConfig) -> _ml.KafkaConfig: ...
    async def create_materialized_feature(
        self, materialized_feature: _ml.MaterializedFeature
    ) -> _ml.MaterializedFeature: ...
    async def create_stream(self, stream: _ml.Stream) -> _ml.Stream: ...
    async def delete_feature(self, full_name: str) -> None: ...
    async def delete_kafka_config(self, name: str) -> None: ...
    async def delete_materialized_feature(self, materialized_feature_id: str) -> None: ...
    async def delete_stream(self, name: str) -> None: ...
    async def get_feature(self, full_name: str) -> _ml.Feature: ...
    async def get_kafka_config(self, name: str) -> _ml.KafkaConfig: ...
    async def get_materialized_feature(
        self, materialized_feature_id: str
    ) -> _ml.MaterializedFeature: ...
    async def get_operation(self, name: str) -> _ml.Operation: ...
    async def get_stream(self, name: str) -> _ml.Stream: ...
    def list_features(
        self,
        catalog_name: str,
        schema_name: str,
        *,
        page_size: int | None = ...,
        page_token: str | None = ...,
    ) -> AsyncIterator[_ml.Feature]: ...
    def list_kafka_configs(
        self, *, page_size: int | None = ..., page_token: str | None = ...
    ) -> AsyncIterator[_ml.KafkaConfig]: ...
    def list_materialized_features(
        self,
        *,
        feature_name: str | None = ...,
        page_size: int | None = ...,
        page_token: str | None = ...,
    ) -> AsyncIterator[_ml.MaterializedFeature]: ...
    def list_streams(
        self, *, page_size: int | None = ..., page_token: str | None = ..., parent: str | None = ...
    ) -> AsyncIterator[_ml.Stream]: ...
    async def purge_feature_entities(
        self,
        features: list[str],
        entities_table: str,
        *,
        budget_policy_id: str | None = ...,
        request_id: str | None = ...,
        tags: dict[str, str] | None = ...,
    ) -> PurgeFeatureEntitiesOperation: ...
    async def update_feature(
        self, full_name: str, feature: _ml.Feature, update_mask: str
    ) -> _ml.Feature: ...
    async def update_kafka_config(
        self, name: str, kafka_config: _ml.KafkaConfig, update_mask: FieldMask
    ) -> _ml.KafkaConfig: ...
    async def update_materialized_feature(
        self,
        materialized_feature_id: str,
        materialized_feature: _ml.MaterializedFeature,
        update_mask: str,
    ) -> _ml.MaterializedFeature: ...
    async def update_stream(
        self, name: str, stream: _ml.Stream, update_mask: FieldMask
    ) -> _ml.Stream: ...
    def __getattr__(self, name: str) -> Any: ...

class FeatureStoreAPI:
    async def create_online_store(self, online_store: _ml.OnlineStore) -> _ml.OnlineStore: ...
    async def delete_online_store(self, name: str) -> None: ...
    async def delete_online_table(self, online_table_name: str) -> None: ...
    async def get_online_store(self, name: str) -> _ml.OnlineStore: ...
    def list_online_stores(
        self, *, page_size: int | None = ..., page_token: str | None = ...
    ) -> AsyncIterator[_ml.OnlineStore]: ...
    async def publish_table(
        self, source_table_name: str, publish_spec: _ml.PublishSpec
    ) -> _ml.PublishTableResponse: ...
    async def update_online_store(
        self, name: str, online_store: _ml.OnlineStore, update_mask: str
    ) -> _ml.OnlineStore: ...
    def __getattr__(self, name: str) -> Any: ...

class ForecastingAPI:
    async def create_experiment(
        self,
        train_data_path: str,
        target_column: str,
        time_column: str,
        forecast_granularity: str,
        forecast_horizon: int,
        *,
        custom_weights_column: str | None = ...,
        experiment_path: str | None = ...,
        future_feature_data_path: str | None = ...,
        holiday_regions: list[str] | None = ...,
        include_features: list[str] | None = ...,
        max_runtime: int | None = ...,
        prediction_data_path: str | None = ...,
        primary_metric: str | None = ...,
        register_to: str | None = ...,
        split_column: str | None = ...,
        timeseries_identifier_columns: list[str] | None = ...,
        training_frameworks: list[str] | None = ...,
    ) -> Wait[_ml.ForecastingExperiment]: ...
    async def create_experiment_and_wait(
        self,
        train_data_path: str,
        target_column: str,
        time_column: str,
        forecast_granularity: str,
        forecast_horizon: int,
        *,
        custom_weights_column: str | None = ...,
        experiment_path: str | None = ...,
        future_feature_data_path: str | None = ...,
        holiday_regions: list[str] | None = ...,
        include_features: list[str] | None = ...,
        max_runtime: int | None = ...,
        prediction_data_path: str | None = ...,
        primary_metric: str | None = ...,
        register_to: str | None = ...,
        split_column: str | None = ...,
        timeseries_identifier_columns: list[str] | None = ...,
        training_frameworks: list[str] | None = ...,
        timeout: timedelta | float | None = ...,
    ) -> _ml.ForecastingExperiment: ...
    async def get_experiment(self, experiment_id: str) -> _ml.ForecastingExperiment: ...
    async def wait_get_experiment_forecasting_succeeded(
        self,
        experiment_id: str,
        timeout: timedelta = ...,
        callback: Callable[[_ml.ForecastingExperiment], None] | None = ...,
    ) -> _ml.ForecastingExperiment: ...
    def __getattr__(self, name: str) -> Any: ...

class MaterializedFeaturesAPI:
    async def create_feature_tag(
        self, table_name: str, feature_name: str, feature_tag: _ml.FeatureTag
    ) -> _ml.FeatureTag: ...
    async def delete_feature_tag(self, table_name: str, feature_name: str, key: str) -> None: ...
    async def get_feature_lineage(
        self, table_name: str, feature_name: str
    ) -> _ml.FeatureLineage: ...
    async def get_feature_tag(
        self, table_name: str, feature_name: str, key: str
    ) -> _ml.FeatureTag: ...
    def list_feature_tags(
        self,
        table_name: str,
        feature_name: str,
        *,
        page_size: int | None = ...,
        page_token: str | None = ...,
    ) -> AsyncIterator[_ml.FeatureTag]: ...
    async def update_feature_tag(
        self,
        table_name: str,
        feature_name: str,
        key: str,
        feature_tag: _ml.FeatureTag,
        *,
        update_mask: str | None = ...,
    ) -> _ml.FeatureTag: ...
    def __getattr__(self, name: str) -> Any: ...

class ModelRegistryAPI:
    async def approve_transition_request(
        self,
        name: str,
        version: str,
        stage: str,
        archive_existing_versions: bool,
        *,
        comment: str | None = ...,
    ) -> _ml.ApproveTransitionRequestResponse: ...
    async def create_comment(
        self, name: str, version: str, comment: str
    ) -> _ml.CreateCommentResponse: ...
    async def create_model(
        self, name: str, *, description: str | None = ..., tags: list[_ml.ModelTag] | None = ...
    ) -> _ml.CreateModelResponse: ...
    async def create_model_version(
        self,
        name: str,
        source: str,
        *,
        description: str | None = ...,
        run_id: str | None = ...,
        run_link: str | None = ...,
        tags: list[_ml.ModelVersionTag] | None = ...,
    ) -> _ml.CreateModelVersionResponse: ...
    async def create_transition_request(
        self, name: str, version: str, stage: str, *, comment: str | None = ...
    ) -> _ml.CreateTransitionRequestResponse: ...
    async def create_webhook(
        self,
        events: list[_ml.RegistryWebhookEvent],
        *,
        description: str | None = ...,
        http_url_spec: _ml.HttpUrlSpec | None = ...,
        job_spec: _ml.JobSpec | None = ...,
        model_name: str | None = ...,
        status: _ml.RegistryWebhookStatus | None = ...,
    ) -> _ml.CreateWebhookResponse: ...
    async def delete_comment(self, id: str) -> None: ...
    async def delete_model(self, name: str) -> None: ...
    async def delete_model_tag(self, name: str, key: str) -> None: ...
    async def delete_model_version(self, name: str, version: str) -> None: ...
    async def delete_model_version_tag(self, name: str, version: str, key: str) -> None: ...
    async def delete_transition_request(
        self, name: str, version: str, stage: str, creator: str, *, comment: str | None = ...
    ) -> _ml.DeleteTransitionRequestResponse: ...
    async def delete_webhook(self, id: str) -> None: ...
    def get_latest_versions(
        self, name: str, *, stages: list[str] | None = ...
    ) -> AsyncIterator[_ml.ModelVersion]: ...
    async def get_model(self, name: str) -> _ml.GetModelResponse: ...
    async def get_model_version(self, name: str, version: str) -> _ml.GetModelVersionResponse: ...
    async def get_model_version_download_uri(
        self, name: str, version: str
    ) -> _ml.GetModelVersionDownloadUriResponse: ...
    async def get_permission_levels(
        self, registered_model_id: str
    ) -> _ml.GetRegisteredModelPermissionLevelsResponse: ...
    async def get_permissions(self, registered_model_id: str) -> _ml.RegisteredModelPermissions: ...
    def list_models(
        self, *, max_results: int | None = ..., page_token: str | None = ...
    ) -> AsyncIterator[_ml.Model]: ...
    def list_transition_requests(self, name: str, version: str) -> AsyncIterator[_ml.Activity]: ...
    def list_webhooks(
        self,
        *,
        events: list[_ml.RegistryWebhookEvent] | None = ...,
        max_results: int | None = ...,
        model_name: str | None = ...,
        page_token: str | None = ...,
    ) -> AsyncIterator[_ml.RegistryWebhook]: ...
    async def reject_transition_request(
        self, name: str, version: str, stage: str, *, comment: str | None = ...
    ) -> _ml.RejectTransitionRequestResponse: ...
    async def rename_model(
        self, name: str, *, new_name: str | None = ...
    ) -> _ml.RenameModelResponse: ...
    def search_model_versions(
        self,
        *,
        filter: str | None = ...,
        max_results: int | None = ...,
        order_by: list[str] | None = ...,
        page_token: str | None = ...,
    ) -> AsyncIterator[_ml.ModelVersion]: ...
    def search_models(
        self,
        *,
        filter: str | None = ...,
        max_results: int | None = ...,
        order_by: list[str] | None = ...,
        page_token: str | None = ...,
    ) -> AsyncIterator[_ml.Model]: ...
    async def set_model_tag(self, name: str, key: str, value: str) -> None: ...
    async def set_model_version_tag(
        self, name: str, version: str, key: str, value: str
    ) -> None: ...
    async def set_permissions(
        self,
        registered_model_id: str,
        *,
        access_control_list: list[_ml.RegisteredModelAccessControlRequest] | None = ...,
    ) -> _ml.RegisteredModelPermissions: ...
    async def test_registry_webhook(
        self, id: str, *, event: _ml.RegistryWebhookEvent | None = ...
    ) -> _ml.TestRegistryWebhookResponse: ...
    async def transition_stage(
        self,
        name: str,
        version: str,
        stage: str,
        archive_existing_versions: bool,
        *,
        comment: str | None = ...,
    ) -> _ml.TransitionStageResponse: ...
    async def update_comment(self, id: str, comment: str) -> _ml.UpdateCommentResponse: ...
    async def update_model(
        self, name: str, *, description: str | None = ...
    ) -> _ml.UpdateModelResponse: ...
    async def update_model_version(
        self, name: str, version: str, *, description: str | None = ...
    ) -> _ml.UpdateModelVersionResponse: ...
    async def update_permissions(
        self,
        registered_model_id: str,
        *,
        access_control_list: list[_ml.RegisteredModelAccessControlRequest] | None = ...,
    ) -> _ml.RegisteredModelPermissions: ...
    async def update_webhook(
        self,
        id: str,
        *,
        description: str | None = ...,
        events: list[_ml.RegistryWebhookEvent] | None = ...,
        http_url_spec: _ml.HttpUrlSpec | None = ...,
        job_spec: _ml.JobSpec | None = ...,
        status: _ml.RegistryWebhookStatus | None = ...,
    ) -> _ml.UpdateWebhookResponse: ...
    def __getattr__(self, name: str) -> Any: ...

class PurgeFeatureEntitiesOperation(Operation):
    async def done(self) -> bool: ...
    def metadata(self) -> _ml.PurgeFeatureEntitiesMetadata: ...
    def name(self) -> str: ...
    async def wait(self, opts: LroOptions | None = ...) -> _ml.PurgeFeatureEntitiesResponse: ...
    def __getattr__(self, name: str) -> Any: ...
