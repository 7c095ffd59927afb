"""What a site shows of its cameras now, read once a second for all who look (E4)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from webapp.domain.embeds import Options
from webapp.domain.sites import SiteOptions, read_options
from webapp.embeds.shown import Seen, seen_of
from webapp.groups.queries import members_of
from webapp.models import Camera, CameraGroup, Organisation, Site

if TYPE_CHECKING:
    from webapp.services import Services

# Whatever else somebody writes into an address never reaches the database.
_KEY = re.compile(r"[A-Za-z0-9_-]{22,43}")
# Nothing of these is shown that could change before they open, or are paid for, again.
_AT_REST = frozenset({"closed", "stopped"})


@dataclass(frozen=True, slots=True)
class SiteDisplay:
    """A site as it stands: whose it is, its settings, and what its cameras show, in their order.

    ``openings`` are the instants at which the closed cameras open again, as far as known.
    """

    organisation: Organisation
    key: str
    name: str
    options: SiteOptions
    cameras: tuple[Seen, ...]
    openings: tuple[datetime | None, ...] = ()

    @property
    def views(self) -> int:
        """How many views one look at it is (E3): one for each camera that shows a picture."""
        return sum(seen.is_metered for seen in self.cameras)

    @property
    def rests(self) -> bool:
        """Whether every camera is closed or stopped, so that nothing new can be seen."""
        return bool(self.cameras) and all(seen.kind in _AT_REST for seen in self.cameras)

    def of_then(self) -> SiteDisplay:
        """What is left of it when nobody can say any more whether it is still so."""
        return replace(self, cameras=tuple(seen.of_then() for seen in self.cameras))

    def granted(self, views: int) -> SiteDisplay:
        """The same with the pictures of the first ``views`` alone: the quota had no more."""
        cameras = []
        for seen in self.cameras:
            if seen.is_metered:
                views -= 1
            is_paid = not seen.is_metered or views >= 0
            cameras.append(seen if is_paid else seen.without_picture())
        return replace(self, cameras=tuple(cameras))


async def load(services: Services, key: str) -> SiteDisplay | None:
    """What the site with this key shows now; None when there is none."""
    site = await site_of(key)
    if site is None:
        return None
    return await display_of(
        services, site.organisation, site.group, site.key, site.name, read_options(site.options)
    )


async def site_of(key: str) -> Site | None:
    """The site with this key, with its organisation and its group."""
    if not _KEY.fullmatch(key):
        return None
    return await Site.get_or_none(key=key).select_related("organisation", "group")


async def display_of(
    services: Services,
    organisation: Organisation,
    group: CameraGroup,
    key: str,
    name: str,
    options: SiteOptions,
) -> SiteDisplay:
    """What a site of this group with these settings shows: each camera by its own settings."""
    cameras = await members_of(group)
    return SiteDisplay(
        organisation=organisation,
        key=key,
        name=name,
        options=options,
        cameras=tuple(await _seen(services, cameras, organisation, options)),
        openings=tuple(
            camera.opening_changes_at
            for camera in cameras
            if not camera.is_open and not camera.stopped
        ),
    )


async def _seen(
    services: Services,
    cameras: Sequence[Camera],
    organisation: Organisation,
    options: SiteOptions,
) -> list[Seen]:
    chosen = Options(counts=options.counts)
    return [await seen_of(services, camera, organisation, chosen) for camera in cameras]
