"""The page that Prometheus reads."""

import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager

from dara_fp.core.errors import ConfigurationError
from dara_fp.telemetry.settings import Address, TelemetrySettings

__all__ = ["listening", "metrics_page"]


def metrics_page(environ: Mapping[str, str] = os.environ) -> tuple[bytes, str] | None:
    """Give the page and its content type, or None if metrics are off.

    Raises:
        ConfigurationError: A variable does not fit.
    """
    if not TelemetrySettings.from_environment(environ).metrics:
        return None
    import prometheus_client  # noqa: PLC0415 - only where metrics are on

    return prometheus_client.generate_latest(), prometheus_client.CONTENT_TYPE_LATEST


@contextmanager
def listening(environ: Mapping[str, str] = os.environ) -> Generator[Address | None]:
    """Show the page at `DARA_METRICS_LISTEN` while the block runs: workers have no routes.

    Gives where that is, or None if the variable is not set.

    Raises:
        ConfigurationError: A variable does not fit, or nobody can listen there.
    """
    address = TelemetrySettings.from_environment(environ).listen
    if address is None:
        yield None
        return
    from prometheus_client import start_http_server  # noqa: PLC0415 - only where metrics are on

    try:
        server, thread = start_http_server(address.port, address.host)
    except OSError as error:
        raise ConfigurationError(
            f"DARA_METRICS_LISTEN is {address.host}:{address.port}, "
            f"and nobody can listen there: {error}"
        ) from error
    try:
        yield Address(address.host, server.server_port)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
