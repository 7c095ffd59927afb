"""Where a sign-in may lead: 300 and more ways to say "elsewhere" lead nowhere (TRUST 15)."""

from __future__ import annotations

from urllib.parse import quote, urljoin, urlsplit

import pytest

from tests.people import ORIGIN, Person
from tests.signin.conftest import Site
from webapp.models import Organisation
from webapp.signin.next_page import HOME, LONGEST, local_page

EVIL = "evil.test"
OUR_PAGES = [
    "/cameras",
    "/",
    "/cameras/manage?order=name&kind=ok&page=2",
    "/cameras/camera000001/edit",
    "/cameras?q=%E6%B8%8B%E8%B0%B7",
    "/cameras?next=https://evil.test/",
    "/a/b?c=d//e",
]


def hostile() -> list[str]:
    """Ways to say evil.test that browsers or libraries have fallen for."""
    schemes = ["https:", "http:", "HTTPS:", "hTtP:", "ftp:", "javascript:", "data:", "file:", ""]
    slashes = ["//", "///", "////", "/\\", "\\/", "\\\\", "\\", "/\t/", "/\n/", "/\r/", "/\x0b/"]
    slashes += ["/ /", "/%00//", "/./\\", "/%09/\\", "\t//", " //", "\u3000//", "/\u2028/", "//\t"]
    found = [f"{scheme}{slash}{EVIL}" for scheme in schemes for slash in slashes]
    found += [f"{slash}{EVIL}/%2f.." for slash in slashes]
    found += [f"{slash}nigiwai.test@{EVIL}" for slash in slashes]
    found += [f"{slash}{EVIL}\\@nigiwai.test" for slash in slashes]
    found += [f"{slash}{EVIL}#nigiwai.test" for slash in slashes]
    found += [f"{ORIGIN}.{EVIL}", f"{ORIGIN}@{EVIL}", f"{ORIGIN}:80@{EVIL}", ORIGIN, f"{ORIGIN}/"]
    found += [EVIL, f"www.{EVIL}", f"@{EVIL}", f".{EVIL}", f":80@{EVIL}", f"?{EVIL}", f"#{EVIL}"]
    found += [f"/cameras//{EVIL}", f"/.//{EVIL}", f"/..//{EVIL}", f"/%5c//{EVIL}", f"/x/..//{EVIL}"]
    found += [f"//{EVIL}%2f@nigiwai.test", "//[::1]", "//0x7f000001", "//2130706433", "/\\[::1]"]
    found += [f"／／{EVIL}", f"/／{EVIL}", f"//{EVIL}。test", f"/\u200b/{EVIL}", f"/\ufeff/{EVIL}"]
    found += ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\nscript:alert(1)"]
    found += ["data:text/html,<script>alert(1)</script>", "vbscript:msgbox(1)", "blob:null"]
    found += [
        "/cameras\r\nLocation: https://evil.test",
        "/cameras\r\n\r\n<script>",
        "/\x00",
        "/\x7f",
    ]
    found += ["/cameras#<script>", "/<script>", "/{{7*7}}", '/"onmouseover=alert(1)', "/cameras x"]
    found += ["", " ", "cameras", "./cameras", "../cameras", "/" + "a" * LONGEST]
    return found


ROUND = ["/sign-in", "/sign-in?next=/sign-in", "/sign-in/callback?code=x&state=y", "/sign-out"]
ROUND += ["/signed-out", "/login-link/abc", "/backchannel-logout"]


@pytest.mark.parametrize("page", OUR_PAGES)
def test_a_page_of_ours_is_gone_to(page: str) -> None:
    assert local_page(page) == page


def test_nothing_leads_elsewhere() -> None:
    variants = hostile()
    # Once more as a browser may have written them into the address.
    variants += [quote(variant, safe="/:\\") for variant in variants]
    assert len(set(variants)) >= 300
    for variant in variants:
        chosen = local_page(variant)
        there = urlsplit(urljoin(f"{ORIGIN}/sign-in/callback", chosen))
        assert f"{there.scheme}://{there.netloc}" == ORIGIN, repr(variant)
        assert chosen.startswith("/")
        assert chosen[1:2] not in {"/", "\\"}, repr(variant)
        assert chosen.isascii()
        assert chosen.isprintable()


@pytest.mark.parametrize("page", ROUND)
def test_no_way_leads_round_in_circles(page: str) -> None:
    assert local_page(page) == HOME


async def test_the_guard_asks_for_the_page_that_was_wanted(anonymous: Person) -> None:
    answer = await anonymous.get("/cameras/manage?order=name&q=%E6%B8%8B")
    wanted = "/sign-in?next=/cameras/manage%3Forder%3Dname%26q%3D%25E6%25B8%258B"
    assert (answer.status_code, answer.headers["location"]) == (303, wanted)
    doubled = await anonymous.get(f"{ORIGIN}//evil.test/..//cameras")
    assert "evil.test" not in doubled.headers.get("location", "")


async def test_a_fragment_leads_back_to_its_page(anonymous: Person) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": f"{ORIGIN}/cameras?order=name"}
    answer = await anonymous.get("/cameras/cards", headers=headers)
    assert answer.headers["hx-redirect"] == "/sign-in?next=/cameras%3Forder%3Dname"
    elsewhere = {"HX-Request": "true", "HX-Current-URL": "https://evil.test//evil.test/x"}
    answer = await anonymous.get("/cameras/cards", headers=elsewhere)
    assert answer.headers["hx-redirect"] == f"/sign-in?next={HOME}"


async def test_somebody_signed_in_goes_there_at_once(alice: Person) -> None:
    answer = await alice.get("/sign-in?next=/cameras/new")
    assert (answer.status_code, answer.headers["location"]) == (303, "/cameras/new")
    for variant in hostile():
        answer = await alice.get("/sign-in", params={"next": variant})
        there = urlsplit(urljoin(f"{ORIGIN}/sign-in", answer.headers["location"]))
        assert f"{there.scheme}://{there.netloc}" == ORIGIN, repr(variant)


async def test_the_whole_way_leads_nowhere_else(site: Site, organisation: Organisation) -> None:
    await site.knows("alice")
    for variant in [
        "//evil.test",
        "/\\evil.test",
        "https://evil.test",
        "/\t/evil.test",
        "/sign-in",
    ]:
        person = site.browser()
        answer = await person.get("/sign-in", params={"next": variant})
        assert str(answer.url) == f"{site.origin}{HOME}"
