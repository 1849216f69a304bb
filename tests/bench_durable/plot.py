"""What a durable step costs as a picture: a group of bars for each contender, as SVG."""

import math
from collections.abc import Iterator
from html import escape

from tests.bench.contenders import Contender
from tests.bench_durable.found import AT, Found

__all__ = ["svg"]

_WIDTH, _LEFT, _RIGHT, _TOP, _BAR, _GAP, _FOOT = 960, 230, 110, 96, 16, 14, 60
_COLOURS = ("#94a3b8", "#e4572e", "#2b3a55")
_PICTURE = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img"
  aria-label="{title}" font-family="system-ui, 'Segoe UI', Helvetica, Arial, sans-serif">
<rect width="{width}" height="{height}" rx="12" fill="#ffffff"/>
<text x="32" y="44" font-size="24" font-weight="700" fill="#0f172a">{title}</text>
<text x="32" y="72" font-size="15" fill="#475569">{subtitle}</text>
{scale}
{groups}
{legend}
</svg>
"""


def svg(found: Found) -> str:
    """Draw the median time of a step of each contender in *found*, the quickest on top."""
    spent = next(steps.spent for steps in found.steps if steps.concurrent == AT)
    ranked = sorted(spent, key=lambda contender: spent[contender].wall.median)
    everything = [micros for contender in ranked for micros in _micros(found, contender)]
    axis = _Axis(min(everything), max(everything))
    high = _BAR * len(found.steps) + _GAP
    bottom = _TOP + high * len(ranked)
    return _PICTURE.format(
        width=_WIDTH,
        height=bottom + _FOOT,
        title="What one durable step costs",
        subtitle=escape(f"Microseconds by the clock, on a logarithmic scale: {found.machine}"),
        scale="\n".join(axis.lines(bottom)),
        groups="\n".join(
            piece
            for row, contender in enumerate(ranked)
            for piece in _group(found, contender, axis, _TOP + high * row)
        ),
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


def _micros(found: Found, contender: Contender) -> list[float]:
    return [steps.spent[contender].wall.median * 1e6 for steps in found.steps]


def _group(found: Found, contender: Contender, axis: _Axis, y: int) -> Iterator[str]:
    """Draw a bar for each number of tasks at a time, under one name."""
    middle = y + _BAR * len(found.steps) / 2 + 5
    weight = 700 if contender.package == "dara-fp" else 400
    yield (
        f'<text x="{_LEFT - 12}" y="{middle}" font-size="15" font-weight="{weight}" '
        f'fill="#0f172a" text-anchor="end">{escape(contender.label)}</text>'
    )
    bars = zip(_micros(found, contender), _COLOURS, strict=False)
    for place, (micros, colour) in enumerate(bars):
        top, end = y + _BAR * place, axis.x(micros)
        yield (
            f'<rect x="{_LEFT}" y="{top}" width="{end - _LEFT:.1f}" height="{_BAR - 2}" rx="3" '
            f'fill="{colour}"/><text x="{end + 8}" y="{top + _BAR - 4}" font-size="13" '
            f'fill="#0f172a" paint-order="stroke" stroke="#ffffff" stroke-width="4">'
            f"{micros:,.0f} µs</text>"
        )


def _legend(found: Found, y: int) -> Iterator[str]:
    """Name the colours."""
    for place, (steps, colour) in enumerate(zip(found.steps, _COLOURS, strict=False)):
        x = _LEFT + 170 * place
        many = "1 task at a time" if steps.concurrent == 1 else f"{steps.concurrent} at a time"
        yield (
            f'<rect x="{x}" y="{y - 11}" width="12" height="12" rx="3" fill="{colour}"/>'
            f'<text x="{x + 18}" y="{y}" font-size="13" fill="#475569">{many}</text>'
        )
