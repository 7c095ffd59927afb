"""Pictures by signed address: cacheable, short-lived, and only what was drawn."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from tests.people import Person
from webapp.embeds.signing import MAX_AGE, picture_url, seconds_left
from webapp.errors import TemporaryFailure
from webapp.services import Services
from webapp.settings import Settings

KEY = "masked/abc/20250401T000000-0011.jpg"
MADE = datetime(2025, 4, 1, tzinfo=UTC)
SETTINGS = Settings(secret_key="s" * 40)  # type: ignore[arg-type]


@given(st.floats(min_value=0, max_value=1e6))
def test_an_address_is_good_for_one_to_five_minutes(age: float) -> None:
    now = MADE + timedelta(seconds=age)
    query = parse_qs(urlsplit(picture_url(SETTINGS, KEY, MADE, now)).query)
    left = seconds_left(SETTINGS, KEY, query["e"][0], query["s"][0], now)
    assert 60 <= left <= MAX_AGE


def test_it_stays_the_same_while_the_picture_is_the_newest() -> None:
    addresses = {
        picture_url(SETTINGS, KEY, MADE, MADE + timedelta(seconds=age)) for age in range(240)
    }
    assert len(addresses) == 1


def test_a_clock_behind_the_workers_makes_no_longer_life() -> None:
    now = MADE - timedelta(seconds=30)
    query = parse_qs(urlsplit(picture_url(SETTINGS, KEY, MADE, now)).query)
    assert int(query["e"][0]) <= MADE.timestamp() + MAX_AGE


@given(st.floats(min_value=-3600, max_value=1e6), st.floats(min_value=-30, max_value=30))
def test_clocks_that_differ_break_no_picture(age: float, behind: float) -> None:
    """That of whoever took it, of the process that names it, and of the one that is asked."""
    now = MADE + timedelta(seconds=age)
    query = parse_qs(urlsplit(picture_url(SETTINGS, KEY, MADE, now)).query)
    asked = now - timedelta(seconds=behind)
    left = seconds_left(SETTINGS, KEY, query["e"][0], query["s"][0], asked)
    assert 0 < left <= MAX_AGE


async def test_a_picture_that_somebody_has_is_not_sent_again(
    anonymous: Person, services: Services
) -> None:
    await services.storage.put(KEY, b"jpeg")
    now = datetime.now(UTC)
    address = picture_url(services.settings, KEY, now, now)
    tag = (await anonymous.get(address)).headers["etag"]
    again = await anonymous.get(address, headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["cache-control"].startswith("public, max-age=")
    other = await anonymous.get(address, headers={"If-None-Match": '"other"'})
    assert (other.status_code, other.content) == (200, b"jpeg")
    # A spent address is not told to be good because somebody has the picture.
    with time_machine.travel(now + timedelta(seconds=MAX_AGE + 1)):
        gone = await anonymous.get(address, headers={"If-None-Match": tag})
    assert gone.status_code == 404


async def test_while_the_store_is_away_it_is_asked_for_later(
    anonymous: Person, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise TemporaryFailure("The picture store answers nothing.")

    monkeypatch.setattr(type(services.storage), "get_sync", away)
    now = datetime.now(UTC)
    answer = await anonymous.get(picture_url(services.settings, KEY, now, now))
    assert (answer.status_code, answer.headers["cache-control"]) == (503, "no-store")


async def test_a_picture_is_served_with_what_caches_need(
    anonymous: Person, services: Services
) -> None:
    await services.storage.put(KEY, b"jpeg")
    now = datetime.now(UTC)
    answer = await anonymous.get(picture_url(services.settings, KEY, now, now))
    assert (answer.status_code, answer.content) == (200, b"jpeg")
    cache = answer.headers["cache-control"]
    assert cache.startswith("public, max-age=")
    assert cache.endswith(", immutable")
    assert int(cache.split("=")[1].split(",")[0]) <= MAX_AGE
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_after_five_minutes_it_is_gone(anonymous: Person, services: Services) -> None:
    await services.storage.put(KEY, b"jpeg")
    now = datetime.now(UTC)
    address = picture_url(services.settings, KEY, now, now)
    with time_machine.travel(now + timedelta(seconds=MAX_AGE + 1)):
        assert (await anonymous.get(address)).status_code == 404


@pytest.mark.parametrize(
    "change",
    [
        lambda url: url.replace("abc", "abd"),
        lambda url: url.replace("e=", "e=9"),
        lambda url: url.replace("s=", "s=0"),
        lambda url: url.split("&", maxsplit=1)[0],
        lambda url: url.split("?", maxsplit=1)[0],
        lambda url: url + "あ",
    ],
)
async def test_a_changed_address_is_not_found(
    anonymous: Person, services: Services, change: object
) -> None:
    await services.storage.put(KEY, b"jpeg")
    now = datetime.now(UTC)
    address = change(picture_url(services.settings, KEY, now, now))  # type: ignore[operator]
    assert (await anonymous.get(address)).status_code == 404


@pytest.mark.parametrize(
    "key",
    [
        "backgrounds/abc/1.png",
        "drafts/abc/1.sealed",
        "masked/../backgrounds/abc/1.png",
        "masked/abc/1.html",
        "masked/abc/none.jpg",
    ],
)
async def test_even_a_right_signature_opens_nothing_but_masked_pictures(
    anonymous: Person, services: Services, key: str
) -> None:
    if ".." not in key and "none" not in key:
        await services.storage.put(key, b"secret")
    now = datetime.now(UTC)
    answer = await anonymous.get(picture_url(services.settings, key, now, now))
    assert answer.status_code == 404
    assert b"secret" not in answer.content
