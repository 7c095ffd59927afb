"""Text in lines of a given room: Japanese anywhere, other scripts between their words."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

_BROAD = frozenset("MWmw@%&—…™")


def fitted(text: str, room: float, sizes: Sequence[tuple[float, int]]) -> tuple[float, list[str]]:
    """The first size at which the text has room, and its lines; the last one cuts it short.

    ``sizes`` are pairs of a size and how many lines of it there is room for, the largest first;
    ``room`` is the length of a line in the same unit. No line is left with a letter or two.
    """
    for size, most in sizes:
        number = len(folded(text, room / size))
        if number <= most:
            return size, _balanced(text, room / size, number)
    size, most = sizes[-1]
    lines = folded(text, room / size)[:most]
    return size, [*lines[:-1], f"{lines[-1][:-1]}…"]


def folded(text: str, room: float) -> list[str]:
    """The text in lines of ``room`` ems each, at least one of them."""
    lines: list[str] = []
    line = ""
    for sign in text:
        if line and _ems(line + sign) > room:
            head, _, tail = line.rpartition(" ")
            if head and sign != " " and _ems(tail) < room / 2:
                lines.append(head)
                line = tail
            else:
                lines.append(line)
                line = ""
        line = (line + sign).lstrip(" ")
    return [*lines, line] if line or not lines else lines


def _balanced(text: str, room: float, number: int) -> list[str]:
    """The text in so many lines, as even as they can be."""
    even = _ems(text) / number
    for step in range(21):
        lines = folded(text, even + (room - even) * step / 20)
        if len(lines) <= number:
            return lines
    return folded(text, room)


def _ems(text: str) -> float:
    """How wide a line is, in ems: hardly ever less than what a bold font takes."""
    return sum(map(_em, text))


def _em(sign: str) -> float:
    if sign in _BROAD or unicodedata.east_asian_width(sign) in "WFA":
        return 1.0
    return 0.62 if sign.islower() or sign == " " else 0.75
