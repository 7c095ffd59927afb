"""What the embeds of one process share: displays, the meter, and shares of addresses."""

from __future__ import annotations

from dataclasses import dataclass, field

from webapp.embeds.meter import Meter
from webapp.embeds.shown import Displays
from webapp.embeds.visitors import Shares
from webapp.settings import Settings


@dataclass(frozen=True, slots=True)
class Desk:
    """Where embeds are answered from."""

    shares: Shares = field(default_factory=Shares)
    displays: Displays = field(default_factory=Displays)
    meter: Meter = field(default_factory=Meter)


def open_desk(settings: Settings) -> Desk:
    """The desk of a process with these settings."""
    return Desk(Shares(settings.embed_views_a_minute))
