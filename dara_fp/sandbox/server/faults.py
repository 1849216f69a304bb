"""Faults on request: which calls go wrong, in which way, and how often.

A fault is asked for by `POST /_sandbox/faults` and lasts until `DELETE` or the end of the sandbox:

    {"pattern": "POST /api/2.*/jobs/run-now", "cut": true, "after_effect": true, "times": 1}
"""

import random
from fnmatch import fnmatchcase
from typing import Annotated, Literal

import attrs
import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dara_fp.sandbox.server.errors import ApiError, invalid, unsupported
from dara_fp.sandbox.server.kills import CAN_KILL_RUNS
from dara_fp.sandbox.server.wire import Json, empty, json_response, read_body

__all__ = ["OWN", "Fault", "Faults", "refusal_of"]

OWN = "/_sandbox"
"""Where the sandbox's own routes are: nothing there ever goes wrong."""

DELAY_LIMIT = 600

_CODES: dict[int, str | int] = {
    400: "INVALID_PARAMETER_VALUE",
    401: 401,
    403: "PERMISSION_DENIED",
    404: "RESOURCE_DOES_NOT_EXIST",
    409: "ABORTED",
    429: "REQUEST_LIMIT_EXCEEDED",
    500: "INTERNAL_ERROR",
    501: "NOT_IMPLEMENTED",
    503: "TEMPORARILY_UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One way in which calls go wrong.

    Attributes:
        pattern: Method and path of the calls, as in `GET /api/2.2/jobs/*`; `*` stands for anything,
            slashes too, `?` for one character, `[ab]` for one of several.
        delay: Seconds by which the answer comes later.
        status: The HTTP status of an error that is answered instead.
        retry_after: Seconds that the error's header of that name tells.
        cut: Whether the connection is reset instead of an answer.
        after_effect: Whether the call is carried out before it goes wrong; its answer is lost.
        stale: Whether a read is answered as the one before it was: what changes is seen one read
            later. What nobody has read yet is not there, and a list of it has no entries; answers
            from before the fault was asked for are not kept, so the first read after that shows
            what is there.
        kill: What is killed by the call: `run`, the programs of the runs of the workspace that are
            at work (Linux only), before the call goes on; `sandbox`, the sandbox itself, which then
            answers nobody.
        times: How many calls go wrong; None for all.
        probability: The share of the calls that go wrong, drawn with *seed*.
        seed: Where the drawing begins.
    """

    pattern: Annotated[str, msgspec.Meta(pattern=r"^\S+ /", max_length=1000)]
    delay: Annotated[float, msgspec.Meta(ge=0, le=DELAY_LIMIT)] = 0
    status: Annotated[int, msgspec.Meta(ge=400, le=599)] | None = None
    retry_after: Annotated[int, msgspec.Meta(ge=0)] | None = None
    cut: bool = False
    after_effect: bool = False
    stale: bool = False
    kill: Literal["run", "sandbox"] | None = None
    times: Annotated[int, msgspec.Meta(ge=1)] | None = None
    probability: Annotated[float, msgspec.Meta(gt=0, le=1)] = 1
    seed: int = 0

    @property
    def loses_answer(self) -> bool:
        """Whether the connection ends without an answer."""
        return self.cut or (self.after_effect and self.status is None)


@attrs.define(kw_only=True)
class _Armed:
    """A fault in force and what became of it: how often it was applied."""

    fault: Fault
    chance: random.Random
    applied: int = 0

    def strikes(self, call: str) -> bool:
        """Tell whether *call* goes wrong; only a call that matches draws a number."""
        return self.may_strike(call) and self.chance.random() < self.fault.probability

    def may_strike(self, call: str) -> bool:
        """Tell whether *call* is one of those that go wrong, unless chance has it otherwise."""
        if self.fault.times is not None and self.applied >= self.fault.times:
            return False
        return fnmatchcase(call, self.fault.pattern)


class Faults:
    """The faults in force, the earliest first. They are in memory: a restart has none."""

    def __init__(self) -> None:
        self._armed: list[_Armed] = []

    def routes(self) -> list[Route]:
        """Give the routes."""
        return [
            Route(f"{OWN}/faults", self.add, methods=["POST"]),
            Route(f"{OWN}/faults", self.show, methods=["GET"]),
            Route(f"{OWN}/faults", self.clear, methods=["DELETE"]),
        ]

    def strike(self, method: str, path: str) -> Fault | None:
        """Give the first fault that hits the call of *method* on *path*, and count it."""
        call = f"{method} {path}"
        if path.startswith(f"{OWN}/"):
            return None
        hit = next((armed for armed in self._armed if armed.strikes(call)), None)
        if hit is None:
            return None
        hit.applied += 1
        return hit.fault

    def may_be_stale(self, method: str, path: str) -> bool:
        """Tell whether a fault in force asks for stale reads of *path*."""
        call = f"{method} {path}"
        return any(armed.fault.stale and armed.may_strike(call) for armed in self._armed)

    async def add(self, request: Request) -> Response:
        """Put one more fault in force."""
        fault = await read_body(request, Fault)
        _check(fault)
        chance = random.Random(fault.seed)  # noqa: S311 - drawn anew by the same seed on purpose
        self._armed.append(armed := _Armed(fault=fault, chance=chance))
        return json_response(_json(armed))

    async def show(self, _request: Request) -> Response:
        """Answer the faults in force and how often each was applied."""
        return json_response({"faults": [_json(armed) for armed in self._armed]})

    async def clear(self, _request: Request) -> Response:
        """Take all faults away."""
        self._armed.clear()
        return empty()


def refusal_of(fault: Fault, status: int) -> ApiError:
    """Give the error with *status* that *fault* answers."""
    told = {} if fault.retry_after is None else {"retry-after": str(fault.retry_after)}
    return ApiError(
        status=status,
        error_code=_CODES.get(status, "UNKNOWN"),
        message=f"The sandbox was asked to answer {status} to calls like {fault.pattern!r}.",
        headers=told,
    )


def _check(fault: Fault) -> None:
    _check_answer(fault)
    if fault.kill == "run" and not CAN_KILL_RUNS:
        raise unsupported("The sandbox finds the programs of runs on Linux only.")
    if not (fault.delay or fault.status or fault.loses_answer or fault.stale or fault.kill):
        raise invalid("The fault does nothing: give delay, status, cut, after_effect, stale, kill.")


def _check_answer(fault: Fault) -> None:
    if fault.cut and fault.status is not None:
        raise invalid("A fault answers a status or cuts the connection: give one of the two.")
    if fault.retry_after is not None and fault.status is None:
        raise invalid("retry_after is a header of an error: give a status with it.")
    if fault.stale and not fault.pattern.startswith(("GET ", "HEAD ")):
        raise invalid("Only reads can be stale: let the pattern begin with GET or HEAD.")
    if fault.stale and (fault.status is not None or fault.loses_answer):
        raise invalid("A stale read is answered: give neither status, cut nor after_effect.")


def _json(armed: _Armed) -> Json:
    return {**msgspec.to_builtins(armed.fault), "applied": armed.applied}
