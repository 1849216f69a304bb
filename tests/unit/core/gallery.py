"""Pipelines of every kind of node, whose pictures stand in docs/pictures.

`python -m tests.unit.core.gallery` draws them again.
"""

from pathlib import Path
from typing import TypeAlias, TypeVar

import attrs

from dara_fp import (
    Kind,
    Outcome,
    Pipeline,
    StepContext,
    StepError,
    Success,
    branch,
    compensate,
    ensure,
    fail,
    for_each,
    made,
    named,
    on_cancel,
    pause,
    recover,
    repeat,
    retry,
    start,
    step,
    tap,
    timeout,
    wait_for,
    when,
    zoom,
)

__all__ = [
    "GALLERY",
    "PICTURES",
    "Document",
    "Order",
    "Release",
    "approval",
    "ingest",
    "order",
    "routes",
    "waits",
]

PICTURES = Path(__file__).parents[3] / "docs" / "pictures"


def both(before: tuple[str, ...], left: tuple[str, ...], right: tuple[str, ...]) -> tuple[str, ...]:
    return left + right[len(before) :]


@attrs.frozen(kw_only=True)
class Trail(StepContext):
    """Keeps the names of the steps that were done."""

    done: tuple[str, ...] = made((), merge=both)


@attrs.frozen(kw_only=True)
class Release(Trail):
    approved: bool | None = made()


T = TypeVar("T", bound=Trail)


@attrs.frozen(kw_only=True)
class Page(Trail):
    text: str = ""


@attrs.frozen(kw_only=True)
class Document(Trail):
    path: str
    cover: Page = Page()


@attrs.frozen(kw_only=True)
class Order(Trail):
    amount: int


def does(context: type[T], name: str, summary: str) -> Pipeline[T, object]:
    """Make a step on *context* that leaves its *name* in the trail."""

    async def work(ctx: T) -> Outcome[T]:
        return Success(ctx.evolve(done=(*ctx.done, name)))

    work.__name__, work.__doc__ = name, summary
    return start(context) >> step(work)


def pages(ctx: Document) -> list[Page]:
    """The pages of the document."""
    return [Page(text=line) for line in ctx.path.split("/")]


def bound(ctx: Document, done: tuple[Page, ...]) -> Document:
    return ctx.evolve(done=(*ctx.done, *(name for page in done for name in page.done)))


def is_foreign(ctx: Document) -> bool:
    """Its path says that it is not in English."""
    return ".en." not in ctx.path


def has_path(ctx: Document) -> bool:
    return bool(ctx.path)


def suffix(ctx: Document) -> str:
    """What the name of the file ends in."""
    return ctx.path.rpartition(".")[2]


def cover(ctx: Document) -> Page:
    """The first page."""
    return ctx.cover


def with_cover(ctx: Document, page: Page) -> Document:
    return ctx.evolve(cover=page)


def is_ready(ctx: Trail) -> bool:
    """Whether the index was asked twice."""
    return ctx.done.count("poll_index") > 1


def is_approved(ctx: Release) -> bool:
    """Somebody has said yes."""
    return bool(ctx.approved)


def log_size(ctx: Document) -> int:
    """Count the letters of the path."""
    return len(ctx.path)


@step
async def charge(ctx: Order) -> Outcome[Order]:
    """Charge the customer's card."""
    if ctx.amount > 100:
        return fail(f"the card does not cover {ctx.amount}", kind=Kind.REJECTED)
    return Success(ctx.evolve(done=(*ctx.done, "charge")))


async def invoice(ctx: Order, error: StepError) -> Outcome[Order]:
    """Let the customer pay later."""
    return Success(ctx.evolve(done=(*ctx.done, f"invoice: {error.message}")))


upload = does(Document, "upload", "Upload the file into the volume.")
sync = does(Document, "sync", "Bring the vector index up to date.")

ingest = (
    start(Document)
    >> upload
    >> (
        for_each(pages, retry(3)(does(Page, "caption", "Describe its pictures.")), bound, limit=8)
        & does(Document, "language", "Find out what language it is in.")
        >> when(is_foreign, does(Document, "translate", "Translate it into English."))
        & does(Document, "tables", "Find its tables.")
    )
    >> sync
)

order = (
    start(Order)
    >> compensate(
        does(Order, "reserve", "Set the goods aside."),
        does(Order, "release", "Put the goods back on the shelf."),
    )
    >> recover(charge, invoice)
    >> (does(Order, "by_air", "Send it by air.") | does(Order, "by_mail", "Send it by mail."))
)

routes = (
    start(Document)
    >> ensure(has_path, "the document has no path")
    >> branch(
        suffix,
        {
            "pdf": does(Document, "read_pdf", "Read its text.")
            >> does(Document, "scans", "Read its pictures."),
            "html": does(Document, "strip_tags", "Keep its text."),
            "txt": does(Document, "read_text", "Read it."),
        },
    )
    >> tap(log_size)
    >> does(Document, "store", "Write it to a table.")
)

waits = (
    start(Document)
    >> timeout(600)(
        retry(2)(does(Document, "start_sync", "Start to bring the index up to date."))
        >> repeat(does(Document, "poll_index", "Ask how far it is."), is_ready)
    )
    >> zoom(cover, does(Page, "crop", "Cut off the margins."), with_cover)
    >> named(
        "publish",
        does(Document, "render", "Make a page of it.")
        >> does(Document, "announce", "Tell the team."),
    )
)

approval = (
    start(Release)
    >> on_cancel(
        does(Release, "start_tests", "Start the job that tests it.")
        >> does(Release, "await_tests", "Wait for the job to end."),
        does(Release, "stop_tests", "Have the job stopped."),
    )
    >> wait_for("approval", into="approved", timeout=86400)
    >> ensure(is_approved, "the release was not approved")
    >> pause(3600)
    >> does(Release, "publish", "Give it to everybody.")
)

Shown: TypeAlias = Pipeline[Document, object] | Pipeline[Order, object] | Pipeline[Release, object]

GALLERY: dict[str, Shown] = {
    "approval": approval,
    "ingest": ingest,
    "order": order,
    "routes": routes,
    "waits": waits,
}


def main() -> None:
    """Draw every pipeline of the gallery into docs/pictures."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    for name, pipeline in GALLERY.items():
        (PICTURES / f"{name}.svg").write_text(f"{pipeline.svg()}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
