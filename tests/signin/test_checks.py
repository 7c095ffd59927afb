"""A sign-in holds only as long as the provider says so (TRUST 17), without back-channel logout."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import time_machine
from starlette.applications import Starlette

from tests.html import text_of
from tests.people import Person, hire, sign_in
from tests.signin.conftest import Desk, Site
from webapp.models import Member, Organisation, Role, Session
from webapp.signin.checks import still_good
from webapp.signin.provider import Provider, Tokens


@contextmanager
def later(seconds: float) -> Iterator[None]:
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=seconds), tick=True):
        yield


def signed_in(answer: httpx.Response) -> bool:
    return answer.status_code == 200


async def asked(desk: Desk) -> None:
    """Wait until the provider is asked who somebody is, which takes it ``delay`` to answer."""
    before = desk.forger.calls.count("userinfo")
    while desk.forger.calls.count("userinfo") == before:  # noqa: ASYNC110
        await asyncio.sleep(0.01)


async def test_the_provider_is_asked_every_45_seconds_of_use(desk: Desk, person: Person) -> None:
    with time_machine.travel(datetime.now(UTC), tick=False) as clock:
        await desk.sign_in(person)
        desk.forger.calls.clear()
        clock.shift(44)
        assert signed_in(await person.get("/cameras"))
        assert desk.forger.calls == []
        clock.shift(2)
        for _ in range(3):
            assert signed_in(await person.get("/cameras"))
        assert desk.forger.calls == ["userinfo"]
        clock.shift(34)
        await person.get("/cameras")
        assert desk.forger.calls == ["userinfo"], "it was asked 34 seconds ago"
        clock.shift(12)
        await person.get("/cameras")
        assert desk.forger.calls == ["userinfo", "userinfo"]


async def test_what_is_for_anybody_asks_nobody(desk: Desk, person: Person) -> None:
    await desk.sign_in(person)
    desk.forger.calls.clear()
    with later(600):
        for path in ("/healthz", "/static/css/app.css", *(f"/{one}/{'k' * 32}" for one in "pes")):
            await person.get(path)
    assert desk.forger.calls == []


async def test_a_role_that_was_taken_away_is_gone_within_a_minute(
    desk: Desk, person: Person
) -> None:
    desk.forger.person["role"] = "admin"
    await desk.sign_in(person)
    assert signed_in(await person.get("/cameras/new"))
    desk.forger.person |= {"role": "general", "name": "Alicia"}
    with later(59):
        assert (await person.get("/cameras/new")).status_code == 403
    member = await Member.get()
    assert (member.role, member.name) == (Role.GENERAL, "Alicia")


async def test_a_role_that_is_not_told_any_more_is_gone_too(desk: Desk, person: Person) -> None:
    """The id_token still has it; userinfo, which told it before, is believed alone."""
    desk.forger.person["role"] = "admin"
    await desk.sign_in(person)
    del desk.forger.person["role"]
    with later(50):
        assert (await person.get("/cameras/new")).status_code == 403


async def test_a_role_of_the_id_token_alone_lasts_until_it_is_renewed(
    desk: Desk, person: Person
) -> None:
    desk.forger.person["role"] = "admin"
    desk.forger.userinfo = {"sub": "alice", "name": "Alice"}
    await desk.sign_in(person)
    desk.forger.person["role"] = "general"
    with later(50):
        assert (await person.get("/cameras/new")).status_code == 200
    with later(700):
        desk.forger.id_token = desk.forger.sign(desk.forger.claims(nonce=None))
        assert (await person.get("/cameras/new")).status_code == 403


@pytest.mark.parametrize("seconds", [59, 61, 3600])
async def test_a_sign_in_that_is_over_is_over_within_a_minute(
    desk: Desk, person: Person, seconds: int
) -> None:
    await desk.sign_in(person)
    desk.forger.userinfo_status, desk.forger.token_status = 401, 400
    with later(seconds):
        answers = await asyncio.gather(*(person.get("/cameras") for _ in range(10)))
    allowed = [answer for answer in answers if signed_in(answer)]
    if seconds >= 60:
        assert allowed == [], "whoever did not ask waited for the answer"
    assert not await Session.exists()
    with later(seconds):
        assert not signed_in(await person.get("/cameras"))


async def test_another_organisation_ends_the_sign_in(
    desk: Desk, person: Person, other_organisation: Organisation
) -> None:
    await desk.sign_in(person)
    desk.forger.person["organisation"] = other_organisation.public_id
    with later(50):
        assert not signed_in(await person.get("/cameras"))
    assert not await Session.exists()
    assert (await Member.get()).organisation_id == desk.organisation.id


async def test_an_answer_for_somebody_else_ends_the_sign_in(desk: Desk, person: Person) -> None:
    await desk.sign_in(person)
    desk.forger.person = {**desk.forger.person, "sub": "mallory"}
    with later(50):
        assert not signed_in(await person.get("/cameras"))


async def test_tokens_that_are_over_are_renewed_once_however_many_ask(
    desk: Desk, person: Person
) -> None:
    await desk.sign_in(person)
    before = (await Session.get()).sealed_tokens
    desk.forger.calls.clear()
    with later(700):
        answers = await asyncio.gather(*(person.get("/cameras") for _ in range(20)))
    assert all(signed_in(answer) for answer in answers)
    assert desk.forger.calls.count("token") == 1
    assert desk.forger.calls.count("userinfo") == 1
    assert desk.forger.posted[-1]["refresh_token"] == "refresh-1"
    assert (await Session.get()).sealed_tokens != before
    with later(1400):
        assert signed_in(await person.get("/cameras"))
    assert desk.forger.posted[-1]["refresh_token"] == "refresh-2", "the new one is used next"


async def test_tokens_that_nobody_renews_end_the_sign_in(desk: Desk, person: Person) -> None:
    """A provider that gives no refresh token: signed in as long as the access token lives."""
    desk.forger.tokens = {"refresh_token": None}
    await desk.sign_in(person)
    with later(590):
        assert signed_in(await person.get("/cameras"))
    with later(650):
        assert not signed_in(await person.get("/cameras"))
    assert not await Session.exists()


async def test_a_refused_access_token_is_renewed(desk: Desk, person: Person) -> None:
    desk.forger.tokens = {"expires_in": None}
    await desk.sign_in(person)
    desk.forger.userinfo_status = 401
    with later(50):
        assert not signed_in(await person.get("/cameras"))
    assert desk.forger.calls.count("token") == 2


async def test_a_provider_that_is_away_signs_nobody_out_for_a_quarter_of_an_hour(
    desk: Desk, person: Person
) -> None:
    await desk.sign_in(person)
    desk.forger.userinfo_status = 503
    for minutes in (1, 5, 14.9):
        with later(60 * minutes):
            assert signed_in(await person.get("/cameras")), minutes
    with later(60 * 15 + 1):
        answer = await person.get("/cameras")
        assert answer.status_code == 503
        assert text_of(answer, "h1") == "ログインを確認できません"
        assert (await person.get("/cameras", headers={"HX-Request": "true"})).status_code == 503
        assert (await person.get("/signed-out")).status_code == 200
    desk.forger.userinfo_status = 200
    with later(60 * 20):
        assert signed_in(await person.get("/cameras")), "it goes on by itself"


async def test_a_break_and_one_question_without_an_answer_sign_nobody_out(
    desk: Desk, person: Person
) -> None:
    await desk.sign_in(person)
    desk.forger.userinfo_status = 503
    with later(20 * 60):
        assert (await person.get("/cameras")).status_code == 503
    desk.forger.userinfo_status = 200
    with later(20 * 60 + 11):
        assert signed_in(await person.get("/cameras"))


async def test_whoever_leaves_needs_no_answer(desk: Desk, person: Person) -> None:
    await desk.sign_in(person)
    person.csrf = (await Session.get()).csrf_token
    desk.forger.userinfo_status = 503
    with later(20 * 60):
        assert (await person.get("/cameras")).status_code == 503
        assert (await person.send_form("/sign-out")).status_code == 303
    assert not await Session.exists()


async def test_a_provider_that_comes_back_within_that_is_heard(desk: Desk, person: Person) -> None:
    await desk.sign_in(person)
    desk.forger.userinfo_status = 503
    with later(600):
        assert signed_in(await person.get("/cameras"))
    desk.forger.userinfo_status = 200
    with later(660):
        assert signed_in(await person.get("/cameras"))
    with later(660 + 14 * 60):
        desk.forger.userinfo_status = 503
        assert signed_in(await person.get("/cameras"))


@pytest.mark.parametrize("rubbish", [5, [], [1], "x", {}, {"role": 5}])
async def test_rubbish_for_an_answer_is_none(desk: Desk, person: Person, rubbish: Any) -> None:
    await desk.sign_in(person)
    desk.forger.userinfo = rubbish
    with later(70):
        assert signed_in(await person.get("/cameras"))
    desk.forger.userinfo = None
    with later(90):
        assert signed_in(await person.get("/cameras"))


@pytest.mark.alone
async def test_a_slow_provider_holds_up_one_request_for_three_seconds_and_nobody_else(
    desk: Desk, person: Person, no_more_patience: float
) -> None:
    await desk.sign_in(person)
    desk.forger.delay = 60
    with later(50):
        begun = time.monotonic()
        waiting = asyncio.create_task(person.get("/cameras"))
        await asked(desk)
        assert (await Session.get()).checking_until is not None
        for _ in range(3):
            assert signed_in(await person.get("/cameras"))
        assert not waiting.done(), "the others do not wait"
        assert signed_in(await waiting)
        assert 2.5 < time.monotonic() - begun < 2 * no_more_patience - 0.5
        calls, begun = desk.forger.calls.copy(), time.monotonic()
        assert signed_in(await person.get("/cameras"))
        assert desk.forger.calls == calls, "it is left alone for a while"
        assert time.monotonic() - begun < no_more_patience - 0.5


async def test_the_operators_link_needs_no_provider(
    app: Starlette, organisation: Organisation
) -> None:
    member = await hire(organisation, "Dora", Role.ADMIN)
    async with await sign_in(app, member) as person:
        with later(3600):
            assert signed_in(await person.get("/cameras"))


async def test_tokens_of_another_secret_end_the_sign_in(desk: Desk, person: Person) -> None:
    await desk.sign_in(person)
    await Session.all().update(sealed_tokens="gAAAA-of-another-secret")
    with later(50):
        assert not signed_in(await person.get("/cameras"))


async def test_a_session_that_ends_meanwhile_is_not_brought_back(
    desk: Desk, person: Person
) -> None:
    """A back-channel logout during a check: the check's own writing finds no row."""
    await desk.sign_in(person)
    desk.forger.delay = 60
    with later(50):
        asking = asyncio.create_task(person.get("/cameras"))
        await asked(desk)
        await Session.all().delete()
        desk.forger.hurry.set()
        assert not signed_in(await asking)
    assert not await Session.exists()


