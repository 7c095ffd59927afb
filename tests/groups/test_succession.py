"""The default camera goes: the next one inherits, and admins are told by mail and on the page."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.builders import make_camera, make_group
from tests.html import parsed, text_of
from tests.people import Person, hire
from webapp.mail.letters import unseal
from webapp.models import CameraGroup, Organisation, Outbox, Role
from webapp.outbox import MAIL_SEND
from webapp.services import Services


@pytest.fixture
async def groups(organisation: Organisation) -> list[CameraGroup]:
    """正面入口 is in three groups: the default camera of two, and alone in one of these."""
    front, south, north = [
        await make_camera(organisation, name) for name in ("正面入口", "南口", "北口")
    ]
    return [
        await make_group(organisation, "駅前", [south, front, north], default=front),
        await make_group(organisation, "入口", [front]),
        await make_group(organisation, "全部", [south, front, north], default=south),
    ]


async def test_a_camera_in_three_groups_is_deleted(
    alice: Person,
    bob: Person,
    services: Services,
    organisation: Organisation,
    groups: list[CameraGroup],
) -> None:
    await hire(organisation, "Dora", Role.ADMIN)
    await Organisation.filter(id=organisation.id).update(time_zone="America/New_York")
    front = await groups[1].default_camera
    assert front is not None
    answer = await alice.send_form(f"/cameras/{front.public_id}/delete")
    assert answer.status_code == 303
    kept = await CameraGroup.all().order_by("id").select_related("default_camera")
    assert [g.default_camera.name if g.default_camera else "" for g in kept] == [
        "北口",
        "",
        "南口",
    ]
    assert [g.lost_default for g in kept] == ["正面入口", "正面入口", ""]
    assert [g.version for g in kept] == [1, 1, 1], "who had the old members open is told"

    rows = await Outbox.filter(kind=MAIL_SEND).order_by("id")
    letters = [unseal(row.payload, services.sealer) for row in rows]
    assert {one.time_zone for one in letters} == {"America/New_York"}
    assert sorted(one.to for one in letters) == ["alice@nigiwai.test", "dora@nigiwai.test"]
    assert letters[0].values["groups"] == [
        {"name": "駅前", "heir": "北口"},
        {"name": "入口", "heir": ""},
    ]

    path = f"/groups/{kept[0].public_id}"
    assert "「北口」がデフォルトカメラになりました" in text_of(
        await alice.get(path), "#live .notice"
    )
    assert not parsed(await bob.get(path)).select("#live .notice"), "only admins can do something"
    assert (await alice.send_form(f"{path}/notice")).status_code == 303
    assert not parsed(await alice.get(path)).select("#live .notice")
    empty = await alice.get(f"/groups/{kept[1].public_id}")
    assert "カメラを選択してください" in text_of(empty, "#live .notice")
    assert "カメラなし" in text_of(empty, ".group-live .state")


async def test_deleting_a_camera_that_is_nobodys_default_tells_nobody(
    alice: Person, groups: list[CameraGroup]
) -> None:
    north = await make_camera(await groups[0].organisation, "別館")
    await alice.send_form(f"/cameras/{north.public_id}/delete")
    assert not await Outbox.filter(kind=MAIL_SEND).exists()
    assert not await CameraGroup.filter(lost_default__not="").exists()


async def test_choosing_another_default_takes_the_notice_back(
    alice: Person, groups: list[CameraGroup]
) -> None:
    group = groups[0]
    await CameraGroup.filter(id=group.id).update(
        lost_default="裏口", lost_default_at=datetime.now(UTC)
    )
    cameras = [row.camera for row in await group.members.all().select_related("camera")]
    await alice.send_form(
        f"/groups/{group.public_id}/basic",
        name="駅前",
        version="0",
        camera=[camera.public_id for camera in cameras],
        default=cameras[0].public_id,
    )
    assert (await CameraGroup.get(id=group.id)).lost_default == ""


async def test_a_notice_whose_time_is_not_known_breaks_no_page(
    alice: Person, groups: list[CameraGroup]
) -> None:
    group = groups[0]
    await CameraGroup.filter(id=group.id).update(lost_default="裏口", lost_default_at=None)
    for path in (f"/groups/{group.public_id}", f"/groups/{group.public_id}/live", "/groups"):
        assert (await alice.get(path)).status_code == 200
