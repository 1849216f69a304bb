"""The speeds as a picture: a bar for each contender on a logarithmic scale, as SVG."""

import math
from collections.abc import Iterator
from html import escape

from tests.bench.contenders import Contender, Family
from tests.bench.found import Found

__all__ = ["svg"]

_WIDTH, _LEFT, _RIGHT, _TOP, _ROW, _BAR, _FOOT = 960, 270, 150, 96, 40, 24, 60
_COLOURS = {
    Family.HAND: "#94a3b8",
    Family.DARA: "#e4572e",
    Family.RESULT: "#4f86c6",
    Family.WORKFLOW: "#2b3a55",
}
_PICTURE = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img"
  aria-label="{title}" font-family="system-ui, 'Segoe UI', Helvetica, Arial, sans-serif">
<rect width="{width}" height="{height}" rx="12" fill="#ffffff"/>
<text x="32" y="44" font-size="24" font-weight="700" fill="#0f172a">{title}</text>
<text x="32" y="72" font-size="15" fill="#475569">{subtitle}</text>
{scale}
{bars}
{legend}
</svg>
"""


def svg(found: Found) -> str:
    """Draw the median time of a step of each contender in *found*, the quickest on top."""
    ranked = sorted(found.timings, key=lambda contender: found.timings[contender].median)
    micros = [found.timings[contender].median * 1e6 for contender in ranked]
    axis = _Axis(micros[0], micros[-1])
    bottom = _TOP + _ROW * len(ranked)
    bars = (
        _bar(contender, value, found.times_floor(contender), axis, _TOP + _ROW * row)
        for row, (contender, value) in enumerate(zip(ranked, micros, strict=True))
    )
    return _PICTURE.format(
        width=_WIDTH,
        height=bottom + _FOOT,
        title="What one step costs",
        subtitle=escape(
            "Microseconds (logarithmic scale), and how many times the hand-written chain: "
            f"{found.machine}"
        ),
        scale="\n".join(axis.lines(bottom)),
        bars="\n".join(bars),
        legend="\n".join(_legend(found, bottom + 44)),
    )


class _Axis:
    """Where a number of microseconds stands, from one power of ten to another."""

    def __init__(self, least: float, most: float) -> None:
        self.first = math.floor(math.log10(least / 1.5))
        self.last = math.ceil(math.log10(most))

    def x(self, micros: float) -> float:
        """Give how far from the left *micros* is."""
        share = (math.log10(micros) - self.first) / (self.last - self.first)
        return round(_LEFT + share * (_WIDTH - _LEFT - _RIGHT), 1)

    def lines(self, bottom: int) -> Iterator[str]:
        """Draw a line down to *bottom* at every power of ten."""
        for power in range(self.first, self.last + 1):
            x = self.x(10.0**power)
            yield (
                f'<line x1="{x}" y1="{_TOP - 4}" x2="{x}" y2="{bottom}" stroke="#e2e8f0"/>'
                f'<text x="{x}" y="{bottom + 18}" font-size="13" fill="#64748b" '
                f'text-anchor="middle">{10.0**power:,g} µs</text>'
            )


def _bar(contender: Contender, micros: float, times: float, axis: _Axis, y: int) -> str:
    end, middle = axis.x(micros), y + _BAR / 2 + 5
    halo = 'paint-order="stroke" stroke="#ffffff" stroke-width="4"'  # no line runs through it
    weight = 700 if contender.family is Family.DARA else 400
    return (
        f'<text x="{_LEFT - 12}" y="{middle}" font-size="15" font-weight="{weight}" '
        f'fill="#0f172a" text-anchor="end">{escape(contender.label)}</text>'
        f'<rect x="{_LEFT}" y="{y}" width="{end - _LEFT:.1f}" height="{_BAR}" rx="4" '
        f'fill="{_COLOURS[contender.family]}"/>'
        f'<text x="{end + 8}" y="{middle}" font-size="15" font-weight="{weight}" '
        f'fill="#0f172a" {halo}>{_figure(micros)} µs'
        f'<tspan fill="#64748b" font-weight="400">  {_figure(times)}&#215;</tspan></text>'
    )


def _figure(value: float) -> str:
    """Give *value* in three digits, with two decimals at most."""
    decimals = min(2, max(0, 2 - math.floor(math.log10(value))))
    return f"{value:,.{decimals}f}"


def _legend(found: Found, y: int) -> Iterator[str]:
    """Name the colours that occur."""
    present = {contender.family for contender in found.timings}
    x = _LEFT
    for family in Family:
        if family in present:
            yield (
                f'<rect x="{x}" y="{y - 11}" width="12" height="12" rx="3" '
                f'fill="{_COLOURS[family]}"/>'
                f'<text x="{x + 18}" y="{y}" font-size="13" fill="#475569">{family.value}</text>'
            )
            x += 150
