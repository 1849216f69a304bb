"""Limits of a statement's result, and of the sessions that are kept."""

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from dara_fp.sandbox.server.app import create_sandbox
from dara_fp.sandbox.sql import sql_statements
from dara_fp.sandbox.sql.warehouses import FIRST
from tests.sandbox.served import TOKEN


def test_limits_of_bytes_rows_and_sessions_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql_statements, "SESSIONS_KEPT", 2)
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    with TestClient(create_sandbox(tmp_path, token=TOKEN), headers=bearer) as client:

        def say(statement: str, **more: Any) -> Any:
            body = {"statement": statement, "warehouse_id": FIRST, **more}
            return client.post("/api/2.0/sql/statements/", json=body).json()

        def session() -> str:
            body = {"warehouse_id": FIRST}
            return str(client.post("/api/2.0/sql/sessions", json=body).json()["session_id"])

        # A number of SQL's BIGINT has 8 bytes.
        cut = say("select id from range(10)", byte_limit=30)
        assert cut["result"]["data_array"] == [["0"], ["1"], ["2"]]
        assert cut["manifest"]["truncated"]
        whole = say("select id from range(3)", byte_limit=30)
        assert (whole["manifest"]["total_row_count"], whole["manifest"]["truncated"]) == (3, False)
        assert (
            say("select 1", row_limit=-1)["message"] == "row_limit must be 0 or more, but was -1."
        )
        assert "byte_limit must be" in say("select 1", byte_limit=-5)["message"]
        first, second = session(), session()
        assert say("select 1", session_id=first)["status"]["state"] == "SUCCEEDED"
        session()
        assert say("select 1", session_id=first)["status"]["state"] == "SUCCEEDED"
        assert say("select 1", session_id=second)["error_code"] == "RESOURCE_DOES_NOT_EXIST"
