"""What a Databricks workspace can answer instead of what was asked, one class a meaning.

The names, and which error code or HTTP status leads to which class, are those of the official SDK
(databricks-sdk 0.156 to 0.162), so that its users find what they know:

    StepFailed
    └── DatabricksError              any other status
        ├── BadRequest (400)             InvalidState, InvalidParameterValue
        ├── Unauthenticated (401)
        ├── PermissionDenied (403)       PrivateLinkValidationError
        ├── NotFound (404)               ResourceDoesNotExist
        ├── ResourceConflict (409)       Aborted, AlreadyExists, ResourceAlreadyExists
        ├── TooManyRequests (429)        ResourceExhausted, RequestLimitExceeded
        ├── Cancelled (499)
        ├── InternalError (500)          Unknown, DataLoss
        ├── NotImplemented_ (501)
        ├── TemporarilyUnavailable (503)
        ├── DeadlineExceeded (504)
        ├── ConnectionFailed             no answer at all
        ├── UnexpectedAnswer             an answer that is not what the API promises
        ├── UpsertFailed                 rows a vector index did not take
        ├── RunFailed                    a job run that ended badly
        └── beside what they are of      StatementFailed, UpdateFailed, IndexFailed, MessageFailed,
                                         OperationFailed, WaitTimedOut
"""

from collections.abc import Mapping
from copy import copy
from types import MappingProxyType
from typing import Any, Self

import attrs

from dara_fp.core.errors import Kind, StepError, StepFailed

__all__ = [
    "CLASS_OF_CODE",
    "CLASS_OF_STATUS",
    "Aborted",
    "AlreadyExists",
    "BadRequest",
    "Cancelled",
    "ConnectionFailed",
    "DataLoss",
    "DatabricksError",
    "DeadlineExceeded",
    "InternalError",
    "InvalidParameterValue",
    "InvalidState",
    "NotFound",
    "NotImplemented_",
    "PermissionDenied",
    "PrivateLinkValidationError",
    "RequestLimitExceeded",
    "ResourceAlreadyExists",
    "ResourceConflict",
    "ResourceDoesNotExist",
    "ResourceExhausted",
    "RunFailed",
    "TemporarilyUnavailable",
    "TooManyRequests",
    "Unauthenticated",
    "UnexpectedAnswer",
    "Unknown",
    "UpsertFailed",
    "kind_of_status",
]


class DatabricksError(StepFailed):
    """A call to a workspace failed, carrying the *error* value a step would return.

    Attributes:
        error: The failure, ready to be stored and sent.
        retry_after: Seconds the workspace asked to wait, if it did.
        reasons: The `reason` of each of the answer's error details.
        sent: Whether the call itself may have reached the workspace.
        lost_before: Whether an earlier try, whose answer was lost, may have been done; what may
            be sent twice without harm is not `in_doubt` by that.

    >>> NotFound(StepError(message="Job 7 does not exist", status=404)).status
    404
    """

    def __init__(
        self,
        error: StepError,
        *,
        retry_after: float | None = None,
        reasons: tuple[str, ...] = (),
    ) -> None:
        """Carry *error*, how long to wait (*retry_after*, seconds) and the details' *reasons*."""
        super().__init__(error)
        self.retry_after = retry_after
        self.reasons = reasons
        self.sent = True
        self.lost_before = False

    @property
    def status(self) -> int | None:
        """Tell the HTTP status, or None where there was no answer."""
        return self.error.status

    @property
    def error_code(self) -> str | None:
        """Tell the service's own code, such as `RESOURCE_DOES_NOT_EXIST`."""
        return self.error.error_code

    @property
    def message(self) -> str:
        """Tell what was wrong."""
        return self.error.message

    @property
    def request_id(self) -> str | None:
        """Tell the service's id of the request."""
        return self.error.request_id

    @property
    def retryable(self) -> bool:
        """Tell whether the same call may succeed later."""
        return self.error.retryable

    @property
    def in_doubt(self) -> bool:
        """Tell whether what the call asked for may have been done all the same."""
        return self.error.in_doubt

    def saying(self, more: str) -> Self:
        """Give a copy with *more* at the end of its message, where there is more."""
        return self.changed(message=f"{self.message} ({more})" if more else self.message)

    def changed(self, **facts: Any) -> Self:
        """Give a copy with other *facts* in its error: the one here may be raised to many."""
        again = copy(self)
        again.error = attrs.evolve(self.error, **facts)
        again.args = (again.error,)
        return again.with_traceback(self.__traceback__)


