"""Coming back from the provider: what signs in, and everything that does not."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import time_machine
from pydantic import SecretStr

from tests.html import one, text_of
from tests.people import ORIGIN, Person, hire, visitor
from tests.signin.conftest import Desk, Site
from tests.signin.forger import new_key
from webapp.models import Member, Organisation, Role, Session
from webapp.services import Services
from webapp.signin import attempt
from webapp.signin.provider import Provider
from webapp.signin.sessions import COOKIE
from webapp.tokens import token_hash


async def test_the_way_there_carries_all_that_guards_the_way_back(
    desk: Desk, person: Person
) -> None:
    answer = await person.get("/sign-in?next=/cameras/manage")
    asked = httpx.URL(answer.headers["location"])
    assert str(asked).startswith(f"{desk.forger.issuer}/authorize?")
    assert asked.params["redirect_uri"] == f"{ORIGIN}/sign-in/callback"
    assert asked.params["code_challenge_method"] == "S256"
    assert len(asked.params["code_challenge"]) == 43
    assert len(asked.params["state"]) >= 30
    assert len(asked.params["nonce"]) >= 20
    assert (asked.params["response_type"], asked.params["client_id"]) == ("code", "nigiwai")
    assert asked.params["scope"] == "openid profile email nigiwai"
    assert asked.params["ui_locales"] == "ja"
    assert "prompt" not in asked.params
    again = await person.get("/sign-in?again=yes")
    assert httpx.URL(again.headers["location"]).params["prompt"] == "login"


async def test_the_cookie_of_the_way_is_sealed_and_short_lived(desk: Desk, person: Person) -> None:
    answer = await person.get("/sign-in?next=/cameras/manage")
    (cookie,) = answer.headers.get_list("set-cookie")
    assert cookie.startswith("__Host-nigiwai-signin=")
    for part in ("Secure", "HttpOnly", "SameSite=lax", "Path=/", "Max-Age=600"):
        assert part in cookie
    assert "Domain" not in cookie
    sealed = cookie.partition("=")[2].partition(";")[0]
    asked = httpx.URL(answer.headers["location"])
    for secret in (asked.params["state"], asked.params["nonce"], "manage", "verifier"):
        assert secret not in sealed
    longest = await person.get("/sign-in", params={"next": "/cameras?q=" + "a" * 1480})
    assert len(longest.headers["set-cookie"]) < 4096, "a browser would drop it"


async def test_the_session_is_a_new_one_and_its_cookie_is_guarded(
    desk: Desk, person: Person
) -> None:
    person.cookies.set(COOKIE, "planted-by-somebody")
    answer = await desk.sign_in(person, "/cameras/manage?order=name")
    assert (answer.status_code, answer.headers["location"]) == (303, "/cameras/manage?order=name")
    cookies = answer.headers.get_list("set-cookie")
    (session,) = [cookie for cookie in cookies if cookie.startswith(f"{COOKIE}=")]
    for part in ("Secure", "HttpOnly", "SameSite=lax", "Path=/", "Max-Age=43200"):
        assert part in session
    assert "planted" not in session
    (over,) = [cookie for cookie in cookies if cookie.startswith(attempt.COOKIE)]
    assert "Max-Age=0" in over
    token = session.partition("=")[2].partition(";")[0]
    assert (await Session.get()).token_hash == token_hash(token)
    assert (await Session.get()).sid == "sid-1"
    (posted,) = desk.forger.posted
    assert len(posted["code_verifier"]) >= 43
    assert posted["redirect_uri"] == f"{ORIGIN}/sign-in/callback"


async def test_signing_in_again_ends_the_session_of_before(desk: Desk, person: Person) -> None:
    await desk.sign_in(person)
    first = person.cookies[COOKIE]
    state = (await person.get("/sign-in?again=yes")).headers["location"]
    desk.forger.nonce = httpx.URL(state).params["nonce"]
    await desk.come_back(person, httpx.URL(state).params["state"])
    assert person.cookies[COOKIE] != first
    assert await Session.all().count() == 1
    async with visitor(desk.app) as other:
        other.cookies.set(COOKIE, first)
        assert (await other.get("/cameras")).status_code == 303


@pytest.mark.parametrize(
    ("title", "params"),
    [
        ("ログインをやり直してください", {"state": "x" * 30}),
        ("ログインをやり直してください", {"state": ""}),
        ("ログインを中止しました", {"error": "access_denied"}),
        ("ログインを確認できませんでした", {"error": "server_error"}),
        ("ログインを確認できませんでした", {"iss": "https://evil.test"}),
    ],
)
async def test_a_bad_answer_signs_nobody_in(
    desk: Desk, person: Person, title: str, params: dict[str, str]
) -> None:
    state = await desk.begin(person, "/cameras/new")
    answer = await desk.come_back(person, **{"state": state, **params})
    _is_refused(answer, title)
    link = one(answer, "main a.btn")
    assert link["href"] == "/sign-in?next=/cameras/new"
    assert desk.forger.calls.count("token") == 0, "the code was not even sent"
    assert not await Member.exists()


async def test_a_link_to_the_callback_signs_nobody_in_as_somebody_else(
    desk: Desk, person: Person
) -> None:
    """Login CSRF: the attacker's own code and state, in the browser of the victim."""
    state = await desk.begin(person)
    async with visitor(desk.app) as victim:
        _is_refused(await desk.come_back(victim, state), "ログインをやり直してください")
        mine = await desk.begin(victim)
        _is_refused(await desk.come_back(victim, state), "ログインをやり直してください")
        assert (await desk.come_back(victim, mine)).status_code == 303, "its own still works"


