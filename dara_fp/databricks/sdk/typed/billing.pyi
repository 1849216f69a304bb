# Written by `make stubs` from the installed databricks-sdk: not for changing by hand.

from collections.abc import AsyncIterator
from typing import Any

from databricks.sdk.service import billing as _billing

class BillableUsageAPI:
    async def download(
        self, start_month: str, end_month: str, *, personal_data: bool | None = ...
    ) -> _billing.DownloadResponse: ...
    def __getattr__(self, name: str) -> Any: ...

class BudgetPolicyAPI:
    async def create(
        self, *, policy: _billing.BudgetPolicy | None = ..., request_id: str | None = ...
    ) -> _billing.BudgetPolicy: ...
    async def delete(self, policy_id: str) -> None: ...
    async def get(self, policy_id: str) -> _billing.BudgetPolicy: ...
    def list(
        self,
        *,
        filter_by: _billing.Filter | None = ...,
        page_size: int | None = ...,
        page_token: str | None = ...,
        sort_spec: _billing.SortSpec | None = ...,
    ) -> AsyncIterator[_billing.BudgetPolicy]: ...
    async def update(
        self,
        policy_id: str,
        policy: _billing.BudgetPolicy,
        *,
        limit_config: _billing.LimitConfig | None = ...,
    ) -> _billing.BudgetPolicy: ...
    def __getattr__(self, name: str) -> Any: ...

class BudgetsAPI:
    async def create(
        self, budget: _billing.CreateBudgetConfigurationBudget
    ) -> _billing.CreateBudgetConfigurationResponse: ...
    async def delete(self, budget_id: str) -> None: ...
    async def get(self, budget_id: str) -> _billing.GetBudgetConfigurationResponse: ...
    def list(
        self, *, page_token: str | None = ...
    ) -> AsyncIterator[_billing.BudgetConfiguration]: ...
    async def update(
        self, budget_id: str, budget: _billing.UpdateBudgetConfigurationBudget
    ) -> _billing.UpdateBudgetConfigurationResponse: ...
    def __getattr__(self, name: str) -> Any: ...

class LogDeliveryAPI:
    async def create(
        self, log_delivery_configuration: _billing.CreateLogDeliveryConfigurationParams
    ) -> _billing.WrappedLogDeliveryConfiguration: ...
    async def get(
        self, log_delivery_configuration_id: str
    ) -> _billing.GetLogDeliveryConfigurationResponse: ...
    def list(
        self,
        *,
        credentials_id: str | None = ...,
        page_token: str | None = ...,
        status: _billing.LogDeliveryConfigStatus | None = ...,
        storage_configuration_id: str | None = ...,
    ) -> AsyncIterator[_billing.LogDeliveryConfiguration]: ...
    async def patch_status(
        self, log_delivery_configuration_id: str, status: _billing.LogDeliveryConfigStatus
    ) -> None: ...
    def __getattr__(self, name: str) -> Any: ...

class UsageDashboardsAPI:
    async def create(
        self,
        *,
        dashboard_type: _billing.UsageDashboardType | None = ...,
        major_version: _billing.UsageDashboardMajorVersion | None = ...,
        workspace_id: int | None = ...,
    ) -> _billing.CreateBillingUsageDashboardResponse: ...
    async def get(
        self,
        *,
        dashboard_type: _billing.UsageDashboardType | None = ...,
        workspace_id: int | None = ...,
    ) -> _billing.GetBillingUsageDashboardResponse: ...
    def __getattr__(self, name: str) -> Any: ...
