"""混雑予測 on a site (E4): one weekday and time for all cameras, so that they can be compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from webapp.domain.forecast.slots import SLOTS, WEEKDAYS
from webapp.domain.hours import business_day
from webapp.embeds.forecasts import Forecast, Links, Tab, number_asked, time_of
from webapp.forecast.queries import slot_of
from webapp.i18n import Locale


@dataclass(frozen=True, slots=True)
class Chosen:
    """The weekday and time that every camera of a site shows, and what leads to others.

    ``before`` and ``after`` are empty where no camera is open any more.
    """

    tabs: tuple[Tab, ...]
    weekday: int
    time: str
    before: str
    after: str


def chosen_of(
    forecasts: Sequence[Forecast],
    asked: Mapping[str, str],
    now: datetime,
    links: Links,
    locale: Locale,
) -> Chosen | None:
    """What was chosen of these forecasts, or the present; None where no camera has one."""
    if not forecasts:
        return None
    zone = ZoneInfo(locale.time_zone)
    asked_day = number_asked(asked.get("day"), WEEKDAYS)
    weekday = business_day(now, zone).weekday() if asked_day is None else asked_day
    open_slots = [quarter.slot for one in forecasts for quarter in one.week.days[weekday]]
    asked_slot = number_asked(asked.get("slot"), SLOTS)
    slot = slot_of(now, zone) if asked_slot is None else asked_slot
    if open_slots:
        slot = max(min(open_slots), min(slot, max(open_slots)))
    names = [locale.weekday(number) for number in range(WEEKDAYS)]
    return Chosen(
        tabs=tuple(
            Tab(name[:3], name, links.at(number, slot), number == weekday)
            for number, name in enumerate(names)
        ),
        weekday=weekday,
        time=time_of(slot) if open_slots else "",
        before=links.at(weekday, slot - 1) if open_slots and slot > min(open_slots) else "",
        after=links.at(weekday, slot + 1) if open_slots and slot < max(open_slots) else "",
    )
