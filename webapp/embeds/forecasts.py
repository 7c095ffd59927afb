"""The forecast in an embed (E2): which weekday and time are looked at, where each link leads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from markupsafe import Markup

from webapp.alerts.words import LEVEL_WORDS
from webapp.domain.charts import ShareBar, share_bars, share_columns
from webapp.domain.embeds import View
from webapp.domain.forecast.slots import SLOTS, WEEKDAYS, clock_of
from webapp.domain.hours import business_day
from webapp.domain.week import Quarter, Span, Week
from webapp.forecast.public import Prospect
from webapp.forecast.queries import slot_of
from webapp.i18n import N_, Locale

# Seconds after which another quarter hour is the present one: what is usual changes once a day.
REFRESH = 900
# Above so many hours every third is named, so that names do not run into one another.
_NAMED = 3
SPAN = N_("%(start)s～%(end)s %(state)s")
# A picture stands alone, on any ground: its colours are those of tokens.css by day.
_FILLS = {
    "ground": "#ffffff",
    "axis": "#8b919b",
    "plain": "#6b7f99",
    "free": "#2b8a5b",
    "some": "#b78f00",
    "busy": "#d33c3c",
}


@dataclass(frozen=True, slots=True)
class Links:
    """Where the links of one embed lead: the address they stand on, with another query.

    ``kept`` goes with each of them (the options of a preview), ``taps`` with weekdays and times.
    """

    kept: Mapping[str, str]
    taps: str = ""

    def to(self, view: str) -> str:
        """The address of a side, from its beginning; a view that is counted."""
        return "?" + urlencode({**self.kept, "view": view})

    def at(self, weekday: int, slot: int) -> str:
        """The address of a weekday and time of the forecast; free."""
        query = {**self.kept, "view": View.FORECAST, "day": weekday, "slot": slot}
        return "?" + urlencode(query | ({"pass": self.taps} if self.taps else {}))


@dataclass(frozen=True, slots=True)
class Tab:
    """A weekday to choose."""

    name: str
    full_name: str
    href: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Forecast:
    """The forecast as somebody looks at it: one weekday, one quarter hour of it, its surroundings.

    ``quarter`` is None where that weekday is closed or not known; ``is_tapped`` whether it was
    chosen, and not simply is the present one.
    """

    week: Week
    weekday: int
    quarter: Quarter | None
    is_tapped: bool
    links: Links
    locale: Locale

    @property
    def drawing(self) -> Markup:
        """The bars of the weekday; each leads to its own quarter hour."""
        svg = share_bars(self._bars(linked=True), self.week.first, self.week.last)
        return Markup(svg)  # noqa: S704 - numbers of ours, and escaped

    @property
    def columns(self) -> Markup:
        """The bars without links, for a page of many."""
        bars = self._bars(linked=False)
        svg = share_columns(bars, self.week.first, self.week.last)
        return Markup(svg)  # noqa: S704 - numbers of ours

    @property
    def picture(self) -> str:
        """The same as an SVG file, for an ``<img>``."""
        return share_bars(
            self._bars(linked=False), self.week.first, self.week.last, fills=_FILLS, width=640
        )

    @property
    def tabs(self) -> tuple[Tab, ...]:
        """The weekdays, each leading to the same time of day."""
        slot = self.quarter.slot if self.quarter else self.week.first
        names = (self.locale.weekday(number) for number in range(WEEKDAYS))
        return tuple(
            Tab(_short(name), name, self.links.at(number, slot), number == self.weekday)
            for number, name in enumerate(names)
        )

    @property
    def hours(self) -> tuple[str, ...]:
        """What stands under each hour of the axis; mostly nothing."""
        hours = [clock_of(slot)[0] for slot in range(self.week.first, self.week.last, 4)]
        every = 1 if len(hours) <= _NAMED * 2 else _NAMED
        return tuple(f"{hour}:00" if hour % every == 0 else "" for hour in hours)

    @property
    def day(self) -> str:
        """The weekday, short enough for the narrowest frame."""
        name = self.locale.weekday(self.weekday)
        return f"{name}曜日" if self.locale.language == "ja" else _short(name)

    @property
    def time(self) -> str:
        """The chosen time."""
        return time_of(self.quarter.slot) if self.quarter else ""

    @property
    def kind(self) -> str:
        """The class for colour and shape of the chosen quarter hour."""
        return self.quarter.level.value if self.quarter and self.quarter.level else "plain"

    @property
    def word(self) -> str:
        """Message id of its state; empty without thresholds."""
        return LEVEL_WORDS[self.quarter.level] if self.quarter and self.quarter.level else ""

    @property
    def before(self) -> str:
        """Where the arrow back leads; empty where business hours begin."""
        return self._beside(0)

    @property
    def after(self) -> str:
        """Where the arrow on leads; empty where business hours end."""
        return self._beside(1)

    @property
    def spans(self) -> tuple[str, ...]:
        """The whole day in words, for those who do not see it; empty without thresholds."""
        return tuple(self._said(span) for span in self.week.spans(self.weekday) if span.level)

    def _beside(self, side: int) -> str:
        found = self.week.beside(self.weekday, self.quarter)[side] if self.quarter else None
        return self.links.at(self.weekday, found.slot) if found else ""

    def _said(self, span: Span) -> str:
        state = self.locale.gettext(LEVEL_WORDS[span.level]) if span.level else ""
        times = {"start": time_of(span.start), "end": time_of(span.end), "state": state}
        return self.locale.text(SPAN, times)

    def _bars(self, *, linked: bool) -> list[ShareBar]:
        return [
            ShareBar(
                quarter.slot,
                quarter.share,
                quarter.level.value if quarter.level else "plain",
                self._title(quarter),
                self.links.at(self.weekday, quarter.slot) if linked else "",
                is_chosen=quarter == self.quarter,
            )
            for quarter in self.week.days[self.weekday]
        ]

    def _title(self, quarter: Quarter) -> str:
        word = self.locale.gettext(LEVEL_WORDS[quarter.level]) if quarter.level else ""
        return f"{time_of(quarter.slot)} {word}".rstrip()


def look_at(
    prospect: Prospect | None, asked: Mapping[str, str], now: datetime, links: Links, locale: Locale
) -> Forecast | None:
    """The forecast at the asked weekday and time, or at the present ones; None without a graph.

    ``asked`` is a query, ``day`` and ``slot`` of it; what makes no sense was not asked.
    """
    if prospect is None or prospect.week is None or not prospect.is_drawn:
        return None
    zone = ZoneInfo(locale.time_zone)
    weekday, slot = _asked(asked)
    day = business_day(now, zone).weekday() if weekday is None else weekday
    quarter = prospect.week.nearest(day, slot_of(now, zone) if slot is None else slot)
    return Forecast(prospect.week, day, quarter, is_chosen(asked), links, locale)


def is_chosen(asked: Mapping[str, str]) -> bool:
    """Whether a query asks for a weekday or a time, and not for the present one."""
    return any(number is not None for number in _asked(asked))


def time_of(slot: int) -> str:
    """13:00; what lies after midnight counts on: 25:00."""
    hour, minute = clock_of(slot)
    return f"{hour}:{minute:02}"


def number_asked(text: str | None, below: int) -> int | None:
    """The number of a query, from 0 to under ``below``; what makes no sense was not asked."""
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 2:
        return None
    return int(text) if int(text) < below else None


def _asked(asked: Mapping[str, str]) -> tuple[int | None, int | None]:
    return number_asked(asked.get("day"), WEEKDAYS), number_asked(asked.get("slot"), SLOTS)


def _short(name: str) -> str:
    return name[:3]
