"""The history that programs read: the numbers of the screen and of the CSV, bounded (F2, F3)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine

from tests.builders import make_camera, make_group
from tests.history.conftest import make_past
from tests.people import Person
from webapp.models import Camera, GroupQuarter, Observation, Organisation

TOKYO = ZoneInfo("Asia/Tokyo")
NOW = datetime(2026, 11, 27, 3, 7, tzinfo=UTC)  # 12:07 in Tokyo
PATH = "/api/v1/cameras/camera000001/history"


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
async def camera(organisation: Organisation) -> Camera:
    camera = await make_camera(organisation, public_id="camera000001")
    # 10:00 to 11:00 in Tokyo: a quarter hour of 4, one unknown, one of 0 to 14, one of 2.
    counts = [4] * 15 + [None] * 15 + list(range(15)) + [2] * 15
    await make_past(camera, datetime(2026, 11, 27, 1, 0, tzinfo=UTC), counts)
    return camera


async def ask(program: Person, **query: str) -> dict[str, Any]:
    answer = await program.get(PATH, params=query)
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said


MORNING = {"from": "2026-11-27T09:00:00+09:00", "to": "2026-11-27T12:00:00+09:00"}


async def test_quarter_hours_are_told_and_gaps_are_absent(program: Person, camera: Camera) -> None:
    said = await ask(program, **MORNING)
    assert said["items"] == [
        {
            "starts_at": f"2026-11-27T10:{minute}:00+09:00",
            "mean": mean,
            "max": high,
            "min": low,
            "count": count,
            "minutes": 15,
        }
        for minute, mean, high, low, count in (
            ("00", 4.0, 4, 4, 4.0),
            ("30", 7.0, 14, 0, 0.0),
            ("45", 2.0, 2, 2, 2.0),
        )
    ]
    assert (said["time_zone"], said["step"]) == ("Asia/Tokyo", "15m")


@pytest.mark.parametrize("step", ["15m", "30m", "1h", "2h", "3h", "6h", "12h", "1d"])
async def test_they_are_the_numbers_of_the_screen(
    step: str, program: Person, bob: Person, camera: Camera
) -> None:
    start, end = NOW - timedelta(days=1), NOW
    said = await ask(program, **{"from": start.isoformat(), "to": end.isoformat(), "step": step})
    mine = {
        int(datetime.fromisoformat(item["starts_at"]).timestamp()): (
            item["mean"],
            item["max"],
            item["min"],
            item["count"],
        )
        for item in said["items"]
    }
    seconds = {"15m": 900, "30m": 1800, "1d": 86400}.get(step) or int(step[:-1]) * 3600
    pixels = max(100, int(86_400 / seconds) * 2)
    range_ = f"from={int(start.timestamp())}&to={int(end.timestamp())}&pixels={pixels}"
    shown = (await bob.get(f"/cameras/camera000001/history/data?{range_}")).json()
    if shown["step"] == seconds:  # a chart of a day has no coarser steps than these
        rows = zip(*(shown[name] for name in ("x", "mean", "max", "min", "count")), strict=True)
        assert mine == {x: tuple(rest) for x, *rest in rows if rest[0] is not None}
    assert sum(item["minutes"] for item in said["items"]) == 45
    total = sum(item["mean"] * item["minutes"] for item in said["items"])
    assert total == pytest.approx(195, abs=0.5)


async def test_they_are_the_numbers_of_the_csv(program: Person, camera: Camera) -> None:
    """What the CSV has a row of, minute by minute, is what the steps are made of."""
    rows = await Observation.filter(camera_id=camera.id, count__not_isnull=True).order_by("minute")
    said = await ask(program, **MORNING)
    for item in said["items"]:
        start = datetime.fromisoformat(item["starts_at"])
        counts = [row.count for row in rows if start <= row.minute < start + timedelta(minutes=15)]
        assert (item["minutes"], item["max"], item["min"]) == (15, max(counts), min(counts))
        assert item["mean"] == round(sum(counts) / len(counts), 2)


async def test_a_day_is_one_of_the_organisations(program: Person, camera: Camera) -> None:
    said = await ask(program, **{**MORNING, "from": "2026-10-01T00:00:00+09:00", "step": "1d"})
    assert [item["starts_at"] for item in said["items"]] == ["2026-11-27T00:00:00+09:00"]
    await Organisation.all().update(time_zone="America/New_York")
    said = await ask(program, **{**MORNING, "from": "2026-10-01T00:00:00+09:00", "step": "1d"})
    assert [item["starts_at"] for item in said["items"]] == ["2026-11-26T00:00:00-05:00"]


async def test_a_group_has_its_own_sums(program: Person, organisation: Organisation) -> None:
    group = await make_group(organisation, "駅前", [await make_camera(organisation)])
    await GroupQuarter.create(
        organisation=organisation,
        group=group,
        quarter=datetime(2026, 11, 27, 1, tzinfo=UTC),
        total=45,
        n=15,
        low=1,
        high=6,
    )
    answer = await program.get(f"/api/v1/groups/{group.public_id}/history", params=MORNING)
    [item] = answer.json()["items"]
    assert (item["mean"], item["count"], answer.json()["kind"]) == (3.0, None, "group")


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-11-27T12:15:00+09:00", "2027-01-01T00:00:00+09:00"),  # yet to come
        ("2024-01-01T00:00:00Z", "2024-03-01T00:00:00Z"),  # no longer kept
        ("1970-01-01T00:00:00Z", "1970-01-02T00:00:00Z"),
        ("9998-12-30T00:00:00Z", "9998-12-31T00:00:00Z"),
        ("0001-01-02T00:00:00Z", "0001-01-03T00:00:00Z"),
        ("2026-11-27T13:00:00+09:00", "2026-11-27T13:00:01+09:00"),
    ],
)
async def test_where_nothing_can_be_there_is_nothing(
    start: str, end: str, program: Person, camera: Camera
) -> None:
    said = await ask(program, **{"from": start, "to": end, "step": "1d"})
    assert said["items"] == []


async def test_what_is_no_longer_kept_is_cut_off(program: Person, camera: Camera) -> None:
    start, end = NOW - timedelta(days=700), NOW - timedelta(days=340)
    said = await ask(program, **{"from": start.isoformat(), "to": end.isoformat(), "step": "1d"})
    assert said["items"] == []


@pytest.mark.parametrize("form", ["2026-11-27t01:00:00z", "2026-11-27T01:00:00.123456789Z"])
async def test_every_way_of_writing_an_instant_is_read(
    form: str, program: Person, camera: Camera
) -> None:
    said = await ask(program, **{"from": form, "to": "2026-11-27T01:59:60Z"})
    assert len(said["items"]) == 3


@pytest.mark.parametrize(
    ("changes", "parameter", "code"),
    [
        ({"from": ""}, "from", "bad_parameters"),
        ({"from": "2026-11-27"}, "from", "bad_parameters"),
        ({"from": "2026-11-27T09:00:00"}, "from", "bad_parameters"),  # whose nine o'clock?
        ({"from": "2026-11-27 09:00:00Z"}, "from", "bad_parameters"),
        ({"from": "2026-13-27T09:00:00Z"}, "from", "bad_parameters"),
        ({"from": "2026-11-27T09:00:00+99:00"}, "from", "bad_parameters"),
        ({"from": "0001-01-01T00:00:00+14:00"}, "from", "bad_parameters"),
        ({"to": "9999-12-31T23:59:60Z"}, "to", "bad_parameters"),
        ({"to": "9999-12-31T23:59:59-10:00"}, "to", "bad_parameters"),
        ({"from": "1795744800"}, "from", "bad_parameters"),
        ({"from": "now"}, "from", "bad_parameters"),
        ({"from": "２０２６-11-27T09:00:00Z"}, "from", "bad_parameters"),
        ({"step": "1m"}, "step", "bad_parameters"),
        ({"step": ""}, "step", "bad_parameters"),
        ({"limit": "5"}, "limit", "bad_parameters"),
        ({"to": MORNING["from"]}, "to", "range_reversed"),
        ({"to": "2026-11-27T08:00:00+09:00"}, "to", "range_reversed"),
        ({"to": "2028-01-01T00:00:00Z", "step": "1d"}, "to", "range_too_long"),
        ({"from": "0001-01-02T00:00:00Z", "step": "1d"}, "to", "range_too_long"),
        ({"from": "2026-11-01T00:00:00Z"}, "step", "too_many_steps"),
    ],
)
async def test_a_range_that_makes_no_sense_is_told_by_name(
    changes: dict[str, str], parameter: str, code: str, program: Person, camera: Camera
) -> None:
    answer = await program.get(PATH, params={**MORNING, **changes})
    assert answer.status_code == 422, answer.text
    assert answer.json()["code"] == code
    [wrong] = answer.json()["parameters"]
    assert wrong["name"] == parameter
    assert wrong["detail"]


async def test_both_ends_are_needed(program: Person, camera: Camera) -> None:
    answer = await program.get(PATH)
    assert [one["name"] for one in answer.json()["parameters"]] == ["from", "to"]


async def test_a_year_is_read_at_once_in_days(program: Person, camera: Camera) -> None:
    start = NOW - timedelta(days=366)
    said = await ask(program, **{"from": start.isoformat(), "to": NOW.isoformat(), "step": "1d"})
    assert [item["max"] for item in said["items"]] == [14]
