"""Every call to one workspace goes through here: signed, sent, tried again, understood, logged."""

import importlib
import logging
import platform
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cache
from typing import Any, TypeVar

import attrs

from dara_fp.core.errors import StepError
from dara_fp.databricks.auth.acting import acting, user_of
from dara_fp.databricks.auth.settings import Settings
from dara_fp.databricks.auth.signature import Auth, Signature
from dara_fp.databricks.errors import (
    DatabricksError,
    TooManyRequests,
    Unauthenticated,
)
from dara_fp.databricks.http.body import Body
from dara_fp.databricks.http.deadline import Deadline
from dara_fp.databricks.http.encoding import json_body, query_string
from dara_fp.databricks.http.exchange import MAX_JSON, Answer, Request
from dara_fp.databricks.http.rates import DOCUMENTED, Line, Pace, Rate
from dara_fp.databricks.http.redaction import credentials, hiding, signatures, without
from dara_fp.databricks.http.refusals import Refusal, excerpt, refused
from dara_fp.databricks.http.request_ids import request_id_of
from dara_fp.databricks.http.retries import Budget, Retries, retrying
from dara_fp.databricks.http.transport import Call, Reply, Transport

__all__ = ["MAX_JSON", "Answer", "Calls", "Request"]

T = TypeVar("T")
_log = logging.getLogger("dara_fp.databricks")
_REFUSED = 300
_REFUSAL_READ = 64 * 1024
_NOBODY = Signature(headers={})


