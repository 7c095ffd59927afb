"""Charts drawn by the server: for cards, reports and embeds, where no script runs.

Every value that is drawn is a number of ours or is escaped. Colours come by class, so that
whoever shows a chart says in its own style sheet what they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil


def bars(
    values: Sequence[float | None],
    *,
    width: int = 320,
    height: int = 120,
    top: float | None = None,
    titles: Sequence[str] = (),
    marked: Sequence[int] = (),
    style: str = "",
) -> str:
    """A bar for each value, a gap for None; nought is a thin line, for it is known.

    ``top`` is the value of the full height (default: the greatest). ``titles`` are said of each
    bar, ``marked`` are the places of bars of the class ``bar bar-marked``.
    ``style`` is a style sheet of ours, where the page's does not reach into a drawing.
    """
    full = max([top or 0, *(value for value in values if value is not None)]) or 1
    step = width / max(1, len(values))
    parts = [f'<svg viewBox="0 0 {width} {height}" preserveAspectRatio="none" focusable="false">']
    parts += [f"<style>{style}</style>"] if style else []
    for place, value in enumerate(values):
        if value is None:
            continue
        tall = max(1.5, (height - 2) * value / full)
        kind = "bar bar-marked" if place in marked else "bar"
        title = f"<title>{escape(titles[place])}</title>" if place < len(titles) else ""
        parts.append(
            f'<rect class="{kind}" x="{_n(place * step + step * 0.1)}" y="{_n(height - 1 - tall)}" '
            f'width="{_n(step * 0.8)}" height="{_n(tall)}">{title}</rect>'
        )
    parts.append(f'<line class="axis" x1="0" x2="{width}" y1="{height - 1}" y2="{height - 1}"/>')
    return "".join(parts) + "</svg>"


@dataclass(frozen=True, slots=True)
class DayBar:
    """One slot of a day: its value, what is said of it, its class, and how far it may vary."""

    slot: int
    value: float
    title: str
    kind: str
    low: float | None = None
    high: float | None = None


def day_bars(
    bars: Sequence[DayBar],
    slots: int,
    top: float,
    *,
    limits: Sequence[tuple[float, str]] = (),
    now: int | None = None,
    width: int = 960,
    height: int = 300,
) -> str:
    """A day's bars with lines across at ``limits`` (value and class), stretched to any box.

    Each bar is a group of the class ``day-bar``, whose ``data-slot`` is its place in ``bars``; its
    empty ground takes pointers over the whole height. ``now`` marks the slot that it is.
    """
    step, full = width / slots, top or 1

    def y(value: float) -> float:
        return height - 1 - (height - 2) * min(value, full) / full

    parts = [f'<svg viewBox="0 0 {width} {height}" preserveAspectRatio="none" focusable="false">']
    if now is not None:
        parts.append(_rect("day-now", now * step, 0, step, height))
    for number, bar in enumerate(bars):
        x, above = bar.slot * step, min(y(bar.value), height - 2.5)
        parts.append(f'<g class="day-bar" data-slot="{number}"><title>{escape(bar.title)}</title>')
        parts.append(_rect("day-ground", x, 0, step, height))
        column = x + step * 0.1, above, step * 0.8, height - 1 - above
        parts.append(_rect(f"bar bar-{bar.kind}", *column))
        if bar.low is not None and bar.high is not None:
            middle = x + step / 2
            parts.append(_line("day-band", middle, middle, y(bar.low), y(bar.high)))
        parts.append("</g>")
    for value, kind in limits:
        parts.append(_line("day-limit day-limit-under", 0, width, y(value), y(value)))
        parts.append(_line(f"day-limit day-limit-{kind}", 0, width, y(value), y(value)))
    parts.append(_line("axis", 0, width, height - 1, height - 1))
    return "".join(parts) + "</svg>"


@dataclass(frozen=True, slots=True)
class ShareBar:
    """One slot of a day as a share of the height: 0 to 100; its class, name, and where it leads."""

    slot: int
    share: int
    kind: str
    title: str
    href: str = ""
    is_chosen: bool = False


def share_bars(
    bars: Sequence[ShareBar],
    first: int,
    last: int,
    *,
    width: int = 960,
    height: int = 300,
    fills: Mapping[str, str] | None = None,
) -> str:
    """A day's shares between two slots, stretched to any box; each bar is a link where it has one.

    The links are for pointers: whatever they do is to be reached by keyboard beside the drawing.
    ``fills`` are colours by class, for a drawing that stands alone where no style sheet reaches.
    """
    step = width / max(1, last - first)
    alone = ' xmlns="http://www.w3.org/2000/svg"' if fills else ""
    parts = [f'<svg{alone} viewBox="0 0 {width} {height}" preserveAspectRatio="none">']
    if fills:
        parts.append(f'<rect width="{width}" height="{height}" fill="{fills["ground"]}"/>')
    for bar in bars:
        x, tall = (bar.slot - first) * step, max(2.0, (height - 2) * bar.share / 100)
        ground = "day-ground is-chosen" if bar.is_chosen else "day-ground"
        column = x + step * 0.1, height - 1 - tall, step * 0.8, tall
        drawn = _rect(f"bar bar-{bar.kind}", *column)
        if fills:
            drawn = drawn.replace("/>", f' fill="{fills[bar.kind]}"/>')
        else:
            drawn = _rect(ground, x, 0, step, height) + drawn
        title = f"<title>{escape(bar.title)}</title>"
        if bar.href:
            drawn = f'<a href="{escape(bar.href)}" tabindex="-1">{title}{drawn}</a>'
        parts.append(drawn)
    axis = _line("axis", 0, width, height - 1, height - 1)
    parts.append(axis.replace("/>", f' stroke="{fills["axis"]}"/>') if fills else axis)
    return "".join(parts) + "</svg>"


def share_columns(bars: Sequence[ShareBar], first: int, last: int) -> str:
    """The same in a few hundred bytes, without names and links, for pages with many of them."""
    shapes: dict[str, list[str]] = {}
    for bar in bars:
        x, tall = (bar.slot - first) * 10, max(1, bar.share)
        shapes.setdefault(bar.kind, []).append(f"M{x + 1} 100v-{tall}h8v{tall}z")
    parts = [f'<svg viewBox="0 0 {max(1, last - first) * 10} 101" preserveAspectRatio="none">']
    for bar in bars:
        if bar.is_chosen:
            x = (bar.slot - first) * 10
            parts.append(f'<path class="day-ground is-chosen" d="M{x} 0h10v100h-10z"/>')
    parts += [f'<path class="bar bar-{kind}" d="{"".join(d)}"/>' for kind, d in shapes.items()]
    return "".join(parts) + "</svg>"


@dataclass(frozen=True, slots=True)
class HeatCell:
    """A value as a cell shows it: never colour alone. ``level`` is None where nothing is known."""

    word: str
    level: int | None


def heat_cells(rows: Sequence[Sequence[float | None]], levels: int) -> list[list[HeatCell]]:
    """A cell for each value; ``level`` rises from 0 to below ``levels`` with the value."""
    full = max((value for row in rows for value in row if value is not None), default=0) or 1
    return [
        [
            HeatCell("–", None)
            if value is None
            else HeatCell(_short(value), min(levels - 1, int(levels * value / full)))
            for value in row
        ]
        for row in rows
    ]


def round_up(value: float) -> int:
    """A round number not below ``value``, for the top of a scale."""
    for limit in (4, 10, 20, 40, 60, 100, 200, 400, 600, 1000):
        if value <= limit:
            return limit
    return ceil(value / 1000) * 1000


def _rect(kind: str, x: float, y: float, wide: float, tall: float) -> str:
    return f'<rect class="{kind}" x="{_n(x)}" y="{_n(y)}" width="{_n(wide)}" height="{_n(tall)}"/>'


def _line(kind: str, x1: float, x2: float, y1: float, y2: float) -> str:
    return f'<line class="{kind}" x1="{_n(x1)}" x2="{_n(x2)}" y1="{_n(y1)}" y2="{_n(y2)}"/>'


def _short(value: float) -> str:
    return f"{value:.1f}" if value < 9.95 else f"{value:.0f}"


def _n(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")
