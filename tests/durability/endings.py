"""The end of a test: its tasks come to theirs, time passes, and not one key is left."""

import asyncio
from collections.abc import Iterable

from redis import Redis

from dara_fp.store.records import State
from dara_fp.store.store import Store
from tests.durability.books import Books, balance, forget, read_books

__all__ = ["leave_nothing"]

LAST = "the last worker"
LOOKS = 1_000


async def leave_nothing(url: str, prefix: str) -> None:
    """Prove that the books of *prefix* balance, end all tasks, and prove that nothing is left."""
    with Redis.from_url(url, legacy_responses=False) as client:  # pyright: ignore[reportUnknownMemberType] # redis-py's **kwargs
        async with Store.open(url, prefix=prefix) as store:
            books = read_books(client, prefix)
            balance(books)
            await _retire(store, books)
            await asyncio.gather(*(store.cancel(task_id) for task_id in books.tasks))
            await _finish_all(store, {task["workflow"] for task in books.tasks.values()})
            books = read_books(client, prefix)
            balance(books)
            assert set(books.rest) <= {"tasks", "gone"}, "without work only the lists are left"
            forget(client, prefix)
            for _ in range(len(books.tasks) // LOOKS + 1):
                await store.look(LAST, 60)
            await store.retire(LAST)
            assert not read_books(client, prefix).rest
            assert not read_books(client, prefix).expiries


async def _retire(store: Store, books: Books) -> None:
    for worker in books.scores("alive"):
        await store.retire(worker)


async def _finish_all(store: Store, workflows: Iterable[str]) -> None:
    anything = dict.fromkeys(workflows, 0)
    while True:
        some = await asyncio.gather(*(store.take(LAST, anything, fresh=True) for _ in range(50)))
        running = [taken.task for taken in some if taken.task]
        if not running:
            break
        await asyncio.gather(*(task.finish(State.CANCELLED) for task in running))
    await store.retire(LAST)
    await store.recount()
