"""The form of business hours: cards of three ranks, each with the fields of one rule.

The same fields serve a mouse, a keyboard and a page without script. A card has a number of its
own, by which its fields are named (``r3-start``); the hidden fields ``rule`` say in which order
the cards stand and of which rank they are (``basic:3``).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from starlette.datastructures import FormData

from webapp.domain.hours import (
    DAY_BEGINS,
    DAY_ENDS,
    MOST_RULES,
    Basic,
    Dates,
    Hours,
    HoursRefused,
    Repeat,
    Source,
    Span,
    Special,
    overlapping,
)
from webapp.errors import UserError
from webapp.form_fields import text_field
from webapp.i18n import N_

RANKS = (Source.BASIC, Source.SPECIAL, Source.CLOSED)
FIELDS = ("start", "end", "repeat", "date", "month", "day", "nth", "weekday", "of")
DEFAULTS = {
    "start": "9:00",
    "end": "18:00",
    "repeat": Repeat.ONCE.value,
    "date": "",
    "month": "1",
    "day": "1",
    "nth": "1",
    "weekday": "0",
    "of": "0",
}
# A card of a form: its number is ours, but anybody may post.
_RULE = re.compile(r"(basic|special|closed):([0-9]{1,4})")
_TIME = re.compile(r"([0-9]{1,2}):?([0-9]{2})|([0-9]{1,2})")
# Fields that one card can have, and those around the cards.
MOST_FIELDS = MOST_RULES * (len(FIELDS) + 10) + 50

NO_RULES = N_("営業時間を1つ以上追加するか、「営業時間を設定する」をオフにしてください。")
TOO_MANY = N_("設定は全部で%(most)s個までです。")
NO_DAYS = N_("曜日か「祝」を1つ以上選んでください。")
TIME_FORM = N_("時刻は 9:00 や 25:30 のように入力してください。")
TIME_RANGE = N_("6:00から30:00までの時刻を入力してください。翌朝5時は 29:00 です。")
END_FIRST = N_("終了は開始より後の時刻にしてください。0時を過ぎる場合は 25:00 のように入力します。")
DATE_MISSING = N_("日付を選んでください。")
NO_SUCH_DATE = N_("この日付はありません。")
NO_SUCH_DAY = N_("日は1から31までの数字で入力してください。")
NO_SUCH_MONTH_DAY = N_("%(month)s月%(day)s日はありません。")
CHOOSE_AGAIN = N_("一覧から選び直してください。")

LEAP_YEAR = N_("2月29日があるのは、うるう年だけです。")
SHORT_MONTHS = N_("%(day)s日のない月には適用されません。")
NO_FIFTH = N_("第5週のない月には適用されません。")
OVERLAPS = N_("ほかの基本営業時間と重なっています。どちらかが営業中なら営業になります。")


@dataclass(slots=True)
class Card:
    """One rule as it stands in the form; ``notes`` are messages that hinder nothing."""

    number: int
    rank: Source
    values: dict[str, str]
    days: frozenset[str] = frozenset()
    errors: dict[str, UserError] = field(default_factory=dict)
    notes: list[UserError] = field(default_factory=list)
    rule: Basic | Special | Dates | None = None
    is_new: bool = False


@dataclass(slots=True)
class HoursForm:
    """What was entered and what it means; ``hours`` is None when something is wrong."""

    has_hours: bool
    cards: list[Card]
    version: str
    removes_picture: bool = False
    hours: Hours | None = None
    errors: dict[str, UserError] = field(default_factory=dict)

    @property
    def is_wrong(self) -> bool:
        """Whether anything stands in the way of saving."""
        return bool(self.errors) or any(card.errors for card in self.cards)

    def of_rank(self, rank: Source) -> list[Card]:
        """The cards of one rank, in order."""
        return [card for card in self.cards if card.rank is rank]

    def add(self, rank: Source) -> None:
        """Append an empty card."""
        self.cards.append(blank(rank, max((card.number for card in self.cards), default=0) + 1))


def blank(rank: Source, number: int) -> Card:
    """A card to be filled in."""
    days = frozenset(map(str, range(5))) if rank is Source.BASIC else frozenset[str]()
    return Card(number, rank, dict(DEFAULTS), days, is_new=True)


def form_of(has_hours: bool, hours: Hours, version: str) -> HoursForm:
    """The form with what is kept."""
    cards: list[Card] = []
    for basic in hours.basic:
        values = {**DEFAULTS, **_span_values(basic.span)}
        days = frozenset(map(str, basic.days))
        cards.append(Card(len(cards) + 1, Source.BASIC, values, days, rule=basic))
    for special in hours.special:
        values = {**DEFAULTS, **_span_values(special.span), **_dates_values(special.dates)}
        cards.append(Card(len(cards) + 1, Source.SPECIAL, values, rule=special))
    for dates in hours.closed:
        values = {**DEFAULTS, **_dates_values(dates)}
        cards.append(Card(len(cards) + 1, Source.CLOSED, values, rule=dates))
    form = HoursForm(has_hours, cards, version, hours=hours)
    _add_notes(form)
    return form


def read_form(form: FormData) -> HoursForm:
    """Read what was entered, card by card; every mistake stands beside its field."""
    cards = [_read_card(form, rank, number) for rank, number in _cards(form)]
    read = HoursForm(
        has_hours=text_field(form, "has_hours") == "1",
        cards=cards,
        version=text_field(form, "version"),
        removes_picture=text_field(form, "no_picture") == "1",
    )
    if len(cards) > MOST_RULES:
        read.errors["rules"] = UserError(TOO_MANY, field="rules", most=MOST_RULES)
    elif read.has_hours and not any(card.rank is not Source.CLOSED for card in cards):
        read.errors["rules"] = UserError(NO_RULES, field="rules")
    if not read.is_wrong:
        read.hours = hours_of_cards(cards)
        _add_notes(read)
    return read


def hours_of_cards(cards: Iterable[Card]) -> Hours:
    """The rules of these cards; one that is wrong is left out."""
    rules = [card.rule for card in cards if card.rule is not None and not card.errors]
    return Hours(
        basic=tuple(rule for rule in rules if isinstance(rule, Basic)),
        special=tuple(rule for rule in rules if isinstance(rule, Special)),
        closed=tuple(rule for rule in rules if isinstance(rule, Dates)),
    )


def clock(minute: int) -> str:
    """25:30 for the 1530th minute of a business day."""
    return f"{minute // 60}:{minute % 60:02}"


def _cards(form: FormData) -> list[tuple[Source, int]]:
    found: dict[int, Source] = {}
    for value in form.getlist("rule")[: MOST_RULES + 1]:
        match = _RULE.fullmatch(value) if isinstance(value, str) else None
        if match:
            found.setdefault(int(match[2]), Source(match[1]))
    return [(rank, number) for number, rank in found.items()]


def _read_card(form: FormData, rank: Source, number: int) -> Card:
    values = {
        name: text_field(form, f"r{number}-{name}") or (DEFAULTS[name] if name in _CHOICES else "")
        for name in FIELDS
    }
    days = form.getlist(f"r{number}-days")
    known = frozenset(day for day in days if isinstance(day, str) and day in set("01234567"))
    card = Card(number, rank, values, known)
    span = None if rank is Source.CLOSED else _read_span(card)
    dates = None if rank is Source.BASIC else _read_dates(card)
    if rank is Source.BASIC and not known:
        card.errors["days"] = UserError(NO_DAYS, field="days")
    if card.errors:
        return card
    if rank is Source.BASIC and span:
        card.rule = Basic(frozenset(map(int, known)), span)
    elif rank is Source.SPECIAL and span and dates:
        card.rule = Special(dates, span)
    else:
        card.rule = dates
    return card


# Fields that always hold one of a list: empty means that they were not shown.
_CHOICES = frozenset({"repeat", "month", "nth", "weekday", "of"})


def _read_span(card: Card) -> Span | None:
    start, end = _minute(card, "start"), _minute(card, "end")
    if start is None or end is None:
        return None
    if end <= start:
        card.errors["end"] = UserError(END_FIRST, field="end")
        return None
    return start, end


def _minute(card: Card, name: str) -> int | None:
    text = unicodedata.normalize("NFKC", card.values[name]).strip()
    match = _TIME.fullmatch(text)
    if match is None or int(match[2] or 0) > 59:
        card.errors[name] = UserError(TIME_FORM, field=name)
        return None
    minute = int(match[1] or match[3]) * 60 + int(match[2] or 0)
    if not DAY_BEGINS <= minute <= DAY_ENDS:
        card.errors[name] = UserError(TIME_RANGE, field=name)
        return None
    card.values[name] = clock(minute)
    return minute


def _read_dates(card: Card) -> Dates | None:
    repeat = card.values["repeat"]
    if repeat not in set(Repeat):
        card.values["repeat"] = Repeat.ONCE.value
        card.errors["repeat"] = UserError(CHOOSE_AGAIN, field="repeat")
        return None
    return _DATES[Repeat(repeat)](card)


def _once(card: Card) -> Dates | None:
    text = unicodedata.normalize("NFKC", card.values["date"])
    if not text:
        card.errors["date"] = UserError(DATE_MISSING, field="date")
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        card.errors["date"] = UserError(NO_SUCH_DATE, field="date")
        return None
    return Dates(Repeat.ONCE, year=day.year, month=day.month, day=day.day)


def _yearly(card: Card) -> Dates | None:
    month, day = _number(card, "month", 1, 12), _day(card)
    if month is None or day is None:
        return None
    try:
        return Dates(Repeat.YEARLY, month=month, day=day)
    except HoursRefused:
        card.errors["day"] = UserError(NO_SUCH_MONTH_DAY, field="day", month=month, day=day)
        return None


def _monthly(card: Card) -> Dates | None:
    day = _day(card)
    return None if day is None else Dates(Repeat.MONTHLY, day=day)


def _weekday(card: Card) -> Dates | None:
    nth = _number(card, "nth", -1, 5)
    weekday, month = _number(card, "weekday", 0, 6), _number(card, "of", 0, 12)
    if nth is None or weekday is None or month is None:
        return None
    try:
        return Dates(Repeat.WEEKDAY, nth=nth, weekday=weekday, month=month)
    except HoursRefused:
        card.errors["nth"] = UserError(CHOOSE_AGAIN, field="nth")
        return None


_DATES: dict[Repeat, Callable[[Card], Dates | None]] = {
    Repeat.ONCE: _once,
    Repeat.YEARLY: _yearly,
    Repeat.MONTHLY: _monthly,
    Repeat.WEEKDAY: _weekday,
}


def _day(card: Card) -> int | None:
    text = unicodedata.normalize("NFKC", card.values["day"])
    if re.fullmatch(r"[0-9]{1,2}", text) and 1 <= int(text) <= 31:
        card.values["day"] = str(int(text))
        return int(text)
    card.errors["day"] = UserError(NO_SUCH_DAY, field="day")
    return None


def _number(card: Card, name: str, least: int, most: int) -> int | None:
    text = card.values[name]
    if re.fullmatch(r"-?[0-9]{1,2}", text) and least <= int(text) <= most:
        return int(text)
    card.values[name] = DEFAULTS[name]
    card.errors[name] = UserError(CHOOSE_AGAIN, field=name)
    return None


def _add_notes(form: HoursForm) -> None:
    """Say what is right and perhaps not meant."""
    if form.hours is None:
        return
    overlaps = {second for _, second in overlapping(form.hours)}
    basics = form.of_rank(Source.BASIC)
    for index, card in enumerate(basics):
        if index in overlaps:
            card.notes.append(UserError(OVERLAPS, field="start"))
    for card in form.cards:
        dates = card.rule.dates if isinstance(card.rule, Special) else card.rule
        if isinstance(dates, Dates):
            card.notes.extend(_date_notes(dates))


def _date_notes(dates: Dates) -> Iterable[UserError]:
    if dates.repeat is Repeat.YEARLY and (dates.month, dates.day) == (2, 29):
        yield UserError(LEAP_YEAR, field="day")
    if dates.repeat is Repeat.MONTHLY and dates.day > 28:
        yield UserError(SHORT_MONTHS, field="day", day=dates.day)
    if dates.repeat is Repeat.WEEKDAY and dates.nth == 5:
        yield UserError(NO_FIFTH, field="nth")


def _span_values(span: Span) -> dict[str, str]:
    return {"start": clock(span[0]), "end": clock(span[1])}


def _dates_values(dates: Dates) -> dict[str, str]:
    values: dict[str, Any] = {"repeat": dates.repeat.value}
    if dates.repeat is Repeat.ONCE:
        values["date"] = date(dates.year, dates.month, dates.day).isoformat()
    elif dates.repeat is Repeat.WEEKDAY:
        values |= {"nth": dates.nth, "weekday": dates.weekday, "of": dates.month}
    else:
        values |= {"month": dates.month or 1, "day": dates.day}
    return {name: str(value) for name, value in values.items()}
