"""Lines and batches of streams, however the network cuts them."""

from collections.abc import AsyncIterator, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dara_fp import Kind, StepFailed
from dara_fp.steps.lines import batches, lines, share

pieces = st.lists(st.binary(max_size=12) | st.sampled_from([b"\n", b"a\n", b"\r\n", b" "]))


async def given_in(parts: Iterable[bytes]) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


@given(pieces)
async def test_lines_do_not_depend_on_how_the_stream_is_cut(parts: list[bytes]) -> None:
    found = [line async for line in lines(given_in(parts))]
    assert found == [line for line in b"".join(parts).split(b"\n") if line.strip()]


@given(st.lists(st.binary(max_size=2)), st.integers(1, 7))
async def test_batches_hold_all_items_in_order_and_only_the_last_is_short(
    items: list[bytes], size: int
) -> None:
    found = [batch async for batch in batches(given_in(items), size)]
    assert [item for batch in found for item in batch] == items
    assert all(len(batch) == size for batch in found[:-1])
    assert all(found)


async def test_a_line_that_never_ends_is_refused_before_it_is_whole() -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield b"x" * 1024 * 1024

    with pytest.raises(StepFailed, match="a line has more than 4194304 bytes") as refused:
        async for _ in lines(endless()):
            pass
    assert refused.value.error.kind is Kind.REJECTED
    assert taken == 5


@pytest.mark.parametrize(
    ("done", "total", "expected"),
    [(0, 4, 0.0), (1, 4, 0.25), (5, 4, 1.0), (1, None, None), (0, 0, None)],
)
def test_a_share_is_known_where_the_whole_is(
    done: int, total: int | None, expected: float | None
) -> None:
    assert share(done, total) == expected
