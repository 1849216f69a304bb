"""What the demo ingests and asks."""

from pathlib import Path

import pytest

from dara_fp.api.forms import MOST_PARTS
from dara_fp.cli.demo_documents import documents_in, packages
from dara_fp.cli.mistakes import CannotLoad


def write(folder: Path, texts: dict[str, str]) -> None:
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def test_files_of_one_name_in_several_folders_stay_apart(tmp_path: Path) -> None:
    write(tmp_path, {"a/README.md": "cats", "b/c/README.md": "dogs", ".d/README.md": "birds"})
    found = documents_in(tmp_path)
    assert {each.name: each.text for each in found.documents} == {
        "a-README.md": "cats",
        "b-c-README.md": "dogs",
        "d-README.md": "birds",
    }
    asked = {question.text: question.answers for question in found.questions}
    assert asked["cats"] == {"a-README.md"}
    assert asked["dogs"] == {"b-c-README.md"}


@pytest.mark.parametrize(("number", "asked"), [(1, 1), (2, 2), (3, 3), (4, 3)])
def test_as_many_questions_are_asked_as_there_are_texts_up_to_three(
    tmp_path: Path, number: int, asked: int
) -> None:
    write(tmp_path, {f"{each}.txt": f"text {each}" for each in range(number)})
    questions = documents_in(tmp_path).questions
    assert len({question.text for question in questions}) == len(questions) == asked


def test_texts_that_begin_alike_are_asked_for_once_and_each_is_right(tmp_path: Path) -> None:
    write(tmp_path, {"a.md": "same", "b.md": "same ", "c.md": "other", "blank.md": " \n"})
    found = documents_in(tmp_path)
    assert [each.name for each in found.documents] == ["a.md", "b.md", "c.md"]
    assert [(each.text, set(each.answers)) for each in found.questions] == [
        ("same", {"a.md", "b.md"}),
        ("other", {"c.md"}),
    ]


def test_no_more_texts_are_taken_than_one_form_holds(tmp_path: Path) -> None:
    write(tmp_path, {f"{each:04}.txt": f"text {each}" for each in range(MOST_PARTS + 2)})
    found = documents_in(tmp_path)
    assert len(found.documents) == MOST_PARTS
    assert found.left_out == 2
    (tmp_path / "0000.txt").unlink()
    (tmp_path / "0001.txt").unlink()
    assert documents_in(tmp_path).left_out == 0


def test_a_folder_without_texts_is_named(tmp_path: Path) -> None:
    write(tmp_path, {"a.pdf": "x", "empty.md": ""})
    with pytest.raises(CannotLoad, match=f"no texts in {tmp_path}"):
        documents_in(tmp_path)


def test_what_is_asked_of_the_packages_is_among_them() -> None:
    found = packages()
    names = [each.name for each in found.documents]
    assert len(set(names)) == len(names) <= MOST_PARTS
    assert all(question.answers <= set(names[:3]) for question in found.questions)
    questions = [question.text for question in found.questions]
    assert not [each.name for each in found.documents for said in questions if said in each.text]
