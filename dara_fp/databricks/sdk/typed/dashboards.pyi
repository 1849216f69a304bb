# Written by `make stubs` from the installed databricks-sdk: not for changing by hand.
# ruff: noqa: ASYNC109

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

from databricks.sdk.service import dashboards as _dashboards

from dara_fp.databricks.sdk.waits import Wait

class GenieAPI:
    async def create_message(
        self,
        space_id: str,
        conversation_id: str,
        content: str,
        *,
        enable_visualization: bool | None = ...,
    ) -> Wait[_dashboards.GenieMessage]: ...
    async def create_message_and_wait(
        self,
        space_id: str,
        conversation_id: str,
        content: str,
        *,
        enable_visualization: bool | None = ...,
        timeout: timedelta | float | None = ...,
    ) -> _dashboards.GenieMessage: ...
    async def create_message_comment(
        self, space_id: str, conversation_id: str, message_id: str, content: str
    ) -> _dashboards.GenieMessageComment: ...
    async def create_space(
        self,
        warehouse_id: str,
        serialized_space: str,
        *,
        description: str | None = ...,
        parent_path: str | None = ...,
        title: str | None = ...,
    ) -> _dashboards.GenieSpace: ...
    async def delete_conversation(self, space_id: str, conversation_id: str) -> None: ...
    async def delete_conversation_message(
        self, space_id: str, conversation_id: str, message_id: str
    ) -> None: ...
    async def download_message_attachment_visualization(
        self, name: str
    ) -> _dashboards.DownloadMessageAttachmentVisualizationResponse: ...
    async def execute_message_attachment_query(
        self, space_id: str, conversation_id: str, message_id: str, attachment_id: str
    ) -> _dashboards.GenieGetMessageQueryResultResponse: ...
    async def execute_message_query(
        self, space_id: str, conversation_id: str, message_id: str
    ) -> _dashboards.GenieGetMessageQueryResultResponse: ...
    async def generate_download_full_query_result(
        self, space_id: str, conversation_id: str, message_id: str, attachment_id: str
    ) -> _dashboards.GenieGenerateDownloadFullQueryResultResponse: ...
    async def genie_cancel_response(
        self, agent_id: str, conversation_id: str, response_id: str
    ) -> _dashboards.GenieMessage: ...
    async def genie_create_eval_run(
        self, space_id: str, *, benchmark_question_ids: list[str] | None = ...
    ) -> _dashboards.GenieEvalRunResponse: ...
    async def genie_get_eval_result_details(
        self, space_id: str, eval_run_id: str, result_id: str
    ) -> _dashboards.GenieEvalResultDetails: ...
    async def genie_get_eval_run(
        self, space_id: str, eval_run_id: str
    ) -> _dashboards.GenieEvalRunResponse: ...
    async def genie_list_eval_results(
        self,
        space_id: str,
        eval_run_id: str,
        *,
        page_size: int | None = ...,
        page_token: str | None = ...,
    ) -> _dashboards.GenieListEvalResultsResponse: ...
    async def genie_list_eval_runs(
        self, space_id: str, *, page_size: int | None = ..., page_token: str | None = ...
    ) -> _dashboards.GenieListEvalRunsResponse: ...
    async def get_download_full_query_result(
        self,
        space_id: str,
        conversation_id: str,
        message_id: str,
        attachment_id: str,
        download_id: str,
        download_id_signature: str,
    ) -> _dashboards.GenieGetDownloadFullQueryResultResponse: ...
    async def get_message(
        self, space_id: str, conversation_id: str, message_id: str
    ) -> _dashboards.GenieMessage: ...
    async def get_message_attachment_query_result(
        self, space_id: str, conversation_id: str, message_id: str, attachment_id: str
    ) -> _dashboards.GenieGetMessageQueryResultResponse: ...
    async def get_message_query_result(
        self, space_id: str, conversation_id: str, message_id: str
    ) -> _dashboards.GenieGetMessageQueryResultResponse: ...
    async def get_message_query_result_by_attachment(
        self, space_id: str, conversation_id: str, message_id: str, attachment_id: str
    ) -> _dashboards.GenieGetMessageQueryResultResponse: ...
    async def get_space(
        self, space_id: str, *, include_serialized_space: bool | None = ...
    ) -> _dashboards.GenieSpace: ...
    async def list_conversation_comments(
        self,
        space_id: str,
        conversation_id: str,
        *,
        page_size: int | None = ...,
        page_token: str | None = ...,
    ) -> _dashboards.GenieListConversationCommentsResponse: ...
    async def list_conversation_messages(
        self,
        space_id: str,
        conversation_id: str,
        *,
        page_size: int | None = ...,
        page_token: str | None = ...,
    ) -> _dashboards.GenieListConversationMessagesResponse: ...
    async def list_conversations(
        self,
        space_id: str,
        *,
        include_all: bool | None = ...,
        page_size: int | None = ...,
        page_token: str | None = ...,
    ) -> _dashboards.GenieListConversationsResponse: ...
    async def list_message_comments(
        self,
        space_id: str,
        conversation_id: str,
        message_id: str,
        *,
        page_size: int | None = ...,
        page_token: str | None = ...,
    ) -> _dashboards.GenieListMessageCommentsResponse: ...
    async def list_spaces(
        self, *, page_size: int | None = ..., page_token: str | None = ...
    ) -> _dashboards.GenieListSpacesResponse: ...
    async def send_message_feedback(
        self,
        space_id: str,
        conversation_id: str,
        message_id: str,
        rating: _dashboards.GenieFeedbackRating,
        *,
        comment: str | None = ...,
    ) -> None: ...
    async def start_conversation(
        self, space_id: str, content: str, *, enable_visualization: bool | None = ...
    ) -> Wait[_dashboards.GenieMessage]: ...
    async def start_conversation_and_wait(
        self,
        space_id: str,
        content: str,
        *,
        enable_visualization: bool | None = ...,
        timeout: timedelta | float | None = ...,
    ) -> _dashboards.GenieMessage: ...
    async def trash_space(self, space_id: str) -> None: ...
    async def update_space(
        self,
        space_id: str,
        *,
        description: str | None = ...,
        etag: str | None = ...,
        parent_path: str | None = ...,
        serialized_space: str | None = ...,
        title: str | None = ...,
        warehouse_id: str | None = ...,
    ) -> _dashboards.GenieSpace: ...
    async def wait_get_message_genie_completed(
        self,
        conversation_id: str,
        message_id: str,
        space_id: str,
        timeout: timedelta = ...,
        callback: Callable[[_dashboards.GenieMessage], None] | None = ...,
    ) -> _dashboards.GenieMessage: ...
    def __getattr__(self, name: str) -> Any: ...

