"""Pipelines of every kind of node, drawn by hypothesis."""

import typing
from collections import Counter
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any, TypeVar, overload

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from dara_fp.core.pipeline import Pipeline
from dara_fp.core.shape import Form
from dara_fp.testing.drawing import Drawing, Place, Style
from dara_fp.testing.forms import BUILDERS
from dara_fp.testing.leaves import Drawn, Ending
from dara_fp.testing.recorder import Recorder

__all__ = ["pipelines"]

C = TypeVar("C")

FORMS: tuple[Form, ...] = typing.get_args(Form)
WEIGHTS: dict[Ending, int] = {"succeed": 6, "fail": 1, "flake": 2, "break": 1, "hang": 1}
_NO_SIGNALS: Mapping[str, float | None] = MappingProxyType({})


@overload
def pipelines(
    *,
    prefix: str = ...,
    size: int = ...,
    forms: Collection[Form] = ...,
    endings: Collection[Ending] = ...,
    signals: Mapping[str, float | None] = ...,
) -> SearchStrategy[Pipeline[Drawn, Recorder]]: ...
@overload
def pipelines(
    context: type[C],
    /,
    *,
    prefix: str = ...,
    size: int = ...,
    forms: Collection[Form] = ...,
    endings: Collection[Ending] = ...,
    signals: Mapping[str, float | None] = ...,
) -> SearchStrategy[Pipeline[C, Recorder]]: ...
def pipelines(
    context: type[Any] = Drawn,
    /,
    *,
    prefix: str = "",
    size: int = 12,
    forms: Collection[Form] = FORMS,
    endings: Collection[Ending] = tuple(WEIGHTS),
    signals: Mapping[str, float | None] = _NO_SIGNALS,
) -> SearchStrategy[Pipeline[Any, Recorder]]:
    """Draw pipelines over *context*, whose environment is a `Recorder`.

    Their steps change fields, fail, raise, take up to 5 seconds or never end, and note the path
    and the context they run on. What comes out does not depend on timing: a step does the same
    whenever it runs at one path, and a `timeout` cuts only what never ends, which nothing does
    outside of one. A `repeat` ends. So a run that is killed and resumed has to end as it would
    have.

    Args:
        context: A context class; by default `Drawn`, which has a field of every kind.
        prefix: Begins the names of the steps. Names occur once in a pipeline, so that a journal
            takes it; pipelines that are composed with each other need prefixes of their own.
        size: About how many steps there are at most.
        forms: The kinds of nodes to draw from, `step` always among them; what is given more than
            once is drawn more often.
        endings: The ways a step may end, `succeed` always among them.
        signals: What may be waited for, each at one place: how long, in seconds or None for ever,
            by name. The body of each is a whole number.

    >>> from hypothesis import find
    >>> find(pipelines(forms=["retry"]), lambda pipeline: pipeline.steps)
    start(Drawn, Recorder) >> keep_1
    """
    wanted = Counter(forms)
    kinds: list[Form] = [form for form in FORMS for _ in range(wanted[form] or form == "step")]
    ends: list[Ending] = [each for each in WEIGHTS if each in endings or each == "succeed"]
    weighted: list[Ending] = [each for each in ends for _ in range(WEIGHTS[each])]
    return _whole(context, Style(prefix, size, tuple(kinds), tuple(weighted), signals))


@st.composite
def _whole(draw: st.DrawFn, context: type[Any], style: Style) -> Pipeline[Any, Recorder]:
    return Drawing(draw, style, BUILDERS).chain(Place(context=context), least=0)
