"""Every route of the provider with every kind of visitor, from its table (TRUST 22 to 25).

A route without an entry in ``SAMPLES`` fails; so does a visitor who may do more, or less,
than the table in ``webapp/identity/urls.py`` says.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from tests.html import parsed
from tests.identity.people import PASSWORD, Visitor, make_account, path_of, sign_in, visitor
from tests.rows import every_row
from webapp.identity.links import create_link
from webapp.identity.models import (
    Account,
    AuthorizationCode,
    Client,
    Consent,
    LinkPurpose,
    MailChange,
    Passkey,
    Session,
    TokenFamily,
)
from webapp.identity.oauth.keys import signing_key
from webapp.identity.parts import Parts
from webapp.identity.urls import ENTRIES, Access, Entry
from webapp.tokens import token_hash

CALLBACK = "https://app.test/callback"
REQUEST = (
    "/authorize?response_type=code&client_id=app&scope=openid%20email&state=x&nonce=n"
    "&redirect_uri=https%3A%2F%2Fapp.test%2Fcallback&code_challenge_method=S256"
    "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

NEW = "海辺の 自転車 と 古い時計"
PROFILE = {"name": "Alice", "language": "ja", "time_zone": "Asia/Tokyo"}
MEMBER = {"name": "Carol", "role": "general", "language": "en"}

# What is sent to each route: a query, or a form. Whether it is good enough to be carried out
# does not matter here: who may try does.
SAMPLES: dict[tuple[str, str], dict[str, str]] = {
    ("GET", "/login"): {"next": REQUEST},
    ("POST", "/login"): {"mail": "alice@nigiwai.test", "password": PASSWORD},
    ("GET", "/login/code"): {},
    ("POST", "/login/code"): {"way": "mail", "code": "123456"},
    ("GET", "/login/code/resend"): {},
    ("POST", "/login/code/resend"): {},
    ("POST", "/login/passkey/options"): {},
    ("GET", "/reset"): {},
    ("POST", "/reset"): {"mail": "alice@nigiwai.test", "answer": "send"},
    ("GET", "/reset/sent"): {},
    ("GET", "/password/{token}"): {},
    ("POST", "/password/{token}"): {"password": NEW},
    ("GET", "/password-changed"): {},
    ("GET", "/consent"): {"next": REQUEST},
    ("POST", "/consent"): {"answer": "allow"},
    ("GET", "/account"): {"done": "profile"},
    ("GET", "/account/edit"): {},
    ("POST", "/account/edit"): {**PROFILE, "answer": "back"},
    ("GET", "/account/edit/confirm"): {},
    ("POST", "/account/edit/confirm"): PROFILE,
    ("GET", "/account/mail"): {},
    ("POST", "/account/mail"): {"mail": "alice@new.test", "current": PASSWORD},
    ("GET", "/account/mail/stop"): {},
    ("POST", "/account/mail/stop"): {},
    ("GET", "/account/mail/confirm/{token}"): {},
    ("POST", "/account/mail/confirm/{token}"): {},
    ("GET", "/account/password"): {},
    ("POST", "/account/password"): {"current": PASSWORD, "password": NEW, "again": NEW},
    ("GET", "/account/security"): {},
    ("POST", "/account/security"): {
        "second_factor": "always",
        "method": "totp",
        "login_notice": "off",
        "current": PASSWORD,
    },
    ("GET", "/account/security/totp"): {},
    ("POST", "/account/security/totp"): {"current": PASSWORD, "answer": "set"},
    ("GET", "/account/security/totp/confirm"): {},
    ("POST", "/account/security/totp/confirm"): {"permission": "x", "code": "123456"},
    ("GET", "/account/security/recovery"): {},
    ("POST", "/account/security/recovery"): {"current": PASSWORD},
    ("GET", "/account/security/passkeys"): {},
    ("POST", "/account/security/passkeys"): {"permission": "x", "name": "x", "code": "{}"},
    ("GET", "/account/security/passkeys/new"): {},
    ("POST", "/account/security/passkeys/new"): {"current": PASSWORD},
    ("GET", "/account/security/passkeys/{passkey}"): {},
    ("POST", "/account/security/passkeys/{passkey}"): {"name": "x", "current": PASSWORD},
    ("GET", "/account/history"): {"page": "2"},
    ("GET", "/account/devices"): {},
    ("GET", "/account/devices/end"): {},
    ("POST", "/account/devices/end"): {"sid": "phone"},
    ("GET", "/account/devices/end-others"): {},
    ("POST", "/account/devices/end-others"): {},
    ("GET", "/account/apps"): {},
    ("GET", "/account/apps/{client}"): {},
    ("POST", "/account/apps/{client}"): {},
    ("GET", "/group"): {"q": "bob"},
    ("GET", "/group/new"): {},
    ("GET", "/group/new/confirm"): {},
    ("POST", "/group/new/confirm"): {**MEMBER, "mail": "carol@nigiwai.test"},
    ("POST", "/group/new"): {**MEMBER, "mail": "carol@nigiwai.test"},
    ("GET", "/group/delete/confirm"): {},
    ("POST", "/group/delete/confirm"): {"account": "bob"},
    ("GET", "/group/delete"): {},
    ("POST", "/group/delete"): {"account": "bob"},
    ("GET", "/group/{account}/edit"): {},
    ("GET", "/group/{account}/edit/confirm"): {},
    ("POST", "/group/{account}/edit/confirm"): MEMBER,
    ("POST", "/group/{account}/edit"): MEMBER,
    ("GET", "/group/{account}/second-factor"): {},
    ("POST", "/group/{account}/second-factor"): {},
    ("GET", "/group/{account}/resend"): {},
    ("POST", "/group/{account}/resend"): {},
    ("GET", "/.well-known/openid-configuration"): {},
    ("GET", "/jwks.json"): {},
    ("GET", "/authorize"): dict(httpx.QueryParams(REQUEST.partition("?")[2]).multi_items()),
    ("POST", "/token"): {"grant_type": "authorization_code", "code": "x", "client_id": "app"},
    ("GET", "/userinfo"): {},
    ("POST", "/userinfo"): {},
    ("POST", "/revoke"): {"token": "x", "client_id": "app"},
    ("GET", "/logout"): {"client_id": "app", "state": "x"},
    ("POST", "/logout"): {"client_id": "app"},
    ("GET", "/"): {},
    ("POST", "/language"): {"language": "en", "back": "/reset"},
}
NAMES = {"ids": lambda entry: f"{entry.method} {entry.path}"}
GETS = [entry for entry in ENTRIES if entry.method == "GET"]
POSTS = [entry for entry in ENTRIES if entry.method == "POST"]
FORMS = [entry for entry in POSTS if entry.access is not Access.CLIENT]

Visitors = dict[str, Visitor]


@pytest.fixture
async def link(parts: Parts, account: Account) -> str:
    """A link for a new password, whose token is one for a new mail address too."""
    now = datetime.now(UTC)
    url = await create_link(account, LinkPurpose.RESET, parts.settings, now)
    await MailChange.create(
        account=account,
        mail="alice@new.test",
        old_token_hash=token_hash(url.rpartition("/")[2]),
        new_token_hash="of another token",
        created_at=now,
        expires_at=now + timedelta(hours=24),
    )
    return path_of(url)


@pytest.fixture
async def people(stranger: Visitor, someone: Visitor, parts: Parts, account: Account) -> Visitors:
    """Alice may be asked by an application, which she allowed to read everything.

    She has a passkey, and is signed in on her telephone. Bob was invited to her organisation.
    """
    organisation = await account.organisation
    await make_account(parts, organisation, "Bob", password="", public_id="bob")
    now = datetime.now(UTC)
    await signing_key(parts, now)  # made when it is first asked for
    client = await Client.create(
        client_id="app", name="App", redirect_uris=[CALLBACK], secret_hash=token_hash("secret")
    )
    await Consent.create(account=account, client=client, scope="openid email", given_at=now)
    await Passkey.create(
        account=account,
        public_id="key",
        credential_id="AAAA",
        public_key="AAAA",
        name="Key",
        created_at=now,
    )
    await Session.create(
        account=account,
        token_hash="of the telephone",
        csrf_token="x",
        sid="phone",
        signed_in_at=now,
        expires_at=now + timedelta(hours=1),
    )
    return {"anonymous": stranger, "signed in": someone}


# What a browser says when another site sends a form, or an old or odd browser does.
ELSEWHERE = {
    "cross-site": {"Origin": "https://evil.test", "Sec-Fetch-Site": "cross-site"},
    "lying": {"Origin": "https://evil.test", "Sec-Fetch-Site": "same-origin"},
    "the app": {"Origin": "https://nigiwai.test", "Sec-Fetch-Site": "same-site"},
    "null": {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
    "old browser": {"Origin": "https://evil.test"},
    "by hand": {"Sec-Fetch-Site": "none"},
    "nothing": {},
}


def test_every_route_is_in_the_matrix(identity: Starlette) -> None:
    served = {
        (method, route.path)
        for route in identity.routes
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert served == {(entry.method, entry.path) for entry in ENTRIES}
    assert served == set(SAMPLES)
    assert len(ENTRIES) == len(served), "no route is there twice"


@pytest.mark.parametrize("who", ["anonymous", "signed in"])
@pytest.mark.parametrize("entry", ENTRIES, **NAMES)
async def test_a_visitor_may_do_what_the_table_says(
    entry: Entry, who: str, people: Visitors, link: str
) -> None:
    before = every_row("identity_sqlite")
    response = await call(people[who], entry, link)
    assert response.status_code < 500
    if entry.access in {Access.ACCOUNT, Access.ADMIN} and who == "anonymous":
        assert response.status_code == 303
        assert response.headers["location"].startswith("/login")
        assert every_row("identity_sqlite") == before, "a refused request changed something"
    elif entry.access is Access.CLIENT and entry.method == "POST":
        assert response.status_code in {400, 401}, "a cookie is no proof here"
        assert every_row("identity_sqlite") == before
    elif entry.access is Access.CLIENT and entry.path == "/userinfo":
        assert response.status_code in {400, 401}
    else:
        # The sample was never shown what the account is like: it is asked to look first.
        is_stale = (entry.method, entry.path) == ("POST", "/group/{account}/edit")
        assert response.status_code in ({409} if is_stale else {200, 303}), response.text[:300]


@pytest.mark.parametrize("who", ["anonymous", "signed in"])
@pytest.mark.parametrize("entry", GETS, **NAMES)
async def test_looking_changes_nothing(entry: Entry, who: str, people: Visitors, link: str) -> None:
    """But for /authorize, whose answer is a code."""
    before = every_row("identity_sqlite")
    response = await call(people[who], entry, link)
    after = every_row("identity_sqlite")
    if entry.path == "/authorize" and who == "signed in":
        assert response.headers["location"].startswith(f"{CALLBACK}?code=")
        for model in (AuthorizationCode, TokenFamily):
            table = f"identity_sqlite.{model.describe()['table']}"
            assert len(after.pop(table)) == len(before.pop(table)) + 1
    assert after == before
    head = await people[who].head(path(entry, link), params=SAMPLES["GET", entry.path])
    assert head.status_code == response.status_code


@pytest.mark.parametrize("who", ["anonymous", "signed in"])
@pytest.mark.parametrize("entry", FORMS, **NAMES)
async def test_another_site_can_send_nothing(
    entry: Entry, who: str, people: Visitors, link: str
) -> None:
    before = every_row("identity_sqlite")
    person = people[who]
    for name in ("Origin", "Sec-Fetch-Site"):
        person.headers.pop(name, None)
    for sender, headers in ELSEWHERE.items():
        response = await person.post(
            path(entry, link),
            data={"csrf": person.csrf, **SAMPLES["POST", entry.path]},
            headers=headers,
        )
        assert response.status_code == 403, sender
    assert every_row("identity_sqlite") == before


@pytest.mark.parametrize("entry", FORMS, **NAMES)
async def test_a_form_needs_the_token_of_its_session(
    entry: Entry, people: Visitors, identity: Starlette, account: Account, link: str
) -> None:
    async with visitor(identity) as elsewhere:
        await sign_in(elsewhere, identity, account)
        tokens = ["", "x" * 43, elsewhere.csrf]
    before = every_row("identity_sqlite")
    person = people["signed in"]
    for token in tokens:
        response = await person.post(
            path(entry, link), data={"csrf": token, **SAMPLES["POST", entry.path]}
        )
        # Whoever is signed in already goes on from an old login form, and nothing happens.
        assert response.status_code == (303 if entry.path == "/login" else 403)
    assert every_row("identity_sqlite") == before


@pytest.mark.parametrize("entry", ENTRIES, **NAMES)
async def test_another_host_is_not_served(entry: Entry, people: Visitors, link: str) -> None:
    before = every_row("identity_sqlite")
    for host in ("evil.test", "id.nigiwai.test.evil.test", "id.nigiwai.test:81", ""):
        response = await people["signed in"].request(
            entry.method,
            path(entry, link),
            headers={"Host": host, "X-Forwarded-Host": "id.nigiwai.test"},
        )
        assert response.status_code == 400, host
        assert "evil" not in response.text
    assert every_row("identity_sqlite") == before


@pytest.mark.parametrize("who", ["anonymous", "signed in"])
@pytest.mark.parametrize("entry", ENTRIES, **NAMES)
async def test_every_answer_carries_the_headers(
    entry: Entry, who: str, people: Visitors, link: str
) -> None:
    response = await call(people[who], entry, link)
    policy = response.headers["content-security-policy"]
    assert "unsafe" not in policy
    for rule in (
        "default-src 'none'",
        "script-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ):
        assert rule in policy
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "same-origin"
    assert "max-age=" in response.headers["strict-transport-security"]
    public = entry.path in {"/jwks.json", "/.well-known/openid-configuration"}
    assert ("no-store" in response.headers["cache-control"]) is not public
    if response.headers.get("content-type", "").startswith("text/html"):
        for inline in ("<style", " style=", " onclick=", "<script>", "javascript:"):
            assert inline not in response.text
        # By name: a random token of the page may hold "hx-" as well.
        names = {name for tag in parsed(response).find_all(True) for name in tag.attrs}
        assert not {name for name in names if name.startswith(("hx-", "data-hx-"))}


@pytest.mark.parametrize("sent", ["/nothing", "/password/" + "x" * 43, "/static/none.css"])
async def test_errors_carry_the_headers_too(sent: str, stranger: Visitor) -> None:
    response = await stranger.get(sent)
    assert response.status_code in {404, 410}
    assert "frame-ancestors 'none'" in response.headers["content-security-policy"]
    assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("entry", GETS, **NAMES)
async def test_a_visitor_without_a_sign_in_gets_no_cookie(
    entry: Entry, people: Visitors, link: str
) -> None:
    response = await call(people["anonymous"], entry, link)
    assert "set-cookie" not in response.headers


async def test_a_logged_out_cookie_is_refused(people: Visitors, identity: Starlette) -> None:
    person = people["signed in"]
    token = person.cookies["__Host-nigiwai-id"]
    response = await person.send_form("/logout")
    assert "ログアウトしました" in response.text
    assert "__Host-nigiwai-id" not in person.cookies
    async with visitor(identity) as thief:
        thief.bring_cookie(token)
        for entry in ENTRIES:
            if entry.access is Access.ACCOUNT and entry.method == "GET":
                answer = await thief.get(entry.path)
                assert answer.headers["location"].startswith("/login")
        answer = await thief.get(REQUEST)
        assert answer.headers["location"].startswith("/login?next=")


async def call(person: Visitor, entry: Entry, link: str) -> httpx.Response:
    sample = SAMPLES[entry.method, entry.path]
    if entry.method == "GET":
        return await person.get(path(entry, link), params=sample)
    return await person.send_form(path(entry, link), **sample)


def path(entry: Entry, link: str) -> str:
    values = {"token": link.rpartition("/")[2], "account": "bob", "passkey": "key", "client": "app"}
    return entry.path.format(**values)


ANSWERS = [entry.path for entry in POSTS if entry.access in {Access.ACCOUNT, Access.ADMIN}]


@pytest.mark.parametrize("sent", ANSWERS)
async def test_a_language_chosen_on_an_answer_leads_on(
    sent: str, people: Visitors, link: str
) -> None:
    """Where the page was the answer to a form, its own page is shown instead."""
    here = path(next(entry for entry in POSTS if entry.path == sent), link)
    person = people["signed in"]
    chosen = await person.send_form("/language", language="en", back=here)
    answer = await person.get(chosen.headers["location"], follow_redirects=True)
    assert answer.status_code == 200