async def test_the_cookie_of_the_way_is_good_for_once_and_for_ten_minutes(
    desk: Desk, person: Person, services: Services
) -> None:
    with time_machine.travel(datetime.now(UTC), tick=False) as clock:
        state = await desk.begin(person)
        sealed = person.cookies[attempt.COOKIE]
        clock.shift(timedelta(minutes=10, seconds=1))
        _is_refused(await desk.come_back(person, state), "ログインをやり直してください")
        clock.shift(timedelta(seconds=-3))
        assert (await desk.come_back(person, state)).status_code == 303
    # Over for the browser; whoever kept a copy gets as far as a code that is used up.
    assert attempt.COOKIE not in person.cookies
    again = await desk.come_back(person, state)
    assert (again.status_code, again.headers["location"]) == (303, "/cameras")
    person.cookies.delete(COOKIE)
    _is_refused(await desk.come_back(person, state), "ログインをやり直してください")
    desk.forger.token_status = 400
    async with visitor(desk.app) as other:
        other.cookies.set(attempt.COOKIE, sealed)
        _is_refused(await desk.come_back(other, state), "ログインを確認できませんでした")


async def test_whoever_is_signed_in_meanwhile_goes_on_to_their_page(
    desk: Desk, person: Person
) -> None:
    """Two tabs began: the cookie is the second's, and the first comes back by the way."""
    first = await desk.begin(person, "/cameras/manage")
    await desk.sign_in(person)
    session = await Session.get()
    await person.get("/sign-in?again=yes&next=/organisation")
    answer = await desk.come_back(person, first)
    assert (answer.status_code, answer.headers["location"]) == (303, "/organisation")
    assert (await Session.get()).id == session.id


async def test_a_cookie_of_another_secret_or_purpose_is_nothing(
    desk: Desk, person: Person, services: Services
) -> None:
    state = await desk.begin(person)
    sealed = person.cookies[attempt.COOKIE]
    other = services.settings.model_copy(update={"secret_key": SecretStr("o" * 40)})
    kept = Provider(services.settings).attempts.unseal(sealed)
    for forged in (
        Provider(other).attempts.seal(kept),
        services.sealer.seal(kept),
        sealed[:-4] + "AAA=",
        "x",
        "\xe9",
    ):
        async with visitor(desk.app) as visitor_:
            visitor_.headers.encoding = "latin-1"
            visitor_.headers["cookie"] = f"{attempt.COOKIE}={forged}"
            _is_refused(await desk.come_back(visitor_, state), "ログインをやり直してください")


