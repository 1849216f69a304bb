"""The services of an account; what they are and take is in the stub beside this file."""

from dara_fp.databricks.sdk.services import Services

__all__ = ["AccountServices"]


class AccountServices(Services):
    """All services of the SDK's `AccountClient`, asynchronous, under the same names."""

    _client = "AccountClient"
