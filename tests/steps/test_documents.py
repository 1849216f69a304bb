"""The shipped workflows on real documents: ten go in, three questions find the right ones."""

import pytest

from dara_fp import DatabricksEnv, Kind, MemoryJournal, Scope, StepError, Upload, unwrap
from dara_fp.definitions.ask_documents import AskDocuments, ask_documents
from dara_fp.definitions.ingest_documents import IngestDocuments, ingest_documents

ANIMALS = {
    "bees": "Bees live in hives, gather nectar from flowers and turn it into honey.",
    "whales": "Whales are the largest mammals of the ocean; they sing and breathe air.",
    "cats": "Cats purr, chase mice and sleep most of the day on warm windowsills.",
    "camels": "Camels cross the desert for days without water, with fat in their humps.",
    "owls": "Owls hunt at night; their soft feathers make no sound in flight.",
    "spiders": "Spiders spin webs of silk in which flying insects are caught.",
    "penguins": "Penguins cannot fly; they huddle against the cold of the Antarctic.",
    "beavers": "Beavers fell trees with their teeth and build dams across rivers.",
    "bats": "Bats are mammals that fly in the dark and find their way by echoes.",
    "salmon": "Salmon swim upstream to the river they were born in to lay their eggs.",
}


async def sent(env: DatabricksEnv, folder: str, texts: dict[str, str]) -> tuple[Upload, ...]:
    uploads: list[Upload] = []
    for name, text in texts.items():
        path = f"{folder}/{name}.md"
        size = await env.workspace.files.upload(path, text.encode())
        uploads.append(Upload(path=path, size=size, name=f"{name}.md"))
    return tuple(uploads)


async def test_ten_documents_go_in_and_each_question_finds_the_right_one_first(
    prepared: DatabricksEnv, folder: str
) -> None:
    documents = await sent(prepared, folder, ANIMALS)
    journal = MemoryJournal()
    ingested = unwrap(
        await ingest_documents(
            IngestDocuments(documents=documents), prepared, scope=Scope(journal=journal)
        )
    )
    assert ingested.indexed is not None
    assert ingested.indexed.rows == len(ANIMALS)
    assert ingested.run is not None
    assert (ingested.run.state, bool(ingested.run.page_url)) == ("SUCCESS", True)
    assert list(journal.entries) == ["submit_run", "await_run", "embed_passages", "upsert_vectors"]
    fractions = [fraction for path, _, fraction in journal.reports if path == "upsert_vectors"]
    assert fractions[-1] == 1.0

    for question, answer in (
        ("Who makes honey?", "bees"),
        ("Which animal builds dams?", "beavers"),
        ("What spins webs of silk?", "spiders"),
    ):
        asked = unwrap(await ask_documents(AskDocuments(question=question), prepared))
        assert asked.passages[0].source == f"{answer}.md"
        assert len(asked.passages) == 3
        scores = [passage.score for passage in asked.passages]
        assert scores == sorted(scores, reverse=True)


async def test_ingesting_twice_replaces_the_rows_instead_of_adding_them(
    prepared: DatabricksEnv, folder: str
) -> None:
    documents = await sent(prepared, folder, {"moth": "Moths fly towards the light at night."})
    for _ in range(2):
        unwrap(await ingest_documents(IngestDocuments(documents=documents), prepared))
    asked = await ask_documents(AskDocuments(question="moths fly to the light"), prepared)
    assert [passage.source for passage in unwrap(asked).passages].count("moth.md") == 1


async def test_documents_without_text_are_a_failure_that_says_so(
    prepared: DatabricksEnv, folder: str
) -> None:
    documents = await sent(prepared, folder, {"blank": " \n\n ", "empty": ""})
    outcome = await ingest_documents(IngestDocuments(documents=documents), prepared)
    error = outcome.failure()
    assert (error.kind, error.step) == (Kind.FAILED, "embed_passages")
    assert "has no passages: were the documents empty?" in error.message


@pytest.mark.parametrize(
    ("paths", "said"),
    [
        ((), "there are no documents"),
        (("/Volumes/a/b/c/1/x.md", "/Volumes/a/b/c/2/y.md"), "2 folders"),
        (("x.md",), "lie in ''"),
        (("/Volumes/a/b/c/x.md",), "/Volumes/<catalog>/<schema>/<volume>/<folder>"),
    ],
)
async def test_documents_that_no_single_folder_holds_are_rejected_before_a_job_runs(
    prepared: DatabricksEnv, paths: tuple[str, ...], said: str
) -> None:
    documents = tuple(Upload(path=path, size=1, name="any.md") for path in paths)
    outcome = await ingest_documents(IngestDocuments(documents=documents), prepared)
    error: StepError = outcome.failure()
    assert (error.kind, error.step) == (Kind.REJECTED, "submit_run")
    assert said in error.message
