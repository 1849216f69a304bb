"""Calls a second as a picture: a line for each contender, both scales logarithmic, as SVG."""

import math
from collections.abc import Iterator, Sequence
from html import escape

from tests.bench.contenders import Contender
from tests.bench_client.contenders import DARA
from tests.bench_client.found import Found

__all__ = ["svg"]

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _FOOT = 1000, 560, 90, 290, 96, 60
_COLOURS = ("#e4572e", "#f2a65a", "#2b3a55", "#0e7c7b", "#94a3b8", "#7c5cbf", "#b497d6")
_LABEL = 18
_PICTURE = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img"
  aria-label="{title}" font-family="system-ui, 'Segoe UI', Helvetica, Arial, sans-serif">
<rect width="{width}" height="{height}" rx="12" fill="#ffffff"/>
<text x="32" y="44" font-size="24" font-weight="700" fill="#0f172a">{title}</text>
<text x="32" y="72" font-size="15" fill="#475569">{subtitle}</text>
{scales}
{lines}
</svg>
"""


def svg(found: Found) -> str:
    """Draw the calls a second of each contender in *found*."""
    chart = _Chart(found)
    return _PICTURE.format(
        width=_WIDTH,
        height=_HEIGHT,
        title="Calls a second, by how many there are at a time",
        subtitle=escape(f"Each is answered after 50 ms; logarithmic scales: {found.machine}"),
        scales="\n".join(chart.scales()),
        lines="\n".join(chart.lines()),
    )


class _Chart:
    """Where figures stand."""

    def __init__(self, found: Found) -> None:
        self._many = [level.concurrent for level in found.levels]
        self._rates = {
            contender: [
                max(level.rate(contender), 0.1)
                for level in found.levels
                if contender in level.costs
            ]
            for contender in found.levels[0].costs
        }
        everything = [rate for rates in self._rates.values() for rate in rates]
        self._low = math.floor(math.log10(min(everything)))
        self._high = max(math.ceil(math.log10(max(everything))), self._low + 1)

    def scales(self) -> Iterator[str]:
        """Draw a line across at every power of ten, and one up at every number of callers."""
        for power in range(self._low, self._high + 1):
            y = self._y(10.0**power)
            yield (
                f'<line x1="{_LEFT}" y1="{y}" x2="{_WIDTH - _RIGHT}" y2="{y}" stroke="#e2e8f0"/>'
                f'<text x="{_LEFT - 10}" y="{y + 5}" font-size="13" fill="#64748b" '
                f'text-anchor="end">{10.0**power:,g}</text>'
            )
        for place, many in enumerate(self._many):
            yield (
                f'<text x="{self._x(place)}" y="{_HEIGHT - _FOOT + 26}" font-size="13" '
                f'fill="#64748b" text-anchor="middle">{many:,} at a time</text>'
            )

    def lines(self) -> Iterator[str]:
        """Draw each contender, its name at the end, the names clear of each other."""
        last = _WIDTH - _RIGHT + 14
        ranked = sorted(self._rates, key=lambda contender: -self._rates[contender][-1])
        colours = dict(zip(self._rates, _COLOURS, strict=False))
        free = 0.0
        for contender in ranked:
            rates = self._rates[contender]
            free = max(self._y(rates[-1]) + 5, free + _LABEL)
            width = 4 if contender == DARA else 2
            weight = 700 if contender == DARA else 400
            yield (
                f'<polyline points="{self._points(rates)}" fill="none" '
                f'stroke="{colours[contender]}" stroke-width="{width}"/>'
                f'<text x="{last}" y="{free:.1f}" font-size="14" font-weight="{weight}" '
                f'fill="{colours[contender]}">{escape(self._label(contender))}</text>'
            )

    def _label(self, contender: Contender) -> str:
        rates = self._rates[contender]
        ends_early = len(rates) < len(self._many)
        where = f" at {self._many[len(rates) - 1]:,}" if ends_early else ""
        return f"{contender.label}: {rates[-1]:,.0f}/s{where}"

    def _points(self, rates: Sequence[float]) -> str:
        return " ".join(f"{self._x(place)},{self._y(rate)}" for place, rate in enumerate(rates))

    def _x(self, place: int) -> float:
        inner = _WIDTH - _LEFT - _RIGHT - 80
        return round(_LEFT + 40 + inner * place / max(1, len(self._many) - 1), 1)

    def _y(self, rate: float) -> float:
        share = (math.log10(rate) - self._low) / (self._high - self._low)
        return round(_HEIGHT - _FOOT - share * (_HEIGHT - _FOOT - _TOP), 1)