class BadRequest(DatabricksError):
    """The request is not valid."""


class InvalidState(BadRequest):
    """The thing is not in a state that allows this."""


class InvalidParameterValue(BadRequest):
    """A parameter's value is not allowed."""


class Unauthenticated(DatabricksError):
    """The credentials are missing, wrong or expired."""


class PermissionDenied(DatabricksError):
    """The caller is known but may not do this."""


class PrivateLinkValidationError(PermissionDenied):
    """The workspace can only be reached by its private link."""


class NotFound(DatabricksError):
    """There is no such thing, or the caller may not see it."""


class ResourceDoesNotExist(NotFound):
    """There is no such thing."""


class ResourceConflict(DatabricksError):
    """The thing's present state forbids this."""


class Aborted(ResourceConflict):
    """Another operation got in the way."""


class AlreadyExists(ResourceConflict):
    """The thing is there already."""


class ResourceAlreadyExists(ResourceConflict):
    """The resource is there already."""


class TooManyRequests(DatabricksError):
    """The workspace takes no more requests for now."""


class ResourceExhausted(TooManyRequests):
    """A quota is used up."""


class RequestLimitExceeded(TooManyRequests):
    """A limit of requests is reached."""


class Cancelled(DatabricksError):
    """The caller cancelled the operation."""


class InternalError(DatabricksError):
    """The workspace made a mistake."""


class Unknown(InternalError):
    """The workspace made a mistake it cannot name."""


class DataLoss(InternalError):
    """The workspace lost data for good."""


class NotImplemented_(DatabricksError):  # noqa: N801 - the builtin of that name stays visible
    """The workspace does not offer this operation."""


class TemporarilyUnavailable(DatabricksError):
    """The workspace is away for now."""


class DeadlineExceeded(DatabricksError):
    """The operation took longer than the workspace allows."""


class ConnectionFailed(DatabricksError):
    """No answer came: refused, reset, cut short or too late."""


class UnexpectedAnswer(DatabricksError):
    """The answer is not what the API promises, such as a login page instead of JSON."""


class UpsertFailed(DatabricksError):
    """A vector index did not take all the rows it was given."""


class RunFailed(DatabricksError):
    """A job run ended, and not well; `error.url` is its page."""


CLASS_OF_CODE: Mapping[str, type[DatabricksError]] = MappingProxyType(
    {
        "INVALID_STATE": InvalidState,
        "INVALID_PARAMETER_VALUE": InvalidParameterValue,
        "RESOURCE_DOES_NOT_EXIST": ResourceDoesNotExist,
        "ABORTED": Aborted,
        "ALREADY_EXISTS": AlreadyExists,
        "RESOURCE_ALREADY_EXISTS": ResourceAlreadyExists,
        "RESOURCE_EXHAUSTED": ResourceExhausted,
        "REQUEST_LIMIT_EXCEEDED": RequestLimitExceeded,
        "UNKNOWN": Unknown,
        "DATA_LOSS": DataLoss,
    },
)

CLASS_OF_STATUS: Mapping[int, type[DatabricksError]] = MappingProxyType(
    {
        400: BadRequest,
        401: Unauthenticated,
        403: PermissionDenied,
        404: NotFound,
        409: ResourceConflict,
        429: TooManyRequests,
        499: Cancelled,
        500: InternalError,
        501: NotImplemented_,
        503: TemporarilyUnavailable,
        504: DeadlineExceeded,
    },
)

_KIND_OF_STATUS = MappingProxyType(
    {408: Kind.TIMEOUT, 409: Kind.CONFLICT, 429: Kind.FAILED, 504: Kind.TIMEOUT},
)


def kind_of_status(status: int) -> Kind:
    """Give the kind of failure an HTTP *status* stands for.

    >>> [kind_of_status(status).value for status in (404, 409, 429, 500, 504)]
    ['rejected', 'conflict', 'failed', 'failed', 'timeout']
    """
    rejected = 400 <= status < 500  # noqa: PLR2004 - the two ends of the client errors
    return _KIND_OF_STATUS.get(status, Kind.REJECTED if rejected else Kind.FAILED)
