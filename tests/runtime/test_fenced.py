"""A delivery whose task went to another one: it records nothing more, and begins nothing more."""

import pytest

from dara_fp import Store
from dara_fp.core.codec import codec_of
from dara_fp.core.scope import Entry
from dara_fp.runtime.journal import StoreJournal
from dara_fp.runtime.running import Run
from dara_fp.store.errors import Fenced
from dara_fp.store.records import NewTask
from tests.runtime.stage import Order, Shop, at_work, called, server_of, shopping


async def test_after_a_refused_record_no_step_may_begin(store: Store) -> None:
    new = NewTask(task_id="t", workflow="shopping", context=b"{}", structure=("reserve", "pack"))
    await store.create(new)
    mine = (await store.take("lost", {"shopping": 0}, fresh=True)).task
    assert mine is not None
    journal = StoreJournal(Run(mine, None), codec_of(Order))
    await journal.record("reserve", Entry(changes={"number": 1}))
    await store.retire("lost")
    assert (await store.take("other", {"shopping": 0}, fresh=True)).task is not None
    assert journal.find("send", Order) is None
    with pytest.raises(Fenced, match="was refused"):
        await journal.record("pack", Entry(changes={"number": 2}))
    recorded = journal.find("reserve", Order)
    assert recorded is not None
    assert recorded.changes == {"number": 1}
    with pytest.raises(Fenced, match="was refused"):
        journal.find("send", Order)


async def test_a_task_that_is_handed_back_too_late_is_left_where_it_is(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    shop = Shop(gates=("pack",))
    async with at_work(store, shop, shopping(called("pack"))) as executor:
        task_id = await executor.start("shopping", Order())
        await shop.comes_to("pack")
        async with server_of(store) as server:
            await server.hincrby(f"{store.prefix}:{{{task_id}}}:task", "epoch", 1)
    assert "handing back 1" in caplog.text
    assert "refused" not in caplog.text
