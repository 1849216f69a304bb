"""Steps that embed passages, fill an index and search it."""

import json
import uuid
from collections.abc import Iterable

import pytest

from dara_fp import DatabricksEnv, Kind, MemoryJournal, Scope, unwrap
from dara_fp.databricks.vectors.vectors import direct_access_spec
from dara_fp.steps.embeddings import embed_passages
from dara_fp.steps.vectors import Indexed, find_passages, upsert_vectors
from tests.steps.served import INDEX, MODEL, Asking, Embedding, Storing

COLUMNS = {"id": "string", "source": "string", "text": "string", "vector": "array<float>"}


def passage(number: int, text: str) -> bytes:
    row = {"id": str(number), "source": f"doc{number}", "text": text}
    return json.dumps(row).encode()


async def put(env: DatabricksEnv, path: str, lines: Iterable[bytes]) -> str:
    await env.workspace.files.upload(path, b"\n".join(lines) + b"\n")
    return path


async def read(env: DatabricksEnv, path: str) -> list[dict[str, object]]:
    async with env.workspace.files.download(path) as chunks:
        content = b"".join([chunk async for chunk in chunks])
    return [json.loads(line) for line in content.splitlines()]


async def new_index(env: DatabricksEnv, columns: dict[str, str], dimension: int) -> str:
    name = f"main.default.index_{uuid.uuid4().hex}"
    spec = direct_access_spec(columns, vector_column="vector", dimension=dimension)
    await env.workspace.vectors.create_index(name, "dara-demo", "id", direct_access_index_spec=spec)
    return name


async def test_every_passage_gets_its_vector_in_order(prepared: DatabricksEnv, folder: str) -> None:
    texts = [f"the number {number} - ünï \u2028 'quoted'" for number in range(60)]
    lines = [passage(number, text) for number, text in enumerate(texts)]
    path = await put(prepared, f"{folder}/p.jsonl", [b"", *lines, b"  "])
    journal = MemoryJournal()
    made = unwrap(
        await embed_passages(Embedding(passages_path=path), prepared, scope=Scope(journal=journal))
    ).embedded
    assert made is not None
    assert (made.path, made.count) == (f"{folder}/p.vectors.jsonl", 60)
    rows = await read(prepared, made.path)
    assert [row["text"] for row in rows] == texts
    [vector] = await prepared.workspace.models.embed(MODEL, [texts[57]])
    assert rows[57]["vector"] == pytest.approx(vector, abs=1e-6)
    assert [message for _, message, _ in journal.reports] == [
        "50 passages",
        "60 passages",
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"<html>not found</html>", "<html>not found</html>"),
        (b'{"id": 1, "source": "a", "text": "b"}', "Expected `str`, got `int`"),
        (b'{"id": "1", "source": "a"}', "missing required field `text`"),
        (b'{"id": "\xff", "source": "a", "text": "b"}', "is no passage"),
        (b"[" * 100_000, "is no passage"),
    ],
)
async def test_a_line_that_is_no_passage_is_rejected_and_shown(
    env: DatabricksEnv, folder: str, line: bytes, said: str
) -> None:
    path = await put(env, f"{folder}/p.jsonl", [passage(1, "fine"), line])
    error = (await embed_passages(Embedding(passages_path=path), env)).failure()
    assert (error.kind, error.step) == (Kind.REJECTED, "embed_passages")
    assert said in error.message
    assert len(error.message) < 500


async def test_a_bad_line_after_much_was_sent_is_told_all_the_same(
    env: DatabricksEnv, folder: str
) -> None:
    # Long sources, so that the vectors go out in parts of 8 MiB while the rest is still made.
    row = {"id": "1", "source": "s" * 120_000, "text": "short"}
    path = await put(env, f"{folder}/p.jsonl", [*[json.dumps(row).encode()] * 100, b"oops"])
    error = (await embed_passages(Embedding(passages_path=path), env)).failure()
    assert (error.kind, error.step) == (Kind.REJECTED, "embed_passages")
    assert "the line 'oops' is no passage" in error.message
    names = [entry.name async for entry in env.workspace.files.list_directory_contents(folder)]
    assert names == ["p.jsonl"]


async def test_a_line_without_end_is_rejected_before_it_fills_the_memory(
    env: DatabricksEnv, folder: str
) -> None:
    path = await put(env, f"{folder}/p.jsonl", [b"x" * 5_000_000])
    error = (await embed_passages(Embedding(passages_path=path), env)).failure()
    assert (error.kind, error.step) == (Kind.REJECTED, "embed_passages")
    assert "a line has more than 4194304 bytes" in error.message


async def test_a_model_that_is_not_there_is_rejected(env: DatabricksEnv, folder: str) -> None:
    path = await put(env, f"{folder}/p.jsonl", [passage(1, "fine")])
    given = Embedding(passages_path=path, model="no-such-model")
    error = (await embed_passages(given, env)).failure()
    assert (error.kind, error.status) == (Kind.REJECTED, 404)
    assert error.error_code == "ENDPOINT_NOT_FOUND"
    assert error.request_id


