# Written by `make stubs` from the installed databricks-sdk: not for changing by hand.
# ruff: noqa: A002

from typing import Any

from databricks.sdk.service import agentbricks as _agentbricks

class AgentBricksAPI:
    async def cancel_optimize(self, id: str) -> None: ...
    async def create_custom_llm(
        self,
        name: str,
        instructions: str,
        *,
        agent_artifact_path: str | None = ...,
        datasets: list[_agentbricks.Dataset] | None = ...,
        guidelines: list[str] | None = ...,
    ) -> _agentbricks.CustomLlm: ...
    async def delete_custom_llm(self, id: str) -> None: ...
    async def get_custom_llm(self, id: str) -> _agentbricks.CustomLlm: ...
    async def start_optimize(self, id: str) -> _agentbricks.CustomLlm: ...
    async def update_custom_llm(
        self, id: str, custom_llm: _agentbricks.CustomLlm, update_mask: str
    ) -> _agentbricks.CustomLlm: ...
    def __getattr__(self, name: str) -> Any: ...
