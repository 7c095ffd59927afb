"""Whatever changes settings is in the audit log: enumerated from the route table (S10)."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.builders import make_background, make_camera, make_embed, make_group, picture
from tests.html import one, parsed
from tests.people import Person
from webapp.access import Access
from webapp.audit.actions import Action
from webapp.backgrounds import builds
from webapp.identity.organisations import create_organisation
from webapp.models import AuditEntry, Camera, EmbedVariant, LicenceChange, Organisation
from webapp.operator import login_links
from webapp.operator.office import open_office
from webapp.operator.organisations import suspend_organisation
from webapp.services import Services
from webapp.urls import ENTRIES, Entry

# What is posted without changing any settings.
NOTHING_TO_TELL = {
    "/cameras/test": "tries a camera, keeps nothing",
    "/cameras/fields": "answers a part of a form",
    "/cameras/{camera}/test": "tries a camera, keeps nothing",
    "/cameras/{camera}/fields": "answers a part of a form",
    "/cameras/{camera}/mode/try": "shows AI modes, keeps nothing",
    "/cameras/{camera}/areas/try": "shows areas, keeps nothing",
    "/cameras/{camera}/hours/draft": "shows a month, keeps nothing",
    "/groups/{group}/hours/draft": "shows a month, keeps nothing",
    "/cameras/{camera}/background/upload": "a draft, registered by another step",
    "/cameras/{camera}/background/take": "a draft, registered by another step",
    "/cameras/{camera}/background/build/use": "a draft, registered by another step",
    "/groups/{group}/notice": "says that a notice was read",
    **{
        f"/{kind}/alerts/{part}": "tries settings, keeps nothing"
        for kind in ("cameras/{camera}", "groups/{group}")
        for part in ("trial", "test")
    },
    "/setup/later": "how far somebody got, no settings",
}

# What needs a camera cloud to answer, or several steps, is seen where it is tested.
TOLD_ELSEWHERE = {
    "/camera-cloud/{consent}/give-up": "camera_cloud/test_routes.py",
    "/cameras/new/cloud": "camera_cloud/test_routes.py",
    "/cameras/{camera}/replace/cloud": "camera_cloud/test_replacing.py",
    "/setup/{step}": "setup/test_setup.py",
    "/organisation/tokens": "api/test_tokens_page.py",
    "/organisation/tokens/{token}/revoke": "api/test_tokens_page.py",
}

SETTINGS = {"name": "みなと", "time_zone": "Asia/Seoul", "language": "en"}
HOURS = {"rule": "closed:1", "r1-repeat": "monthly", "r1-day": "1"}
CAMERA = {"name": "北口", "connector": "file", "path": "still.png", "engine": "standard"}
ALERT = {"is_on": "1", "stages": "2", "threshold_2": "5"}
NEW = {"name": "川辺", "admin_mail": "k@nigiwai.test", "admin_name": "三郎", "language": "ja"}

# The form that makes each route succeed, and what the log then says.
FORMS: dict[str, tuple[dict[str, Any], Action]] = {
    "/cameras/new": (CAMERA, Action.CAMERA_ADDED),
    "/cameras/{camera}/edit": (CAMERA, Action.CAMERA_CHANGED),
    "/cameras/{camera}/replace": (CAMERA, Action.CAMERA_REPLACED),
    "/cameras/{camera}/mode": ({"engine": "wide", "level": "3"}, Action.CAMERA_CHANGED),
    "/cameras/{camera}/rename": ({"name": "東口"}, Action.CAMERA_RENAMED),
    "/cameras/{camera}/delete": ({}, Action.CAMERA_REMOVED),
    "/cameras/{camera}/areas": (
        {"rule": "count", "points": "0,0 90,0 90,90"},
        Action.AREAS_CHANGED,
    ),
    "/cameras/{camera}/hours": (HOURS, Action.HOURS_CHANGED),
    "/cameras/{camera}/hours/copy": ({}, Action.HOURS_CHANGED),
    "/groups/{group}/hours": (HOURS, Action.HOURS_CHANGED),
    "/cameras/{camera}/background/register": ({"blur": "1"}, Action.BACKGROUND_REGISTERED),
    "/cameras/{camera}/background/pattern": (
        {"pattern": "day_night", "day_starts": "8:00", "day_ends": "16:00"},
        Action.BACKGROUND_PATTERN_CHANGED,
    ),
    "/cameras/{camera}/background/remove": ({}, Action.BACKGROUND_REMOVED),
    "/cameras/{camera}/background/build": ({}, Action.BACKGROUND_BUILD_STARTED),
    "/cameras/{camera}/background/build/cancel": ({}, Action.BACKGROUND_BUILD_ENDED),
    "/cameras/{camera}/embed": ({"form": "free"}, Action.EMBED_MADE),
    "/cameras/{camera}/embed/sites": ({"sites": "https://a.jp"}, Action.EMBED_SITES_CHANGED),
    "/cameras/{camera}/embed/renew": ({}, Action.EMBED_RENEWED),
    "/cameras/{camera}/embed/delete": ({}, Action.EMBED_REMOVED),
    "/cameras/{camera}/embed/{variant}/delete": ({}, Action.EMBED_CODE_REMOVED),
    "/groups/{group}/embed": ({"form": "free"}, Action.EMBED_MADE),
    "/groups/{group}/embed/sites": ({"sites": "https://a.jp"}, Action.EMBED_SITES_CHANGED),
    "/groups/{group}/embed/renew": ({}, Action.EMBED_RENEWED),
    "/groups/{group}/embed/delete": ({}, Action.EMBED_REMOVED),
    "/groups/{group}/embed/{variant}/delete": ({}, Action.EMBED_CODE_REMOVED),
    "/groups/{group}/site": ({"is_on": "1", "name": "駅前"}, Action.SITE_PUBLISHED),
    "/groups/new": ({"name": "駅前"}, Action.GROUP_ADDED),
    "/groups/{group}/basic": ({"name": "駅前広場", "version": "0"}, Action.GROUP_CHANGED),
    "/groups/{group}/cameras": ({"version": "0"}, Action.GROUP_CHANGED),
    "/groups/{group}/rename": ({"name": "駅裏"}, Action.GROUP_RENAMED),
    "/groups/{group}/delete": ({}, Action.GROUP_REMOVED),
    "/cameras/{camera}/alerts": (ALERT, Action.ALERT_CHANGED),
    "/groups/{group}/alerts": (ALERT, Action.ALERT_CHANGED),
    "/organisation": (SETTINGS, Action.ORGANISATION_CHANGED),
    "/operator/organisations/{organisation}/licence": (
        {"cameras": "3", "packs": "1"},
        Action.LICENCE_CHANGED,
    ),
    "/operator/organisations/{organisation}/licence/revoke": ({}, Action.LICENCE_REVOKED),
    "/operator/organisations/new": (NEW, Action.ORGANISATION_CREATED),
    "/operator/organisations/{organisation}/suspend": ({}, Action.ORGANISATION_SUSPENDED),
    "/operator/organisations/{organisation}/resume": ({}, Action.ORGANISATION_RESUMED),
    "/operator/organisations/{organisation}/invite": (
        {"mail": "x@nigiwai.test", "name": "四郎", "role": "general"},
        Action.MEMBER_INVITED,
    ),
}

GROUP = "group0000001"
VARIANT = "v" * 10

CHANGES = [e for e in ENTRIES if e.method == "POST" and e.access in {Access.ADMIN, Access.OPERATOR}]


@pytest.fixture
async def camera(services: Services, organisation: Organisation) -> Camera:
    """A camera with everything, of an organisation that the provider knows too."""
    assert services.settings.footage_dir is not None
    (services.settings.footage_dir / "still.png").write_bytes(picture(320, 240, ".png"))
    sealed = services.sealer.seal({"path": "secret-place.png"})
    camera = await make_camera(organisation, sealed=sealed)
    await make_background(services, camera)
    await make_embed(camera)
    await make_embed(await make_group(organisation, "駅前", [camera], public_id=GROUP))
    await EmbedVariant.all().update(name=VARIANT)
    await create_organisation(organisation.public_id, organisation.name, camera.created_at)
    return camera


async def _upload(alice: Person, camera: Camera) -> dict[str, str]:
    page = await alice.send_file(
        f"/cameras/{camera.public_id}/background/upload", "picture", picture(320, 240)
    )
    return {"draft": str(parsed(page).select("input[name=draft]")[0]["value"])}


def _version(path: str) -> Callable[[Person, Camera], Awaitable[dict[str, str]]]:
    async def read(alice: Person, camera: Camera) -> dict[str, str]:
        page = await alice.get(
            path.removesuffix("/sites")
            .replace("{camera}", camera.public_id)
            .replace("{group}", GROUP)
        )
        return {"version": str(one(page, "input[name=version]")["value"])}

    return read


async def _member(_alice: Person, camera: Camera) -> dict[str, str]:
    return {"camera": camera.public_id, "default": camera.public_id}


async def _another_member(_alice: Person, camera: Camera) -> dict[str, str]:
    return {"camera": (await make_camera(camera.organisation, "裏口")).public_id}


async def _pattern_version(alice: Person, camera: Camera) -> dict[str, str]:
    page = await alice.get(f"/cameras/{camera.public_id}/background")
    return {"version": str(one(page, "#pattern input[name=version]")["value"])}


async def _building(_alice: Person, camera: Camera) -> dict[str, str]:
    await builds.start(camera, datetime.now(UTC))
    return {}


async def _hours_version(alice: Person, camera: Camera) -> dict[str, str]:
    page = await alice.get(f"/cameras/{camera.public_id}/hours")
    return {"version": str(one(page, "input[name=version]")["value"])}


async def _hours_of_group(alice: Person, _camera: Camera) -> dict[str, str]:
    page = await alice.get(f"/groups/{GROUP}/hours")
    return {"version": str(one(page, "input[name=version]")["value"])}


async def _open_camera(_alice: Person, camera: Camera) -> dict[str, str]:
    await Camera.filter(id=camera.id).update(has_hours=True)
    return {"to": (await make_camera(camera.organisation, "裏口")).public_id}


async def _coming_change(_alice: Person, camera: Camera) -> dict[str, str]:
    now = datetime.now(UTC)
    change = await LicenceChange.create(
        organisation_id=camera.organisation_id,
        effective_on=now.date() + timedelta(days=9),
        made_at=now,
    )
    return {"change": change.public_id}


BEFORE: dict[str, Callable[[Person, Camera], Awaitable[dict[str, str]]]] = {
    "/cameras/{camera}/background/register": _upload,
    "/cameras/{camera}/background/build/cancel": _building,
    "/cameras/{camera}/hours": _hours_version,
    "/cameras/{camera}/hours/copy": _open_camera,
    "/groups/{group}/hours": _hours_of_group,
    "/groups/new": _member,
    "/groups/{group}/basic": _member,
    "/groups/{group}/cameras": _another_member,
    **{
        path: _version(path)
        for path in (
            "/organisation",
            "/cameras/{camera}/edit",
            "/cameras/{camera}/replace",
            "/cameras/{camera}/mode",
            "/cameras/{camera}/alerts",
            "/groups/{group}/alerts",
            "/groups/{group}/site",
            "/cameras/{camera}/embed/sites",
            "/groups/{group}/embed/sites",
        )
    },
    "/operator/organisations/{organisation}/licence/revoke": _coming_change,
    "/cameras/{camera}/background/pattern": _pattern_version,
}


def test_every_change_is_listed_once() -> None:
    paths = {entry.path for entry in CHANGES}
    kinds = (FORMS, NOTHING_TO_TELL, TOLD_ELSEWHERE)
    assert paths == {path for kind in kinds for path in kind}
    assert len(paths) == sum(map(len, kinds))
    for file in TOLD_ELSEWHERE.values():
        assert "AuditEntry" in (Path(__file__).parents[1] / file).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "entry", [e for e in CHANGES if e.path in FORMS], ids=lambda entry: entry.path
)
async def test_a_change_is_in_the_log(
    entry: Entry, alice: Person, olivia: Person, camera: Camera, services: Services
) -> None:
    fields, action = FORMS[entry.path]
    person = olivia if entry.access is Access.OPERATOR else alice
    more = await BEFORE[entry.path](alice, camera) if entry.path in BEFORE else {}
    path = entry.path.replace("{camera}", camera.public_id).replace("{group}", GROUP)
    owner = await Organisation.get(id=camera.organisation_id)
    path = path.replace("{organisation}", owner.public_id).replace("{variant}", VARIANT)
    if entry.path.endswith("/resume"):
        office = open_office(services.settings)
        await suspend_organisation(office, camera.created_at, organisation=owner.public_id)
    known = await AuditEntry.all().values_list("id", flat=True)

    answer = await person.send_form(path, **fields, **more)
    assert answer.status_code == 303, answer.text[:500]

    [told] = await AuditEntry.exclude(id__in=list(known)).select_related("organisation")
    member = person.member
    assert member is not None
    assert (told.action, told.actor, told.actor_name) == (action, member.public_id, member.name)
    assert told.address == "127.0.0.1"
    assert told.target
    assert told.target_name
    if entry.path != "/operator/organisations/new":
        assert told.organisation_id == owner.id
    assert "secret-place" not in json.dumps(told.details)
    assert "still.png" not in json.dumps(told.details)


@pytest.mark.parametrize("path", sorted(NOTHING_TO_TELL))
async def test_a_mere_try_is_not(path: str, alice: Person, camera: Camera) -> None:
    path = path.replace("{camera}", camera.public_id).replace("{group}", GROUP)
    if path.endswith("/upload"):
        await alice.send_file(path, "picture", picture(320, 240))
    else:
        await alice.send_form(path, **CAMERA)
    assert not await AuditEntry.exists()


async def test_saving_without_a_change_is_not(
    alice: Person, camera: Camera, services: Services
) -> None:
    base = f"/cameras/{camera.public_id}"
    kept = {**CAMERA, "name": camera.name, "path": "secret-place.png"}
    assert (await alice.save(f"{base}/edit", **kept)).status_code == 303
    mode = {"engine": camera.engine, "level": camera.level}
    assert (await alice.save(f"{base}/mode", **mode)).status_code == 303
    for path, form in (
        (f"{base}/rename", {"name": camera.name}),
        (f"{base}/areas", {}),
    ):
        assert (await alice.send_form(path, **form)).status_code == 303
    assert [entry.details for entry in await AuditEntry.all()] == []


async def test_a_refused_change_is_not(alice: Person, bob: Person, camera: Camera) -> None:
    base = f"/cameras/{camera.public_id}"
    assert (await alice.send_form(f"{base}/edit", name="")).status_code == 422
    assert (await bob.send_form(f"{base}/rename", name="x")).status_code == 403
    assert not await AuditEntry.exists()


async def test_what_leads_to_a_camera_is_told_by_its_field_alone(
    alice: Person, camera: Camera
) -> None:
    await alice.save(f"/cameras/{camera.public_id}/edit", **CAMERA)
    told = await AuditEntry.get()
    assert told.details["changed"] == {"source": None, "name": ["正面入口", "北口"]}


async def test_signing_in_and_out_is_told(
    alice: Person, anonymous: Person, services: Services
) -> None:
    assert alice.member is not None
    link = await login_links.create(services.settings, alice.member, datetime.now(UTC))
    path = link.removeprefix(services.settings.origin)
    await anonymous.get(path)
    assert not await AuditEntry.exists()
    assert (await anonymous.post(path)).status_code == 303
    await alice.send_form("/sign-out")
    told = await AuditEntry.all().order_by("id")
    assert [entry.action for entry in told] == [Action.SIGNED_IN, Action.SIGNED_OUT]
    assert {entry.actor for entry in told} == {alice.member.public_id}
    assert "token" not in json.dumps([entry.details for entry in told])
