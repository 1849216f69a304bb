"""The pictures in the docs: of pipelines that run, of every kind of node, as they are drawn now."""

from collections.abc import Iterable, Iterator
from typing import get_args

import pytest

from dara_fp import unwrap
from dara_fp.core.shape import Form, Node
from dara_fp.testing import StoredJournal, observe, run
from tests.unit.core.gallery import (
    GALLERY,
    PICTURES,
    Document,
    Order,
    Release,
    approval,
    ingest,
    order,
    routes,
    waits,
)


def forms(nodes: Iterable[Node]) -> Iterator[str]:
    for node in nodes:
        yield node.shape.form
        yield from (form for part in node.shape.parts for form in forms(part.nodes))


@pytest.mark.parametrize("name", GALLERY)
def test_a_picture_in_the_docs_is_the_one_that_is_drawn_now(name: str) -> None:
    stored = (PICTURES / f"{name}.svg").read_text(encoding="utf-8")
    assert stored == f"{GALLERY[name].svg()}\n", "run python -m tests.unit.core.gallery"


def test_the_gallery_shows_every_kind_of_node() -> None:
    assert {form for each in GALLERY.values() for form in forms(each.steps)} == set(get_args(Form))


def test_there_is_no_picture_of_what_is_gone() -> None:
    assert {path.stem for path in PICTURES.glob("*.svg")} == set(GALLERY)


@pytest.mark.parametrize(
    ("path", "done"),
    [
        ("a.de.pdf/b", "upload caption caption language translate tables sync"),
        ("a.en.pdf", "upload caption language tables sync"),
    ],
)
def test_the_ingest_of_the_gallery_does_what_its_picture_says(path: str, done: str) -> None:
    assert unwrap(run(ingest(Document(path=path)))).done == tuple(done.split())


def test_the_order_of_the_gallery_does_what_its_picture_says() -> None:
    paid, owed = run(order(Order(amount=1))), run(order(Order(amount=1000)))
    assert unwrap(paid).done == ("reserve", "charge", "by_air")
    assert unwrap(owed).done == (
        "reserve",
        "invoice: the card does not cover 1000",
        "by_air",
    )


@pytest.mark.parametrize(
    ("path", "done"), [("a.pdf", "read_pdf scans store"), ("a.txt", "read_text store")]
)
def test_the_routes_of_the_gallery_go_where_its_picture_says(path: str, done: str) -> None:
    assert unwrap(run(routes(Document(path=path)))).done == tuple(done.split())


def test_the_waits_of_the_gallery_wait_as_its_picture_says() -> None:
    ended = unwrap(run(waits(Document(path="a.pdf"))))
    assert ended.done == ("start_sync", "poll_index", "poll_index", "render", "announce")
    assert ended.cover.done == ("crop",)


@pytest.mark.parametrize(
    ("given", "ends", "waited"),
    [
        (True, "start_tests await_tests publish", (3600.0,)),
        (False, "the release was not approved", ()),
        (None, "no signal 'approval' came within 86400 s", (86400.0,)),
    ],
)
def test_the_approval_of_the_gallery_does_what_its_picture_says(
    given: object, ends: str, waited: tuple[float, ...]
) -> None:
    journal = StoredJournal()
    if given is not None:
        journal.signal("approval", given)
    seen = observe(approval, Release(), journal=journal)
    assert (seen.error.message if seen.error else " ".join(seen.context.done)) == ends
    assert seen.waits == waited