class Calls:
    """The way to one workspace."""

    def __init__(
        self,
        *,
        settings: Settings,
        auth: Auth,
        transport: Transport,
        retries: Retries,
        timeout_seconds: float,
        rates: Sequence[Rate] = DOCUMENTED,
    ) -> None:
        """Call the workspace of *settings* over *transport*, signed by *auth*, within *rates*."""
        self._settings = settings
        self._secrets = settings.secrets
        self._auth = auth
        self._transport = transport
        self._retries = retries
        self._timeout = timeout_seconds
        self._rates = rates
        self._pace = self._new_pace()
        self._found: Signature | None = None  # a place without credentials
        self._name = settings.host.partition("://")[2]

    @property
    def host(self) -> str:
        """Tell the workspace's address; empty until the SDK has found it, at the first call."""
        return self._settings.host or (self._found.host if self._found else "")

    def now(self) -> float:
        """Tell the time by the clock of the retries, in seconds."""
        return self._retries.clock()

    async def json(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        reads: bool = False,
        idempotent: bool | None = None,
        secrets: tuple[str, ...] = (),
    ) -> Answer:
        """Send *body* as JSON, if it is given, and read the answer; errors show no *secrets*.

        Raises:
            DatabricksError: The workspace refused, or no answer came.
            ValueError: *path* or *body* cannot be sent.
        """
        own = {"Accept": "application/json"}
        if body is not None:
            own["Content-Type"] = "application/json"
        request = Request(
            method=method,
            path=path,
            query=query,
            headers={**own, **(headers or {})},
            body=None if body is None else Body(json_body(body)),
            reads=reads,
            idempotent=idempotent,
            secrets=secrets,
        )
        return await self.answer(request)

    async def answer(self, request: Request) -> Answer:
        """Make *request* and read its whole answer, all within the retry budget.

        Raises:
            DatabricksError: The workspace refused, or no answer came.
        """
        return await self._tried(request, lambda budget: self._read(request, budget))

    async def open(self, request: Request) -> Reply:
        """Make *request* and give its answer to be read as a stream; the caller closes it.

        The retry budget bounds all but the time in which long bodies go out and come in.

        Raises:
            DatabricksError: The workspace refused, or no answer came.
        """

        async def opened(budget: Budget) -> Reply:
            await self._slot(request, budget)
            limit = budget.limit(self._timeout)
            async with Deadline(request.name, limit, body=request.body) as end:
                return await self._signed(request, end)

        return await self._tried(request, opened)

    def on_behalf_of(self, token: str) -> AbstractContextManager[None]:
        """Sign the calls of this task, and of those it starts in the block, with a user's *token*.

        Raises:
            ValueError: *token* cannot be sent in a header.
        """
        return acting(self, token)

    async def elsewhere(self, call: Call, *, answers: frozenset[int] = frozenset()) -> Answer:
        """Make *call* to another host with a presigned URL, without our credentials.

        Args:
            call: What to send, and where.
            answers: Statuses beside those of success that are answers and no refusals, such as 308
                of an upload that goes on.

        Raises:
            DatabricksError: It was refused, or no answer came.
        """

        async def read(signed: Call) -> Answer:
            reply = await self._sent(signed, answers)
            return Answer.of(reply, call.name, await reply.read(MAX_JSON))

        return await self._tried_elsewhere(call, read)

    async def open_elsewhere(self, call: Call) -> Reply:
        """Make *call* with a presigned URL, and give its answer to be read; the caller closes it.

        Raises:
            DatabricksError: It was refused, or no answer came.
        """
        return await self._tried_elsewhere(call, self._sent)

    async def aclose(self) -> None:
        """Close what is open."""
        await self._auth.aclose()
        await self._transport.aclose()
        self._pace = self._new_pace()  # the locks of the old one belong to this loop

    async def _tried_elsewhere(self, call: Call, send: Callable[[Call], Awaitable[T]]) -> T:
        headers = {"User-Agent": _user_agent("none"), **call.headers}
        secrets = (*call.secrets, *signatures(call.url), *credentials(headers))
        signed = attrs.evolve(call, headers=headers, secrets=secrets, is_secret=True)

        await self._transport.open()
        budget = Budget(self._retries, has_met=lambda: self._transport.has_met(call.host))

        async def attempt() -> T:
            limit = budget.limit(self._timeout)
            async with Deadline(call.name, limit, body=call.body) as end:
                with hiding(secrets):
                    return await send(attrs.evolve(signed, deadline=end))

        return await retrying(
            attempt,
            budget=budget,
            idempotent=True,
            resendable=lambda: call.body is None or call.body.resendable,
        )

    def _new_pace(self) -> Pace:
        return Pace(self._rates, clock=self._retries.clock, sleep=self._retries.sleep)

    async def _tried(self, request: Request, attempt: Callable[[Budget], Awaitable[T]]) -> T:
        if not request.path.startswith("/"):
            raise ValueError(
                f"path is {request.path!r}: give it from the root, as /api/2.2/jobs/list"
            )
        await self._transport.open()  # before the clock starts: it is not the workspace's fault
        budget = Budget(self._retries, has_met=self._has_met, reads=request.only_reads)
        try:
            return await retrying(
                lambda: attempt(budget),
                budget=budget,
                idempotent=request.may_repeat,
                resendable=lambda: request.resendable,
            )
        except DatabricksError as error:
            if not budget.is_stranger(error):
                raise
            named = f"{self._settings.named_by} names that host: check it, and the way there"
            raise error.saying(named) from None

    def _has_met(self) -> bool:
        """Tell whether the workspace has ever answered; not where the SDK has to find it first."""
        return not self._name or self._transport.has_met(self._name)

    async def _read(self, request: Request, budget: Budget) -> Answer:
        await self._slot(request, budget)
        async with Deadline(request.name, budget.limit(self._timeout)) as end:
            reply = await self._signed(request, end)
            content = await reply.read(MAX_JSON)
        repeatable = request.may_repeat or request.only_reads
        return Answer.of(reply, request.name, content, repeatable=repeatable)

    async def _slot(self, request: Request, budget: Budget) -> None:
        """Wait until the family of *request* may be called once more."""
        if (line := self._pace.line(request.method, request.path)) is None:
            return
        limit = budget.limit(self._timeout)
        try:
            await line.slot(limit)
        except TimeoutError:
            raise _held_back(request, line, limit) from None

    async def _signed(self, request: Request, end: Deadline) -> Reply:
        if "authorization" in map(str.lower, request.headers):
            return await self._sent_as(request, await self._placed(_NOBODY, end), end)
        if (user := user_of(self)) is not None:
            return await self._sent_as(request, await self._placed(user, end), end)
        signature = await self._signature(end)
        try:
            return await self._sent_as(request, signature, end)
        except Unauthenticated:
            if not self._auth.forget(signature) or not request.resendable:
                raise
            newer = await self._signature(end)
            if newer == signature:
                raise
        return await self._sent_as(request, newer, end)

    async def _placed(self, signature: Signature, end: Deadline) -> Signature:
        """Give *signature* for the workspace that only our own way to sign in has found."""
        if self._settings.host:
            return signature
        found = self._found or await self._signature(end)
        return attrs.evolve(found, headers=signature.headers)

    async def _signature(self, end: Deadline) -> Signature:
        end.before = "the sign-in"
        signature = await self._auth.signature()
        end.before = ""  # not where the wait was cut: then this is what it was cut in
        if self._found is None:
            self._found = attrs.evolve(signature, headers={})
        return signature

    async def _sent_as(self, request: Request, signature: Signature, end: Deadline) -> Reply:
        headers = {"User-Agent": _user_agent(self._auth.kind)}
        if workspace_id := self._settings.workspace_id or signature.workspace_id:
            headers["X-Databricks-Workspace-Id"] = workspace_id
        headers |= {**signature.headers, **request.headers}
        query = query_string(request.query)
        host = self._settings.host or signature.host
        url = f"{host}{request.path}" + (f"?{query}" if query else "")
        secrets = (*self._secrets, *credentials(headers), *request.secrets)
        call = Call(
            method=request.method,
            url=url,
            headers=headers,
            body=request.body,
            secrets=secrets,
            deadline=end,
            is_secret=bool(request.secrets),
        )
        try:
            with hiding(secrets):
                return await self._sent(call)
        except TooManyRequests as error:
            if error.retry_after:
                self._pace.hold(request.method, request.path, error.retry_after)
            raise

    async def _sent(self, call: Call, answers: frozenset[int] = frozenset()) -> Reply:
        began = self.now()
        reply = await self._transport.send(call)
        if call.deadline is not None:
            call.deadline.answer = reply
        if _log.isEnabledFor(logging.DEBUG):
            _told(call, reply, self.now() - began)
        if reply.status < _REFUSED or reply.status in answers:
            return reply
        raise refused(
            Refusal(
                method=call.method,
                path=call.path,
                status=reply.status,
                reason=reply.reason,
                headers=reply.headers,
                body=await reply.beginning(_REFUSAL_READ),
            ),
            secrets=call.secrets,
        )


def _told(call: Call, reply: Reply, seconds: float) -> None:
    """Log *call*: neither query, nor headers, nor body, since each can hold a secret."""
    name = without(call.name, call.secrets)
    request_id = excerpt(request_id_of(reply.headers) or "unknown", secrets=call.secrets)
    took = seconds * 1e3
    _log.debug("%s -> %d in %.0f ms, request %s", name, reply.status, took, request_id)


@cache
def _user_agent(kind: str) -> str:
    metadata = importlib.import_module("importlib.metadata")  # 15 ms, which no import should take
    product = f"dara-fp/{metadata.version('dara-fp')}"
    system = platform.system().lower() or "unknown"
    return f"{product} python/{platform.python_version()} os/{system} auth/{kind}"


def _held_back(request: Request, line: Line, seconds: float) -> TooManyRequests:
    asked = max(0.0, line.held)
    why = (
        "not sent, since the workspace asked another call of its family for a pause"
        if asked or line.rate is None
        else f"held back for {seconds:.1f} s, since this client makes {line.rate} at most:"
        " make fewer calls, or set other rates"
    )
    error = TooManyRequests(
        StepError(message=f"{request.name}: {why}", retryable=True),
        retry_after=asked or None,
    )
    error.sent = False
    return error
