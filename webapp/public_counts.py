"""Whether the public may learn a camera's count: what its embeds and sites say of it (E1).

A camera's count is shown, or hidden, by each variant of its own embed and of the embeds of its
groups, and by the sites of its groups. Two things follow, and they differ where one place shows
what another hides:

- where it is shown somewhere, a record of a picture tells nothing new: to anybody if it is hidden
  nowhere, else to whoever comes from there (B1),
- ``/healthz``, which nobody chose to publish, tells it only where it is hidden nowhere (B7).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from tortoise.expressions import Q

from webapp.domain.embeds import read_options as read_embed_options
from webapp.domain.sites import read_options as read_site_options
from webapp.models import CameraGroupMember, EmbedVariant, Site


@dataclass(slots=True)
class Publishing:
    """What is said of a camera's count, True for shown: by its own embed, and by its groups."""

    own: set[bool] = field(default_factory=set)
    groups: set[bool] = field(default_factory=set)

    @property
    def shows_somewhere(self) -> bool:
        """Whether some embed or site shows the count."""
        return True in self.own | self.groups

    @property
    def hides_somewhere(self) -> bool:
        """Whether some embed or site hides the count."""
        return False in self.own | self.groups

    @property
    def hides_nowhere(self) -> bool:
        """Whether the camera has an embed of its own, and none of all embeds and sites hides it."""
        return bool(self.own) and not self.hides_somewhere


async def of_camera(camera_id: int) -> Publishing:
    """What is said of one camera's count."""
    groups = await CameraGroupMember.filter(camera_id=camera_id).values_list("group_id", flat=True)
    found = await _read(
        Q(embed_key__camera_id=camera_id) | Q(embed_key__group_id__in=groups),
        Q(group_id__in=groups),
        Q(camera_id=camera_id),
    )
    return found.get(camera_id, Publishing())


async def of_all() -> Mapping[int, Publishing]:
    """What is said of the counts of all cameras of the installation, by camera id.

    A camera of which nothing is said is not there.
    """
    return await _read(Q(), Q(), Q())


async def _read(variants: Q, sites: Q, members: Q) -> dict[int, Publishing]:
    found: dict[int, Publishing] = defaultdict(Publishing)
    by_group: dict[int, set[bool]] = defaultdict(set)
    rows = await EmbedVariant.filter(variants).values_list(
        "embed_key__camera_id", "embed_key__group_id", "options"
    )
    for camera, group, options in rows:
        said = found[camera].own if camera else by_group[group]
        said.add(read_embed_options(options).counts)
    for group, options in await Site.filter(sites).values_list("group_id", "options"):
        by_group[group].add(read_site_options(options).counts)
    of_groups = CameraGroupMember.filter(members, group_id__in=list(by_group))
    for camera, group in await of_groups.values_list("camera_id", "group_id"):
        found[camera].groups |= by_group[group]
    return found
