from collections import Counter
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain.schedule import due_at, due_soon, slot_of, slots_between

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MOMENTS = st.integers(946_684_800_000_000, 4_102_444_800_000_000).map(
    lambda number: datetime.fromtimestamp(0, UTC) + timedelta(microseconds=number)
)


@given(at=MOMENTS, interval=st.integers(2, 3600))
def test_an_instant_lies_in_its_slot_and_in_no_other(at: datetime, interval: int) -> None:
    slot = slot_of(at, interval)
    assert slot <= at < slot + timedelta(seconds=interval)
    assert slot_of(slot, interval) == slot
    assert slot_of(at.astimezone(timezone(timedelta(hours=9))), interval) == slot


@given(camera=st.text(min_size=1, max_size=16), interval=st.integers(2, 3600))
def test_a_turn_lies_in_its_slot_and_leaves_time_to_end(camera: str, interval: int) -> None:
    due = due_at(camera, NOON, interval)
    assert NOON <= due <= NOON + timedelta(seconds=0.8 * interval)
    assert due_at(camera, NOON + timedelta(hours=1), interval) == due + timedelta(hours=1)


@pytest.mark.parametrize("cameras", [1000, 2000, 5000])
def test_the_busiest_second_has_at_most_twice_the_mean(cameras: int) -> None:
    seconds = Counter(
        int((due_at(f"camera{n:06}", NOON, 60) - NOON).total_seconds()) for n in range(cameras)
    )
    assert max(seconds.values()) <= 2 * cameras / 60


@given(camera=st.text(min_size=1, max_size=16), at=MOMENTS, waiting=st.integers(1, 10_000))
def test_a_new_camera_starts_soon_and_within_its_slot(
    camera: str, at: datetime, waiting: int
) -> None:
    due = due_soon(camera, at, 60, waiting)
    assert at <= due <= slot_of(at, 60) + timedelta(seconds=60)
    assert due <= at + timedelta(seconds=waiting / 10)


def test_slots_between_leaves_out_both_ends() -> None:
    minute = timedelta(minutes=1)
    found = list(slots_between(NOON, NOON + 4 * minute, 60, timedelta(hours=24)))
    assert found == [NOON + minute, NOON + 2 * minute, NOON + 3 * minute]
    assert list(slots_between(NOON, NOON + minute, 60, timedelta(hours=24))) == []


def test_slots_between_looks_back_no_further_than_asked() -> None:
    found = list(slots_between(NOON - timedelta(days=365), NOON, 60, timedelta(hours=1)))
    assert len(found) == 60
    assert found[0] == NOON - timedelta(hours=1)
