"""What the demo's workspace has to hold before documents can be ingested."""

from importlib import resources

from dara_fp.databricks.vectors.vectors import direct_access_spec
from dara_fp.databricks.workspace import Workspace
from dara_fp.definitions.ingest_documents import IngestDocuments

__all__ = ["VOLUME", "prepare"]

VOLUME = "/Volumes/main/default/dara"
_ENDPOINT = "dara-demo"
_DIMENSION = 1024


async def prepare(workspace: Workspace) -> None:
    """Upload the job's script, create the job, the endpoint and the empty index."""
    scripts = resources.files("dara_fp.definitions.scripts")
    script = f"{VOLUME}/jobs/split_documents.py"
    await workspace.files.upload(script, (scripts / "split_documents.py").read_bytes())
    defaults = IngestDocuments(documents=())
    await workspace.runs.create_job(
        name=defaults.job,
        parameters=[{"name": "source", "default": ""}, {"name": "target", "default": ""}],
        tasks=[
            {
                "task_key": "split",
                "spark_python_task": {
                    "python_file": script,
                    "parameters": ["{{job.parameters.source}}", "{{job.parameters.target}}"],
                },
            }
        ],
    )
    await workspace.vectors.create_endpoint(_ENDPOINT)
    columns = {"id": "string", "source": "string", "text": "string", "vector": "array<float>"}
    await workspace.vectors.create_index(
        defaults.index,
        _ENDPOINT,
        "id",
        direct_access_index_spec=direct_access_spec(
            columns, vector_column="vector", dimension=_DIMENSION
        ),
    )
