"""Every byte of the CSV is as the manual has it (F3), whatever people call their cameras."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.mail.names import NAMES
from webapp.domain.csv_rows import (
    BOM,
    Rows,
    file_name,
    header,
    month_span,
    months_offered,
    plain_name,
)

TOKYO = ZoneInfo("Asia/Tokyo")


def test_the_bytes_are_those_of_the_manual() -> None:
    rows = Rows('北口"A"', "みなと商店街", "camera000001", TOKYO)
    at = int(datetime(2021, 8, 12, 3, 52, 1, tzinfo=UTC).timestamp())
    assert (header() + "".join(rows.lines([(at, 12), (at + 60, 0)]))).encode() == (
        b"\xef\xbb\xbf"
        + '"カメラ名称","企業名称","タイムスタンプ","カメラ識別子","検知人数"\n'.encode()
        + '"北口""A""","みなと商店街","2021-08-12 12:52:01","camera000001","12"\n'.encode()
        + '"北口""A""","みなと商店街","2021-08-12 12:53:01","camera000001","0"\n'.encode()
    )


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("=1+1", "1+1"),
        ("=+-@=cmd|' /C calc'!A0", "cmd|' /C calc'!A0"),
        ("- = 北口", "北口"),
        ("＝＋－＠北口", "北口"),
        ("\t\r\n=北口", "北口"),
        ("\u200b\u202e=北口", "北口"),
        ("−–—北口", "北口"),
        ("北口 = 南口", "北口 = 南口"),
        ("=@=", ""),
        ("北\r\n口", "北  口"),
        ("(北口)", "(北口)"),
        ("ーA", "ーA"),
        ("⁺₌﹢北口", "北口"),
    ],
)
def test_leading_signs_go_again_and_again(name: str, plain: str) -> None:
    assert plain_name(name) == plain


@given(st.text(max_size=40))
def test_no_name_begins_as_a_formula_or_makes_another_line(name: str) -> None:
    plain = plain_name(name)
    assert not plain.startswith(("=", "+", "-", "@", "\t", "\r", "\n", " ", "＝", "＋", "－", "＠"))
    assert plain_name(plain) == plain
    text = header() + "".join(Rows(name, name, "camera000001", UTC).lines([(0, 3)]))
    assert text.count("\n") == 2
    read = list(csv.reader(io.StringIO(text.removeprefix(BOM), newline="")))
    assert read[1] == [plain, plain, "1970-01-01 00:00:00", "camera000001", "3"]


def test_hostile_names_are_harmless_in_cells_and_as_files() -> None:
    for name in NAMES:
        assert not plain_name(name).startswith(("=", "+", "-", "@", "|", "%")), name
        made = file_name(name, "camera000001", date(2026, 10, 1))
        assert made.endswith("camera000001_2026-10.csv")
        assert not set(made) & set('/\\:*?"<>|\r\n\0'), name
        assert not made.startswith((".", "-", " ")), name


def test_clocks_that_change_are_followed() -> None:
    berlin = Rows("a", "b", "c", ZoneInfo("Europe/Berlin"))
    before = int(datetime(2026, 3, 29, 0, 59, tzinfo=UTC).timestamp())
    times = [line.split('","')[2] for line in berlin.lines([(before, 1), (before + 60, 1)])]
    assert times == ["2026-03-29 01:59:00", "2026-03-29 03:00:00"]


def test_a_month_is_one_of_the_calendar_and_this_one_ends_with_yesterday() -> None:
    october = date(2026, 10, 1)
    start, end = month_span(october, date(2026, 11, 27), TOKYO)
    assert (start, end) == (
        datetime(2026, 9, 30, 15, tzinfo=UTC),
        datetime(2026, 10, 31, 15, tzinfo=UTC),
    )
    assert month_span(october, date(2026, 10, 9), TOKYO)[1] == datetime(2026, 10, 8, 15, tzinfo=UTC)
    start, end = month_span(october, october, TOKYO)
    assert start == end


def test_the_months_on_offer_reach_back_as_far_as_counts_do() -> None:
    offered = months_offered(date(2026, 11, 27), date(2025, 11, 26))
    assert (offered[0], offered[-1], len(offered)) == (date(2026, 11, 1), date(2025, 11, 1), 13)
    assert months_offered(date(2026, 11, 1), date(2026, 9, 30))[0] == date(2026, 10, 1)
    assert months_offered(date(2026, 11, 1), date(2026, 11, 1)) == []