async def test_only_an_id_token_that_is_right_in_everything_signs_in(
    desk: Desk, person: Person
) -> None:
    now = int(time.time())
    forger = desk.forger
    claims: list[dict[str, Any]] = [
        {"iss": "https://evil.test"},
        {"iss": None},
        {"aud": "another-client"},
        {"aud": ["another-client"]},
        {"aud": ["nigiwai", "another-client"]},  # without azp
        {"aud": None},
        {"azp": "another-client"},
        {"exp": now - 300},
        {"exp": None},
        {"iat": now + 600},
        {"iat": None},
        {"nonce": "of-another-sign-in"},
        {"nonce": None},
        {"sub": None},
        {"sub": 7},
        {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
    ]
    for bent in claims:
        state = await desk.begin(person)
        forger.id_token = forger.sign(forger.claims(**bent))
        answer = await desk.come_back(person, state)
        assert answer.status_code == 400, bent
        _is_refused(answer, "ログインを確認できませんでした")


async def test_only_the_signature_of_the_provider_signs_in(desk: Desk, person: Person) -> None:
    forger = desk.forger
    ways = (
        lambda claims: forger.sign(claims, key=new_key("first")),
        lambda claims: forger.sign(claims, key=new_key("unknown"), kid="unknown"),
        forger.sign_by_public_key,
        forger.sign_not_at_all,
        lambda claims: forger.sign(claims)[:-6] + "AAAAAA",
    )
    for way in ways:
        state = await desk.begin(person)
        forger.id_token = way(forger.claims())
        _is_refused(await desk.come_back(person, state), "ログインを確認できませんでした")
    for broken in ("", "x", "x.y.z", "a.b"):
        state = await desk.begin(person)
        forger.tokens = {"id_token": broken or None}
        _is_refused(await desk.come_back(person, state), "ログインを確認できませんでした")


async def test_a_new_key_of_the_provider_is_fetched(desk: Desk, person: Person) -> None:
    await desk.sign_in(person)
    desk.forger.published = [new_key("second"), desk.forger.key]
    desk.forger.key = desk.forger.published[0]
    async with visitor(desk.app) as other:
        assert (await desk.sign_in(other)).status_code == 303


async def test_userinfo_of_somebody_else_signs_nobody_in(desk: Desk, person: Person) -> None:
    desk.forger.userinfo = {**desk.forger.person, "sub": "mallory"}
    _is_refused(await desk.sign_in(person), "ログインを確認できませんでした")


@pytest.mark.alone
async def test_a_provider_that_is_not_there_is_said_in_words(
    desk: Desk, person: Person, no_more_patience: float
) -> None:
    state = await desk.begin(person)
    desk.forger.delay = 60
    begun = time.monotonic()
    _is_refused(await desk.come_back(person, state), "ログインの画面につながりません")
    assert time.monotonic() - begun < 2 * no_more_patience - 0.5, "it was waited for once"
    desk.forger.delay = 0
    desk.forger.userinfo_status = 500
    state = await desk.begin(person)
    _is_refused(await desk.come_back(person, state), "ログインの画面につながりません")


@pytest.mark.parametrize("metadata", [{"issuer": "https://evil.test"}, {"token_endpoint": None}])
async def test_a_description_that_is_not_the_providers_is_not_used(
    desk: Desk, person: Person, metadata: dict[str, Any]
) -> None:
    desk.forger.metadata = metadata
    _is_refused(await person.get("/sign-in"), "ログインの画面につながりません")


RUBBISH: tuple[Any, ...] = (5, [], [1], "x", {}, {"sub": None}, {"keys": 5}, {"keys": [5]})


async def test_rubbish_for_an_answer_is_said_in_words(desk: Desk, person: Person) -> None:
    tokens = (
        *({"access_token": 5}, {"access_token": "a", "id_token": 5}, {"error": 5}),
        *({"error": ["x"]}, {"access_token": "a", "id_token": "a.b.c", "expires_in": [1]}),
    )
    bent: list[dict[str, Any]] = [
        *({"userinfo": answer} for answer in RUBBISH),
        *({"token": answer} for answer in (*RUBBISH, *tokens)),
        *({"keys": answer} for answer in RUBBISH),
        *({"tokens": {"expires_in": value}} for value in ([1], "abc", "inf")),
    ]
    forger = desk.forger
    for fields in bent:
        usual = {name: getattr(forger, name) for name in fields}
        desk.app.state.provider = Provider(desk.app.state.services.settings)
        state = await desk.begin(person)
        vars(forger).update(fields)
        answer = await desk.come_back(person, state)
        vars(forger).update(usual)
        assert answer.status_code in {400, 503}, fields
        _is_refused(answer, text_of(answer, "h1"))
    assert not await Member.exists()


@pytest.mark.parametrize(
    "metadata",
    [
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "not an address"},
        {"token_endpoint": "http://[::1"},
        {"jwks_uri": 5},
    ],
)
async def test_a_description_that_leads_nowhere_is_not_used(
    desk: Desk, person: Person, metadata: dict[str, Any]
) -> None:
    desk.forger.metadata = metadata
    _is_refused(await person.get("/sign-in"), "ログインの画面につながりません")


