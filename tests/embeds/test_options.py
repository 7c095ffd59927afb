"""Options of embeds, their code, and who may frame them."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup

from webapp.domain.embeds import (
    Form,
    Language,
    Options,
    Shows,
    View,
    codes,
    frame_ancestors,
    read_options,
    read_sites,
)
from webapp.domain.framing import Framing, framing

AT = "https://n.example/e/k/v"
HOSTILE = '"><script>alert(1)</script>駅前'


def test_options_come_back_as_they_were_stored() -> None:
    for form in Form:
        for language in Language:
            for refreshes in (True, False):
                for counts in (True, False):
                    options = Options(form, refreshes, counts, language)
                    assert read_options(options.stored()) == options


def test_one_side_alone_comes_first_and_what_has_two_switches() -> None:
    for shows in Shows:
        for first in View:
            options = read_options({"shows": shows, "first": first})
            assert options.has_both is (shows is Shows.BOTH)
            assert options.side("nonsense") is options.first
            if options.has_both:
                assert options.first is first
                assert {options.side(view) for view in View} == set(View)
            else:
                assert {options.side(view) for view in View} == {shows.value}


def test_what_was_made_before_there_was_a_forecast_goes_on_without() -> None:
    options = read_options({"form": "hd", "counts": True})
    assert (options.shows, options.first) == (Shows.PICTURE, View.PICTURE)


def test_the_defaults_are_those_of_the_manual() -> None:
    usual = Options(Form.HD, True, True, Language.BROWSER, Shows.BOTH, View.PICTURE)
    assert Options() == usual


@pytest.mark.parametrize("stored", [{}, {"form": 5, "language": []}, {"counts": "yes"}])
def test_what_makes_no_sense_shows_no_count(stored: dict[str, object]) -> None:
    options = read_options(stored)
    assert (options.form, options.counts) == (Form.HD, False)


@pytest.mark.parametrize("form", Form)
def test_code_is_html_whatever_the_name_is(form: Form) -> None:
    made = codes(AT, "https://n.example/s.js", HOSTILE, Options(form))
    frame = BeautifulSoup(made.iframe, "html.parser")
    assert [tag.name for tag in frame.find_all()] == ["iframe"]
    assert frame.iframe is not None
    assert (frame.iframe["src"], frame.iframe["title"]) == (AT, HOSTILE)
    assert ("max-width" in frame.iframe["style"]) is (form is Form.HD)
    assert ("100%" in frame.iframe["style"]) is (form is not Form.FIXED)
    assert [t.name for t in BeautifulSoup(made.img, "html.parser").find_all()] == ["img"]
    element = BeautifulSoup(made.element, "html.parser").find_all()
    assert [tag.name for tag in element] == ["script", "nigiwai-embed"]
    assert made.json == f"{AT}.json"


def test_sites_are_read_as_origins() -> None:
    text = "www.example.jp, https://Example.jp:443/a?b#c\nhttp://[bad  日本語.jp"
    text += " ftp://x.jp a:b@c.jp"
    sites, refused = read_sites(text)
    assert sites == ["https://www.example.jp", "https://example.jp", "https://xn--wgv71a119e.jp"]
    assert refused == ["http://[bad", "ftp://x.jp", "a:b@c.jp"]
    assert read_sites("http://localhost:8080") == (["http://localhost:8080"], [])
    assert not {"none", "*", ";"} & set("".join(read_sites("'none'; * a;b")[0]))


def test_who_may_frame() -> None:
    assert frame_ancestors([]) == "*"
    assert frame_ancestors(["https://a.jp", "https://b.jp"]) == "https://a.jp https://b.jp"


@pytest.mark.parametrize(
    ("page", "origin", "sites", "found"),
    [
        ("https://a.jp/x", "https://n.jp", [], Framing.WORKS),
        ("https://a.jp/x", "https://n.jp", ["https://a.jp"], Framing.WORKS),
        ("https://b.jp/x", "https://n.jp", ["https://a.jp"], Framing.NOT_LISTED),
        ("http://a.jp/x", "https://n.jp", ["https://a.jp"], Framing.NOT_LISTED),
        ("https://a.jp", "http://n.jp", [], Framing.MIXED),
        ("https://a.jp", "http://localhost:8000", [], Framing.WORKS),
        ("a.jp", "https://n.jp", [], Framing.NO_ADDRESS),
        ("javascript:alert(1)", "https://n.jp", [], Framing.NO_ADDRESS),
    ],
)
def test_whether_a_page_may_frame(page: str, origin: str, sites: list[str], found: Framing) -> None:
    assert framing(page, origin, sites) is found
