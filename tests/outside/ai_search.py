"""Lets the official client of vector search work against the sandbox, when somebody asks for it.

`python -m tests.outside.ai_search` takes `databricks-ai-search` from PyPI into the folder of the
environment, beside what is installed: its licence keeps it from being a dependency.
"""

import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from tests.sandbox.served import CLIENT_ID, CLIENT_SECRET, TOKEN, serve

PACKAGES: Final = ("databricks-ai-search==0.81", "deprecation==2.1.0")
COLUMNS: Final = ["id", "text"]
CREDENTIALS: Final[dict[str, dict[str, str]]] = {
    "token": {"personal_access_token": TOKEN},
    "principal": {
        "service_principal_client_id": CLIENT_ID,
        "service_principal_client_secret": CLIENT_SECRET,
    },
}


def main() -> None:
    """Go through the client's calls, once with each kind of credentials."""
    sys.path.append(str(_installed()))
    # The packages of this name are spread over several folders; what was imported knows one.
    import_module("databricks").__path__.append(str(_installed() / "databricks"))
    client_of = import_module("databricks.ai_search.client").VectorSearchClient
    with tempfile.TemporaryDirectory() as folder:
        served = serve(Path(folder), client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
        try:
            for name, keys in CREDENTIALS.items():
                _use(client_of(workspace_url=served.url, disable_notice=True, **keys), name)
                print(f"{PACKAGES[0]} works with a {name}")  # noqa: T201 - a report
            with served.http() as http:
                assert http.get("/_sandbox/unanswered").json() == {"calls": []}
        finally:
            served.end()


def _use(client: Any, name: str) -> None:
    client.create_endpoint_and_wait(name=name, endpoint_type="STANDARD")
    index = client.create_direct_access_index(
        endpoint_name=name,
        index_name=f"main.default.{name}",
        primary_key="id",
        embedding_dimension=2,
        embedding_vector_column="vector",
        schema={"id": "string", "text": "string", "vector": "array<float>"},
    )
    assert index.describe()["status"]["ready"]
    rows = [
        {"id": "a", "text": "cats", "vector": [1.0, 0.0]},
        {"id": "b", "text": "ships", "vector": [0.0, 1.0]},
    ]
    assert index.upsert(rows)["result"]["success_row_count"] == 2
    asked = {"query_vector": [0.1, 0.9], "columns": COLUMNS, "num_results": 2}
    assert _texts(index.similarity_search(**asked)) == ["ships", "cats"]
    assert _texts(index.similarity_search(**asked, filters={"text": "cats"})) == ["cats"]
    assert len(index.scan(num_results=10)["data"]) == 2
    assert index.delete(["a"])["status"] == "SUCCESS"
    assert _texts(index.similarity_search(**asked)) == ["ships"]
    client.delete_index(name, f"main.default.{name}")
    client.delete_endpoint(name)
    assert name not in str(client.list_endpoints())


def _texts(answer: dict[str, Any]) -> list[str]:
    return [row[1] for row in answer["result"]["data_array"]]


def _installed() -> Path:
    folder = Path(sys.prefix) / "outside" / "ai_search"
    if not folder.exists():
        wanted = ("--no-deps", "--target", str(folder), *PACKAGES)
        subprocess.run([sys.executable, "-m", "pip", "install", "-q", *wanted], check=True)
    return folder


if __name__ == "__main__":
    main()
