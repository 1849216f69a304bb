"""Indexes as a workspace tells of them."""

import uuid

import msgspec

from dara_fp.sandbox.server.auth import USER
from dara_fp.sandbox.server.errors import invalid
from dara_fp.sandbox.server.wire import Json
from dara_fp.sandbox.vectors.indexes import Index, Progress

__all__ = ["check_ready", "index_json", "short_json"]


def short_json(index: Index) -> Json:
    """Give *index* as a list of indexes shows it."""
    spec = index.spec
    return {
        "name": spec.name,
        "endpoint_name": spec.endpoint_name,
        "primary_key": spec.primary_key,
        "index_type": "DELTA_SYNC" if spec.following else "DIRECT_ACCESS",
        "creator": USER,
    }


def index_json(index: Index) -> Json:
    """Give all there is to tell of *index*."""
    spec, following = index.spec, index.spec.following
    if following is None or index.sync is None:
        status = _status(index, "ONLINE_DIRECT_ACCESS", "Index is ready", ready=True)
        return {**short_json(index), "direct_access_index_spec": _direct(index), "status": status}
    described = {
        **msgspec.to_builtins(following),
        "source_table": following.source_table,
        "pipeline_type": following.pipeline_type,
        "pipeline_id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{spec.name}/pipeline")),
    }
    status = _synced(index, index.sync.progress)
    return {**short_json(index), "delta_sync_index_spec": described, "status": status}


def check_ready(index: Index) -> None:
    """Refuse to go on with *index* while it has never had the rows of its table.

    Raises:
        ApiError: 400; it tells how far the index is.
    """
    if index.sync is not None and index.sync.progress.version < 0:
        state, said = _state(index, index.sync.progress)
        raise invalid(f"Index {index.spec.name} is not ready: {state}: {said}")


def _direct(index: Index) -> Json:
    spec = index.spec
    direct: Json = {"schema_json": spec.schema_json}
    if not spec.embeds:
        column = {"name": spec.vector, "embedding_dimension": spec.dimension}
        direct["embedding_vector_columns"] = [column]
    if spec.source:
        direct["embedding_source_columns"] = [spec.source]
    return direct


def _synced(index: Index, progress: Progress) -> Json:
    state, said = _state(index, progress)
    status = _status(index, state, said, ready=progress.version >= 0)
    if progress.version >= 0:
        kind = "continuous" if index.is_continuous else "triggered"
        status[f"{kind}_update_status"] = {
            "last_processed_commit_version": progress.version,
            "last_processed_commit_timestamp": progress.timestamp,
        }
    return status


def _state(index: Index, progress: Progress) -> tuple[str, str]:
    """Give the state of an index that follows a table, and what there is to say."""
    has_rows = progress.version >= 0
    if progress.pending:
        updating = _online(index, updating=True)
        return updating if has_rows else ("PROVISIONING_INITIAL_SNAPSHOT", "Taking the first rows.")
    if progress.error:
        return "ONLINE_PIPELINE_FAILED" if has_rows else "OFFLINE_FAILED", progress.error
    state, said = _online(index, updating=False)
    left_out = f" {progress.left_out} rows without text or vector were left out."
    return state, said + (left_out if progress.left_out else "")


def _online(index: Index, *, updating: bool) -> tuple[str, str]:
    if index.is_continuous:
        return "ONLINE_CONTINUOUS_UPDATE", "Index follows its table."
    if updating:
        return "ONLINE_TRIGGERED_UPDATE", "Index is taking what is new in its table."
    return "ONLINE_NO_PENDING_UPDATE", "Index is as its table was at the last update."


def _status(index: Index, state: str, said: str, *, ready: bool) -> Json:
    return {
        "ready": ready,
        "message": said,
        "detailed_state": state,
        "indexed_row_count": len(index.rows),
    }
