# Written by `make stubs` from the installed databricks-sdk: not for changing by hand.
# ruff: noqa: ASYNC109

import builtins
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

from databricks.sdk.service import compute as _compute

from dara_fp.databricks.sdk.waits import Wait

class ClusterPoliciesAPI:
    async def create(
        self,
        *,
        definition: str | None = ...,
        description: str | None = ...,
        libraries: builtins.list[_compute.Library] | None = ...,
        max_clusters_per_user: int | None = ...,
        name: str | None = ...,
        policy_family_definition_overrides: str | None = ...,
        policy_family_id: str | None = ...,
    ) -> _compute.CreatePolicyResponse: ...
    async def delete(self, policy_id: str) -> None: ...
    async def edit(
        self,
        policy_id: str,
        *,
        definition: str | None = ...,
        description: str | None = ...,
        libraries: builtins.list[_compute.Library] | None = ...,
        max_clusters_per_user: int | None = ...,
        name: str | None = ...,
        policy_family_definition_overrides: str | None = ...,
        policy_family_id: str | None = ...,
    ) -> None: ...
    async def get(self, policy_id: str) -> _compute.Policy: ...
    async def get_permission_levels(
        self, cluster_policy_id: str
    ) -> _compute.GetClusterPolicyPermissionLevelsResponse: ...
    async def get_permissions(
        self, cluster_policy_id: str
    ) -> _compute.ClusterPolicyPermissions: ...
    def list(
        self,
        *,
        sort_column: _compute.ListSortColumn | None = ...,
        sort_order: _compute.ListSortOrder | None = ...,
    ) -> AsyncIterator[_compute.Policy]: ...
    async def set_permissions(
        self,
        cluster_policy_id: str,
        *,
        access_control_list: builtins.list[_compute.ClusterPolicyAccessControlRequest] | None = ...,
    ) -> _compute.ClusterPolicyPermissions: ...
    async def update_permissions(
        self,
        cluster_policy_id: str,
        *,
        access_control_list: builtins.list[_compute.ClusterPolicyAccessControlRequest] | None = ...,
    ) -> _compute.ClusterPolicyPermissions: ...
    def __getattr__(self, name: str) -> Any: ...

