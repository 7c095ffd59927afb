"""The provider says that a sign-in is over: what is believed, and how fast it works (TRUST 17)."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.html import one
from tests.people import Person, visitor
from tests.signin.conftest import Desk, Site
from tests.signin.forger import LOGOUT, Forger, new_key
from webapp.models import Session

Bend = Callable[[Forger], str]


async def told(desk: Desk, token: str) -> httpx.Response:
    """What the app answers to a logout token, sent as a program sends it."""
    transport = httpx.ASGITransport(desk.app)
    async with httpx.AsyncClient(transport=transport, base_url="https://nigiwai.test") as program:
        return await program.post("/backchannel-logout", data={"logout_token": token})


async def test_a_logout_ends_the_sign_in_at_once(desk: Desk, person: Person) -> None:
    await desk.sign_in(person)
    answer = await told(desk, desk.forger.logout_token(sid="sid-1"))
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert (await person.get("/cameras")).status_code == 303
    again = await told(desk, desk.forger.logout_token(sid="sid-1"))
    assert again.status_code == 200, "hearing it again is harmless"


async def test_it_ends_that_sign_in_or_all_of_that_person(desk: Desk, person: Person) -> None:
    forger = desk.forger
    alice = dict(forger.person)
    people = [("alice", "sid-1"), ("alice", "sid-2"), ("bob", "sid-3"), ("carol", "sid-4")]

    async def sign_everybody_in() -> None:
        await Session.all().delete()
        for sub, sid in people:
            forger.person = {**alice, "sub": sub, "sid": sid, "email": f"{sub}@nigiwai.test"}
            async with visitor(desk.app) as somebody:
                assert (await desk.sign_in(somebody)).status_code == 303

    async def left() -> set[str]:
        return {session.sid for session in await Session.all()}

    everybody = {"sid-1", "sid-2", "sid-3", "sid-4"}
    for claims, ended in [
        ({"sub": "alice", "sid": "sid-2"}, {"sid-2"}),
        ({"sub": None, "sid": "sid-2"}, {"sid-2"}),
        ({"sub": "alice"}, {"sid-1", "sid-2"}),
        ({"sub": "bob", "sid": "sid-1"}, set()),
        ({"sub": "nobody"}, set()),
        ({"sub": "nobody", "sid": "sid-9"}, set()),
    ]:
        await sign_everybody_in()
        assert (await told(desk, forger.logout_token(**claims))).status_code == 200
        assert await left() == everybody - ended, claims


BAD: dict[str, Bend] = {
    "nothing": lambda forger: "",
    "no token": lambda forger: "a.b",
    "rubbish": lambda forger: "a.b.c",
    "another key": lambda forger: forger.logout_token(key=new_key("first")),
    "unknown key": lambda forger: forger.logout_token(key=new_key("x"), header={"kid": "x"}),
    "a header of nonsense": lambda forger: _with_header(forger, {"alg": "RS256", "crit": 5}),
    "a header of more nonsense": lambda forger: _with_header(forger, {"alg": "RS256", "crit": [5]}),
    "about nobody of ours": lambda forger: forger.logout_token(sub="a\x00b"),
    "unsigned": lambda forger: forger.sign_not_at_all(_claims(forger)),
    "signed by the public key": lambda forger: forger.sign_by_public_key(_claims(forger)),
    "another issuer": lambda forger: forger.logout_token(iss="https://evil.test"),
    "no issuer": lambda forger: forger.logout_token(iss=None),
    "for another client": lambda forger: forger.logout_token(aud="another"),
    "for others": lambda forger: forger.logout_token(aud=["another", "third"]),
    "for nobody": lambda forger: forger.logout_token(aud=None),
    "old": lambda forger: forger.logout_token(iat=_now() - 900, exp=_now() + 900),
    "over": lambda forger: forger.logout_token(exp=_now() - 200),
    "from the future": lambda forger: forger.logout_token(iat=_now() + 900),
    "without a time": lambda forger: forger.logout_token(iat=None),
    "with words for a time": lambda forger: forger.logout_token(iat="now"),
    "true for a time": lambda forger: forger.logout_token(iat=True),
    "with a nonce": lambda forger: forger.logout_token(nonce="n"),
    "an id_token": lambda forger: forger.sign(forger.claims()),
    "without events": lambda forger: forger.logout_token(events=None),
    "with other events": lambda forger: forger.logout_token(events={"x": {}}),
    "with a list of events": lambda forger: forger.logout_token(events=[LOGOUT]),
    "with a word for an event": lambda forger: forger.logout_token(events={LOGOUT: "yes"}),
    "about nobody": lambda forger: forger.logout_token(sub=None),
    "about a number": lambda forger: forger.logout_token(sub=1),
    "about an empty sign-in": lambda forger: forger.logout_token(sid=""),
    "about several": lambda forger: forger.logout_token(sid=["sid-1"]),
    "of another type": lambda forger: forger.logout_token(header={"typ": "at+jwt"}),
}


def _now() -> int:
    """Seconds since the epoch, when the token is made: a long run of tests collects long before."""
    return int(time.time())


def _with_header(forger: Forger, header: dict[str, Any]) -> str:
    _, payload, signature = forger.logout_token().split(".")
    encoded = base64.urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip("=")
    return ".".join([encoded, payload, signature])


def _claims(forger: Forger) -> dict[str, Any]:
    whole = {"iss": forger.issuer, "aud": "nigiwai", "iat": _now(), "exp": _now() + 120, "jti": "j"}
    return {**whole, "sub": "alice", "events": {LOGOUT: {}}}


@pytest.mark.parametrize("bad", BAD)
async def test_anything_else_ends_nothing(desk: Desk, person: Person, bad: str) -> None:
    await desk.sign_in(person)
    answer = await told(desk, BAD[bad](desk.forger))
    assert (answer.status_code, answer.headers["cache-control"]) == (400, "no-store")
    assert answer.json()["error"] == "invalid_request"
    assert (await person.get("/cameras")).status_code == 200


GOOD: dict[str, Bend] = {
    "for several clients": lambda forger: forger.logout_token(aud=["another", "nigiwai"]),
    "without a type": lambda forger: forger.logout_token(header={"typ": "JWT"}),
    "without an end": lambda forger: forger.logout_token(exp=None),
    "a clock that is slow": lambda forger: forger.logout_token(iat=_now() - 100),
    "a clock that is fast": lambda forger: forger.logout_token(iat=_now() + 100),
}


@pytest.mark.parametrize("good", GOOD)
async def test_other_ways_to_say_it_are_understood(desk: Desk, person: Person, good: str) -> None:
    await desk.sign_in(person)
    assert (await told(desk, GOOD[good](desk.forger))).status_code == 200
    assert not await Session.exists()


async def test_it_heeds_no_cookie_and_needs_no_origin(desk: Desk, person: Person) -> None:
    await desk.sign_in(person)
    for headers in ({"Origin": "https://evil.test"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = await person.post("/backchannel-logout", data={}, headers=headers)
        assert answer.status_code == 400
        assert "set-cookie" not in answer.headers
    assert (await person.get("/cameras")).status_code == 200


async def test_a_new_key_is_fetched_and_unknown_ones_do_not_make_us_ask_for_ever(
    desk: Desk, person: Person
) -> None:
    await desk.sign_in(person)
    forger = desk.forger
    forger.published = [new_key("second"), forger.key]
    forger.key = forger.published[0]
    assert (await told(desk, forger.logout_token())).status_code == 200
    asked = forger.calls.count("jwks")
    for number in range(20):
        unknown = new_key("k") if number == 0 else forger.key
        token = forger.logout_token(key=unknown, header={"kid": f"k{number}"})
        assert (await told(desk, token)).status_code == 400
    assert forger.calls.count("jwks") == asked


async def test_keys_that_cannot_be_had_are_asked_for_again_by_the_provider(desk: Desk) -> None:
    desk.forger.metadata = {"jwks_uri": f"{desk.forger.issuer}/nowhere"}
    assert (await told(desk, desk.forger.logout_token())).status_code == 503


@pytest.mark.alone
async def test_the_foreign_provider_ends_sign_ins_within_a_second(site: Site) -> None:
    """Signing out in one browser ends that sign-in; the person's other one goes on."""
    person = await site.sign_in("alice")
    other = await site.sign_in("alice")
    copy = site.browser(cookies=dict(person.cookies))
    assert (await copy.get("/cameras")).status_code == 200
    # At the provider itself, without the app: as the page of another application would.
    logout = await person.get(f"{site.provider.issuer}/session/end")
    xsrf = str(one(logout, "input[name=xsrf]")["value"])
    # In seconds that this process worked, which looks all the time: see test_own_provider.py.
    begun, since = time.process_time(), time.monotonic()
    await person.post(
        f"{site.provider.issuer}/session/end/confirm", data={"xsrf": xsrf, "logout": "yes"}
    )
    ended = await copy.get("/cameras", follow_redirects=False)
    while ended.status_code == 200 and time.monotonic() - since < 30:
        ended = await copy.get("/cameras", follow_redirects=False)
    assert ended.status_code == 303
    assert time.process_time() - begun < 1
    assert (await other.get("/cameras", follow_redirects=False)).status_code == 200
    report = await site.provider.report()
    assert not report["errors"], report