@pytest.mark.parametrize(
    "metadata",
    [
        {"id_token_signing_alg_values_supported": 5},
        {"id_token_signing_alg_values_supported": [["RS256"], 5, "RS256"]},
        {"token_endpoint_auth_methods_supported": 5},
        {"token_endpoint_auth_methods_supported": "client_secret_post"},
        {"end_session_endpoint": "javascript:alert(1)"},
        {"end_session_endpoint": "https://out.test;script-src/x"},
    ],
)
async def test_what_a_description_says_badly_is_not_heeded(
    desk: Desk, person: Person, metadata: dict[str, Any]
) -> None:
    desk.forger.metadata = metadata
    assert (await desk.sign_in(person)).status_code == 303
    person.csrf = (await Session.get()).csrf_token
    way_out = (await person.send_form("/sign-out")).headers["location"]
    assert way_out.startswith(("/signed-out", desk.forger.issuer))


async def test_nobody_there_at_all(anonymous: Person) -> None:
    answer = await anonymous.get("/sign-in?next=/cameras/new")
    _is_refused(answer, "ログインの画面につながりません")
    assert one(answer, "main a.btn")["href"] == "/sign-in?next=/cameras/new"
    english = await anonymous.get("/sign-in", headers={"Accept-Language": "en"})
    assert "The sign-in screen cannot be reached" in text_of(english, "h1")


@pytest.mark.parametrize(
    ("claims", "title"),
    [
        ({"organisation": "nowhere"}, "所属する組織がわかりません"),
        ({"organisation": None}, "所属する組織がわかりません"),
        ({"organisation": "x" * 300}, "所属する組織がわかりません"),
        ({"organisation": "mi\x00nato"}, "所属する組織がわかりません"),
        ({"role": "operator"}, "事業者としてはログインできません"),
        ({"email": None}, "メールアドレスがわかりません"),
    ],
)
async def test_who_cannot_be_a_member_is_told_why(
    desk: Desk, person: Person, claims: dict[str, Any], title: str
) -> None:
    whole = {**desk.forger.person, **claims}
    desk.forger.person = {name: value for name, value in whole.items() if value is not None}
    answer = await desk.sign_in(person, "/cameras/new")
    _is_refused(answer, title)
    assert one(answer, "main a.btn")["href"] == "/sign-in?again=yes&next=/cameras/new"
    assert not await Member.exists()