@pytest.mark.parametrize("path", ["/Volumes/main/default/none/p.jsonl", "", "p.jsonl"])
async def test_a_file_that_is_not_there_is_rejected(env: DatabricksEnv, path: str) -> None:
    embedding = (await embed_passages(Embedding(passages_path=path), env)).failure()
    storing = (await upsert_vectors(Storing(vectors_path=path), env)).failure()
    assert (embedding.kind, embedding.step) == (Kind.REJECTED, "embed_passages")
    assert (storing.kind, storing.step) == (Kind.REJECTED, "upsert_vectors")


async def test_rows_go_in_and_the_nearest_come_out(prepared: DatabricksEnv, folder: str) -> None:
    index = await new_index(prepared, COLUMNS, 1024)
    texts = ["The train leaves at noon.", "A recipe for apple pie.", "How volcanoes erupt."]
    lines = [passage(number, text) for number, text in enumerate(texts * 50)]
    path = await put(prepared, f"{folder}/p.jsonl", lines)
    embedded = unwrap(await embed_passages(Embedding(passages_path=path), prepared)).embedded
    assert embedded is not None
    journal = MemoryJournal()
    storing = Storing(vectors_path=embedded.path, index=index)
    stored = unwrap(await upsert_vectors(storing, prepared, scope=Scope(journal=journal)))
    assert stored.indexed == Indexed(index=index, rows=150)
    assert [message for _, message, _ in journal.reports] == ["100 rows", "150 rows"]
    assert journal.reports[-1][2] == 1.0

    asking = Asking(question="baking with fruit", index=index, results=1)
    [found] = unwrap(await find_passages(asking, prepared)).passages
    assert found.text == "A recipe for apple pie."
    assert 0 < found.score <= 1


async def test_an_index_that_is_not_there_is_rejected(env: DatabricksEnv, folder: str) -> None:
    path = await put(env, f"{folder}/v.jsonl", [b'{"id": "1", "vector": [1.0]}'])
    missing = "main.default.nowhere"
    storing = (await upsert_vectors(Storing(vectors_path=path, index=missing), env)).failure()
    asking = (await find_passages(Asking(question="any", index=missing), env)).failure()
    for error, step in ((storing, "upsert_vectors"), (asking, "find_passages")):
        assert (error.kind, error.step, error.status) == (Kind.REJECTED, step, 404)
        assert error.error_code == "RESOURCE_DOES_NOT_EXIST"
        assert error.request_id
        assert missing in error.message


async def test_vectors_of_another_dimension_are_refused(
    prepared: DatabricksEnv, folder: str
) -> None:
    index = await new_index(prepared, COLUMNS, 3)
    row = {"id": "k7", "source": "a", "text": "b", "vector": [0.5, 0.5]}
    path = await put(prepared, f"{folder}/v.jsonl", [json.dumps(row).encode()])
    error = (await upsert_vectors(Storing(vectors_path=path, index=index), prepared)).failure()
    assert (error.kind, error.step, error.status) == (Kind.REJECTED, "upsert_vectors", 400)
    assert "dimension" in error.message
    asking = (await find_passages(Asking(question="any", index=index), prepared)).failure()
    assert (asking.kind, asking.status) == (Kind.REJECTED, 400)


@pytest.mark.parametrize("line", [b"\xff", b"oops", b"[1]", b'{"id": "1"}], [{"id": "2"}'])
async def test_rows_that_are_no_json_objects_are_refused(
    prepared: DatabricksEnv, folder: str, line: bytes
) -> None:
    path = await put(prepared, f"{folder}/v.jsonl", [line])
    error = (await upsert_vectors(Storing(vectors_path=path), prepared)).failure()
    assert (error.kind, error.step) == (Kind.REJECTED, "upsert_vectors")


async def test_an_index_without_passages_is_refused_in_words(prepared: DatabricksEnv) -> None:
    index = await new_index(prepared, {"id": "string", "vector": "array<float>"}, 1024)
    error = (await find_passages(Asking(question="any", index=index), prepared)).failure()
    assert (error.kind, error.step, error.status) == (Kind.REJECTED, "find_passages", 400)


@pytest.mark.parametrize(
    ("question", "results", "said"),
    [
        ("", 3, "the question has 0 characters: ask in 1 to 2000"),
        (" \n", 3, "the question has 2 characters"),
        ("a" * 2001, 3, "the question has 2001 characters"),
        ("why?", 0, "results is 0: ask for 1 to 100"),
        ("why?", 101, "results is 101: ask for 1 to 100"),
    ],
)
async def test_a_question_that_cannot_be_asked_is_rejected(
    env: DatabricksEnv, question: str, results: int, said: str
) -> None:
    error = (await find_passages(Asking(question=question, results=results), env)).failure()
    assert (error.kind, error.step) == (Kind.REJECTED, "find_passages")
    assert said in error.message


async def test_the_longest_question_and_the_most_results_are_answered(
    prepared: DatabricksEnv,
) -> None:
    asking = Asking(question="ä" * 2000, index=INDEX, results=100)
    assert len(unwrap(await find_passages(asking, prepared)).passages) <= 100