class ClustersExt:
    async def change_owner(self, cluster_id: str, owner_username: str) -> None: ...
    async def create(
        self,
        spark_version: str,
        *,
        apply_policy_default_values: bool | None = ...,
        autoscale: _compute.AutoScale | None = ...,
        autotermination_minutes: int | None = ...,
        aws_attributes: _compute.AwsAttributes | None = ...,
        azure_attributes: _compute.AzureAttributes | None = ...,
        clone_from: _compute.CloneCluster | None = ...,
        cluster_log_conf: _compute.ClusterLogConf | None = ...,
        cluster_name: str | None = ...,
        custom_tags: dict[str, str] | None = ...,
        data_security_mode: _compute.DataSecurityMode | None = ...,
        dependency_mode: _compute.DependencyMode | None = ...,
        docker_image: _compute.DockerImage | None = ...,
        driver_instance_pool_id: str | None = ...,
        driver_node_type_flexibility: _compute.NodeTypeFlexibility | None = ...,
        driver_node_type_id: str | None = ...,
        enable_elastic_disk: bool | None = ...,
        enable_local_disk_encryption: bool | None = ...,
        gcp_attributes: _compute.GcpAttributes | None = ...,
        init_scripts: builtins.list[_compute.InitScriptInfo] | None = ...,
        instance_pool_id: str | None = ...,
        is_single_node: bool | None = ...,
        kind: _compute.Kind | None = ...,
        node_type_id: str | None = ...,
        num_workers: int | None = ...,
        policy_id: str | None = ...,
        remote_disk_throughput: int | None = ...,
        runtime_engine: _compute.RuntimeEngine | None = ...,
        single_user_name: str | None = ...,
        spark_conf: dict[str, str] | None = ...,
        spark_env_vars: dict[str, str] | None = ...,
        ssh_public_keys: builtins.list[str] | None = ...,
        total_initial_remote_disk_size: int | None = ...,
        use_ml_runtime: bool | None = ...,
        worker_node_type_flexibility: _compute.NodeTypeFlexibility | None = ...,
        workload_type: _compute.WorkloadType | None = ...,
    ) -> Wait[_compute.ClusterDetails]: ...
    async def create_and_wait(
        self,
        spark_version: str,
        *,
        apply_policy_default_values: bool | None = ...,
        autoscale: _compute.AutoScale | None = ...,
        autotermination_minutes: int | None = ...,
        aws_attributes: _compute.AwsAttributes | None = ...,
        azure_attributes: _compute.AzureAttributes | None = ...,
        clone_from: _compute.CloneCluster | None = ...,
        cluster_log_conf: _compute.ClusterLogConf | None = ...,
        cluster_name: str | None = ...,
        custom_tags: dict[str, str] | None = ...,
        data_security_mode: _compute.DataSecurityMode | None = ...,
        dependency_mode: _compute.DependencyMode | None = ...,
        docker_image: _compute.DockerImage | None = ...,
        driver_instance_pool_id: str | None = ...,
        driver_node_type_flexibility: _compute.NodeTypeFlexibility | None = ...,
        driver_node_type_id: str | None = ...,
        enable_elastic_disk: bool | None = ...,
        enable_local_disk_encryption: bool | None = ...,
        gcp_attributes: _compute.GcpAttributes | None = ...,
        init_scripts: builtins.list[_compute.InitScriptInfo] | None = ...,
        instance_pool_id: str | None = ...,
        is_single_node: bool | None = ...,
        kind: _compute.Kind | None = ...,
        node_type_id: str | None = ...,
        num_workers: int | None = ...,
        policy_id: str | None = ...,
        remote_disk_throughput: int | None = ...,
        runtime_engine: _compute.RuntimeEngine | None = ...,
        single_user_name: str | None = ...,
        spark_conf: dict[str, str] | None = ...,
        spark_env_vars: dict[str, str] | None = ...,
        ssh_public_keys: builtins.list[str] | None = ...,
        total_initial_remote_disk_size: int | None = ...,
        use_ml_runtime: bool | None = ...,
        worker_node_type_flexibility: _compute.NodeTypeFlexibility | None = ...,
        workload_type: _compute.WorkloadType | None = ...,
        timeout: timedelta | float | None = ...,
    ) -> _compute.ClusterDetails: ...
    async def delete(self, cluster_id: str) -> Wait[_compute.ClusterDetails]: ...
    async def delete_and_wait(
        self, cluster_id: str, timeout: timedelta | float | None = ...
    ) -> _compute.ClusterDetails: ...
    async def edit(
        self,
        cluster_id: str,
        spark_version: str,
        *,
        apply_policy_default_values: bool | None = ...,
        autoscale: _compute.AutoScale | None = ...,
        autotermination_minutes: int | None = ...,
        aws_attributes: _compute.AwsAttributes | None = ...,
        azure_attributes: _compute.AzureAttributes | None = ...,
        cluster_log_conf: _compute.ClusterLogConf | None = ...,
        cluster_name: str | None = ...,
        custom_tags: dict[str, str] | None = ...,
        data_security_mode: _compute.DataSecurityMode | None = ...,
        dependency_mode: _compute.DependencyMode | None = ...,
        docker_image: _compute.DockerImage | None = ...,
        driver_instance_pool_id: str | None = ...,
        driver_node_type_flexibility: _compute.NodeTypeFlexibility | None = ...,
        driver_node_type_id: str | None = ...,
        enable_elastic_disk: bool | None = ...,
        enable_local_disk_encryption: bool | None = ...,
        gcp_attributes: _compute.GcpAttributes | None = ...,
        init_scripts: builtins.list[_compute.InitScriptInfo] | None = ...,
        instance_pool_id: str | None = ...,
        is_single_node: bool | None = ...,
        kind: _compute.Kind | None = ...,
        node_type_id: str | None = ...,
        num_workers: int | None = ...,
        policy_id: str | None = ...,
        remote_disk_throughput: int | None = ...,
        runtime_engine: _compute.RuntimeEngine | None = ...,
        single_user_name: str | None = ...,
        spark_conf: dict[str, str] | None = ...,
        spark_env_vars: dict[str, str] | None = ...,
        ssh_public_keys: builtins.list[str] | None = ...,
        total_initial_remote_disk_size: int | None = ...,
        use_ml_runtime: bool | None = ...,
        worker_node_type_flexibility: _compute.NodeTypeFlexibility | None = ...,
        workload_type: _compute.WorkloadType | None = ...,
    ) -> Wait[_compute.ClusterDetails]: ...
    async def edit_and_wait(
        self,
        cluster_id: str,
        spark_version: str,
        *,
        apply_policy_default_values: bool | None = ...,
        autoscale: _compute.AutoScale | None = ...,
        autotermination_minutes: int | None = ...,
        aws_attributes: _compute.AwsAttributes | None = ...,
        azure_attributes: _compute.AzureAttributes | None = ...,
        cluster_log_conf: _compute.ClusterLogConf | None = ...,
        cluster_name: str | None = ...,
        custom_tags: dict[str, str] | None = ...,
        data_security_mode: _compute.DataSecurityMode | None = ...,
        dependency_mode: _compute.DependencyMode | None = ...,
        docker_image: _compute.DockerImage | None = ...,
        driver_instance_pool_id: str | None = ...,
        driver_node_type_flexibility: _compute.NodeTypeFlexibility | None = ...,
        driver_node_type_id: str | None = ...,
        enable_elastic_disk: bool | None = ...,
        enable_local_disk_encryption: bool | None = ...,
        gcp_attributes: _compute.GcpAttributes | None = ...,
        init_scripts: builtins.list[_compute.InitScriptInfo] | None = ...,
        instance_pool_id: str | None = ...,
        is_single_node: bool | None = ...,
        kind: _compute.Kind | None = ...,
        node_type_id: str | None = ...,
        num_workers: int | None = ...,
        policy_id: str | None = ...,
        remote_disk_throughput: int | None = ...,
        runtime_engine: _compute.RuntimeEngine | None = ...,
        single_user_name: str | None = ...,
        spark_conf: dict[str, str] | None = ...,
        spark_env_vars: dict[str, str] | None = ...,
        ssh_public_keys: builtins.list[str] | None = ...,
        total_initial_remote_disk_size: int | None = ...,
        use_ml_runtime: bool | None = ...,
        worker_node_type_flexibility: _compute.NodeTypeFlexibility | None = ...,
        workload_type: _compute.WorkloadType | None = ...,
        timeout: timedelta | float | None = ...,
    ) -> _compute.ClusterDetails: ...
    async def ensure_cluster_is_running(self, cluster_id: str) -> None: ...
    def events(
        self,
        cluster_id: str,
        *,
        end_time: int | None = ...,
        event_types: builtins.list[_compute.EventType] | None = ...,
        limit: int | None = ...,
        offset: int | None = ...,
        order: _compute.GetEventsOrder | None = ...,
        page_size: int | None = ...,
        page_token: str | None = ...,
        start_time: int | None = ...,
    ) -> AsyncIterator[_compute.ClusterEvent]: ...
    async def get(self, cluster_id: str) -> _compute.ClusterDetails: ...
    async def get_permission_levels(
        self, cluster_id: str
    ) -> _compute.GetClusterPermissionLevelsResponse: ...
    async def get_permissions(self, cluster_id: str) -> _compute.ClusterPermissions: ...
    def list(
        self,
        *,
        filter_by: _compute.ListClustersFilterBy | None = ...,
        page_size: int | None = ...,
        page_token: str | None = ...,
        sort_by: _compute.ListClustersSortBy | None = ...,
    ) -> AsyncIterator[_compute.ClusterDetails]: ...
    async def list_node_types(self) -> _compute.ListNodeTypesResponse: ...
    async def list_zones(self) -> _compute.ListAvailableZonesResponse: ...
    async def permanent_delete(self, cluster_id: str) -> None: ...
    async def pin(self, cluster_id: str) -> None: ...
    async def resize(
        self,
        cluster_id: str,
        *,
        autoscale: _compute.AutoScale | None = ...,
        num_workers: int | None = ...,
    ) -> Wait[_compute.ClusterDetails]: ...
    async def resize_and_wait(
        self,
        cluster_id: str,
        *,
        autoscale: _compute.AutoScale | None = ...,
        num_workers: int | None = ...,
        timeout: timedelta | float | None = ...,
    ) -> _compute.ClusterDetails: ...
    async def restart(
        self, cluster_id: str, *, restart_user: str | None = ...
    ) -> Wait[_compute.ClusterDetails]: ...
    async def restart_and_wait(
        self,
        cluster_id: str,
        *,
        restart_user: str | None = ...,
        timeout: timedelta | float | None = ...,
    ) -> _compute.ClusterDetails: ...
    async def select_node_type(
        self,
        min_memory_gb: int = ...,
        gb_per_core: int = ...,
        min_cores: int = ...,
        min_gpus: int = ...,
        local_disk: bool = ...,
        local_disk_min_size: int = ...,
        category: str = ...,
        photon_worker_capable: bool = ...,
        photon_driver_capable: bool = ...,
        graviton: bool = ...,
        is_io_cache_enabled: bool = ...,
        support_port_forwarding: bool = ...,
        fleet: str = ...,
    ) -> str: ...
    async def select_spark_version(
        self,
        long_term_support: bool = ...,
        beta: bool = ...,
        latest: bool = ...,
        ml: bool = ...,
        genomics: bool = ...,
        gpu: bool = ...,
        scala: str = ...,
        spark_version: str = ...,
        photon: bool = ...,
        graviton: bool = ...,
    ) -> str: ...
    async def set_permissions(
        self,
        cluster_id: str,
        *,
        access_control_list: builtins.list[_compute.ClusterAccessControlRequest] | None = ...,
    ) -> _compute.ClusterPermissions: ...
    async def spark_versions(self) -> _compute.GetSparkVersionsResponse: ...
    async def start(self, cluster_id: str) -> Wait[_compute.ClusterDetails]: ...
    async def start_and_wait(
        self, cluster_id: str, timeout: timedelta | float | None = ...
    ) -> _compute.ClusterDetails: ...
    async def unpin(self, cluster_id: str) -> None: ...
    async def update(
        self,
        cluster_id: str,
        update_mask: str,
        *,
        cluster: _compute.UpdateClusterResource | None = ...,
    ) -> Wait[_compute.ClusterDetails]: ...
    async def update_and_wait(
        self,
        cluster_id: str,
        update_mask: str,
        *,
        cluster: _compute.UpdateClusterResource | None = ...,
        timeout: timedelta | float | None = ...,
    ) -> _compute.ClusterDetails: ...
    async def update_permissions(
        self,
        cluster_id: str,
        *,
        access_control_list: builtins.list[_compute.ClusterAccessControlRequest] | None = ...,
    ) -> _compute.ClusterPermissions: ...
    async def wait_get_cluster_running(
        self,
        cluster_id: str,
        timeout: timedelta = ...,
        callback: Callable[[_compute.ClusterDetails], None] | None = ...,
    ) -> _compute.ClusterDetails: ...
    async def wait_get_cluster_terminated(
        self,
        cluster_id: str,
        timeout: timedelta = ...,
        callback: Callable[[_compute.ClusterDetails], None] | None = ...,
    ) -> _compute.ClusterDetails: ...
    def __getattr__(self, name: str) -> Any: ...

