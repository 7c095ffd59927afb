"""Browsers are sent to registered addresses only, compared letter by letter (TRUST 15)."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote, urlencode, urlsplit

import pytest

from tests.identity.oauth.conftest import CALLBACK, GOODBYE, World
from tests.identity.people import visitor
from webapp.identity.models import AuthorizationCode, Client


def variants(good: str) -> list[str]:
    """Addresses that look like ``good``, or that somebody could hope to get by with."""
    made = dict.fromkeys(_variants(good))
    made.pop(good, None)
    return list(made)


def _variants(good: str) -> Iterator[str]:
    parts = urlsplit(good)
    scheme, host, path = parts.scheme, parts.netloc, parts.path
    rest = good.removeprefix(f"{scheme}://{host}")
    evil = "evil.test"
    yield from _other_hosts(scheme, host, rest, evil)
    yield from _other_schemes(host, rest)
    yield from _other_paths(f"{scheme}://{host}", path, rest)
    yield from _other_ends(good, evil)
    yield from _other_spellings(good, host)
    for letter in ("\0", "\t", "\n", "\r", " ", "\x7f", "\u200b", "\u3000", "\ufeff", "\u2028"):
        for place in (0, len(scheme), len(scheme) + 3, len(good) // 2, len(good)):
            yield good[:place] + letter + good[place:]
    for place, letter in enumerate(good):
        yield good[:place] + good[place + 1 :]  # one letter less
        yield good[:place] + letter.swapcase() + good[place + 1 :]
        yield good[:place] + letter + good[place:]  # one twice


def _other_hosts(scheme: str, host: str, rest: str, evil: str) -> Iterator[str]:
    for name in (
        evil,
        f"{host}.{evil}",
        f"{evil}.{host}",
        f"{evil}/{host}",
        f"{host}@{evil}",
        f"{host}:443@{evil}",
        f"{host}%40{evil}",
        f"user@{host}",
        f"user:pass@{host}",
        f"@{host}",
        f"{host}\\@{evil}",
        f"{evil}\\@{host}",
        f"{host}:443",
        f"{host}:80",
        f"{host}:",
        f"{host}.",
        f"www.{host}",
        f"{host}#@{evil}",
        f"{evil}#{host}",
        f"{evil}?{host}",
        f"{evil};{host}",
        f"{host},{evil}",
        f"{host} {evil}",
        f"{host}%00.{evil}",
        f"{host}%2e{evil}",
        f"*.{host}",
        "localhost",
        "127.0.0.1",
        "[::1]",
        "0x7f000001",
        "",
        host.replace("a", "а"),  # Cyrillic
        host.replace(".", "。"),
        host.replace("i", "ı"),
        host.upper(),
    ):
        yield f"{scheme}://{name}{rest}"


def _other_schemes(host: str, rest: str) -> Iterator[str]:
    for scheme in ("http", "HTTPS", "ftp", "ws", "wss", "file", "app", "https+x", "//https", ""):
        yield f"{scheme}://{host}{rest}"
    for start in (f"//{host}", f"/\\{host}", f"\\\\{host}", f"https:{host}", f"https:/{host}"):
        yield start + rest
    yield from (f"https:///{host}{rest}", f"https:\\\\{host}{rest}", host + rest, rest, "/", "")
    for text in ("javascript:alert(1)", "data:text/html,x", "about:blank", "vbscript:x", "null"):
        yield text
        yield f"{text}//{host}{rest}"


def _other_paths(origin: str, path: str, rest: str) -> Iterator[str]:
    for other in (
        "",
        "/",
        path + "/",
        path + "/..",
        path + "/../" + path[1:],
        "/." + path,
        "//" + path[1:],
        "/./" + path[1:],
        "/x/.." + path,
        "/%2e%2e" + path,
        "/" + quote(path[1:]).replace("a", "%61"),
        path.upper(),
        path + "%2f..",
        path + ";x=1",
        path + "%00",
        path + "%0d%0aLocation:%20https://evil.test",
        path + "/*",
        "/*",
        path[:-1],
        path + "x",
    ):
        yield origin + other + rest.removeprefix(path)
        yield origin + other


def _other_ends(good: str, evil: str) -> Iterator[str]:
    for end in (
        "#",
        "#x",
        "?",
        "&",
        "?x=1",
        "&x=1",
        f"?next=https://{evil}",
        f"&redirect=//{evil}",
        "%20",
        "%09",
        ".",
        "/",
        "\\",
        ",https://" + evil,
        " https://" + evil,
        "|https://" + evil,
        "%23",
        "?" * 400,
    ):
        yield good + end
    yield from (good + good, f"{good}\n{good}", f"['{good}']", f'"{good}"', f"<{good}>")


def _other_spellings(good: str, host: str) -> Iterator[str]:
    yield quote(good)
    yield quote(good, safe="")
    yield good.replace("/", "%2f")
    yield good.replace(":", "%3a")
    yield good.replace("?", "%3f")
    yield good.replace(".", "%2e")
    yield good.replace("/", "\\")
    yield good.replace("/", "／")
    yield good.replace(host, host.encode("utf-16-le").hex())
    yield good.upper()
    yield good.title()
    yield good[::-1]


def test_there_are_more_than_200_of_each() -> None:
    for good in (CALLBACK, GOODBYE):
        assert len(variants(good)) >= 200
        assert good not in variants(good)


async def test_no_variant_of_a_redirect_uri_is_followed(world: World) -> None:
    followed, answered = [], 0
    for variant in variants(CALLBACK):
        answer = await world.authorize(redirect_uri=variant)
        answered += 1
        if answer.status_code != 400 or "location" in answer.headers:
            followed.append(variant)
    assert followed == []
    assert answered >= 200
    assert not await AuthorizationCode.exists()
    assert (await world.authorize()).status_code == 303, "the good one is"


async def test_no_variant_is_followed_with_an_error_either(world: World) -> None:
    for variant in variants(CALLBACK)[::7]:
        for wrong in ({"scope": "x"}, {"response_type": "token"}, {"prompt": "none login"}):
            answer = await world.authorize(redirect_uri=variant, **wrong)
            assert "location" not in answer.headers, variant


async def test_no_variant_of_a_post_logout_redirect_uri_is_followed(world: World) -> None:
    hint = (await world.tokens())["id_token"]
    followed, answered = [], 0
    async with visitor(world.identity) as somebody:
        for variant in variants(GOODBYE):
            query = {"id_token_hint": hint, "post_logout_redirect_uri": variant, "state": "s"}
            answer = await somebody.get("/logout?" + urlencode(query))
            answered += 1
            if answer.status_code != 200 or "location" in answer.headers:
                followed.append(variant)
        assert followed == []
        assert answered >= 200
        query["post_logout_redirect_uri"] = GOODBYE
        answer = await somebody.get("/logout?" + urlencode(query))
        assert (answer.status_code, answer.headers["location"]) == (303, f"{GOODBYE}?state=s")


async def test_no_variant_is_followed_after_the_button(world: World) -> None:
    for variant in variants(GOODBYE)[::3]:
        answer = await world.browser.send_form(
            "/logout",
            client_id=world.client.client_id,
            post_logout_redirect_uri=variant,
            state="s",
        )
        assert (answer.status_code, "location" in answer.headers) == (200, False), variant
        await world.sign_in()


@pytest.mark.parametrize("field", ["redirect_uris", "post_logout_redirect_uris"])
async def test_another_applications_address_is_none_of_ones_own(world: World, field: str) -> None:
    await Client.create(client_id="other", name="他", **{field: ["https://other.test/"]})
    hint = (await world.tokens())["id_token"]
    assert (await world.authorize(redirect_uri="https://other.test/")).status_code == 400
    query = {"id_token_hint": hint, "post_logout_redirect_uri": "https://other.test/"}
    assert (await world.browser.get("/logout?" + urlencode(query))).status_code == 200