async def test_only_one_process_asks(desk: Desk, person: Person) -> None:
    await desk.sign_in(person)
    desk.forger.calls.clear()
    desk.forger.delay = 0.3
    at = datetime.now(UTC) + timedelta(seconds=700)
    settings = desk.app.state.services.settings
    providers = [Provider(settings) for _ in range(2)]
    session = await Session.get().select_related("member__organisation")
    again = await Session.get().select_related("member__organisation")
    first, second = await asyncio.gather(
        still_good(session, providers[0], at), still_good(again, providers[1], at)
    )
    assert first is not None
    assert second is not None
    assert first.checked_at == second.checked_at == at
    assert desk.forger.calls.count("token") == 1


async def test_tokens_that_were_read_before_somebody_renewed_them_are_not_used(
    desk: Desk, person: Person
) -> None:
    """Who renewed them got no answer then, so that ``checked_at`` is as it was."""
    await desk.sign_in(person)
    at = datetime.now(UTC) + timedelta(seconds=700)
    settings = desk.app.state.services.settings
    session = await Session.get().select_related("member__organisation")
    late = await Session.get().select_related("member__organisation")
    desk.forger.userinfo_status = 503
    assert await still_good(session, Provider(settings), at) is not None
    desk.forger.userinfo_status = 200
    assert await still_good(late, Provider(settings), at) is not None
    used = [form["refresh_token"] for form in desk.forger.posted if "refresh_token" in form]
    assert used == ["refresh-1"]
    fresh = await Session.get().select_related("member__organisation")
    assert await still_good(fresh, Provider(settings), at) is not None
    assert (await Session.get()).checked_at == at


