"""The state machine in the transaction of an observation, and what follows from it (S3)."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest

from jobs import alerting, deliver
from tests.builders import make_camera, make_group, make_masked
from tests.mail.smtp import Post, running
from webapp.alerts.rules import StageSettings, policy_of_alert, read_stages, write_stages
from webapp.alerts.unsubscribing import read_token
from webapp.database import transaction
from webapp.domain.alerts import Sample, replay
from webapp.models import (
    Alert,
    AlertDelivery,
    AlertEvent,
    AlertState,
    Camera,
    CameraGroup,
    DeliveryState,
    EventKind,
    Organisation,
    Outbox,
)
from webapp.services import Services

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


async def make_alert(
    subject: Camera | CameraGroup,
    thresholds: Sequence[int] = (11,),
    addresses: Sequence[str] = ("a@shop.test",),
) -> Alert:
    """An alert that mails every stage from the second on."""
    stages = [StageSettings()] + [StageSettings(mail_on=True, addresses=tuple(addresses))] * 2
    whose = {"group": subject} if isinstance(subject, CameraGroup) else {"camera": subject}
    alert = await Alert.create(
        organisation_id=subject.organisation_id,
        thresholds=list(thresholds),
        stage_settings=write_stages(stages),
        **whose,
    )
    await AlertState.create(organisation_id=subject.organisation_id, alert=alert)
    return alert


async def feed(
    services: Services, subject: Camera | CameraGroup, samples: Sequence[Sample], picture: str = ""
) -> None:
    """Note samples as the observation does, each in its transaction."""
    note = alerting.note_group if isinstance(subject, CameraGroup) else alerting.note_camera
    for sample in samples:
        async with transaction() as db:
            await note(db, services.settings, subject.id, sample, picture)


def minutes(*counts: int | None) -> list[Sample]:
    return [Sample(NOON + number * MINUTE, count) for number, count in enumerate(counts)]


@pytest.fixture
async def camera(organisation: Organisation) -> Camera:
    return await make_camera(organisation, "正面入口")


@pytest.fixture
def post() -> Iterator[Post]:
    with running() as server:
        yield server


def with_post(services: Services, post: Post) -> Services:
    url = f"smtp://127.0.0.1:{post.port}?starttls=never"
    settings = services.settings.model_copy(update={"mail_url": url})
    return replace(services, settings=settings)


async def test_a_stage_that_is_entered_mails_each_address_once(
    services: Services, camera: Camera, post: Post
) -> None:
    await make_alert(camera, (11, 20), ("a@shop.test", "b@shop.test", "a@shop.test"))
    key = await make_masked(services, camera)
    await feed(services, camera, minutes(0, 15, 15, 15, 15, 15), key)
    services = with_post(services, post)
    while await deliver.deliver_due(services, datetime.now(UTC)):
        pass
    assert sorted(mail["To"] for mail in post.mails) == ["a@shop.test", "b@shop.test"]
    mail = post.mails[0]
    assert mail["Subject"] == "【正面入口】混雑状態を検知しました"
    assert mail["From"].addresses[0].addr_spec == "alerts@localhost"
    text = text_of(mail)
    assert text.startswith(
        "正面入口 に 11 人以上の人が検知されました。\n"
        "該当カメラの検知範囲が混雑している可能性があります。\n"
    )
    assert f"https://nigiwai.test/cameras/{camera.public_id}" in text
    pictures = [part for part in mail.walk() if part.get_content_type() == "image/jpeg"]
    assert [part["Content-ID"] for part in pictures] == ["<picture>"]
    assert pictures[0].get_content() == await services.storage.get(key)
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    token = str(mail["List-Unsubscribe"]).partition("?t=")[2].rstrip(">")
    assert read_token(services.settings, token) == ((await Alert.get()).id, mail["To"])
    assert {row.state for row in await AlertDelivery.all()} == {DeliveryState.DELIVERED}
    event = await AlertEvent.get()
    assert (event.kind, event.stage, event.count, event.threshold) == (EventKind.RISE, 2, 15, 11)


async def test_a_mail_tells_the_time_of_the_organisation(
    services: Services, camera: Camera, post: Post
) -> None:
    await Organisation.filter(id=camera.organisation_id).update(time_zone="Europe/London")
    await make_alert(camera)
    await feed(services, camera, minutes(0, 15, 15))
    await deliver.deliver_due(with_post(services, post), datetime.now(UTC))
    assert "13:02（英国夏時間）" in text_of(post.mails[0])


@pytest.mark.parametrize("seed", range(3))
async def test_replay_equals_live_exactly(services: Services, camera: Camera, seed: int) -> None:
    dice = random.Random(seed)
    alert = await make_alert(camera, (8, 14))
    counts = [dice.choice([None, *range(18)]) for _ in range(60)]
    steady = [count for count in dice.choices([3, 9, 15, None], k=12) for _ in range(4)]
    samples = minutes(*counts, *steady)
    await feed(services, camera, samples)
    policy = policy_of_alert(alert, services.settings.capture_interval)
    steps = list(replay(policy, samples, MINUTE))
    expected = [
        (change.minute, change.before, change.stage, change.count, change.was_told)
        for _, change in steps
        if change
    ]
    rows = await AlertEvent.all().order_by("id")
    live = [(row.minute, row.before, row.stage, row.count, row.was_told) for row in rows]
    assert expected
    assert live == expected
    told = sum(1 for _, change in steps if change and change.tells)
    assert await AlertDelivery.all().count() == told
    assert (await AlertState.get()).stage == steps[-1][0].stage


async def test_what_is_rolled_back_tells_nobody(services: Services, camera: Camera) -> None:
    await make_alert(camera)
    await feed(services, camera, minutes(15))
    with pytest.raises(RuntimeError, match="killed"):
        await _note_and_die(services, camera)
    assert await Outbox.all().count() == await AlertEvent.all().count() == 0
    assert (await AlertState.get()).stage == 1
    await feed(services, camera, [Sample(NOON + MINUTE, 15)])
    await feed(services, camera, [Sample(NOON + MINUTE, 15)])
    assert await Outbox.all().count() == 1


async def _note_and_die(services: Services, camera: Camera) -> None:
    async with transaction() as db:
        sample = Sample(NOON + MINUTE, 15)
        await alerting.note_camera(db, services.settings, camera.id, sample)
        raise RuntimeError("killed")


async def test_a_server_that_is_away_for_an_hour_gets_everything_in_order(
    services: Services, camera: Camera, post: Post
) -> None:
    alert = await make_alert(camera, addresses=("a@shop.test", "b@shop.test"))
    for hour in range(4):
        start = NOON + timedelta(minutes=20 * hour)
        counts = [15, 15, 0, 0]
        await feed(services, camera, [Sample(start + n * MINUTE, c) for n, c in enumerate(counts)])
        await AlertEvent.filter(minute=start + MINUTE).update(count=20 + hour)
    assert await Outbox.all().count() == 8
    away = services.settings.model_copy(update={"mail_url": "smtp://127.0.0.1:1?starttls=never"})
    gone = replace(services, settings=away)
    begun = datetime.now(UTC)
    for minute in range(60):
        await deliver.deliver_due(gone, begun + minute * MINUTE)
    assert post.mails == []
    assert all(one.error for one in await AlertDelivery.filter(id__in=[1, 2]))
    # A day of patience: nothing was given up, and what waits goes within five minutes.
    back = with_post(services, post)
    at = begun + timedelta(minutes=66)
    while await deliver.deliver_due(back, at):
        pass
    for address in ("a@shop.test", "b@shop.test"):
        got = [mail for mail in post.mails if mail["To"] == address]
        assert [_count(mail) for mail in got] == [20, 21, 22, 23]
        assert len({mail["Message-ID"] for mail in got}) == 4
    assert alert.id
    assert await AlertDelivery.filter(state=DeliveryState.DELIVERED).count() == 8
    assert await deliver.deliver_due(back, at + timedelta(hours=2)) == 0


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def _count(mail: EmailMessage) -> int:
    text = text_of(mail)
    return int(text.partition("検知人数: ")[2].partition("人")[0])


async def test_a_refused_recipient_is_given_up_and_holds_up_nobody(
    services: Services, camera: Camera, post: Post
) -> None:
    post.rcpt_answers.append("550 no such user")
    await make_alert(camera)
    again = [15, 15, 0, 0, *[0] * 14]
    await feed(services, camera, minutes(*again, *again))
    services = with_post(services, post)
    while await deliver.deliver_due(services, datetime.now(UTC)):
        pass
    states = await AlertDelivery.all().order_by("id").values_list("state", flat=True)
    assert states == [DeliveryState.FAILED, DeliveryState.DELIVERED]
    assert len(post.mails) == 1
    assert "refuses the recipient" in (await AlertDelivery.get(id=1)).error


async def test_closing_resets_without_a_mail(services: Services, camera: Camera) -> None:
    await make_alert(camera)
    await feed(services, camera, minutes(15, 15))
    await Camera.filter(id=camera.id).update(is_open=False)
    await alerting.reset_closed(services.settings, NOON + MINUTE)
    assert (await AlertState.get()).stage == 2, "the minute that was sampled is not over"
    for _ in range(2):
        await alerting.reset_closed(services.settings, NOON + 2 * MINUTE)
    assert (await AlertState.get()).stage == 1
    kinds = await AlertEvent.all().order_by("id").values_list("kind", flat=True)
    assert kinds == [EventKind.RISE, EventKind.CLOSED]
    assert await Outbox.all().count() == 1


async def test_a_group_has_a_form_of_its_own_and_a_partial_sum_never_clears(
    services: Services, organisation: Organisation, camera: Camera, post: Post
) -> None:
    group = await make_group(organisation, "駅前", [camera])
    await make_alert(group)
    await feed(services, group, minutes(15, 15))
    partial = [Sample(NOON + (2 + n) * MINUTE, 0, is_partial=True) for n in range(5)]
    await feed(services, group, partial)
    assert (await AlertState.get()).stage == 2
    services = with_post(services, post)
    await deliver.deliver_due(services, datetime.now(UTC))
    [mail] = post.mails
    text = text_of(mail)
    assert text.startswith("駅前 のカメラの合計で 11 人以上の人が検知されました。")
    assert f"/groups/{group.public_id}" in text


async def test_an_alert_that_is_off_does_nothing(services: Services, camera: Camera) -> None:
    alert = await make_alert(camera)
    await Alert.filter(id=alert.id).update(is_on=False)
    await feed(services, camera, minutes(15, 15, 15))
    assert await AlertEvent.all().count() == 0


async def test_a_name_with_line_breaks_adds_no_header(
    services: Services, camera: Camera, post: Post
) -> None:
    await Camera.filter(id=camera.id).update(name="入口\r\nBcc: evil@test\u202eX")
    await make_alert(camera)
    await feed(services, camera, minutes(15, 15))
    await deliver.deliver_due(with_post(services, post), datetime.now(UTC))
    [mail] = post.mails
    assert mail["Bcc"] is None
    assert post.envelopes[0].rcpt_tos == ["a@shop.test"]


async def test_what_is_stored_is_read_back(services: Services, camera: Camera) -> None:
    alert = await make_alert(camera)
    stages = read_stages(alert.stage_settings)
    assert read_stages(json.dumps(write_stages(stages))) == stages
    assert read_stages([]) == [StageSettings()] * 3
