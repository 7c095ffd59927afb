"""The demonstration: three cameras that work, made once."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from webapp.alerts.rules import policy_of_alert
from webapp.alerts.trial import trial_of
from webapp.connectors import surroundings_of
from webapp.connectors.file import FileConnector
from webapp.demo.seed import CAMERAS, FOLDER, demo_accounts, demo_settings, seed
from webapp.domain.embeds import Options, read_options
from webapp.domain.pictures import decode
from webapp.errors import UserError
from webapp.identity.models import Account, Consent, Role
from webapp.identity.models import Organisation as IdentityOrganisation
from webapp.identity.models import Outbox as IdentityOutbox
from webapp.identity.parts import Parts, build_parts
from webapp.identity.passwords import Passwords, check_password
from webapp.models import (
    Alert,
    AlertEvent,
    Background,
    Camera,
    CameraGroup,
    EmbedVariant,
    EventKind,
    GroupObservation,
    GroupQuarter,
    Member,
    Organisation,
    Outbox,
)
from webapp.services import Services, build_services
from webapp.settings import Settings

AT = datetime(2026, 4, 1, 3, 0, tzinfo=UTC)


@pytest.fixture
def services(any_database: Settings) -> Services:
    return build_services(demo_settings(any_database))


@pytest.fixture
def parts(any_database: Settings) -> Parts:
    # As argon2 would, but quickly.
    return replace(build_parts(any_database), passwords=Passwords(memory_kib=64, passes=1))


async def test_it_is_made_once_and_then_left_alone(services: Services, parts: Parts) -> None:
    await seed(services, parts, AT)
    await Camera.filter(name="広場 中央").update(name="renamed")
    await Camera.filter(name="通路 東側").delete()
    await Account.filter(mail="member@demo.example").delete()
    await seed(services, parts, AT)
    names = [organisation.name for organisation in await Organisation.all().order_by("id")]
    assert names == ["デモ商店街", "はじめての図書館", "事業者"]
    assert [camera.name for camera in await Camera.all().order_by("id")] == ["広場 全景", "renamed"]
    assert await Account.all().count() == 3
    assert not await Member.exists(), "members come by signing in"


async def test_the_street_has_a_group_and_alerts_with_a_past(
    services: Services, parts: Parts
) -> None:
    await seed(services, parts, AT)
    group = await CameraGroup.get().select_related("latest")
    since = AT - timedelta(days=30)
    assert await GroupObservation.filter(group=group, minute__gte=since).exists()
    assert await GroupQuarter.filter(group=group, quarter__gte=since).exists()
    alerts = await Alert.all().order_by("id").select_related("camera", "group", "state")
    for alert in alerts:
        subject = alert.camera or alert.group
        assert subject is not None
        policy = policy_of_alert(alert, 60)
        trial = await trial_of(subject, policy, timedelta(minutes=1), AT)
        whose = {"camera_id": alert.camera_id, "group_id": alert.group_id}
        rises = await AlertEvent.filter(kind=EventKind.RISE, **whose).count()
        assert rises == trial.entered > 20
        assert alert.state.minute is not None
    assert len(alerts) == 2
    events = await AlertEvent.all().count()
    await seed(services, parts, AT)
    assert await AlertEvent.all().count() == events
    assert await Outbox.all().count() == 0, "nobody is told of what was made up"


async def test_both_databases_know_the_same_organisations(services: Services, parts: Parts) -> None:
    await seed(services, parts, AT)
    fields = ("public_id", "name", "is_operator")
    core = await Organisation.all().order_by("id").values(*fields)
    assert core == await IdentityOrganisation.all().order_by("id").values(*fields)
    counts = [await Camera.filter(organisation__public_id=row["public_id"]).count() for row in core]
    assert counts == [3, 0, 0]


async def test_everybody_who_is_printed_can_sign_in_and_consented_to_nothing(
    services: Services, parts: Parts
) -> None:
    await seed(services, parts, AT)
    accounts = demo_accounts()
    assert [account.mail for account in accounts] == [
        "admin@demo.example",
        "member@demo.example",
        "new@demo.example",
        "operator@demo.example",
    ]
    for shown in accounts:
        account = await Account.get(mail=shown.mail).select_related("organisation")
        assert account.organisation.name == shown.organisation
        assert await parts.passwords.verify(shown.password, account.password_hash)
        with pytest.raises(UserError):  # it is for the demonstration alone
            check_password(shown.password, "someone@nigiwai.test", "")
    roles = [account.role for account in await Account.all().order_by("id")]
    assert roles == [Role.ADMIN, Role.GENERAL, Role.ADMIN, Role.OPERATOR]
    assert not await Consent.exists()
    assert not await IdentityOutbox.exists(), "nobody gets a mail"


async def test_what_a_start_left_half_made_is_made_whole(services: Services, parts: Parts) -> None:
    await seed(services, parts, AT)
    await Organisation.filter(public_id="demolibrary").delete()
    await IdentityOrganisation.filter(public_id="operator").delete()
    await seed(services, parts, AT)
    assert await Organisation.all().count() == await IdentityOrganisation.all().count() == 3
    assert await Account.filter(mail="operator@demo.example").exists()


async def test_with_another_provider_there_are_no_accounts(services: Services) -> None:
    settings = services.settings.model_copy(update={"oidc_issuer": "https://id.example"})
    await seed(build_services(settings, services.engines), build_parts(settings), AT)
    assert await Organisation.all().count() == 3
    assert not await IdentityOrganisation.exists()


async def test_each_camera_shows_its_part_and_has_its_background(
    services: Services, parts: Parts
) -> None:
    await seed(services, parts, AT)
    connector = FileConnector(surroundings_of(services.settings))
    cameras = await Camera.all().order_by("id").select_related("latest")
    assert len(cameras) == len(CAMERAS)
    for camera, demo in zip(cameras, CAMERAS, strict=True):
        source = services.sealer.unseal(camera.source)
        frame = decode((await connector.fetch(source, AT, 10)).data)
        assert (frame.width, frame.height) == (demo.crop.width, demo.crop.height)
        background = await Background.get(camera=camera)
        data = await services.storage.get(background.picture)
        assert data is not None
        assert hashlib.sha256(data).hexdigest() == background.sha256
        empty = decode(data)
        assert (empty.width, empty.height) == (frame.width, frame.height)
        assert background.picture.startswith(f"backgrounds/{camera.public_id}/")
        variant = await EmbedVariant.get(embed_key__camera_id=camera.id)
        assert read_options(variant.options) == Options()


async def test_the_clip_runs_on(database: Settings) -> None:
    connector = FileConnector(surroundings_of(demo_settings(database)))
    stills = [
        (await connector.fetch({"path": "pets09_s2l1.mp4"}, AT + timedelta(minutes=n), 10)).data
        for n in range(4)
    ]
    assert len(set(stills)) == 4


def test_crops_have_the_shape_of_the_whole() -> None:
    for camera in CAMERAS:
        assert camera.crop.width >= 380
        assert camera.crop.width * 3 == camera.crop.height * 4


def test_the_truth_fits_the_clip() -> None:
    truth = json.loads((FOLDER / "truth.json").read_text(encoding="utf-8"))
    (entry,) = json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8"))
    assert entry["truth"] == "truth.json"
    assert entry["frames"] == truth["frames"] == len(truth["truth"]) == 795
    assert (FOLDER / entry["file"]).stat().st_size < 5_000_000
    for number, frame in enumerate(truth["truth"]):
        assert frame["frame"] == number
        assert frame["persons"] == len(frame["boxes"])
