"""What embeds and sites of one process share: displays, the meter, and shares of addresses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from webapp.embeds.meter import Meter
from webapp.embeds.shown import Display, Displays
from webapp.embeds.visitors import Shares, learn_crawlers
from webapp.settings import Settings

if TYPE_CHECKING:
    from webapp.sites.shown import SiteDisplay


@dataclass(frozen=True, slots=True)
class Desk:
    """Where embeds and sites are answered from."""

    shares: Shares = field(default_factory=Shares)
    displays: Displays[Display] = field(default_factory=Displays)
    sites: Displays[SiteDisplay] = field(default_factory=Displays)
    meter: Meter = field(default_factory=Meter)


def open_desk(settings: Settings) -> Desk:
    """The desk of a process with these settings."""
    learn_crawlers()
    return Desk(shares=Shares(settings.embed_views_a_minute))
