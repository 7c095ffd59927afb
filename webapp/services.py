"""What a process needs at hand, built once at start and passed along."""

from __future__ import annotations

import gc
from dataclasses import dataclass, field

from webapp.camera_cloud.cloud import CameraCloud, open_cloud
from webapp.connectors import OpenConnectors, build_connectors
from webapp.connectors.mqtt import Brokers
from webapp.embeds.desk import Desk, open_desk
from webapp.embeds.visitors import Shares
from webapp.figures import Figures
from webapp.plugins import Engines, build_engines
from webapp.sealing import Sealer
from webapp.settings import Settings
from webapp.storage import Storage, open_storage
from webapp.verification.desk import VerificationDesk


@dataclass(frozen=True, slots=True)
class Services:
    """The parts that screens and jobs share."""

    settings: Settings
    storage: Storage
    sealer: Sealer
    engines: Engines
    connectors: OpenConnectors
    camera_cloud: CameraCloud | None = None
    embeds: Desk = field(default_factory=Desk)
    api_shares: Shares = field(default_factory=Shares)
    figures: Figures = field(default_factory=Figures)
    brokers: Brokers = field(default_factory=Brokers)
    verification: VerificationDesk = field(default_factory=VerificationDesk)


def build_services(settings: Settings, engines: Engines | None = None) -> Services:
    """Build every part; ``StartRefused`` says which one cannot be built and why.

    Engines that are loaded already may be handed in: several services can share them.
    """
    cloud = open_cloud(settings)
    return Services(
        settings=settings,
        storage=open_storage(settings),
        sealer=Sealer(settings.secret(), old=settings.old_secret()),
        engines=engines or build_engines(settings),
        connectors=build_connectors(settings, grants=cloud.grants if cloud else None),
        embeds=open_desk(settings),
        api_shares=Shares(settings.api_calls_a_minute),
        camera_cloud=cloud,
    )


def keep_what_is_loaded() -> None:
    """Take what was loaded until now out of the collector's way, once a process that serves.

    Modules and templates stay for good; to look through them again costs a tenth of a second,
    and hits some page or other.
    """
    gc.collect()
    gc.freeze()
