"""/authorize: who goes on with a code, who first signs in or agrees, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
import time_machine

from tests.html import parsed
from tests.identity.oauth.conftest import CALLBACK, World, allow, said_in
from tests.identity.people import ORIGIN, PASSWORD, sign_in, visitor
from webapp.identity.http import ASKED_LANGUAGE_COOKIE, LANGUAGE_COOKIE
from webapp.identity.models import Account, AuthorizationCode, Consent, Session
from webapp.identity.oauth.clients import create_client
from webapp.identity.oauth.requests import BadAuthorisation, read_request


def onward_of(answer: httpx.Response, page: str) -> str:
    """The address to come back to that a redirect to one of our pages carries."""
    location = urlsplit(answer.headers["location"])
    assert (answer.status_code, location.path, location.netloc) == (303, page, "")
    [onward] = parse_qs(location.query)["next"]
    assert onward.startswith("/authorize?")
    assert onward.isascii()
    assert not set(onward) & set(' "\\<>')
    return onward


async def test_whoever_is_signed_in_and_agreed_goes_on_with_a_code(world: World) -> None:
    said = said_in(await world.authorize())
    assert said == {
        "from": "id",
        "code": said["code"],
        "state": "st/ate=1&2",
        "iss": ORIGIN,
    }
    assert await AuthorizationCode.all().count() == 1


async def test_a_stranger_signs_in_first_and_comes_back_to_the_very_request(world: World) -> None:
    query = world.query(login_hint="alice@nigiwai.test")
    async with visitor(world.identity) as stranger:
        answer = await stranger.get("/authorize?" + urlencode(query))
        onward = onward_of(answer, "/login")
    assert dict(parse_qs(urlsplit(onward).query)) == {n: [t] for n, t in query.items()}
    assert not await AuthorizationCode.exists()
    assert said_in(await world.browser.get(onward))["code"]


async def test_whoever_did_not_agree_to_all_of_it_is_asked(world: World) -> None:
    await allow(world.account, world.client, "openid profile")
    onward = onward_of(await world.authorize(), "/consent")
    assert not await AuthorizationCode.exists()
    assert "code" in said_in(await world.authorize(scope="openid profile"))
    await allow(world.account, world.client)
    assert "code" in said_in(await world.browser.get(onward))


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": "s256"}, "invalid_request"),
        ({"code_challenge": "a" * 42}, "invalid_request"),
        ({"code_challenge": "a" * 44}, "invalid_request"),
        ({"code_challenge": "a" * 43 + "\n"}, "invalid_request"),
        ({"code_challenge": "a" * 42 + "="}, "invalid_request"),
        ({"code_challenge": "あ" * 43}, "invalid_request"),
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_type": 'co"de\\é'}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"response_mode": "form_post"}, "invalid_request"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"scope": "openid admin"}, "invalid_scope"),
        ({"scope": "openid é"}, "invalid_scope"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "sometimes"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "soon"}, "invalid_request"),
        ({"max_age": "٣"}, "invalid_request"),
        ({"nonce": "n" * 256}, "invalid_request"),
        ({"nonce": "n\0n"}, "invalid_request"),
        ({"request": "e30.e30."}, "request_not_supported"),
        ({"request_uri": "https://app.nigiwai.test/r"}, "request_uri_not_supported"),
        ({"registration": "{}"}, "registration_not_supported"),
    ],
)
async def test_what_is_wrong_is_said_to_the_application(
    world: World, changes: dict[str, str | None], error: str
) -> None:
    said = said_in(await world.authorize(**changes))
    assert (said["error"], said["state"], said["iss"]) == (error, "st/ate=1&2", ORIGIN)
    assert "code" not in said
    assert not await AuthorizationCode.exists()


@pytest.mark.parametrize("name", ["scope", "state", "nonce", "code_challenge", "prompt", "x"])
async def test_a_repeated_parameter_is_refused(world: World, name: str) -> None:
    query = [*world.query().items(), (name, "one"), (name, "two")]
    said = said_in(await world.browser.get("/authorize?" + urlencode(query)))
    assert said["error"] == "invalid_request"
    assert ("state" in said) == (name != "state"), "which of the two would it be?"


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": None},
        {"client_id": "nobody"},
        {"client_id": "n\0"},
        {"client_id": "あ" * 300},
        {"redirect_uri": None},
        {"redirect_uri": 'https://elsewhere.test/"\\é'},
        {"redirect_uri": "https://elsewhere.test/", "response_type": "token"},
    ],
)
async def test_an_unknown_application_or_address_gets_a_page_of_ours(
    world: World, changes: dict[str, str | None]
) -> None:
    answer = await world.authorize(**changes)
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert "アプリケーションからの要求を受け付けられません" in answer.text


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
async def test_a_repeated_address_goes_nowhere(world: World, name: str) -> None:
    again = (name, world.query()[name])
    for query in ([*world.query().items(), again], [again, *world.query().items()]):
        answer = await world.browser.get("/authorize?" + urlencode(query))
        assert answer.status_code == 400
        assert "location" not in answer.headers


async def test_a_flood_of_parameters_gets_a_page(world: World) -> None:
    query = urlencode([*world.query().items(), *((f"p{n}", "x") for n in range(60))])
    assert (await world.browser.get("/authorize?" + query)).status_code == 400


class TestPrompt:
    async def test_none_shows_no_page(self, world: World) -> None:
        assert "code" in said_in(await world.authorize(prompt="none"))
        await Consent.all().delete()
        said = said_in(await world.authorize(prompt="none"))
        assert (said["error"], said["state"]) == ("consent_required", "st/ate=1&2")
        await Session.all().delete()
        said = said_in(await world.authorize(prompt="none"))
        assert (said["error"], said["iss"]) == ("login_required", ORIGIN)

    @pytest.mark.parametrize("prompt", ["login", "select_account", "login consent"])
    async def test_login_asks_once_and_not_for_ever(self, world: World, prompt: str) -> None:
        onward = onward_of(await world.authorize(prompt=prompt), "/login")
        # Coming back without having signed in does not help.
        onward = onward_of(await world.browser.get(onward), "/login")
        await world.sign_in()
        await allow(world.account, world.client)
        assert "code" in said_in(await world.browser.get(onward))

    async def test_login_asks_once_of_a_stranger_too(self, world: World) -> None:
        mine, world.browser = world.browser, visitor(world.identity)
        onward = onward_of(await world.authorize(prompt="login"), "/login")
        await world.browser.aclose()
        world.browser = mine
        await world.sign_in()
        assert "code" in said_in(await world.browser.get(onward))

    async def test_consent_asks_once_and_not_for_ever(self, world: World) -> None:
        onward = onward_of(await world.authorize(prompt="consent"), "/consent")
        onward = onward_of(await world.browser.get(onward), "/consent")
        await allow(world.account, world.client)
        assert "code" in said_in(await world.browser.get(onward))

    async def test_the_mark_is_good_for_one_request_and_a_while(self, world: World) -> None:
        onward = onward_of(await world.authorize(prompt="login"), "/login")
        await world.sign_in()
        other = onward.replace("n-0S6_WzA2Mj", "another")
        assert other != onward
        onward_of(await world.browser.get(other), "/login")
        with time_machine.travel(datetime.now(UTC) + timedelta(minutes=31)):
            onward_of(await world.browser.get(onward), "/login")
        # An application cannot make one.
        onward_of(await world.authorize(prompt="login", asked="x"), "/login")
        onward_of(await world.authorize(prompt="login", asked="é\n"), "/login")
        sealed = world.parts.sealer.seal({"url": "rtsp://camera"})
        onward_of(await world.authorize(prompt="login", asked=sealed), "/login")

    async def test_max_age_asks_whoever_signed_in_longer_ago(self, world: World) -> None:
        assert "code" in said_in(await world.authorize(max_age="60"))
        with time_machine.travel(datetime.now(UTC) + timedelta(seconds=61)):
            assert said_in(await world.authorize(max_age="60", prompt="none"))["error"] == (
                "login_required"
            )
            onward = onward_of(await world.authorize(max_age="60"), "/login")
            await world.sign_in()
            assert "code" in said_in(await world.browser.get(onward))

    async def test_max_age_zero_asks_once(self, world: World) -> None:
        onward = onward_of(await world.authorize(max_age="0"), "/login")
        await world.sign_in()
        assert "code" in said_in(await world.browser.get(onward))

    async def test_the_login_page_really_is_once(self, world: World) -> None:
        """The whole way by the real pages, with a password."""
        world.account.password_hash = await world.parts.passwords.hash(PASSWORD)
        await world.account.save()
        asked = await world.authorize(prompt="login", redirect_uri=CALLBACK)
        login = asked.headers["location"]
        assert (await world.browser.get(login)).status_code == 200
        answer = await world.browser.log_in(world.account.mail, path=login)
        assert answer.status_code == 303, answer.text
        assert "code" in said_in(await world.browser.get(answer.headers["location"]))


async def test_the_person_that_an_id_token_names_is_expected(world: World) -> None:
    hint = (await world.tokens())["id_token"]
    assert "code" in said_in(await world.authorize(id_token_hint=hint))
    assert "code" in said_in(await world.authorize(id_token_hint="no token"))
    world.account.public_id = "somebodyelse"
    await world.account.save()
    said = said_in(await world.authorize(id_token_hint=hint, prompt="none"))
    assert said["error"] == "login_required"
    onward = onward_of(await world.authorize(id_token_hint=hint), "/login")
    await world.sign_in()
    assert said_in(await world.browser.get(onward))["error"] == "login_required"


@pytest.mark.parametrize(("tags", "language"), [("en-GB ja", "en"), ("ja", "ja"), ("fr", None)])
async def test_the_login_speaks_the_applications_language(
    world: World, tags: str, language: str | None
) -> None:
    async with visitor(world.identity) as stranger:
        path = "/authorize?" + urlencode(world.query(ui_locales=tags))
        answer = await stranger.get(path)
        assert answer.cookies.get(ASKED_LANGUAGE_COOKIE) == language
        login = answer.headers["location"]
        assert parsed(await stranger.get(login)).html["lang"] == (language or "ja")  # type: ignore[index]
        for chosen in ("ja", "en"):
            stranger.cookies.set(LANGUAGE_COOKIE, chosen, domain="id.nigiwai.test")
            answer = await stranger.get(path)
            assert LANGUAGE_COOKIE not in answer.cookies, "what was chosen here stays"
            assert parsed(await stranger.get(login)).html["lang"] == chosen  # type: ignore[index]


async def test_whoever_signed_in_reads_their_own_language_not_the_applications(
    world: World,
) -> None:
    await Account.filter(id=world.account.id).update(language="en")
    async with visitor(world.identity) as somebody:
        answer = await somebody.get("/authorize?" + urlencode(world.query(ui_locales="ja")))
        login = answer.headers["location"]
        assert parsed(await somebody.get(login)).html["lang"] == "ja"  # type: ignore[index]
        await sign_in(somebody, world.identity, world.account)
        assert parsed(await somebody.get("/account")).html["lang"] == "en"  # type: ignore[index]


async def test_a_public_application_needs_no_secret_but_the_verifier(world: World) -> None:
    world.client, world.secret = await create_client("端末", [CALLBACK], is_public=True)
    assert world.secret == ""
    await allow(world.account, world.client)
    code = await world.code()
    mine = {"client_id": world.client.client_id}
    bare = await world.redeem(code, auth=False, **mine, code_verifier="")
    assert (bare.status_code, bare.json()["error"]) == (400, "invalid_request")
    wrong = await world.redeem(code, auth=False, **mine, code_verifier="y" * 43)
    assert (wrong.status_code, wrong.json()["error"]) == (400, "invalid_grant")
    assert (await world.redeem(code, auth=False, **mine)).status_code == 200


async def test_the_consent_page_reads_the_same_request(world: World) -> None:
    read = await read_request(world.parts, urlencode(world.query(prompt="consent")))
    assert (read.client.id, read.redirect_uri) == (world.client.id, CALLBACK)
    assert read.scope == "openid profile email nigiwai offline_access"
    refusal = urlsplit(read.refusal("access_denied"))
    assert parse_qs(refusal.query) == {
        "from": ["id"],
        "error": ["access_denied"],
        "state": ["st/ate=1&2"],
        "iss": [ORIGIN],
    }
    with pytest.raises(BadAuthorisation) as bad:
        await read_request(world.parts, urlencode(world.query(client_id="nobody")))
    assert bad.value.location == ""
    with pytest.raises(BadAuthorisation) as bad:
        await read_request(world.parts, urlencode(world.query(scope="profile")))
    assert bad.value.location.startswith(CALLBACK + "&error=invalid_scope")