class CommandExecutionAPI:
    async def cancel(
        self,
        *,
        cluster_id: str | None = ...,
        command_id: str | None = ...,
        context_id: str | None = ...,
    ) -> Wait[_compute.CommandStatusResponse]: ...
    async def cancel_and_wait(
        self,
        *,
        cluster_id: str | None = ...,
        command_id: str | None = ...,
        context_id: str | None = ...,
        timeout: timedelta | float | None = ...,
    ) -> _compute.CommandStatusResponse: ...
    async def command_status(
        self, cluster_id: str, context_id: str, command_id: str
    ) -> _compute.CommandStatusResponse: ...
    async def context_status(
        self, cluster_id: str, context_id: str
    ) -> _compute.ContextStatusResponse: ...
    async def create(
        self, *, cluster_id: str | None = ..., language: _compute.Language | None = ...
    ) -> Wait[_compute.ContextStatusResponse]: ...
    async def create_and_wait(
        self,
        *,
        cluster_id: str | None = ...,
        language: _compute.Language | None = ...,
        timeout: timedelta | float | None = ...,
    ) -> _compute.ContextStatusResponse: ...
    async def destroy(self, cluster_id: str, context_id: str) -> None: ...
    async def execute(
        self,
        *,
        cluster_id: str | None = ...,
        command: str | None = ...,
        context_id: str | None = ...,
        language: _compute.Language | None = ...,
    ) -> Wait[_compute.CommandStatusResponse]: ...
    async def execute_and_wait(
        self,
        *,
        cluster_id: str | None = ...,
        command: str | None = ...,
        context_id: str | None = ...,
        language: _compute.Language | None = ...,
        timeout: timedelta | float | None = ...,
    ) -> _compute.CommandStatusResponse: ...
    async def wait_command_status_command_execution_cancelled(
        self,
        cluster_id: str,
        command_id: str,
        context_id: str,
        timeout: timedelta = ...,
        callback: Callable[[_compute.CommandStatusResponse], None] | None = ...,
    ) -> _compute.CommandStatusResponse: ...
    async def wait_command_status_command_execution_finished_or_error(
        self,
        cluster_id: str,
        command_id: str,
        context_id: str,
        timeout: timedelta = ...,
        callback: Callable[[_compute.CommandStatusResponse], None] | None = ...,
    ) -> _compute.CommandStatusResponse: ...
    async def wait_context_status_command_execution_running(
        self,
        cluster_id: str,
        context_id: str,
        timeout: timedelta = ...,
        callback: Callable[[_compute.ContextStatusResponse], None] | None = ...,
    ) -> _compute.ContextStatusResponse: ...
    def __getattr__(self, name: str) -> Any: ...

