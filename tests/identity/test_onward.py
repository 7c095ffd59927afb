"""Nothing leads out of the provider: ``next``, ``back`` and what follows a choice (TRUST 15)."""

from __future__ import annotations

from urllib.parse import quote, urljoin, urlsplit

import pytest

from tests.identity.people import ORIGIN, Visitor
from webapp.identity.flows.onward import local_path, login_hint, onward
from webapp.identity.models import Account

EVIL = "evil.test"

# Ways to write "somewhere else" that some browser, proxy or library has read as that.
_LEADS = [
    "https://{}",
    "http://{}",
    "HTTPS://{}",
    "https:{}",
    "https:/{}",
    "https:///{}",
    "//{}",
    "///{}",
    "////{}",
    "/\\{}",
    "\\/{}",
    "\\\\{}",
    "/\\/{}",
    "\\{}",
    "/\t/{}",
    "\t//{}",
    " //{}",
    "\n//{}",
    "\r\n//{}",
    "\x00//{}",
    "\x0b//{}",
    "\x85//{}",
    "\u00a0//{}",
    "\u3000//{}",
    "\ufeff//{}",
    "/%09/{}",
    "/%2f{}",
    "/%5c{}",
    "%2f%2f{}",
    "/.//{}",
    "/..//{}",
    "/;//{}",
    "//{}:443",
    "//{}%23",
    "//id.nigiwai.test@{}",
    "https://id.nigiwai.test@{}",
    "https://id.nigiwai.test.{}",
    "https://id.nigiwai.test\\.{}",
    "https://id.nigiwai.test:x@{}",
    "https://{}#id.nigiwai.test",
    "https://{}?id.nigiwai.test",
    "https://{}/authorize?",
    "//{}/authorize?",
    "ftp://{}",
    "ws://{}",
    "data:text/html,//{}",
    "javascript://{}/%0aalert(1)",
    "javascript:alert('{}')",
    "JaVaScRiPt:alert('{}')",
    "vbscript://{}",
    "file://{}/etc/passwd",
    "view-source:https://{}",
    "blob:https://{}",
    "about:blank#{}",
    "mailto:a@{}",
    "@{}",
    ".{}",
    "{}",
    "?next=//{}",
    "#//{}",
    ".//{}",
    "..//{}",
    "/..\\{}",
    "/authorize",
    "/authorize/../..//{}",
    "/authorize@{}",
    "/authorize\\{}?",
    "/authorize.{}?",
    "/authorize:443@{}?",
    "//authorize?{}",
    "/\\authorize?{}",
    "/AUTHORIZE?@{}",
    "/authorize%3f//{}",
    "/authorize?\r\nLocation: https://{}",
    "/authorize?\nSet-Cookie: a={}",
    "/authorize?\x00//{}",
    "/authorize?\\\\{}",
    "/authorize? //{}",
    "/authorize?あ//{}",
    "/login?next=//{}",
    "/logout?post_logout_redirect_uri=https://{}",
    "/consent?next=//{}",
    "/password/{}",
    "https:%2f%2f{}",
    "https:\\\\{}",
    "https:\t//{}",
    "ht\ntps://{}",
    "\x01https://{}",
    "http:///{}",
    "https://[::ffff:{}]",
    "///\t/{}",
    "/\r/{}",
    "/\n/{}",
    "/\x0c/{}",
    "／／{}",
    "/／{}",
    "https：//{}",
    "〱//{}",
    "//{}。",
    "//ｅｖｉｌ.test",
    "https://xn--{}",
    "/account//{}",
    "/account/..//{}",
    "/account/../..//{}",
    "/account/.//{}",
    "/account\\{}",
    "/account/\\{}",
    "/account@{}",
    "/account.{}",
    "/account:443@{}",
    "/account/%2f%2f{}",
    "/account/%5c{}",
    "/account?next=//{}",
    "/account#//{}",
    "/account/\r\nLocation: https://{}",
    "/account/\n//{}",
    "/account/\t/{}",
    "/account/ {}",
    "/account/;{}",
    "/account/あ{}",
    "/accounts/{}",
    "/ACCOUNT/{}",
    "//account/{}",
    "/\\account/{}",
    "/account/edit?x=//{}",
    "/group//{}",
    "/group/..%2f{}",
    "/group\x00{}",
    "/group@{}",
    "//group.{}",
]
HOSTILE = [lead.replace("{}", EVIL) for lead in _LEADS] + [
    lead.replace("{}", EVIL).upper() for lead in _LEADS[:20]
]
assert len(set(HOSTILE)) > 100


