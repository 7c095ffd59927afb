"""What goes when it is old, and the months that are made ahead."""

from datetime import UTC, datetime, timedelta

from jobs import retention, sql
from jobs.sweep import sweep
from tests.jobs.conftest import NOON, World, jpeg, make_background, make_cameras
from webapp import heartbeat
from webapp.domain.health import CameraState
from webapp.models import (
    Camera,
    Heartbeat,
    Latest,
    LoginLink,
    Member,
    Observation,
    Outbox,
    Session,
    Slot,
)
from webapp.settings import Settings


async def observation(camera: Camera, minute: datetime) -> None:
    await Observation.create(
        organisation_id=camera.organisation_id,
        camera=camera,
        minute=minute,
        state=CameraState.OK,
        count=1,
    )


async def test_counts_are_kept_for_a_year_and_not_longer(world: World) -> None:
    [camera] = await make_cameras(world.services)
    kept = timedelta(days=world.settings.counts_kept_days)
    ages = [timedelta(0), kept - timedelta(minutes=1), kept + timedelta(minutes=1), 2 * kept]
    for age in ages:
        await observation(camera, NOON - age)
    await retention.retain(world.settings, NOON)
    left = await Observation.all().order_by("-minute").values_list("minute", flat=True)
    assert left == [NOON - age for age in ages[:2]]


async def test_ledger_links_sessions_and_outbox_rows_go(world: World) -> None:
    [camera] = await make_cameras(world.services)
    owner = {"organisation_id": camera.organisation_id}
    member = await Member.create(**owner, name="花子", mail="h@example.com")
    for age in (timedelta(minutes=1), timedelta(days=200)):
        await Slot.create(**owner, camera=camera, minute=NOON - age, due_at=NOON - age)
        token = str(age)
        expires = NOON + timedelta(hours=1) - age
        await LoginLink.create(**owner, member=member, token_hash=token, expires_at=expires)
        await Session.create(
            **owner, member=member, token_hash=token, csrf_token="", expires_at=expires
        )
        await Outbox.create(
            **owner, kind="a", payload={}, dedupe_key=token, due_at=NOON, done_at=NOON - age
        )
        await heartbeat.beat(token, NOON - age)
    await Outbox.create(**owner, kind="a", payload={}, dedupe_key="waits", due_at=NOON)
    await retention.retain(world.settings, NOON)
    assert await Slot.all().count() == 1
    assert await LoginLink.all().count() == 1
    assert await Session.all().count() == 1
    assert await Outbox.all().count() == 2
    assert await Heartbeat.all().count() == 1


async def test_months_are_made_ahead_and_dropped_whole(postgres: Settings) -> None:
    db = sql.connection(postgres)
    await retention.make_partitions(db, datetime(2026, 11, 15, tzinfo=UTC))
    await retention.make_partitions(db, datetime(2026, 12, 15, tzinfo=UTC))
    assert await partitions(postgres) == [
        "observation_2026_11",
        "observation_2026_12",
        "observation_2027_01",
        "observation_2027_02",
    ]
    await retention.drop_partitions(db, datetime(2026, 12, 31, 23, 59, tzinfo=UTC))
    assert (await partitions(postgres))[0] == "observation_2026_12"
    await retention.drop_partitions(db, datetime(2027, 1, 1, tzinfo=UTC))
    assert (await partitions(postgres))[0] == "observation_2027_01"


async def test_rows_that_came_before_their_month_are_moved(postgres: Settings) -> None:
    from tests.jobs.conftest import make_world

    world = make_world(postgres)
    [camera] = await make_cameras(world.services)
    for days in (0, 31, 62, 200):
        await observation(camera, NOON + timedelta(days=days))
    await retention.retain(postgres, NOON)
    rows = await sql.fetch(
        sql.connection(postgres),
        "SELECT tableoid::regclass::text AS part FROM observation ORDER BY minute",
    )
    assert [row["part"] for row in rows] == [
        "observation_2026_03",
        "observation_2026_04",
        "observation_2026_05",
        "observation_default",
    ]
    # Unique and cascading still, in the new tables too.
    await Camera.all().delete()
    assert await Observation.all().count() == 0
    world.shop.analysis.close()


async def partitions(settings: Settings) -> list[str]:
    rows = await sql.fetch(
        sql.connection(settings),
        "SELECT inhrelid::regclass::text AS name FROM pg_inherits "
        "WHERE inhparent = 'observation'::regclass ORDER BY 1",
    )
    return [row["name"] for row in rows if row["name"] != "observation_default"]


async def test_the_sweep_leaves_what_is_named_or_new(world: World) -> None:
    [camera] = await make_cameras(world.services)
    background = await make_background(world.services, camera)
    storage = world.services.storage
    for key in ("masked/a/named.jpg", "masked/a/old.jpg", "backgrounds/a/lost.png", "other/a.jpg"):
        await storage.put(key, jpeg())
    await Latest.filter(camera_id=camera.id).update(picture="masked/a/named.jpg")
    now = datetime.now(UTC)
    assert await sweep(world.services, now + timedelta(minutes=9)) == 0
    assert await sweep(world.services, now + timedelta(minutes=11)) == 2
    assert await storage.get("masked/a/named.jpg")
    assert await storage.get(background.picture)
    assert await storage.get("other/a.jpg")
    assert await storage.get("masked/a/old.jpg") is None
    assert await storage.get("backgrounds/a/lost.png") is None


async def test_a_candidate_for_a_background_lapses_after_half_an_hour(world: World) -> None:
    await world.services.storage.put("drafts/a/candidate.bin", b"sealed")
    now = datetime.now(UTC)
    assert await sweep(world.services, now + timedelta(minutes=29)) == 0
    assert await sweep(world.services, now + timedelta(minutes=31)) == 1
