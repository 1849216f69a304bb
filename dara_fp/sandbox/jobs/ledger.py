"""The ledger: every run that was ever started, for those who check that none was twice."""

import attrs
from starlette.requests import Request
from starlette.responses import Response

from dara_fp.sandbox.jobs.job_store import JobStore
from dara_fp.sandbox.jobs.runs import Run
from dara_fp.sandbox.server.wire import Json, json_response

__all__ = ["Ledger"]


@attrs.frozen(kw_only=True)
class Ledger:
    """The runs of *store*, those of earlier starts and deleted ones too."""

    store: JobStore

    async def show(self, _request: Request) -> Response:
        """Answer `GET /_sandbox/runs`, the oldest first."""
        return json_response({"runs": [self._line(run) for run in self.store.ledger()]})

    def _line(self, run: Run) -> Json:
        return {
            "run_id": run.run_id,
            "job_id": run.job_id,
            "token": run.token,
            "state": run.state.life,
            "result": run.state.result,
            "started_at": run.start_time,
            "cancel_requested": run.cancel_requested,
            "deleted": self.store.is_deleted(run.run_id),
        }
