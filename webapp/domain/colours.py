"""Colours as #rrggbb, and whether what stands on them can be read (WCAG 2.2)."""

from __future__ import annotations

import re
from dataclasses import dataclass

_COLOUR = re.compile(r"#[0-9a-f]{6}")

WHITE, INK, BLACK = "#ffffff", "#1a1a1a", "#000000"

# What WCAG asks of text, and of the edge of a control against what is around it.
LEAST_TEXT, LEAST_EDGE = 4.5, 3.0


@dataclass(frozen=True, slots=True)
class Look:
    """How a colour does: the ink that reads better on it, how well, and its edge on white."""

    colour: str
    ink: str
    contrast: float
    edge: float

    @property
    def text_is_clear(self) -> bool:
        """Whether text on the colour can be read by everybody."""
        return self.contrast >= LEAST_TEXT

    @property
    def edge_is_clear(self) -> bool:
        """Whether a button of this colour stands out from a white page."""
        return self.edge >= LEAST_EDGE


def read_colour(text: str) -> str:
    """The colour in small letters; ValueError when it is none."""
    colour = text.strip().lower()
    if not _COLOUR.fullmatch(colour):
        raise ValueError("a colour is # and six hexadecimal digits")
    return colour


def look_of(colour: str) -> Look:
    """Judge a colour."""
    ink = max((WHITE, INK), key=lambda candidate: contrast(colour, candidate))
    return Look(colour, ink, contrast(colour, ink), contrast(colour, WHITE))


def clear_ink(colour: str) -> str:
    """White or black, whichever reads better on it: on every colour by 4.58 at least."""
    return max((WHITE, BLACK), key=lambda candidate: contrast(colour, candidate))


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)
