"""One sandbox for clients that nobody here wrote, found as their users would have it found."""

from collections.abc import Iterator

import pytest

from tests.sandbox.served import CLIENT_ID, CLIENT_SECRET, TOKEN, Served, serve


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    data_dir = tmp_path_factory.mktemp("outside")
    served = serve(data_dir, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
    yield served
    served.end()


@pytest.fixture
def exported(sandbox: Served, monkeypatch: pytest.MonkeyPatch) -> Served:
    """Export what `dara sandbox` prints."""
    monkeypatch.setenv("DATABRICKS_HOST", sandbox.url)
    monkeypatch.setenv("DATABRICKS_TOKEN", TOKEN)
    monkeypatch.setenv("OPENAI_BASE_URL", f"{sandbox.url}/serving-endpoints")
    monkeypatch.setenv("OPENAI_API_KEY", TOKEN)
    # mlflow tells its makers what it is used for, unless it is asked not to.
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    return sandbox
