"""Whether the public may learn a camera's count, by what its embeds and sites say (B1, B7, E1)."""

from __future__ import annotations

import pytest

from tests.builders import make_camera, make_embed, make_group, make_variant
from webapp import public_counts
from webapp.models import Camera, Organisation, Site


@pytest.mark.parametrize(
    ("own", "groups", "somewhere", "nowhere"),
    [
        (set(), set(), False, False),
        ({True}, set(), True, True),
        ({False}, set(), False, False),
        ({True, False}, set(), True, False),
        ({True}, {True}, True, True),
        ({True}, {False}, True, False),
        ({False}, {True}, True, False),
        (set(), {True}, True, False),
        (set(), {False}, False, False),
    ],
)
def test_shown_somewhere_is_not_hidden_nowhere(
    own: set[bool], groups: set[bool], somewhere: bool, nowhere: bool
) -> None:
    said = public_counts.Publishing(own, groups)
    assert (said.shows_somewhere, said.hides_nowhere) == (somewhere, nowhere)


async def test_each_place_is_asked(organisation: Organisation) -> None:
    """Its own embed's variants, and the embeds and sites of its groups; of others' none."""
    camera, other = await make_camera(organisation), await make_camera(organisation, "裏口")
    assert await _said(camera) == (set(), set())
    embed = await make_embed(camera)
    assert await _said(camera) == ({True}, set())
    await make_variant(embed, counts=False)
    assert await _said(camera) == ({True, False}, set())
    group = await make_group(organisation, "駅前", [camera, other])
    assert await _said(camera) == ({True, False}, set())
    site = await Site.create(organisation=organisation, group=group, name="駅前", options={})
    assert await _said(camera) == ({True, False}, {False})
    await site.delete()
    await make_embed(group)
    assert await _said(camera) == ({True, False}, {True})
    assert await _said(other) == (set(), {True})
    elsewhere = await make_group(organisation, "港", [other])
    await make_embed(elsewhere, counts=False)
    assert await _said(camera) == ({True, False}, {True})
    assert await _said(other) == (set(), {True, False})


async def _said(camera: Camera) -> tuple[set[bool], set[bool]]:
    """What is said of it; whether one is asked or all makes no difference."""
    one = await public_counts.of_camera(camera.id)
    assert (await public_counts.of_all()).get(camera.id, public_counts.Publishing()) == one
    return one.own, one.groups
