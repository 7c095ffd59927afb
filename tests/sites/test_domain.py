"""Links that are taken and refused, lines that have room, and what a screen uses and when."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.mail.names import NAMES
from webapp.domain.colours import clear_ink, contrast
from webapp.domain.embeds import Shows
from webapp.domain.hours import Basic, Hours
from webapp.domain.lines import fitted, folded
from webapp.domain.sites import (
    LONGEST_URL,
    LinkRefused,
    Placement,
    SiteOptions,
    minutes_any_open,
    minutes_open,
    read_link,
    read_options,
    sleep_seconds,
    views_a_month,
)

TOKYO = ZoneInfo("Asia/Tokyo")
NOW = datetime(2026, 11, 2, 3, 0, tzinfo=UTC)

TAKEN = {
    "https://www.example.jp": "https://www.example.jp",
    "  HTTP://Example.JP:8080/a?b=c#d ": "http://example.jp:8080/a?b=c#d",
    "https://example.jp/クーポン?店=駅前": (
        "https://example.jp/%E3%82%AF%E3%83%BC%E3%83%9D%E3%83%B3?%E5%BA%97=%E9%A7%85%E5%89%8D"
    ),
    "https://例え.jp/": "https://xn--r8jz45g.jp/",
    "https://example.jp/a%20b": "https://example.jp/a%20b",
    "https://example.jp/'()*+,;=:@": "https://example.jp/'()*+,;=:@",
}
REFUSED = [
    "",
    "example.jp",
    "//example.jp",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)//https://example.jp",
    "java\tscript:alert(1)",
    "\x01javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox(1)",
    "file:///etc/passwd",
    "ftp://example.jp/",
    "blob:https://example.jp/x",
    "mailto:a@example.jp",
    "https:/example.jp",
    "https:example.jp",
    "https://",
    "https:///example.jp",
    "https://user@example.jp/",
    "https://www.example.jp@evil.test/",
    "https://user:secret@example.jp/",
    "https://example.jp\\@evil.test/",
    "https:\\\\evil.test",
    "https://exa mple.jp/",
    "https://example.jp/a b",
    "https://example.jp/\nSet-Cookie: a=b",
    "https://example.jp/\r\n\r\n<script>",
    'https://example.jp/"onmouseover="alert(1)',
    "https://example.jp/<svg onload=alert(1)>",
    "https://example.jp/`${alert(1)}`",
    "https://example.jp/\u202egpj.exe",
    "https://example.jp/\u200b",
    "https://example.jp:99999/",
    "https://example.jp:port/",
    "https://[::1]/",
    "https://exa\u2100mple.jp/",
    "https://-example.jp/",
    "https://" + "a" * 64 + ".jp/",
    "https://example.jp/" + "a" * LONGEST_URL,
    "https://example.jp/" + "あ" * (LONGEST_URL // 9 + 1),
]


@pytest.mark.parametrize(("entered", "link"), TAKEN.items())
def test_an_address_is_kept_in_ascii_as_browsers_send_it(entered: str, link: str) -> None:
    assert read_link(entered) == link
    assert read_link(link) == link


def test_what_is_no_address_of_a_page_is_refused() -> None:
    for entered in REFUSED:
        with pytest.raises(LinkRefused):
            read_link(entered)


@given(st.text(max_size=80), st.sampled_from(["", "https://", "http://a.jp/", "https://a.jp?"]))
def test_whatever_is_taken_is_an_http_address_in_ascii(text: str, front: str) -> None:
    try:
        link = read_link(front + text)
    except LinkRefused:
        return
    assert link.startswith(("http://", "https://"))
    assert link.isascii()
    assert link.isprintable()
    assert not set(link) & set(" \"<>\\'`") - {"'"}
    assert read_link(link) == link


def test_no_name_from_the_corpus_becomes_a_link() -> None:
    for name in NAMES:
        if not name.startswith("http"):
            with pytest.raises(LinkRefused):
                read_link(name)


def test_options_survive_storing_and_nonsense_is_the_default() -> None:
    chosen = SiteOptions(Placement.ABOVE, "クーポン", "本日限り", "https://a.jp/x", counts=False)
    assert read_options(chosen.stored()) == chosen
    # What was made before there were two sides goes on with the one that it had.
    before = SiteOptions(shows=Shows.PICTURE)
    assert read_options({"counts": True}) == before
    odd = {"placement": "left", "link_url": "javascript:alert(1)", "refreshes": 3, "counts": "yes"}
    assert read_options(odd) == replace(before, counts=False)
    assert not read_options({**chosen.stored(), "link_url": "javascript:1"}).has_link


def test_a_link_without_a_title_is_called_by_its_host() -> None:
    assert SiteOptions(Placement.BUTTON, link_url="https://a.jp:81/x").link_name == "a.jp:81"


def test_one_camera_that_is_always_on_is_43_200_views_a_month() -> None:
    first = date(2026, 11, 2)  # a Monday
    always = minutes_open([None], first, TOKYO, ())
    assert views_a_month(always, 60) == 43_200
    assert views_a_month(minutes_open([None] * 12, first, TOKYO, ()), 60) == 12 * 43_200
    weekdays = Hours((Basic(frozenset(range(5)), (10 * 60, 26 * 60)),))
    assert minutes_open([weekdays], first, TOKYO, ()) == 22 * 16 * 60
    holidays = {date(2026, 11, 3), date(2026, 11, 23)}
    assert minutes_open([weekdays, None], first, TOKYO, holidays) == 20 * 16 * 60 + 43_200
    assert views_a_month(always, 10) == 6 * 43_200
    assert minutes_open([Hours()], first, TOKYO, ()) == 0


def test_a_screen_of_graphs_pays_for_all_of_them_while_any_camera_is_open() -> None:
    first = date(2026, 11, 2)  # a Monday
    morning = Hours((Basic(frozenset(range(7)), (8 * 60, 12 * 60)),))
    noon = Hours((Basic(frozenset(range(7)), (11 * 60, 14 * 60)),))
    late = Hours((Basic(frozenset(range(7)), (22 * 60, 26 * 60)),))
    days = 30 * 60
    assert minutes_any_open([morning, noon, morning], first, TOKYO, ()) == 6 * days
    assert minutes_any_open([late, morning], first, TOKYO, ()) == 8 * days
    assert minutes_any_open([morning, None], first, TOKYO, ()) == 24 * days
    assert minutes_any_open([Hours()], first, TOKYO, ()) == 0
    assert minutes_any_open([], first, TOKYO, ()) == 0


def test_a_screen_sleeps_until_the_first_opening_and_half_an_hour_at_most() -> None:
    soon, late = NOW + timedelta(minutes=10), NOW + timedelta(hours=9)
    assert sleep_seconds([late, None, soon], NOW, 60) == 600
    assert sleep_seconds([late], NOW, 60) == 1800
    assert sleep_seconds([None], NOW, 60) == 1800
    assert sleep_seconds([NOW - timedelta(hours=1)], NOW, 60) == 60


@given(st.text(max_size=80), st.floats(3, 30))
def test_folding_loses_no_letter_and_keeps_its_room(text: str, room: float) -> None:
    lines = folded(text, room)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert lines
    assert all(len(line) <= room / 0.62 + 1 for line in lines)


def test_what_has_no_room_at_any_size_is_cut() -> None:
    sizes = ((20, 1), (10, 2))
    assert fitted("駅前", 100, sizes) == (20, ["駅前"])
    assert fitted("駅前広場の混雑状況", 100, sizes) == (10, ["駅前広場の混雑状況"])
    assert fitted("駅前広場の混雑状況です", 100, sizes) == (10, ["駅前広場の混", "雑状況です"])
    size, lines = fitted("あ" * 60, 100, sizes)
    assert (size, lines) == (10, ["あ" * 10, "あ" * 9 + "…"])
    assert folded("Harbour Shopping Street", 8) == ["Harbour", "Shopping", "Street"]


@given(st.integers(0, 0xFFFFFF))
def test_every_colour_has_an_ink_that_reads(number: int) -> None:
    colour = f"#{number:06x}"
    assert contrast(colour, clear_ink(colour)) >= 4.5
