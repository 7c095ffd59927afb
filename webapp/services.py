"""What a process needs at hand, built once at start and passed along."""

from __future__ import annotations

from dataclasses import dataclass, field

from webapp.connectors import OpenConnectors, build_connectors
from webapp.figures import Figures
from webapp.plugins import Engines, build_engines
from webapp.sealing import Sealer
from webapp.settings import Settings
from webapp.storage import Storage, open_storage


@dataclass(frozen=True, slots=True)
class Services:
    """The parts that screens and jobs share."""

    settings: Settings
    storage: Storage
    sealer: Sealer
    engines: Engines
    connectors: OpenConnectors
    figures: Figures = field(default_factory=Figures)


def build_services(settings: Settings, engines: Engines | None = None) -> Services:
    """Build every part; ``StartRefused`` says which one cannot be built and why.

    Engines that are loaded already may be handed in: several services can share them.
    """
    return Services(
        settings=settings,
        storage=open_storage(settings),
        sealer=Sealer(settings.secret()),
        engines=engines or build_engines(settings),
        connectors=build_connectors(settings),
    )
