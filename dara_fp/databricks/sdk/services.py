"""A client's services by name: all that the installed SDK has, each loaded at first use."""

import importlib
import inspect
from functools import partial
from typing import Any, ClassVar

from dara_fp.databricks.sdk.api import Api
from dara_fp.databricks.sdk.classes import asynchronous
from dara_fp.databricks.sdk.irregular import REFUSED_METHODS, REFUSED_SERVICES, missing
from dara_fp.databricks.sdk.lazy import Service
from dara_fp.databricks.sdk.sources import PACKAGE, service_names

__all__ = ["Services", "original_class"]


class Services:
    """A client with the services of a client of the SDK.

    A service's attribute is there at once and imports nothing. The first awaited call imports the
    SDK and makes the service asynchronous, in a thread.
    """

    _client: ClassVar[str]
    _api: Api

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        if name in REFUSED_SERVICES:
            raise AttributeError(f"{name} is not offered here: {REFUSED_SERVICES[name]}")
        names = service_names(self._client)
        if name not in names:
            raise missing(type(self).__name__, name, {*names, *vars(self)})
        service = Service(name, partial(self._load, name), refusing=REFUSED_METHODS.get(name))
        self.__dict__[name] = service
        return service

    def __dir__(self) -> list[str]:
        try:
            services = service_names(self._client) - {*REFUSED_SERVICES}
        except ImportError:  # calling one tells why
            services = frozenset[str]()
        return sorted({*super().__dir__(), *services})

    def _load(self, name: str) -> Any:
        """Make the service *name*; it takes its own place at the end."""
        service = asynchronous(original_class(self._client, name))(self._api)
        self.__dict__[name] = service
        return service


def original_class(client: str, name: str) -> type:
    """Give the SDK's class of the service *name* of *client*; imports the SDK.

    Raises:
        ImportError: The SDK is not as it was taken to be.
    """
    member = getattr(importlib.import_module(PACKAGE), client).__dict__[name]
    getter = getattr(member, "fget", None)
    found = getter and inspect.get_annotations(getter, eval_str=True).get("return")
    if not inspect.isclass(found):
        raise ImportError(f"{client}.{name} of the installed databricks-sdk names no class")
    return found
