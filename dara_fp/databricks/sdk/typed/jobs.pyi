# Written by `make stubs` from the installed databricks-sdk: not for changing by hand.
# ruff: noqa: A002, ASYNC109

import builtins
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

from databricks.sdk.service import jobs as _jobs

from dara_fp.databricks.sdk.waits import Wait

class JobsExt:
    async def cancel_all_runs(
        self, *, all_queued_runs: bool | None = ..., job_id: int | None = ...
    ) -> None: ...
    async def cancel_run(self, run_id: int) -> Wait[_jobs.Run]: ...
    async def cancel_run_and_wait(
        self, run_id: int, timeout: timedelta | float | None = ...
    ) -> _jobs.Run: ...
    async def create(
        self,
        *,
        access_control_list: builtins.list[_jobs.JobAccessControlRequest] | None = ...,
        budget_policy_id: str | None = ...,
        continuous: _jobs.Continuous | None = ...,
        deployment: _jobs.JobDeployment | None = ...,
        description: str | None = ...,
        duration_target: str | None = ...,
        edit_mode: _jobs.JobEditMode | None = ...,
        email_notifications: _jobs.JobEmailNotifications | None = ...,
        environment_variables: builtins.list[_jobs.JobEnvironmentVariables] | None = ...,
        environments: builtins.list[_jobs.JobEnvironment] | None = ...,
        format: _jobs.Format | None = ...,
        git_source: _jobs.GitSource | None = ...,
        health: _jobs.JobsHealthRules | None = ...,
        job_clusters: builtins.list[_jobs.JobCluster] | None = ...,
        max_concurrent_runs: int | None = ...,
        name: str | None = ...,
        notification_settings: _jobs.JobNotificationSettings | None = ...,
        parameters: builtins.list[_jobs.JobParameterDefinition] | None = ...,
        parent_path: str | None = ...,
        performance_target: _jobs.PerformanceTarget | None = ...,
        queue: _jobs.QueueSettings | None = ...,
        run_as: _jobs.JobRunAs | None = ...,
        schedule: _jobs.CronSchedule | None = ...,
        tags: dict[str, str] | None = ...,
        tasks: builtins.list[_jobs.Task] | None = ...,
        timeout_seconds: int | None = ...,
        trigger: _jobs.TriggerSettings | None = ...,
        triggers: builtins.list[_jobs.TriggerConfiguration] | None = ...,
        usage_policy_id: str | None = ...,
        webhook_notifications: _jobs.WebhookNotifications | None = ...,
    ) -> _jobs.CreateResponse: ...
    async def delete(self, job_id: int) -> None: ...
    async def delete_run(self, run_id: int) -> None: ...
    async def export_run(
        self, run_id: int, *, views_to_export: _jobs.ViewsToExport | None = ...
    ) -> _jobs.ExportRunOutput: ...
    async def get(
        self, job_id: int, *, include_trigger_state: bool | None = ..., page_token: str | None = ...
    ) -> _jobs.Job: ...
    async def get_permission_levels(self, job_id: str) -> _jobs.GetJobPermissionLevelsResponse: ...
    async def get_permissions(self, job_id: str) -> _jobs.JobPermissions: ...
    async def get_run(
        self,
        run_id: int,
        *,
        include_history: bool | None = ...,
        include_resolved_values: bool | None = ...,
        page_token: str | None = ...,
    ) -> _jobs.Run: ...
    async def get_run_output(self, run_id: int) -> _jobs.RunOutput: ...
    def list(
        self,
        *,
        expand_tasks: bool | None = ...,
        limit: int | None = ...,
        name: str | None = ...,
        offset: int | None = ...,
        page_token: str | None = ...,
    ) -> AsyncIterator[_jobs.BaseJob]: ...
    def list_runs(
        self,
        *,
        active_only: bool | None = ...,
        completed_only: bool | None = ...,
        expand_tasks: bool | None = ...,
        job_id: int | None = ...,
        limit: int | None = ...,
        offset: int | None = ...,
        page_token: str | None = ...,
        run_type: _jobs.RunType | None = ...,
        start_time_from: int | None = ...,
        start_time_to: int | None = ...,
    ) -> AsyncIterator[_jobs.BaseRun]: ...
    async def repair_run(
        self,
        run_id: int,
        *,
        dbt_commands: builtins.list[str] | None = ...,
        duration_target: str | None = ...,
        jar_params: builtins.list[str] | None = ...,
        job_parameters: dict[str, str] | None = ...,
        latest_repair_id: int | None = ...,
        notebook_params: dict[str, str] | None = ...,
        performance_target: _jobs.PerformanceTarget | None = ...,
        pipeline_params: _jobs.PipelineParams | None = ...,
        python_named_params: dict[str, str] | None = ...,
        python_params: builtins.list[str] | None = ...,
        rerun_all_failed_tasks: bool | None = ...,
        rerun_dependent_tasks: bool | None = ...,
        rerun_tasks: builtins.list[str] | None = ...,
        spark_submit_params: builtins.list[str] | None = ...,
        sql_params: dict[str, str] | None = ...,
    ) -> Wait[_jobs.Run]: ...
    async def repair_run_and_wait(
        self,
        run_id: int,
        *,
        dbt_commands: builtins.list[str] | None = ...,
        duration_target: str | None = ...,
        jar_params: builtins.list[str] | None = ...,
        job_parameters: dict[str, str] | None = ...,
        latest_repair_id: int | None = ...,
        notebook_params: dict[str, str] | None = ...,
        performance_target: _jobs.PerformanceTarget | None = ...,
        pipeline_params: _jobs.PipelineParams | None = ...,
        python_named_params: dict[str, str] | None = ...,
        python_params: builtins.list[str] | None = ...,
        rerun_all_failed_tasks: bool | None = ...,
        rerun_dependent_tasks: bool | None = ...,
        rerun_tasks: builtins.list[str] | None = ...,
        spark_submit_params: builtins.list[str] | None = ...,
        sql_params: dict[str, str] | None = ...,
        timeout: timedelta | float | None = ...,
    ) -> _jobs.Run: ...
    async def reset(self, job_id: int, new_settings: _jobs.JobSettings) -> None: ...
    async def run_now(
        self,
        job_id: int,
        *,
        dbt_commands: builtins.list[str] | None = ...,
        duration_target: str | None = ...,
        idempotency_token: str | None = ...,
        jar_params: builtins.list[str] | None = ...,
        job_parameters: dict[str, str] | None = ...,
        notebook_params: dict[str, str] | None = ...,
        only: builtins.list[str] | None = ...,
        performance_target: _jobs.PerformanceTarget | None = ...,
        pipeline_params: _jobs.PipelineParams | None = ...,
        python_named_params: dict[str, str] | None = ...,
        python_params: builtins.list[str] | None = ...,
        queue: _jobs.QueueSettings | None = ...,
        spark_submit_params: builtins.list[str] | None = ...,
        sql_params: dict[str, str] | None = ...,
    ) -> Wait[_jobs.Run]: ...
    async def run_now_and_wait(
        self,
        job_id: int,
        *,
        dbt_commands: builtins.list[str] | None = ...,
        duration_target: str | None = ...,
        idempotency_token: str | None = ...,
        jar_params: builtins.list[str] | None = ...,
        job_parameters: dict[str, str] | None = ...,
        notebook_params: dict[str, str] | None = ...,
        only: builtins.list[str] | None = ...,
        performance_target: _jobs.PerformanceTarget | None = ...,
        pipeline_params: _jobs.PipelineParams | None = ...,
        python_named_params: dict[str, str] | None = ...,
        python_params: builtins.list[str] | None = ...,
        queue: _jobs.QueueSettings | None = ...,
        spark_submit_params: builtins.list[str] | None = ...,
        sql_params: dict[str, str] | None = ...,
        timeout: timedelta | float | None = ...,
    ) -> _jobs.Run: ...
    async def set_permissions(
        self,
        job_id: str,
        *,
        access_control_list: builtins.list[_jobs.JobAccessControlRequest] | None = ...,
    ) -> _jobs.JobPermissions: ...
    async def submit(
        self,
        *,
        access_control_list: builtins.list[_jobs.JobAccessControlRequest] | None = ...,
        budget_policy_id: str | None = ...,
        duration_target: str | None = ...,
        email_notifications: _jobs.JobEmailNotifications | None = ...,
        environment_variables: builtins.list[_jobs.JobEnvironmentVariables] | None = ...,
        environments: builtins.list[_jobs.JobEnvironment] | None = ...,
        git_source: _jobs.GitSource | None = ...,
        health: _jobs.JobsHealthRules | None = ...,
        idempotency_token: str | None = ...,
        notification_settings: _jobs.JobNotificationSettings | None = ...,
        performance_target: _jobs.PerformanceTarget | None = ...,
        queue: _jobs.QueueSettings | None = ...,
        run_as: _jobs.JobRunAs | None = ...,
        run_name: str | None = ...,
        tasks: builtins.list[_jobs.SubmitTask] | None = ...,
        timeout_seconds: int | None = ...,
        usage_policy_id: str | None = ...,
        webhook_notifications: _jobs.WebhookNotifications | None = ...,
    ) -> Wait[_jobs.Run]: ...
    async def submit_and_wait(
        self,
        *,
        access_control_list: builtins.list[_jobs.JobAccessControlRequest] | None = ...,
        budget_policy_id: str | None = ...,
        duration_target: str | None = ...,
        email_notifications: _jobs.JobEmailNotifications | None = ...,
        environment_variables: builtins.list[_jobs.JobEnvironmentVariables] | None = ...,
        environments: builtins.list[_jobs.JobEnvironment] | None = ...,
        git_source: _jobs.GitSource | None = ...,
        health: _jobs.JobsHealthRules | None = ...,
        idempotency_token: str | None = ...,
        notification_settings: _jobs.JobNotificationSettings | None = ...,
        performance_target: _jobs.PerformanceTarget | None = ...,
        queue: _jobs.QueueSettings | None = ...,
        run_as: _jobs.JobRunAs | None = ...,
        run_name: str | None = ...,
        tasks: builtins.list[_jobs.SubmitTask] | None = ...,
        timeout_seconds: int | None = ...,
        usage_policy_id: str | None = ...,
        webhook_notifications: _jobs.WebhookNotifications | None = ...,
        timeout: timedelta | float | None = ...,
    ) -> _jobs.Run: ...
    async def update(
        self,
        job_id: int,
        *,
        fields_to_remove: builtins.list[str] | None = ...,
        new_settings: _jobs.JobSettings | None = ...,
    ) -> None: ...
    async def update_permissions(
        self,
        job_id: str,
        *,
        access_control_list: builtins.list[_jobs.JobAccessControlRequest] | None = ...,
    ) -> _jobs.JobPermissions: ...
    async def wait_get_run_job_terminated_or_skipped(
        self,
        run_id: int,
        timeout: timedelta = ...,
        callback: Callable[[_jobs.Run], None] | None = ...,
    ) -> _jobs.Run: ...
    def __getattr__(self, name: str) -> Any: ...

class PolicyComplianceForJobsAPI:
    async def enforce_compliance(
        self, job_id: int, *, validate_only: bool | None = ...
    ) -> _jobs.EnforcePolicyComplianceResponse: ...
    async def get_compliance(self, job_id: int) -> _jobs.GetPolicyComplianceResponse: ...
    def list_compliance(
        self, policy_id: str, *, page_size: int | None = ..., page_token: str | None = ...
    ) -> AsyncIterator[_jobs.JobCompliance]: ...
    def __getattr__(self, name: str) -> Any: ...