def test_what_is_known_of_tokens() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    assert not Tokens("a", "r", "i").are_over(at)
    assert not Tokens("a", "r", "i", int(at.timestamp()) + 10).are_over(at)
    assert Tokens("a", "r", "i", int(at.timestamp()) + 3).are_over(at)


@pytest.mark.parametrize("options", [{"accessTokenSeconds": 5}], indirect=True)
async def test_at_a_foreign_provider_roles_and_deletion_take_effect_within_a_minute(
    site: Site,
) -> None:
    person = await site.sign_in("alice", role="admin")
    assert (await person.get("/cameras/new")).status_code == 200
    await site.knows("alice", role="general")
    with later(50):
        assert (await person.get("/cameras/new")).status_code == 403
    counts = (await site.provider.report())["counts"]
    assert counts["/token"] == 2, "its access token lived five seconds: it was renewed"
    await site.provider.forgets("alice")
    with later(100):
        answer = await person.get("/cameras", follow_redirects=False)
        assert answer.status_code == 303
    assert not await Session.exists()


async def test_a_foreign_provider_that_goes_down_is_said_in_words(site: Site) -> None:
    person = await site.sign_in("alice")
    await site.provider.behaves(down=True)
    with later(300):
        assert (await person.get("/cameras")).status_code == 200
    with later(1000):
        answer = await person.get("/cameras")
        assert answer.status_code == 503
        assert text_of(answer, "h1") == "ログインを確認できません"
    await site.provider.behaves()
    assert (await person.get("/cameras")).status_code == 200, "and it goes on by itself"
