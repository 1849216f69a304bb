"""From a request to a task: its body read, its files uploaded, started once."""

import uuid
from typing import Any

import attrs
from starlette.requests import Request

from dara_fp.api.addresses import status_url
from dara_fp.api.bodies import Given, read_form, read_json, upload_fields
from dara_fp.api.idempotency import digest_of, idempotency_key, key_reused, task_id_of
from dara_fp.api.identity import owner_of
from dara_fp.api.problems import NotConfirmed
from dara_fp.api.services import Services, services_of
from dara_fp.api.uploads import Uploader
from dara_fp.core.workflow import Workflow
from dara_fp.runtime.errors import TaskExists
from dara_fp.store.errors import StoreUnavailable
from dara_fp.store.records import TaskRecord

__all__ = ["Started", "start_task"]


@attrs.frozen(kw_only=True)
class Started:
    """A task that was accepted, now or, if it was *replayed*, by an earlier request."""

    task_id: str
    replayed: bool = False


@attrs.frozen(kw_only=True)
class _Start:
    """A request that starts *workflow*.

    Attributes:
        task_id: Drawn at random, or made of the key.
        keyed: Whether it came with a key.
        earlier: The task that this key started before.
    """

    services: Services
    workflow: Workflow[Any, Any]
    request: Request
    owner: str | None
    task_id: str
    keyed: bool
    earlier: TaskRecord | None = None


async def start_task(request: Request, workflow: Workflow[Any, Any]) -> Started:
    """Start *workflow* as *request* asks, unless an earlier one with the same key did.

    Raises:
        Rejected: The body does not fit, or its key came with another body before.
        NotConfirmed: The store went away in the middle.
    """
    owner, key = owner_of(request), idempotency_key(request)
    services = services_of(request)
    start = _Start(
        services=services,
        workflow=workflow,
        request=request,
        owner=owner,
        task_id=task_id_of(workflow.name, owner, key) if key else uuid.uuid4().hex,
        keyed=key is not None,
    )
    if start.keyed:
        history = await services.executor.store.read(start.task_id)
        start = attrs.evolve(start, earlier=history.task if history else None)
    if not upload_fields(workflow.context):
        given = await read_json(request, workflow)
        return await _begun(start, given, _digest(start, given))
    return await _with_files(start)


async def _with_files(start: _Start) -> Started:
    # Two requests with one key may come at once: a folder each, so that neither writes over what
    # the other sent, and the one whose task it did not become removes its own.
    folder = f"{start.task_id}.{uuid.uuid4().hex[:8]}" if start.keyed else start.task_id
    uploader = start.services.uploader(
        folder, digesting=start.keyed, rehearsing=start.earlier is not None
    )
    used = False
    try:
        given = await read_form(start.request, start.workflow, uploader)
        started = await _begun(start, given, _digest(start, given, uploader))
        used = not started.replayed
    except NotConfirmed:
        # The task may have been accepted, and then it needs its files.
        used = True
        raise
    finally:
        if not used:
            await uploader.remove()
    return started


async def _begun(start: _Start, given: Given, digest: str | None) -> Started:
    if start.earlier is not None:
        if start.earlier.request != digest:
            raise key_reused()
        return Started(task_id=start.task_id, replayed=True)
    try:
        accepted = await start.services.executor.accept(
            start.workflow.name,
            given.context,
            task_id=start.task_id,
            owner=start.owner,
            request=digest,
        )
    except TaskExists as error:
        raise key_reused() from error
    except StoreUnavailable as error:
        raise NotConfirmed(status_url(start.task_id), error) from error
    return Started(task_id=start.task_id, replayed=not accepted.is_new)


def _digest(start: _Start, given: Given, uploader: Uploader | None = None) -> str | None:
    files = uploader.digests if uploader else {}
    return digest_of(start.workflow, given, files) if start.keyed else None