class GlobalInitScriptsAPI:
    async def create(
        self, name: str, script: str, *, enabled: bool | None = ..., position: int | None = ...
    ) -> _compute.CreateResponse: ...
    async def delete(self, script_id: str) -> None: ...
    async def get(self, script_id: str) -> _compute.GlobalInitScriptDetailsWithContent: ...
    def list(self) -> AsyncIterator[_compute.GlobalInitScriptDetails]: ...
    async def update(
        self,
        script_id: str,
        name: str,
        script: str,
        *,
        enabled: bool | None = ...,
        position: int | None = ...,
    ) -> None: ...
    def __getattr__(self, name: str) -> Any: ...

class InstancePoolsAPI:
    async def create(
        self,
        instance_pool_name: str,
        node_type_id: str,
        *,
        aws_attributes: _compute.InstancePoolAwsAttributes | None = ...,
        azure_attributes: _compute.InstancePoolAzureAttributes | None = ...,
        custom_tags: dict[str, str] | None = ...,
        disk_spec: _compute.DiskSpec | None = ...,
        enable_elastic_disk: bool | None = ...,
        gcp_attributes: _compute.InstancePoolGcpAttributes | None = ...,
        idle_instance_autotermination_minutes: int | None = ...,
        max_capacity: int | None = ...,
        min_idle_instances: int | None = ...,
        node_type_flexibility: _compute.NodeTypeFlexibility | None = ...,
        preloaded_docker_images: builtins.list[_compute.DockerImage] | None = ...,
        preloaded_spark_versions: builtins.list[str] | None = ...,
        remote_disk_throughput: int | None = ...,
        total_initial_remote_disk_size: int | None = ...,
    ) -> _compute.CreateInstancePoolResponse: ...
    async def delete(self, instance_pool_id: str) -> None: ...
    async def edit(
        self,
        instance_pool_id: str,
        instance_pool_name: str,
        node_type_id: str,
        *,
        custom_tags: dict[str, str] | None = ...,
        idle_instance_autotermination_minutes: int | None = ...,
        max_capacity: int | None = ...,
        min_idle_instances: int | None = ...,
        remote_disk_throughput: int | None = ...,
        total_initial_remote_disk_size: int | None = ...,
    ) -> None: ...
    async def get(self, instance_pool_id: str) -> _compute.GetInstancePool: ...
    async def get_permission_levels(
        self, instance_pool_id: str
    ) -> _compute.GetInstancePoolPermissionLevelsResponse: ...
    async def get_permissions(self, instance_pool_id: str) -> _compute.InstancePoolPermissions: ...
    def list(self) -> AsyncIterator[_compute.InstancePoolAndStats]: ...
    async def set_permissions(
        self,
        instance_pool_id: str,
        *,
        access_control_list: builtins.list[_compute.InstancePoolAccessControlRequest] | None = ...,
    ) -> _compute.InstancePoolPermissions: ...
    async def update_permissions(
        self,
        instance_pool_id: str,
        *,
        access_control_list: builtins.list[_compute.InstancePoolAccessControlRequest] | None = ...,
    ) -> _compute.InstancePoolPermissions: ...
    def __getattr__(self, name: str) -> Any: ...

