"""Limits of a statement's result, and of the sessions that are kept."""

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from dara_fp.sandbox.server.app import create_sandbox
from dara_fp.sandbox.sql import errors, sql_statements
from dara_fp.sandbox.sql import session as session_of_sql
from dara_fp.sandbox.sql.warehouses import FIRST
from tests.sandbox.served import TOKEN


def test_limits_of_bytes_rows_and_sessions_are_kept_and_no_more_is_read(
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
        monkeypatch.setattr(sql_statements, "SESSION_IDLE", 0.0)
        assert say("select 1", session_id=first)["error_code"] == "RESOURCE_DOES_NOT_EXIST"

        # What comes behind the limit is never read, or its fault would be told.
        late = "select if(id < 50000000, id, cast('x' || id as bigint)) as id from range(100000000)"
        told = say(late)["status"]
        assert told["state"] == "FAILED"
        assert told["error"]["message"].startswith("Inline byte limit exceeded.")
        cut = say(late, byte_limit=30)
        assert cut["result"]["data_array"] == [["0"], ["1"], ["2"]]
        monkeypatch.setattr(session_of_sql, "RESULT_LIMIT", 2**20)
        monkeypatch.setattr(errors, "RESULT_LIMIT", 2**20)
        linked = say(late, disposition="EXTERNAL_LINKS")["status"]["error"]
        assert (linked["error_code"], "row_limit" in linked["message"]) == (
            "RESOURCE_EXHAUSTED",
            True,
        )
        soon = say(late.replace("50000000", "200000"))["status"]
        assert soon["sql_state"] == "22018"
        assert "[CAST_INVALID_INPUT]" in soon["error"]["message"]