class LakeviewAPI:
    async def create(
        self,
        dashboard: _dashboards.Dashboard,
        *,
        dataset_catalog: str | None = ...,
        dataset_schema: str | None = ...,
    ) -> _dashboards.Dashboard: ...
    async def create_schedule(
        self, dashboard_id: str, schedule: _dashboards.Schedule
    ) -> _dashboards.Schedule: ...
    async def create_subscription(
        self, dashboard_id: str, schedule_id: str, subscription: _dashboards.Subscription
    ) -> _dashboards.Subscription: ...
    async def delete_schedule(
        self, dashboard_id: str, schedule_id: str, *, etag: str | None = ...
    ) -> None: ...
    async def delete_subscription(
        self, dashboard_id: str, schedule_id: str, subscription_id: str, *, etag: str | None = ...
    ) -> None: ...
    async def get(self, dashboard_id: str) -> _dashboards.Dashboard: ...
    async def get_published(self, dashboard_id: str) -> _dashboards.PublishedDashboard: ...
    async def get_schedule(self, dashboard_id: str, schedule_id: str) -> _dashboards.Schedule: ...
    async def get_subscription(
        self, dashboard_id: str, schedule_id: str, subscription_id: str
    ) -> _dashboards.Subscription: ...
    def list(
        self,
        *,
        page_size: int | None = ...,
        page_token: str | None = ...,
        show_trashed: bool | None = ...,
        view: _dashboards.DashboardView | None = ...,
    ) -> AsyncIterator[_dashboards.Dashboard]: ...
    def list_schedules(
        self, dashboard_id: str, *, page_size: int | None = ..., page_token: str | None = ...
    ) -> AsyncIterator[_dashboards.Schedule]: ...
    def list_subscriptions(
        self,
        dashboard_id: str,
        schedule_id: str,
        *,
        page_size: int | None = ...,
        page_token: str | None = ...,
    ) -> AsyncIterator[_dashboards.Subscription]: ...
    async def migrate(
        self,
        source_dashboard_id: str,
        *,
        display_name: str | None = ...,
        parent_path: str | None = ...,
        update_parameter_syntax: bool | None = ...,
    ) -> _dashboards.Dashboard: ...
    async def publish(
        self,
        dashboard_id: str,
        *,
        embed_credentials: bool | None = ...,
        warehouse_id: str | None = ...,
    ) -> _dashboards.PublishedDashboard: ...
    async def revert(
        self, dashboard_id: str, *, etag: str | None = ...
    ) -> _dashboards.RevertDashboardResponse: ...
    async def trash(self, dashboard_id: str) -> None: ...
    async def unpublish(self, dashboard_id: str) -> None: ...
    async def update(
        self,
        dashboard_id: str,
        dashboard: _dashboards.Dashboard,
        *,
        dataset_catalog: str | None = ...,
        dataset_schema: str | None = ...,
    ) -> _dashboards.Dashboard: ...
    async def update_schedule(
        self, dashboard_id: str, schedule_id: str, schedule: _dashboards.Schedule
    ) -> _dashboards.Schedule: ...
    def __getattr__(self, name: str) -> Any: ...

class LakeviewEmbeddedAPI:
    async def get_published_dashboard_token_info(
        self,
        dashboard_id: str,
        *,
        external_value: str | None = ...,
        external_viewer_id: str | None = ...,
    ) -> _dashboards.GetPublishedDashboardTokenInfoResponse: ...
    def __getattr__(self, name: str) -> Any: ...
