"""Pipelines that only have a shape, for the tests of what folds over shapes."""

from typing import cast

import attrs

from dara_fp.core.shape import Form, Node, Part, Role, Shape

__all__ = ["Drawn", "all_of", "every_form", "leaf", "leaves", "node", "part"]


@attrs.frozen
class Drawn:
    """A node that cannot run."""

    shape: Shape

    @property
    def name(self) -> str:
        return self.shape.label


def leaf(label: str, summary: str = "", form: str = "step") -> Node:
    return Drawn(Shape(form=cast("Form", form), label=label, summary=summary))


def leaves(number: int, prefix: str = "step_") -> list[Node]:
    return [leaf(f"{prefix}{index}") for index in range(1, number + 1)]


def part(*nodes: Node | str, label: str = "", role: Role = "body") -> Part:
    lifted = [leaf(item) if isinstance(item, str) else item for item in nodes]
    return Part(nodes=lifted, label=label, role=role)


def node(form: str, label: str, *parts: Part) -> Node:
    return Drawn(Shape(form=cast("Form", form), label=label, parts=parts))


def all_of(*nodes: Node | str) -> Node:
    return node("all", "", *(part(item) for item in nodes))


def every_form() -> dict[str, Node]:
    """Give a node of each form, some of them inside others."""
    return {
        "step": leaf("upload_file", "Upload the file."),
        "tap": leaf("log_size", form="tap"),
        "ensure": leaf("has_volume", form="ensure"),
        "named": node("named", "publish", part("sync_index", "announce")),
        "when": node("when", "has_pages", part("split_pages")),
        "branch": node("branch", "kind_of", part("read_pdf", label="pdf"), part(label="text")),
        "zoom": node("zoom", "document", part("parse", leaf("log", form="tap"))),
        "all": node("all", "", part("extract"), part("detect", "translate")),
        "any": node("any", "", part("read_cache"), part("query", "rank"), part("scan")),
        "recover": node("recover", "", part("charge"), part("ask_human", role="handler")),
        "retry": node("retry", "3 more times", part("run_job")),
        "timeout": node("timeout", "60 s", part("sync")),
        "repeat": node("repeat", "is_ready", part("poll")),
        "for_each": node("for_each", "pages, 8 at a time", part(all_of("caption", "embed"))),
        "on_cancel": node("on_cancel", "", part("submit"), part("stop", role="undo")),
        "wait": leaf("approval", form="wait"),
        "compensate": node("compensate", "", part("write", "check"), part("drop", role="undo")),
    }
