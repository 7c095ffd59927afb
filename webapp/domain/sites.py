"""Generated sites (E4): what may be chosen of one, its link, and what a screen of it uses.

Pure: rules, addresses, numbers. What each camera shows is decided in ``webapp.domain.viewing``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Any
from urllib.parse import quote, urlsplit

from webapp.domain.embeds import Options, Shows, View, origin_of
from webapp.domain.embeds import read_options as read_embed_options
from webapp.domain.hours import Hours, intervals

LONGEST_NAME = 60
LONGEST_TITLE = 40
LONGEST_TEXT = 120
# A longer one makes a code of so many dots that a phone needs to be held still to read it.
LONGEST_URL = 300
# A month of views, as quotas and people reckon it.
MONTH_DAYS = 30
# How long a screen sleeps at most before it asks again whether its cameras have opened: hours
# may be changed while it sleeps.
LONGEST_SLEEP = 1800
# What no address holds as it stands, though browsers forgive it.
_NEVER = frozenset('\\<>"`{}|^')


class Placement(StrEnum):
    """表示方法 of the external link."""

    ABOVE = "above"  # QRコードの上部表示
    BELOW = "below"  # QRコードの下部表示
    BUTTON = "button"  # リンクボタンの表示
    NONE = "none"  # 表示なし


class LinkRefused(ValueError):
    """What was entered is no address of a web page, or one that is too long."""


@dataclass(frozen=True, slots=True)
class SiteOptions:
    """What may be chosen of a site beside its name.

    ``link_title`` and ``link_text`` may be empty: then the address' host stands for the title,
    and the code stands inside the title's frame. ``refreshes`` 自動更新; ``counts`` 検知人数表示:
    without it no form of the site holds a number. ``shows`` 機能選択 and ``first`` 初期表示 are
    those of embeds.
    """

    placement: Placement = Placement.NONE
    link_title: str = ""
    link_text: str = ""
    link_url: str = ""
    refreshes: bool = True
    counts: bool = True
    shows: Shows = Shows.BOTH
    first: View = View.PICTURE

    @property
    def sides(self) -> Options:
        """機能選択 and 初期表示 as an embed has them."""
        return Options(shows=self.shows, first=self.first)

    def camera(self, view: View) -> Options:
        """How each camera is shown on this side: without buttons, for the site has them."""
        return Options(counts=self.counts, shows=Shows(view.value), first=view)

    @property
    def has_link(self) -> bool:
        """Whether there is a link to show."""
        return self.placement is not Placement.NONE and bool(self.link_url)

    @property
    def has_code(self) -> bool:
        """Whether the link is shown as a code on wide screens."""
        return self.has_link and self.placement is not Placement.BUTTON

    @property
    def link_name(self) -> str:
        """What the link is called: its title, or else the host it leads to."""
        return self.link_title or urlsplit(self.link_url).netloc

    def stored(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return asdict(self)


def read_options(stored: Mapping[str, Any]) -> SiteOptions:
    """Options as they were stored; what makes no sense (any more) is the default.

    One exception beside those of embeds: an address that is none is no link.
    """
    shared = read_embed_options(stored)
    placement = str(stored.get("placement"))
    try:
        url = read_link(str(stored.get("link_url") or ""))
    except LinkRefused:
        url = ""
    return SiteOptions(
        placement=Placement(placement) if placement in set(Placement) else Placement.NONE,
        link_title=str(stored.get("link_title") or "")[:LONGEST_TITLE],
        link_text=str(stored.get("link_text") or "")[:LONGEST_TEXT],
        link_url=url,
        refreshes=shared.refreshes,
        counts=shared.counts,
        shows=shared.shows,
        first=shared.first,
    )


def read_link(text: str) -> str:
    """The address of a web page in ASCII, as browsers send it, so that a code holds these bytes.

    Raises ``LinkRefused`` for anything but http and https, for a name and password in front of
    the host, and for what people and programs would read differently.
    """
    text = text.strip()
    if not all(sign.isprintable() and not sign.isspace() for sign in text) or _NEVER & set(text):
        raise LinkRefused("an address holds neither blanks nor signs that nobody sees")
    origin = origin_of(text)
    if not origin:
        raise LinkRefused("not the address of a web page")
    parts = urlsplit(text)
    link = origin + quote(parts.path, safe="/%:@!$&'()*+,;=~")
    if parts.query:
        link += "?" + quote(parts.query, safe="/%:@!$&'()*+,;=~?")
    if parts.fragment:
        link += "#" + quote(parts.fragment, safe="/%:@!$&'()*+,;=~?")
    if len(link) > LONGEST_URL:
        raise LinkRefused("too long for a code that is easy to read")
    return link


def minutes_open(
    hours: Iterable[Hours | None], first: date, zone: tzinfo, holidays: Collection[date]
) -> int:
    """The minutes that these cameras are open within 30 business days, all together.

    None in ``hours`` is a camera that is always open.
    """
    days = _month(first)
    total = 0
    for rules in hours:
        if rules is None:
            total += MONTH_DAYS * 24 * 60
            continue
        total += sum(
            _minutes(*span) for day in days for span in intervals(rules, day, zone, holidays)
        )
    return total


def minutes_any_open(
    hours: Sequence[Hours | None], first: date, zone: tzinfo, holidays: Collection[date]
) -> int:
    """The minutes within 30 business days in which at least one of these cameras is open.

    Hours are as for ``minutes_open``. A screen of forecasts shows all its graphs meanwhile.
    """
    if None in hours:
        return MONTH_DAYS * 24 * 60
    spans = sorted(
        span
        for rules in hours
        if rules is not None
        for day in _month(first)
        for span in intervals(rules, day, zone, holidays)
    )
    total = 0
    until: datetime | None = None
    for opens, closes in spans:
        begins = opens if until is None else max(opens, until)
        total += max(0, _minutes(begins, closes))
        until = closes if until is None else max(until, closes)
    return total


def _month(first: date) -> list[date]:
    return [first + timedelta(days=number) for number in range(MONTH_DAYS)]


def _minutes(begins: datetime, ends: datetime) -> int:
    return int((ends - begins).total_seconds()) // 60


def views_a_month(minutes: int, refresh: int) -> int:
    """The views of a screen that shows cameras for so many minutes, every ``refresh`` seconds."""
    return minutes * 60 // refresh


def sleep_seconds(
    openings: Iterable[datetime | None], now: datetime, refresh: int, most: int = LONGEST_SLEEP
) -> int:
    """How long a screen sleeps whose cameras are all closed and open next at ``openings``.

    None is a camera of which nobody knows. It looks again after ``most`` in any case; not before
    ``refresh`` seconds have passed, for an opening is carried out a moment after its time.
    """
    ahead = [(opening - now).total_seconds() for opening in openings if opening is not None]
    return int(max(refresh, min([*ahead, most])))
