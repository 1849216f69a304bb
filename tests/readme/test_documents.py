"""What the documents name is there."""

import re
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2]
NAMED = re.findall(
    r"`(tests/[\w/]+(?:\.py)?)(?:::(\w+))?`", (HOUSE / "docs/durability.md").read_text()
)


@pytest.mark.parametrize(("file", "test"), NAMED)
def test_a_promise_names_a_test_that_is_there(file: str, test: str) -> None:
    assert (HOUSE / file).exists()
    assert not test or re.search(rf"def {test}\(", (HOUSE / file).read_text())
