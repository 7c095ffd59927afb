"""One rendering serves all who look within a second, and nobody gets somebody else's (E5)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import time_machine

from tests.builders import counted, make_camera, make_embed, make_masked
from tests.people import Person
from webapp.embeds.rendered import LEAST_PACKED, MOST_KEPT, Renderings
from webapp.embeds.shown import Displays
from webapp.models import CallMonth, Latest, Organisation
from webapp.services import Services


@pytest.fixture
async def path(services: Services, organisation: Organisation) -> str:
    camera = await make_camera(organisation, latest=counted(12))
    await Latest.filter(camera_id=camera.id).update(picture=await make_masked(services, camera))
    return await make_embed(camera)


async def test_many_views_are_rendered_once_and_counted_each(
    anonymous: Person, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendered = 0
    plain = Renderings.get

    def counting(self: Renderings, what: object, render: object) -> object:
        def really() -> str:
            nonlocal rendered
            rendered += 1
            return render()  # type: ignore[operator, no-any-return]

        return plain(self, what, really)

    monkeypatch.setattr(Renderings, "get", counting)
    # A second that does not end while the test runs.
    monkeypatch.setattr(Displays, "FRESH", 3600.0)
    for number in range(5):
        # Passes are made anew each second, for each viewer; no picture holds one.
        with time_machine.travel(datetime(2026, 11, 20, 4, 7, number, tzinfo=UTC), tick=False):
            for form in ("", "/part"):
                assert "約12人" in (await anonymous.get(f"{path}{form}")).text
    assert rendered == 2
    assert (await CallMonth.get()).calls == 10


async def test_everybody_gets_their_own_language_packed_or_not(
    anonymous: Person, path: str
) -> None:
    said: dict[tuple[str, str], str] = {}
    for _ in range(2):
        for language in ("ja", "en"):
            for encoding in ("gzip", "identity"):
                answer = await anonymous.get(
                    path, headers={"Accept-Language": language, "Accept-Encoding": encoding}
                )
                assert answer.headers.get("content-encoding") == (
                    "gzip" if encoding == "gzip" else None
                )
                assert answer.headers["vary"].lower() == "accept-encoding"
                assert answer.headers["content-type"] == "text/html; charset=utf-8"
                assert answer.headers["cache-control"] == "no-store"
                said[language, encoding] = answer.text
    assert "約12人" in said["ja", "gzip"]
    assert "約12人" in said["ja", "identity"]
    assert "about 12" in said["en", "gzip"]
    assert "about 12" in said["en", "identity"]


def test_what_is_kept_has_an_end() -> None:
    renderings = Renderings()
    first = renderings.get(0, lambda: "x" * LEAST_PACKED)
    assert renderings.get(0, lambda: "never") is first
    assert first.packed
    assert not renderings.get("short", lambda: "x").packed
    for number in range(1, 2 * MOST_KEPT):
        renderings.get(number, lambda: "x")
    assert len(renderings) <= MOST_KEPT
