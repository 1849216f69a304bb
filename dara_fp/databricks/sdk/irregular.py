"""What the SDK writes by hand: what of it is written by hand here, and what is refused."""

from collections.abc import Collection, Mapping
from difflib import get_close_matches
from typing import NoReturn

import attrs

from dara_fp.databricks.sdk.by_hand import Clusters, ServingEndpoints, WorkspaceObjects

__all__ = [
    "IRREGULAR",
    "REFUSED_METHODS",
    "REFUSED_SERVICES",
    "Irregular",
    "Refused",
    "missing",
]


class Refused:
    """A method that is not offered: asking for it tells what to do instead."""

    def __init__(self, instead: str) -> None:
        """Refuse, and say to do *instead*."""
        self.instead = instead

    def __set_name__(self, owner: type, name: str) -> None:
        """Keep the name."""
        self._name = name

    def __get__(self, instance: object, owner: type) -> NoReturn:
        """Raise an error that tells what to do instead."""
        raise AttributeError(f"{self._name} is not offered here: {self.instead}")


@attrs.frozen(kw_only=True)
class Irregular:
    """How a class of the SDK that was written by hand is made.

    Attributes:
        by_hand: Has the methods that take the place of the SDK's, if any.
        names: Names of the methods that are not taken over.
        only_base: Whether none is taken over but those of its base.
    """

    by_hand: type | None = None
    names: frozenset[str] = frozenset()
    only_base: bool = False


_OWN_FILES = "workspace.files uploads and downloads as streams, in parts"
_OPENAI = (
    "workspace.models chats and embeds without another library; an AsyncOpenAI client of your own"
    " takes base_url=f'{workspace.host}/serving-endpoints' and your token"
)
_GRPC = "it speaks gRPC and blocks: use databricks.sdk.WorkspaceClient in a thread"


class _Serving(ServingEndpoints):
    get_open_ai_client = Refused(_OPENAI)
    get_langchain_chat_open_ai_client = Refused(_OPENAI)


class _Dbfs:
    open = Refused(f"read and write make single calls, and {_OWN_FILES}")
    upload = Refused(_OWN_FILES)
    download = Refused(_OWN_FILES)
    copy = Refused(_OWN_FILES)
    move_ = Refused("use move; local files are moved by what Python brings")
    exists = Refused("await get_status(path), which raises NotFound")


class _Sandbox:
    execute_command = Refused(_GRPC)
    connect_command = Refused(_GRPC)


IRREGULAR = {
    "ClustersExt": Irregular(by_hand=Clusters, names=frozenset({"ensure_cluster_is_running"})),
    "DbfsExt": Irregular(by_hand=_Dbfs, only_base=True),
    "SandboxExt": Irregular(by_hand=_Sandbox, only_base=True),
    "ServingEndpointsExt": Irregular(by_hand=_Serving, only_base=True),
    "WorkspaceExt": Irregular(by_hand=WorkspaceObjects, only_base=True),
}
"""The SDK's classes that are not generated, by name."""

REFUSED_METHODS: Mapping[str, type] = {
    "dbfs": _Dbfs,
    "sandbox": _Sandbox,
    "serving_endpoints": _Serving,
}
"""What refuses methods, by the name of the service, which can be known before it is loaded."""

REFUSED_SERVICES = {
    "dbutils": "it needs a cluster or a notebook: use files, secrets and runs of the workspace",
    "files": f"{_OWN_FILES}; the account has no files",
    "serving_endpoints_data_plane": (
        "its tokens are for one endpoint each, which the SDK fetches blocking:"
        " use serving_endpoints.query, or workspace.models"
    ),
    "get_workspace_client": "make a Workspace with that workspace's host and your credentials",
    "get_workspace_id": "it is the o= in a page's address: give it to the constructor",
    "config": "give settings to the constructor",
    "api_client": "use do(method, path, ...)",
}
"""What is no service here: what to do instead."""


def missing(owner: str, name: str, known: Collection[str]) -> AttributeError:
    """Give the error for *name*, which *owner* lacks, with near ones of the *known*."""
    near = get_close_matches(name, [each for each in known if not each.startswith("_")])
    hint = f": did you mean {' or '.join(near)}?" if near else ""
    return AttributeError(f"{owner} has no {name!r}, nor has the installed databricks-sdk{hint}")
