"""One reading serves many for a second, and what an address is refused takes nothing (E5, E3)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Self

from webapp.embeds.shown import Displays
from webapp.embeds.visitors import Shares


@dataclass
class Word:
    """Something that is shown."""

    text: str

    def of_then(self) -> Self:
        """The same."""
        return self


async def test_whoever_joins_a_reading_makes_it_no_fresher() -> None:
    now = 0.0
    there: Word | None = Word("ここにある")
    may_end = asyncio.Event()

    async def read() -> Word | None:
        found = there
        await may_end.wait()
        return found

    displays: Displays[Word] = Displays(lambda: now)
    first = asyncio.create_task(displays.get("key", "name", read))
    await asyncio.sleep(0)
    now = 0.9
    second = asyncio.create_task(displays.get("key", "name", read))
    await asyncio.sleep(0)
    there = None  # deleted while it was being read
    may_end.set()
    assert await first == await second == Word("ここにある")
    now = 1.0
    assert await displays.get("key", "name", read) is None


def test_a_refused_look_at_many_cameras_leaves_the_share_to_others() -> None:
    shares = Shares(10)
    assert shares.take("127.0.0.1", 7)
    assert not shares.take("127.0.0.1", 5)
    assert shares.take("127.0.0.1", 3)
    assert not shares.take("127.0.0.1")
