"""The colours of pictures, in light and dark, and the style sheet that applies them."""

import re

__all__ = ["stylesheet"]

_COLOURS = {
    # name: light, dark
    "paper": ("#ffffff", "#12161d"),
    "edge": ("#e3e7ef", "#2a313d"),
    "ink": ("#1b2230", "#e9edf4"),
    "muted": ("#5b6576", "#9aa5b8"),
    "wire": ("#8690a3", "#76829a"),
    "step": ("#f3f6fb", "#1d2430"),
    "line": ("#c3ccdb", "#435065"),
    "blue": ("#2864d0", "#6fa8ff"),
    "teal": ("#0a7a6f", "#43c5b4"),
    "amber": ("#946000", "#e6ad45"),
    "violet": ("#6d48c4", "#b59bff"),
    "rose": ("#bf3355", "#ff819c"),
}

# The & stands for the picture, so that no rule touches anything outside it; @paper for a colour.
_RULES = (
    "&{display:block;max-width:none}",
    "&{font:500 13px system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif}",
    "& .ground{fill:@paper;stroke:@edge}",
    "& .paper{fill:@paper}",
    "& .line{fill:none;stroke:@wire;stroke-width:1.5}",
    "& .tip{fill:@wire}",
    "& .line.dashed{stroke-dasharray:5 4}",
    "& .line.dotted{stroke-dasharray:1.5 3}",
    "& .dot{fill:@wire}",
    "& .bar{fill:@blue}",
    "& .box{fill:@step;stroke:@line;stroke-width:1.25}",
    "& .step:hover .box{stroke:@blue}",
    "& .name{fill:@ink;text-anchor:middle}",
    "& .pill .box{fill:@ink;stroke:@ink}",
    "& .pill .name{fill:@paper;font-weight:600}",
    "& .more .box{fill:none;stroke-dasharray:4 4}",
    "& .more .name{fill:@muted}",
    "& .gate .box{fill:@paper;stroke:@teal}",
    "& .ask{fill:@teal;font-size:12px}",
    "& .wait .box{fill:@paper;stroke:@amber;stroke-dasharray:4 3}",
    "& .wait .ask{fill:@amber}",
    "& .note{fill:@paper;stroke:@wire;stroke-dasharray:3 2}",
    "& .label{fill:@muted;font-size:11px}",
    "& .middle{text-anchor:middle}",
    "& .round{fill:none;stroke:@line;stroke-width:1.25;stroke-dasharray:2 3}",
    "& .frame{fill-opacity:.06;stroke-opacity:.7;stroke-width:1.25}",
    "& .title{font-size:11px;font-weight:600}",
    "& .icon{fill:none;stroke-width:1.5;stroke-linecap:round;stroke-linejoin:round}",
    *(
        f"& .frame.{tone}{{fill:@{tone};stroke:@{tone}}}"
        f"& .title.{tone},& .label.{tone},& .tip.{tone}{{fill:@{tone}}}"
        f"& .line.{tone},& .icon.{tone}{{stroke:@{tone}}}"
        for tone in ("blue", "teal", "amber", "violet", "rose", "muted")
    ),
)


def stylesheet(name: str) -> str:
    """Give the styles of the picture whose class is *name*, which touch nothing outside it."""
    light, dark = (
        "".join(f"--{colour}:{both[scheme]};" for colour, both in _COLOURS.items())
        for scheme in (0, 1)
    )
    schemes = f"&{{{light}}}@media(prefers-color-scheme:dark){{&{{{dark}}}}}"
    return (schemes + _coloured("".join(_RULES))).replace("&", f".{name}")


def _coloured(rules: str) -> str:
    # Programs that know no variables (PowerPoint, Inkscape) keep the colour before the variable.
    return re.sub(r"([a-z]+):@([a-z]+)", _both, rules)


def _both(found: re.Match[str]) -> str:
    what, colour = found.groups()
    return f"{what}:{_COLOURS[colour][0]};{what}:var(--{colour})"