class InstanceProfilesAPI:
    async def add(
        self,
        instance_profile_arn: str,
        *,
        iam_role_arn: str | None = ...,
        is_meta_instance_profile: bool | None = ...,
        skip_validation: bool | None = ...,
    ) -> None: ...
    async def edit(
        self,
        instance_profile_arn: str,
        *,
        iam_role_arn: str | None = ...,
        is_meta_instance_profile: bool | None = ...,
    ) -> None: ...
    def list(self) -> AsyncIterator[_compute.InstanceProfile]: ...
    async def remove(self, instance_profile_arn: str) -> None: ...
    def __getattr__(self, name: str) -> Any: ...

class LibrariesAPI:
    def all_cluster_statuses(self) -> AsyncIterator[_compute.ClusterLibraryStatuses]: ...
    def cluster_status(self, cluster_id: str) -> AsyncIterator[_compute.LibraryFullStatus]: ...
    async def install(self, cluster_id: str, libraries: list[_compute.Library]) -> None: ...
    async def uninstall(self, cluster_id: str, libraries: list[_compute.Library]) -> None: ...
    def __getattr__(self, name: str) -> Any: ...

class PolicyComplianceForClustersAPI:
    async def cancel_pending_cluster_enforcement(
        self, cluster_id: str, *, allow_missing: bool | None = ...
    ) -> _compute.CancelPendingClusterEnforcementResponse: ...
    async def enforce_compliance(
        self,
        cluster_id: str,
        *,
        enforce_mode: _compute.EnforcePolicyComplianceForClusterEnforceMode | None = ...,
        validate_only: bool | None = ...,
    ) -> _compute.EnforceClusterComplianceResponse: ...
    async def get_compliance(self, cluster_id: str) -> _compute.GetClusterComplianceResponse: ...
    def list_compliance(
        self, policy_id: str, *, page_size: int | None = ..., page_token: str | None = ...
    ) -> AsyncIterator[_compute.ClusterCompliance]: ...
    def __getattr__(self, name: str) -> Any: ...

class PolicyFamiliesAPI:
    async def get(
        self, policy_family_id: str, *, version: int | None = ...
    ) -> _compute.PolicyFamily: ...
    def list(
        self, *, max_results: int | None = ..., page_token: str | None = ...
    ) -> AsyncIterator[_compute.PolicyFamily]: ...
    def __getattr__(self, name: str) -> Any: ...