def lands_at(location: str) -> str:
    """The origin at which a browser ends that follows this from the provider's login."""
    # Browsers drop tabs and line breaks and read a backslash as a slash.
    seen = "".join(c for c in location if c not in "\t\r\n").strip().replace("\\", "/")
    parts = urlsplit(urljoin(f"{ORIGIN}/login", seen))
    return f"{parts.scheme}://{parts.netloc}"


@pytest.mark.parametrize("asked", HOSTILE)
async def test_a_login_stays_at_the_provider(
    asked: str, stranger: Visitor, account: Account
) -> None:
    page = await stranger.get(f"/login?next={quote(asked, safe='')}")
    assert page.status_code == 200
    policy = page.headers["content-security-policy"]
    assert "form-action 'self';" in policy, "the form may redirect nowhere else either"
    done = await stranger.log_in(account.mail, path=f"/login?next={quote(asked, safe='')}")
    assert done.status_code == 303
    location = done.headers["location"]
    assert location == "/" or location.startswith("/authorize?")
    assert lands_at(location) == ORIGIN
    assert "\n" not in location
    assert EVIL not in done.headers.get("set-cookie", "")


@pytest.mark.parametrize("asked", HOSTILE)
async def test_a_choice_stays_at_the_provider(asked: str, someone: Visitor) -> None:
    path = f"/consent?next={quote(asked, safe='')}"
    for response in (
        await someone.get(path),
        await someone.send_form(path, answer="allow"),
        await someone.send_form(path, answer="deny"),
    ):
        assert response.status_code == 303
        assert lands_at(response.headers["location"]) == ORIGIN


@pytest.mark.parametrize("asked", HOSTILE)
async def test_a_language_stays_at_the_provider(asked: str, stranger: Visitor) -> None:
    response = await stranger.send_form("/language", language="en", back=asked)
    assert response.status_code == 303
    assert lands_at(response.headers["location"]) == ORIGIN


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ("/authorize?client_id=a&state=%2F%2Fevil.test", None),
        ("/authorize?redirect_uri=https%3A%2F%2Fapp.test", None),
        ("/", None),
        ("", "/"),
        ("/account", None),
        ("/account/security/passkeys/x-_1", None),
        ("/group/aB3/edit", None),
        ("/account/", "/"),
        ("/account\n", "/"),
        ("/accounting", "/"),
        ("/reset", "/"),
        ("/authorize", "/"),
    ],
)
def test_what_may_be_gone_on_to(asked: str, path: str | None) -> None:
    assert onward(asked) == (asked if path is None else path)


@pytest.mark.parametrize(
    "asked", ["/", "/reset", "/login?next=%2Fauthorize%3Fa%3Db", "/password/x-_1"]
)
def test_where_a_language_goes_back_to(asked: str) -> None:
    assert local_path(asked) == asked


async def test_a_language_is_kept_in_the_browser(stranger: Visitor) -> None:
    stranger.headers["accept-language"] = "ja"
    response = await stranger.send_form("/language", language="en", back="/reset?a=b")
    assert response.headers["location"] == "/reset?a=b"
    cookie = response.headers["set-cookie"]
    assert cookie.startswith("__Host-nigiwai-id-language=en;")
    assert '<html lang="en">' in (await stranger.get("/reset")).text
    assert (await stranger.send_form("/language", language="xx", back="/")).status_code == 400


async def test_the_mail_address_that_an_application_knows_is_filled_in(stranger: Visitor) -> None:
    target = "/authorize?" + "login_hint=alice%40nigiwai.test&prompt=login"
    assert login_hint(target) == "alice@nigiwai.test"
    page = await stranger.get(f"/login?next={quote(target, safe='')}")
    assert 'value="alice@nigiwai.test"' in page.text
    hostile = "/authorize?login_hint=%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E"
    page = await stranger.get(f"/login?next={quote(hostile, safe='')}")
    assert "<script>alert" not in page.text


async def test_whoever_has_to_log_in_first_comes_back(stranger: Visitor, account: Account) -> None:
    target = "/authorize?client_id=a"
    path = f"/consent?next={quote(target, safe='')}"
    asked = await stranger.get(path)
    assert asked.headers["location"] == f"/login?next={quote(target, safe='')}"
    done = await stranger.log_in(account.mail, path=asked.headers["location"])
    assert done.headers["location"] == target
