"""Asking the engines whether somebody stands in a background to be.

One engine looks for people and their poses at every scale, a second one is asked about whom
an edge cuts. A camera's own engine is asked as well when it is neither: whom it would count
must not stand in its background.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from nigiwai_engine_api import Context, EngineFailure, Frame
from nigiwai_engine_api.types import Float32

from webapp import engine_room
from webapp.analysis import find_people
from webapp.domain.bystanders import (
    NOBODY,
    Found,
    Part,
    doubted,
    in_picture,
    merged,
    needs_witness,
    parts,
)
from webapp.plugins import Engines
from webapp.settings import Settings

SEARCHER, WITNESS = "detailed", "standard"
# The searcher's highest level: it suggests more, and ``domain.bystanders`` decides.
MOST = Context(level=5)
OURS = frozenset({SEARCHER, WITNESS, "wide"})

# Asks an engine by name about one picture.
Ask = Callable[[str, Frame], Found]


async def bystanders(settings: Settings, engines: Engines, own: str, frame: Frame) -> Float32:
    """Find people in the picture: Nx4 boxes in its pixels, the surest first.

    A finer scale is searched only while nobody was found. Raises ``EngineFailure``, and
    ``KeyError`` or ``StartRefused`` for an engine that is not there.
    """
    ask = ask_of(engines)
    found: list[Found] = []
    if own not in OURS or SEARCHER not in engines.names:
        found.append(await engine_room.ask(settings, own, partial(ask, own, frame)))
    if SEARCHER not in engines.names:
        return merged(found)
    for scale in parts(frame.width, frame.height):
        # A part at a time: each has its deadline, and others get their turn in between.
        looks = [partial(search, ask, frame, part) for part in scale]
        found += [await engine_room.ask(settings, SEARCHER, look) for look in looks]
        if any(len(one.boxes) for one in found):
            break
    return merged(found)


def search(ask: Ask, frame: Frame, part: Part) -> Found:
    """Look at one part of the picture."""
    piece = Frame(
        np.ascontiguousarray(frame.pixels[part.top : part.bottom, part.left : part.right])
    )
    found = in_picture(ask(SEARCHER, piece), part)
    witness = NOBODY
    if needs_witness(found, part, frame.width, frame.height):
        witness = in_picture(ask(WITNESS, piece), part)
    return doubted(found, witness, part, frame.width, frame.height)


def search_all(ask: Ask, frame: Frame) -> Float32:
    """Search without a deadline, as benchmarks do: as ``bystanders`` with the engines of ours."""
    found: list[Found] = []
    for scale in parts(frame.width, frame.height):
        found += [search(ask, frame, part) for part in scale]
        if any(len(one.boxes) for one in found):
            break
    return merged(found)


def ask_of(engines: Engines) -> Ask:
    """Ask the engines that are on; one that is not finds nobody."""

    def ask(name: str, frame: Frame) -> Found:
        try:
            engine = engines.get(name)
        except KeyError as error:
            if name == WITNESS:
                return NOBODY
            raise EngineFailure(f"{name} is not on.") from error
        people = find_people(engine, frame, MOST)
        return Found(people.boxes, people.scores)

    return ask
