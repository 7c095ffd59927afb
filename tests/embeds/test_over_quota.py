"""The month's quota is reached and passed by 50 viewers at once: pictures end, words go on (E3)."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest
import time_machine
from starlette.applications import Starlette

from tests.builders import counted, make_camera, make_embed, make_masked
from tests.people import visitor
from webapp.licences.calls import count_calls
from webapp.models import CallCount, CallMonth, Latest, LicenceChange, Organisation
from webapp.services import Services

BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0"}
CLIENTS, VIEWS, LEFT = 50, 12, 333


@pytest.fixture(autouse=True)
def _one_month() -> Iterator[None]:
    with time_machine.travel(datetime.now(UTC), tick=False):  # no new month begins meanwhile
        yield


async def test_the_quota_is_passed_by_many_at_once(
    app: Starlette, services: Services, organisation: Organisation
) -> None:
    path = await _camera(services, organisation)
    await count_calls(organisation, {"before": 10_000 - LEFT}, datetime.now(UTC))
    answers = await asyncio.gather(*(_look(app, number, path) for number in range(CLIENTS)))
    shown = Counter(kind for kinds in answers for kind in kinds)
    assert shown == {"picture": LEFT, "words": CLIENTS * VIEWS - LEFT}
    for kinds in answers:
        assert kinds == sorted(kinds), "nobody who was refused is granted a view again"
    assert (await CallMonth.get()).calls == 10_000
    assert sum(await CallCount.all().values_list("calls", flat=True)) == 10_000  # type: ignore[arg-type]


async def test_another_pack_brings_the_pictures_back_at_once(
    app: Starlette, services: Services, organisation: Organisation
) -> None:
    path = await _camera(services, organisation)
    await count_calls(organisation, {"before": 10_000}, datetime.now(UTC))
    async with visitor(app) as person:
        person.headers.update(BROWSER)
        assert _kind(await person.get(path)) == "words"
        await _licence(organisation, packs=1)
        assert _kind(await person.get(path)) == "picture"
    assert (await CallMonth.get()).calls == 10_001


async def _look(app: Starlette, number: int, path: str) -> list[str]:
    """What one viewer saw, view by view, in all four forms."""
    forms = ("", "/part", ".jpg", ".json")
    transport = httpx.ASGITransport(app, client=(f"127.1.0.{number}", 1))
    async with httpx.AsyncClient(
        transport=transport, base_url="https://nigiwai.test", headers=BROWSER
    ) as client:
        return [
            _kind(await client.get(path + forms[(number + view) % len(forms)]))
            for view in range(VIEWS)
        ]


def _kind(answer: httpx.Response) -> str:
    """Whether it showed a picture, or words and the picture that says why; never less."""
    if answer.status_code == 302:
        place = answer.headers["location"]
        assert place.startswith("/pictures/") or "over-quota" in place
        return "picture" if place.startswith("/pictures/") else "words"
    assert answer.status_code == 200
    if answer.headers["content-type"] == "application/json":
        assert answer.json()["text"]
        assert answer.json()["count"] == 12
        return "picture" if answer.json()["picture"] else "words"
    assert "約12人" in answer.text
    if "/pictures/" in answer.text:
        assert "over-quota" not in answer.text
        return "picture"
    assert "over-quota" in answer.text
    assert "今月の画像の表示回数に達しました" in answer.text
    return "words"


async def _camera(services: Services, organisation: Organisation) -> str:
    camera = await make_camera(organisation, latest=counted(12))
    await Latest.filter(camera_id=camera.id).update(picture=await make_masked(services, camera))
    await _licence(organisation)
    return await make_embed(camera)


async def _licence(organisation: Organisation, packs: int = 0) -> None:
    await LicenceChange.create(
        organisation=organisation,
        effective_on="2020-01-01",
        cameras=1,
        packs=packs,
        made_at=datetime.now(UTC),
    )
