"""When a camera has its turn: slots of a fixed length, counted from 1970 in UTC.

A slot is named by the instant at which it begins. It is open until the next one begins;
a picture taken later belongs to the next slot.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

# Turns begin in the first part of a slot, so that capture and analysis end inside it.
SPREAD = 0.8

# Cameras that wait for their first picture start this many a second.
SOON_PER_SECOND = 10

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def slot_of(at: datetime, interval: int) -> datetime:
    """Give the beginning of the slot in which ``at`` lies; ``interval`` in seconds."""
    length = timedelta(seconds=interval)
    return _EPOCH + (at.astimezone(UTC) - _EPOCH) // length * length


def due_at(camera_public_id: str, slot: datetime, interval: int) -> datetime:
    """When in ``slot`` the camera's turn is: the same share of every slot, by a stable hash.

    Thousands of cameras spread evenly over the first ``SPREAD`` of the slot.
    """
    return slot + timedelta(seconds=_share(camera_public_id) * interval * SPREAD)


def due_soon(camera_public_id: str, at: datetime, interval: int, waiting: int) -> datetime:
    """When a camera that was never seen has its first turn, among ``waiting`` such cameras.

    One camera starts at once; many spread over what is left of the slot.
    """
    left = (slot_of(at, interval) + timedelta(seconds=interval) - at).total_seconds()
    window = min((waiting - 1) / SOON_PER_SECOND, left * SPREAD)
    return at + timedelta(seconds=_share(camera_public_id) * window)


def slots_between(
    after: datetime, before: datetime, interval: int, at_most: timedelta
) -> Iterator[datetime]:
    """Yield the slots that begin after ``after`` and before ``before``, oldest first.

    Only those of the last ``at_most`` before ``before``: a machine that was off for a
    year is not asked for half a million of them.
    """
    length = timedelta(seconds=interval)
    slot = max(slot_of(after, interval) + length, slot_of(before - at_most, interval))
    while slot < before:
        yield slot
        slot += length


def _share(public_id: str) -> float:
    """Give a number in 0..1, stable for a camera and even over many of them."""
    digest = blake2b(public_id.encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64
