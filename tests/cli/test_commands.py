"""The commands as a user runs them: real processes, real servers, no process left behind."""

import json
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from tests.cli.processes import dara, line_that_starts, running, wait_until_ended

WORD_COUNT = '''
import attrs
from dara_fp import Outcome, StepContext, Success, create_app, fail, made, start, step, workflow

@attrs.frozen(kw_only=True)
class CountWords(StepContext):
    """Count the words of a text."""
    text: str
    words: int | None = made()

@step
async def count_words(ctx: CountWords) -> Outcome[CountWords]:
    """Count what stands between spaces."""
    if not ctx.text.strip():
        return fail("text is empty: send at least one word", kind="rejected")
    if "[" in ctx.text:
        return fail(f"no value {ctx.text} :bug:", kind="rejected")
    return Success(ctx.evolve(words=len(ctx.text.split())))

count = workflow("count-words", start(CountWords) >> count_words)
app = create_app([count])
'''


@pytest.fixture
def home() -> Iterator[Path]:
    # Not tmp_path: the store's socket lives below it, and its path must be short.
    with tempfile.TemporaryDirectory(prefix="dara-") as folder:
        (Path(folder) / "word_count.py").write_text(WORD_COUNT)
        yield Path(folder)


def everything_below(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def left_after(seconds: float, processes: list[psutil.Process]) -> list[str]:
    _, alive = psutil.wait_procs(processes, timeout=seconds)
    return [" ".join(each.cmdline()) for each in alive if each.status() != psutil.STATUS_ZOMBIE]


def test_help_names_every_command(home: Path) -> None:
    said = dara(home, "--help").stdout
    for command in ("demo", "serve", "worker", "run", "graph", "sandbox"):
        assert f" {command} " in said


def test_run_prints_the_context_and_exits_0(home: Path) -> None:
    done = dara(home, "run", "word_count:count-words", "text=to be or not")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"text": "to be or not", "words": 4}


def test_run_says_which_step_failed_and_exits_1(home: Path) -> None:
    done = dara(home, "run", "word_count:count-words", "text= ")
    assert done.returncode == 1
    assert "count-words failed at count_words: text is empty: send at least one word" in done.stderr


def test_what_a_step_says_is_shown_as_it_is(home: Path) -> None:
    done = dara(home, "run", "word_count:count-words", "text=value [/nope]")
    assert done.returncode == 1
    assert "failed at count_words: no value value [/nope] :bug:" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "word_count:count-words"], "dara: count-words: text: is required"),
        (["run", "word_count:count-words", "txt"], "dara: 'txt' is no field: write FIELD=VALUE"),
        (["run", "word_count:count"], "text: is required"),
        (["run", "nope"], "no workflow 'nope'"),
        (["serve", "no_such_module"], "no module 'no_such_module' here or on the path"),
        (["serve"], "DATABRICKS_HOST"),
        (["serve"], "DARA_UPLOAD_VOLUME is not set"),
        (["graph", "nope"], "there are: ask-documents, ingest-documents"),
        (["graph", "word_count:[/a]"], "dara: no workflow '[/a]' in word_count"),
        (["run", "word_count:count", "[bold]:bug:"], "dara: '[bold]:bug:' is no field"),
        (["sandbox", "--token", "x"], "token"),
    ],
)
def test_a_mistake_is_answered_in_one_line_and_exit_code_1(
    home: Path, words: list[str], said: str
) -> None:
    done = dara(home, *words)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_full_queue_is_told_in_one_line(home: Path) -> None:
    (home / "other.py").write_text(WORD_COUNT.replace("count-words", "other-words"))
    with running(home, "serve", "other", "--port", "0", DARA_CONCURRENCY="0") as server:
        api = line_that_starts(server.stdout, "dara ready ")
        httpx.post(f"{api}/api/v1/workflow/other-words", json={"text": "to be"})
        words = ("run", "word_count:count-words", "text=or not")
        done = dara(home, *words, DARA_QUEUE_LIMIT="1")
    assert done.returncode == 1
    assert done.stderr.startswith("dara: 1 tasks are queued, which is the limit: try again in")


def test_a_store_that_is_away_at_start_is_named_without_its_password(home: Path) -> None:
    done = dara(home, "serve", "word_count", DARA_REDIS_URL="redis://:hush@127.0.0.1:1/0")
    assert done.returncode == 1
    assert "redis://127.0.0.1:1" in done.stderr
    assert "hush" not in done.stderr
    assert "Traceback" not in done.stderr


def test_graph_draws_a_shipped_workflow(home: Path) -> None:
    assert "submit_run" in dara(home, "graph", "ingest-documents").stdout
    drawn = dara(home, "graph", "ingest-documents", "--format", "mermaid").stdout
    assert drawn.startswith("flowchart LR")


@pytest.mark.parametrize("target", ["word_count", "word_count:app"])
def test_serve_serves_a_module_and_leaves_nothing_behind(home: Path, target: str) -> None:
    with running(home, "serve", target, "--port", "0") as server:
        api = line_that_starts(server.stdout, "dara ready ")
        accepted = httpx.post(f"{api}/api/v1/workflow/count-words", json={"text": "to be"})
        status = wait_until_ended(f"{api}{accepted.headers['Location']}")
        assert status["context"]["words"] == 2
        below = everything_below(server)
        assert below
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=20)
        assert left_after(5, below) == []


def test_a_worker_beside_a_server_does_its_tasks(home: Path) -> None:
    with running(home, "serve", "word_count", "--port", "0", DARA_CONCURRENCY="0") as server:
        api = line_that_starts(server.stdout, "dara ready ")
        accepted = httpx.post(f"{api}/api/v1/workflow/count-words", json={"text": "to be"})
        status_url = f"{api}{accepted.headers['Location']}"
        assert httpx.get(status_url).json()["state"] == "queued"
        with running(home, "worker", "word_count") as worker:
            line_that_starts(worker.stdout, "dara ready ")
            assert wait_until_ended(status_url)["state"] == "succeeded"
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(timeout=20) == 0


@pytest.fixture
def texts(home: Path) -> Path:
    folder = home / "texts"
    folder.mkdir()
    texts = {
        "food/README.md": "[/INST] Bread is baked from flour, water, salt and yeast.",
        "sea/README.md": "Tides rise and fall because the moon attracts the sea.",
        "chess.txt": "In chess a bishop moves along the diagonals of the board.",
    }
    for name, text in texts.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_the_demo_finds_the_right_document_for_each_question(home: Path, texts: Path) -> None:
    done = dara(home, "demo", "--docs", str(texts))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 of 3 questions found the right document first" in done.stdout
    assert "✓ [/INST] Bread is baked" in done.stdout
    assert "food-README.md" in done.stdout
    for name in ("submit_run", "await_run", "embed_passages", "upsert_vectors"):
        assert name in done.stdout


@pytest.mark.parametrize(
    ("number", "after"),
    [(signal.SIGINT, "workspace"), (signal.SIGTERM, "API documents"), (signal.SIGKILL, "API doc")],
)
def test_a_demo_that_is_stopped_leaves_no_process_behind(
    home: Path, texts: Path, number: signal.Signals, after: str
) -> None:
    with running(home, "demo", "--keep", "--docs", str(texts), TMPDIR=str(home)) as demo:
        assert demo.stdout is not None
        assert any(after in line for line in demo.stdout)
        below = everything_below(demo)
        assert below
        demo.send_signal(number)
        demo.wait(timeout=30)
        assert left_after(15, below) == []
    assert number is signal.SIGKILL or list(home.glob("dara-demo-*")) == []
