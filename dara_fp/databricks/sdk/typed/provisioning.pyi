# Written by `make stubs` from the installed databricks-sdk: not for changing by hand.
# ruff: noqa: ASYNC109

import builtins
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

from databricks.sdk.service import provisioning as _provisioning

from dara_fp.databricks.sdk.waits import Wait

class CredentialsAPI:
    async def create(
        self, credentials_name: str, aws_credentials: _provisioning.CreateCredentialAwsCredentials
    ) -> _provisioning.Credential: ...
    async def delete(self, credentials_id: str) -> _provisioning.Credential: ...
    async def get(self, credentials_id: str) -> _provisioning.Credential: ...
    def list(self) -> AsyncIterator[_provisioning.Credential]: ...
    def __getattr__(self, name: str) -> Any: ...

class EncryptionKeysAPI:
    async def create(
        self,
        use_cases: builtins.list[_provisioning.KeyUseCase],
        *,
        aws_key_info: _provisioning.CreateAwsKeyInfo | None = ...,
        azure_key_info: _provisioning.CreateAzureKeyInfo | None = ...,
        gcp_key_info: _provisioning.CreateGcpKeyInfo | None = ...,
    ) -> _provisioning.CustomerManagedKey: ...
    async def delete(self, customer_managed_key_id: str) -> _provisioning.CustomerManagedKey: ...
    async def get(self, customer_managed_key_id: str) -> _provisioning.CustomerManagedKey: ...
    def list(self) -> AsyncIterator[_provisioning.CustomerManagedKey]: ...
    def __getattr__(self, name: str) -> Any: ...

class NetworksAPI:
    async def create(
        self,
        *,
        gcp_network_info: _provisioning.GcpNetworkInfo | None = ...,
        network_name: str | None = ...,
        security_group_ids: builtins.list[str] | None = ...,
        subnet_ids: builtins.list[str] | None = ...,
        vpc_endpoints: _provisioning.NetworkVpcEndpoints | None = ...,
        vpc_id: str | None = ...,
    ) -> _provisioning.Network: ...
    async def delete(self, network_id: str) -> _provisioning.Network: ...
    async def get(self, network_id: str) -> _provisioning.Network: ...
    def list(self) -> AsyncIterator[_provisioning.Network]: ...
    def __getattr__(self, name: str) -> Any: ...

class PrivateAccessAPI:
    async def create(
        self,
        *,
        allowed_vpc_endpoint_ids: builtins.list[str] | None = ...,
        private_access_level: _provisioning.PrivateAccessLevel | None = ...,
        private_access_settings_name: str | None = ...,
        public_access_enabled: bool | None = ...,
        region: str | None = ...,
    ) -> _provisioning.PrivateAccessSettings: ...
    async def delete(
        self, private_access_settings_id: str
    ) -> _provisioning.PrivateAccessSettings: ...
    async def get(self, private_access_settings_id: str) -> _provisioning.PrivateAccessSettings: ...
    def list(self) -> AsyncIterator[_provisioning.PrivateAccessSettings]: ...
    async def replace(
        self,
        private_access_settings_id: str,
        customer_facing_private_access_settings: _provisioning.PrivateAccessSettings,
    ) -> _provisioning.PrivateAccessSettings: ...
    def __getattr__(self, name: str) -> Any: ...

class StorageAPI:
    async def create(
        self,
        storage_configuration_name: str,
        root_bucket_info: _provisioning.RootBucketInfo,
        *,
        role_arn: str | None = ...,
    ) -> _provisioning.StorageConfiguration: ...
    async def delete(self, storage_configuration_id: str) -> _provisioning.StorageConfiguration: ...
    async def get(self, storage_configuration_id: str) -> _provisioning.StorageConfiguration: ...
    def list(self) -> AsyncIterator[_provisioning.StorageConfiguration]: ...
    def __getattr__(self, name: str) -> Any: ...

class VpcEndpointsAPI:
    async def create(
        self,
        *,
        aws_vpc_endpoint_id: str | None = ...,
        gcp_vpc_endpoint_info: _provisioning.GcpVpcEndpointInfo | None = ...,
        region: str | None = ...,
        vpc_endpoint_name: str | None = ...,
    ) -> _provisioning.VpcEndpoint: ...
    async def delete(self, vpc_endpoint_id: str) -> _provisioning.VpcEndpoint: ...
    async def get(self, vpc_endpoint_id: str) -> _provisioning.VpcEndpoint: ...
    def list(self) -> AsyncIterator[_provisioning.VpcEndpoint]: ...
    def __getattr__(self, name: str) -> Any: ...

class WorkspacesAPI:
    async def create(
        self,
        *,
        aws_region: str | None = ...,
        cloud: str | None = ...,
        cloud_resource_container: _provisioning.CloudResourceContainer | None = ...,
        compute_mode: _provisioning.CustomerFacingComputeMode | None = ...,
        credentials_id: str | None = ...,
        custom_tags: dict[str, str] | None = ...,
        deployment_name: str | None = ...,
        gcp_managed_network_config: _provisioning.GcpManagedNetworkConfig | None = ...,
        gke_config: _provisioning.GkeConfig | None = ...,
        location: str | None = ...,
        managed_services_customer_managed_key_id: str | None = ...,
        network_connectivity_config_id: str | None = ...,
        network_id: str | None = ...,
        pricing_tier: _provisioning.PricingTier | None = ...,
        private_access_settings_id: str | None = ...,
        storage_configuration_id: str | None = ...,
        storage_customer_managed_key_id: str | None = ...,
        workspace_name: str | None = ...,
    ) -> Wait[_provisioning.Workspace]: ...
    async def create_and_wait(
        self,
        *,
        aws_region: str | None = ...,
        cloud: str | None = ...,
        cloud_resource_container: _provisioning.CloudResourceContainer | None = ...,
        compute_mode: _provisioning.CustomerFacingComputeMode | None = ...,
        credentials_id: str | None = ...,
        custom_tags: dict[str, str] | None = ...,
        deployment_name: str | None = ...,
        gcp_managed_network_config: _provisioning.GcpManagedNetworkConfig | None = ...,
        gke_config: _provisioning.GkeConfig | None = ...,
        location: str | None = ...,
        managed_services_customer_managed_key_id: str | None = ...,
        network_connectivity_config_id: str | None = ...,
        network_id: str | None = ...,
        pricing_tier: _provisioning.PricingTier | None = ...,
        private_access_settings_id: str | None = ...,
        storage_configuration_id: str | None = ...,
        storage_customer_managed_key_id: str | None = ...,
        workspace_name: str | None = ...,
        timeout: timedelta | float | None = ...,
    ) -> _provisioning.Workspace: ...
    async def delete(self, workspace_id: int) -> _provisioning.Workspace: ...
    async def get(self, workspace_id: int) -> _provisioning.Workspace: ...
    def list(self) -> AsyncIterator[_provisioning.Workspace]: ...
    async def update(
        self,
        workspace_id: int,
        customer_facing_workspace: _provisioning.Workspace,
        *,
        update_mask: str | None = ...,
    ) -> Wait[_provisioning.Workspace]: ...
    async def update_and_wait(
        self,
        workspace_id: int,
        customer_facing_workspace: _provisioning.Workspace,
        *,
        update_mask: str | None = ...,
        timeout: timedelta | float | None = ...,
    ) -> _provisioning.Workspace: ...
    async def wait_get_workspace_running(
        self,
        workspace_id: int,
        timeout: timedelta = ...,
        callback: Callable[[_provisioning.Workspace], None] | None = ...,
    ) -> _provisioning.Workspace: ...
    def __getattr__(self, name: str) -> Any: ...
