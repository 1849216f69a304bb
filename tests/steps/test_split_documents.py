"""The script that splits documents: nothing gets lost, nothing gets too long, ids stay the same."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dara_fp.definitions.scripts.split_documents import LONGEST, SHORTEST, main, passages, rows

words = st.text(st.characters(exclude_categories=["Z", "C"]), min_size=1, max_size=900)
paragraphs = st.lists(words, max_size=30).map(" ".join)
texts = st.lists(paragraphs, max_size=8).map("\n\n".join)


@given(texts)
def test_every_passage_fits_and_none_is_blank(text: str) -> None:
    for passage in passages(text):
        assert 0 < len(passage) <= LONGEST
        assert passage == passage.strip()


@given(texts)
def test_the_passages_hold_every_character_in_order(text: str) -> None:
    assert "".join("".join(passages(text)).split()) == "".join(text.split())


@given(st.lists(st.text("abc", min_size=1, max_size=20), min_size=1, max_size=300))
def test_words_that_fit_are_never_cut(chosen: list[str]) -> None:
    found = [word for passage in passages(" ".join(chosen)) for word in passage.split()]
    assert found == chosen


@pytest.mark.parametrize(
    ("text", "lengths"),
    [
        ("", []),
        (" \n\n\t\r\n ", []),
        ("one\n\ntwo", [7]),
        ("a" * 600, [600]),
        ("a" * 601, [600, 1]),
        ("a" * 1800, [600, 600, 600]),
        ("a" * 300 + "\n\n" + "b" * 299, [600]),
        ("a" * 300 + "\n\n" + "b" * 300, [300, 300]),
        ("a" * 300 + "\n\n" + "b" * 289 + " " + "c" * 10, [300, 300]),
        ("a" * 10 + " " + "b" * 700, [600, 111]),
        ("🐝" * 601, [600, 1]),
    ],
)
def test_paragraphs_are_joined_up_to_the_limit_and_long_words_are_cut(
    text: str, lengths: list[int]
) -> None:
    assert [len(passage) for passage in passages(text)] == lengths


def test_only_later_passages_are_led_by_the_title(tmp_path: Path) -> None:
    document = tmp_path / "hand.book.md"
    document.write_text("a" * 600 + "\n\n" + "b" * 100, encoding="utf-8")
    first, second = rows(document)
    assert first["source"] == second["source"] == "hand.book.md"
    assert first["text"] == "a" * 600
    assert second["text"] == "hand.book: " + "b" * 100


def test_a_short_document_is_kept_and_a_short_rest_is_not(tmp_path: Path) -> None:
    short, rest = tmp_path / "short.txt", tmp_path / "rest.txt"
    short.write_text("Hi.", encoding="utf-8")
    rest.write_text("a" * 600 + "\n\n" + "b" * (SHORTEST - 1), encoding="utf-8")
    assert [row["text"] for row in rows(short)] == ["Hi."]
    assert [row["text"] for row in rows(rest)] == ["a" * 600]


def test_bytes_that_are_no_utf_8_become_marks(tmp_path: Path) -> None:
    document = tmp_path / "old.txt"
    document.write_bytes(b"caf\xe9 au lait")
    [row] = rows(document)
    assert row["text"] == "caf� au lait"


def split(root: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    monkeypatch.setenv("DARA_SANDBOX_ROOT", str(root))
    main("/in", "/in.passages.jsonl")
    content = (root / "in.passages.jsonl").read_bytes()
    return [json.loads(line) for line in content.splitlines()]


def test_ids_are_unique_and_the_same_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    # The same words under names that only differ in their ending, in case, or in their accents.
    names = ["a.md", "a.txt", "A.md", "ä.md", "a\u0308.md"]
    for name in names:
        (folder / name).write_text("word \u2028" * 400, encoding="utf-8")
    first = split(tmp_path, monkeypatch)
    ids = [row["id"] for row in first]
    assert len(set(ids)) == len(ids) == 4 * len(names)
    assert all(len(each) == 32 for each in ids)
    assert split(tmp_path, monkeypatch) == first
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == {"documents": 5, "passages": 20}


def test_another_document_of_the_same_name_has_ids_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    ids: list[str] = []
    for text in ("mine", "yours"):
        (folder / "a.md").write_text(text, encoding="utf-8")
        [row] = split(tmp_path, monkeypatch)
        ids.append(row["id"])
    assert ids[0] != ids[1]


def test_folders_and_empty_files_give_no_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in" / "deeper").mkdir(parents=True)
    (tmp_path / "in" / "empty.md").touch()
    assert split(tmp_path, monkeypatch) == []
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == {"documents": 1, "passages": 0}


def test_a_folder_that_is_not_there_is_an_error_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(FileNotFoundError, match="in"):
        split(tmp_path, monkeypatch)
