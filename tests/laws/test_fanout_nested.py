"""The laws of `for_each` inside and around other nodes, and across a crash."""

from hypothesis import given
from hypothesis import strategies as st

from dara_fp import Backoff, Kind, MemoryJournal, Pipeline, for_each, retry, timeout, zoom
from dara_fp.testing import Recorder, crash, observe
from tests.laws.batches import (
    Batch,
    Item,
    Table,
    batches,
    each,
    mixed_batches,
    paths,
    put_rows,
    rows_of,
    work,
)
from tests.laws.clocked import AT_ONCE, TASK, backoffs, begins, near, times

limits = st.integers(1, 5)


@given(st.lists(batches, max_size=4))
def test_items_of_items_are_items(rows: list[Batch]) -> None:
    """for_each(for_each(a)) == for_each(a) on all of them, and [i]/[j]/a says which it was."""
    nested = for_each(rows_of, each(), put_rows)
    ctx = Table(rows=tuple(rows))
    seen = observe(nested, ctx, Recorder(), journal=MemoryJournal())
    flat = Batch(items=tuple(item for row in rows for item in row.items))
    alone = observe(each(limit=100), flat, Recorder())
    assert [item for row in seen.context.rows for item in row.items] == [*alone.context.items]
    assert sorted(times(seen.effects)) == sorted(times(alone.effects))
    assert seen.seconds == alone.seconds
    expected = {f"[{i}]/[{j}]/work" for i, row in enumerate(rows) for j in range(len(row.items))}
    joins = {f"[{i}]/for_each(work)" for i in range(len(rows))} | {"for_each(for_each(work))"}
    assert set(seen.journal.entries) == expected | joins


@given(mixed_batches, limits, st.integers(0, 3))
def test_a_retry_around_it_begins_with_all_items_again(ctx: Batch, limit: int, n: int) -> None:
    """retry(n)(for_each(a)) runs each item n + 1 times if one fails as expected, else once."""
    once = observe(each(limit=limit), ctx, Recorder())
    seen = observe(retry(n, AT_ONCE)(each(limit=limit)), ctx, Recorder())
    again = once.error is not None and once.error.kind is not Kind.DEFECT
    runs = n + 1 if again else 1
    assert seen.seconds == once.seconds * runs
    assert len(seen.effects) == len(once.effects) * runs


@given(st.integers(1, 6), st.integers(1, 3), backoffs)
def test_items_do_not_all_wait_alike(items: int, n: int, b: Backoff) -> None:
    """for_each(retry(n, b)(a)) waits for each item as b says at the item's own path."""
    ctx = Batch(items=(Item(ending="fail"),) * items)
    seen = observe(each(retry(n, b)(work)), ctx, Recorder())
    expected = [
        begins(0, 0, [b.delay(j, f"{TASK}\n[{i}]/retry(work)") for j in range(1, n + 1)])
        for i in range(items)
    ]
    begun = sorted(note.at for note in seen.effects if note.name == "begin")
    assert begun == near(sorted(at for each_of in expected for at in each_of))


@given(batches, limits, st.integers(1, 9))
def test_a_limit_holds_for_each_item_or_for_all(ctx: Batch, limit: int, seconds: int) -> None:
    """for_each(timeout(l)(a)) is late where an item is; timeout(l)(for_each(a)) if all take longer.

    Then it ends exactly at l.
    """
    whole = observe(each(limit=limit), ctx, Recorder()).seconds
    late = [f"[{n}]/timeout(work)" for n, item in enumerate(ctx.items) if item.seconds > seconds]
    single = observe(each(timeout(seconds)(work)), ctx, Recorder())
    assert ([] if single.error is None else [single.error.step]) == late[:1]
    assert single.seconds == min(seconds, max((item.seconds for item in ctx.items), default=0))
    total = observe(timeout(seconds)(each(limit=limit)), ctx, Recorder())
    assert (total.error is not None) == (whole > seconds)
    assert total.seconds == min(whole, seconds)


@given(batches, batches)
def test_two_side_by_side_do_not_wait_for_each_other(one: Batch, other: Batch) -> None:
    """for_each(a) & for_each(b) takes as long as the longer of them."""

    def that(_ctx: Batch) -> Batch:
        return other

    def neither(ctx: Batch, _made: Batch) -> Batch:
        return ctx

    fixed: Pipeline[Batch, Recorder] = zoom(that, each(), neither)
    seen = observe(each() & fixed, one, Recorder())
    alone = [observe(whole, one, Recorder()) for whole in (each(), fixed)]
    assert seen.context == alone[0].context
    assert seen.seconds == max(single.seconds for single in alone)


@given(batches, limits, st.data())
def test_what_was_recorded_is_not_done_again(ctx: Batch, limit: int, data: st.DataObject) -> None:
    """for_each(a), killed after an entry and resumed, runs the items that are not recorded."""
    k = data.draw(st.integers(1, len(ctx.items) + 1))
    left = crash(each(limit=limit), ctx, Recorder(), after=k)
    seen = left.resume()
    missing = {f"[{n}]/work" for n in range(len(ctx.items))} - set(left.journal.entries)
    assert set(paths(seen, "begin")) == missing
    assert len(paths(seen, "begin")) == len(missing)
    assert seen.result == observe(each(), ctx, Recorder()).result
