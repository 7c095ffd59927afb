"""Cameras that are counted together: sums, members, and who takes the default camera's place (S7).

A sum says how many cameras it rests on. One camera that is not known makes it "at least"; with
none known it is not known itself, never 0.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

MOST_GROUPS = 100  # an organisation
MOST_CAMERAS = 50  # a group

# How long after its minute a sample waits for cameras that have not answered yet.
PATIENCE = timedelta(seconds=10)

T = TypeVar("T", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Reading:
    """One member: whether it is to be counted now, and its count; None when it is not known."""

    is_open: bool
    count: int | None


@dataclass(frozen=True, slots=True)
class Sum:
    """What was counted in a group.

    ``count`` is the sum over ``known`` cameras of the ``members`` that were open. Cameras that
    are closed are no part of it: nobody is expected there.
    """

    count: int | None
    known: int
    members: int

    @property
    def is_partial(self) -> bool:
        """Whether the sum is only a lower bound. It may raise an alert, never clear one."""
        return 0 < self.known < self.members


def sum_of(readings: Iterable[Reading]) -> Sum:
    """Add up the members that are open."""
    counts = [reading.count for reading in readings if reading.is_open]
    known = [count for count in counts if count is not None]
    return Sum(sum(known) if known else None, len(known), len(counts))


def is_settled(minute: datetime, interval: int, at: datetime, pending: int) -> bool:
    """Whether the sample of ``minute`` can be taken at ``at``.

    ``pending`` members may still answer; after ``PATIENCE`` nobody waits for them. ``interval``
    is the length of a minute in seconds.
    """
    return not pending or at >= minute + timedelta(seconds=interval) + PATIENCE


def default_of(default: T | None, members: Sequence[T]) -> T | None:
    """The default camera among the members, in their order; the first one when it is not there."""
    if default is not None and default in members:
        return default
    return members[0] if members else None


def heir_of(default: T | None, members: Sequence[T], gone: Collection[T]) -> T | None:
    """Who is the default camera when those in ``gone`` have left: the next one in the order.

    After the last one it begins anew; None when nobody is left.
    """
    left = [member for member in members if member not in gone]
    if default in left or default not in members:
        return default_of(default, left)
    after = members[members.index(default) + 1 :]
    return next((member for member in after if member in left), left[0] if left else None)


def chosen_in_order(members: Sequence[T], chosen: Iterable[T]) -> list[T]:
    """The cameras that were chosen: members keep their places, new ones follow in their order."""
    wanted = list(dict.fromkeys(chosen))
    stay = [member for member in members if member in set(wanted)]
    return stay + [camera for camera in wanted if camera not in set(members)]


def hours_differ(hours: Iterable[Hashable]) -> bool:
    """Whether members keep different business hours; each is a value to compare."""
    return len(set(hours)) > 1
