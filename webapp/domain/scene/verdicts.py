"""What a still says of its camera, and what is sure of it."""

from __future__ import annotations

from typing import NamedTuple

from webapp.domain.remarks import Remark
from webapp.domain.scene.sketches import is_still_there


class Verdict(NamedTuple):
    """What a still says of its camera.

    ``remark``   MOVED, COVERED, REFOCUSED, DARK or BLACK; None: nothing that can be told.
    ``sketch``   not empty: only a later still whose sketch is alike makes it sure.
    """

    remark: Remark | None = None
    sketch: str = ""


ALL_WELL = Verdict()


def confirmed(verdict: Verdict, before: str) -> Remark | None:
    """Say what is sure after this still; ``before`` is the sketch of the one before, if any."""
    if verdict.sketch and not is_still_there(verdict.sketch, before):
        return None
    return verdict.remark