async def test_a_suspended_organisation_is_refused_and_its_sessions_rest(
    desk: Desk, person: Person
) -> None:
    await desk.sign_in(person)
    await Organisation.filter(id=desk.organisation.id).update(suspended_at=datetime.now(UTC))
    assert (await person.get("/cameras")).status_code == 303
    async with visitor(desk.app) as other:
        _is_refused(await desk.sign_in(other), "この組織の利用は停止されています")


async def test_a_member_does_not_move_to_another_organisation(
    desk: Desk, person: Person, other_organisation: Organisation
) -> None:
    await desk.sign_in(person)
    desk.forger.person["organisation"] = other_organisation.public_id
    async with visitor(desk.app) as other:
        _is_refused(await desk.sign_in(other), "所属する組織が変わっています")
    assert (await Member.get()).organisation_id == desk.organisation.id


async def test_an_operator_goes_to_the_operator_pages(desk: Desk, person: Person) -> None:
    await Organisation.filter(id=desk.organisation.id).update(is_operator=True)
    desk.forger.person["role"] = "operator"
    await desk.sign_in(person)
    assert (await Member.get()).role is Role.OPERATOR
    assert (await person.get("/cameras")).headers["location"] == "/operator"
    assert (await person.get("/")).headers["location"] == "/operator"
    assert (await person.get("/cameras/new")).status_code == 403


async def test_forged_headers_change_nothing(desk: Desk, person: Person) -> None:
    """TRUST 22: the ways back are built from the configured origin alone."""
    forged = {"X-Forwarded-Host": "evil.test", "X-Forwarded-Proto": "http", "Forwarded": "host=e"}
    for more in ({}, {"X-Forwarded-For": "10.0.0.1"}, {"X-Original-URL": "/evil"}):
        answer = await person.get("/sign-in", headers={**forged, **more})
        asked = httpx.URL(answer.headers["location"])
        assert asked.params["redirect_uri"] == f"{ORIGIN}/sign-in/callback"
    for path in ("/sign-in", "/sign-in/callback", "/signed-out"):
        answer = await person.get(path, headers={"Host": "evil.test"})
        assert (answer.status_code, "location" in answer.headers) == (400, False)


async def test_an_invited_member_is_linked_by_a_checked_mail(desk: Desk, person: Person) -> None:
    member = await hire(desk.organisation, "Alice", Role.ADMIN)
    await desk.sign_in(person)
    linked = await Member.get()
    assert (linked.id, linked.subject, linked.role) == (member.id, "alice", Role.GENERAL)


async def test_an_unchecked_mail_links_nobody(desk: Desk, person: Person) -> None:
    member = await hire(desk.organisation, "Alice", Role.ADMIN)
    desk.forger.person["email_verified"] = False
    _is_refused(await desk.sign_in(person), "このメールアドレスは確認されていません")
    assert (await Member.get(id=member.id)).subject is None


async def test_beginning_writes_nothing(desk: Desk, person: Person) -> None:
    for _ in range(3):
        await desk.begin(person)
    assert not await Session.exists()
    assert not await Member.exists()


async def test_a_denial_at_the_foreign_provider_comes_back_in_words(site: Site) -> None:
    await site.knows("alice")
    await site.provider.behaves(deny=True)
    person = site.browser()
    answer = await person.get("/cameras")
    assert text_of(answer, "h1") == "ログインを中止しました"
    await site.provider.behaves()
    again = await person.get(str(one(answer, "main a.btn")["href"]))
    assert str(again.url) == f"{site.origin}/cameras"


def _is_refused(answer: httpx.Response, title: str) -> None:
    """The answer is a page in words, and nobody is signed in by it."""
    assert text_of(answer, "h1") == title
    assert answer.status_code in {400, 403, 503}
    assert not any(c.startswith(f"{COOKIE}=") for c in answer.headers.get_list("set-cookie"))
    assert len(text_of(answer, "main p")) > 10
