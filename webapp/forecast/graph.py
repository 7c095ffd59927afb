"""The graph of one day of 混雑予測: bars, thresholds, and the same as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from webapp.alerts.rules import STAGES
from webapp.alerts.words import LEVEL_WORDS, level_of
from webapp.domain.alerts import FIRST, Level
from webapp.domain.charts import DayBar, day_bars, round_up
from webapp.domain.forecast.quiet_times import quiet_times
from webapp.domain.forecast.slots import SLOTS, Floats, clock_of
from webapp.domain.hours import plan_of
from webapp.hours.holidays import japanese_holidays
from webapp.hours.opening import hours_of
from webapp.i18n import N_, Locale
from webapp.models import Alert, Camera

# Without business hours, when people usually ask: 8:00 to 22:00.
_USUAL_OPENING = (8, 64)
_HOURS = range(6, 31, 3)
QUIET = N_("%(times)sごろが比較的空いています。")
ALWAYS_ALIKE = N_("時間による差はあまりありません。")


@dataclass(frozen=True, slots=True)
class Limit:
    """A threshold: how many people, its level, and where its line is (0 below to 1 above)."""

    people: int
    level: Level
    place: float

    @property
    def word(self) -> str:
        """Message id of the state that begins here."""
        return LEVEL_WORDS[self.level]


@dataclass(frozen=True, slots=True)
class Slot:
    """One quarter hour in words: its time, and people; ``low`` to ``high`` where it is dated."""

    time: str
    mean: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Graph:
    """A day: its drawing, the number at the top of its scale, thresholds, slots, quiet times."""

    drawing: Markup
    top: int
    limits: tuple[Limit, ...]
    slots: tuple[Slot, ...]
    quiet: str
    hours: tuple[str, ...]

    @property
    def busiest(self) -> Slot | None:
        """The slot with most people; None when nothing is known."""
        return max(self.slots, key=lambda slot: slot.mean, default=None)


def draw_graph(
    mean: Floats,
    locale: Locale,
    *,
    alert: Alert | None,
    is_open: NDArray[np.bool_],
    band: tuple[Floats, Floats] | None = None,
    now: int | None = None,
) -> Graph:
    """Draw a business day; ``now`` is the slot that it is, on today's."""
    thresholds = thresholds_of(alert)
    highest = np.concatenate([mean, *(band or ()), np.array(thresholds, np.float64), [0.0]])
    top = round_up(float(np.nanmax(highest)))
    limits = _limits(thresholds, top)
    bars, slots = [], []
    for slot in range(SLOTS):
        value = float(mean[slot])
        if np.isnan(value):
            continue
        low, high = (float(one[slot]) for one in band) if band else (None, None)
        said = Slot(_time(slot), value, low, high)
        slots.append(said)
        title = f"{said.time} {people(value, locale)}"
        if low is not None and high is not None:
            title += f" ({low:.1f}–{high:.1f})"
        kind = _level_at(value, thresholds).value if thresholds else "plain"
        bars.append(DayBar(slot, value, title, kind, low, high))
    drawing = day_bars(
        bars, SLOTS, top, limits=[(one.people, one.level.value) for one in limits], now=now
    )
    quiet = quiet_words(mean, is_open, locale, thresholds)
    hours = tuple(f"{hour}:00" for hour in _HOURS)
    return Graph(Markup(drawing), top, limits, tuple(slots), quiet, hours)  # noqa: S704 - our own


def people(value: float, locale: Locale) -> str:
    """4.2人."""
    return locale.text(N_("%(count)s人"), {"count": f"{value:.1f}"})


def quiet_words(
    mean: Floats, is_open: NDArray[np.bool_], locale: Locale, thresholds: Sequence[int] = ()
) -> str:
    """When it is quiet, as a sentence; empty when nothing is known of the open hours."""
    if np.isnan(mean[is_open]).all():
        return ""
    times = quiet_spans(mean, is_open, locale, thresholds)
    return locale.text(QUIET, {"times": times}) if times else locale.text(ALWAYS_ALIKE)


def quiet_spans(
    mean: Floats, is_open: NDArray[np.bool_], locale: Locale, thresholds: Sequence[int] = ()
) -> str:
    """The quiet times of a day, as 9:00～11:00、14:00～15:30; empty when there are none."""
    limit = float(thresholds[0]) if thresholds else None
    spans = quiet_times(mean, is_open, limit)
    dash, comma = ("～", "、") if locale.language == "ja" else ("–", ", ")
    return comma.join(f"{_time(start)}{dash}{_time(end)}" for start, end in spans)


def open_slots(camera: Camera | None, day: date) -> NDArray[np.bool_]:
    """Which slots of a business day count as open: by the hours of the camera, or as usual."""
    hours, is_open = hours_of(camera) if camera else None, np.zeros(SLOTS, np.bool_)
    if hours is None:
        is_open[slice(*_USUAL_OPENING)] = True
        return is_open
    for start, end in plan_of(hours, day, japanese_holidays()).spans:
        is_open[-(-(start - 360) // 15) : (end - 360) // 15] = True
    return is_open


def next_ordinary(day: date, weekday: int) -> date:
    """The next such weekday that is no holiday, for what is usual on it."""
    found = day + timedelta(days=(weekday - day.weekday()) % 7)
    while found in japanese_holidays():
        found += timedelta(days=7)
    return found


def thresholds_of(alert: Alert | None) -> list[int]:
    """The thresholds of an alert that is on; none otherwise."""
    if alert is None or not alert.is_on or not isinstance(alert.thresholds, list):
        return []
    return [int(one) for one in alert.thresholds][: STAGES - 1]


def _limits(thresholds: Sequence[int], top: int) -> tuple[Limit, ...]:
    return tuple(
        Limit(people, level_of(stage, len(thresholds) + 1), people / top)
        for stage, people in enumerate(thresholds, FIRST + 1)
    )


def _level_at(value: float, thresholds: Sequence[int]) -> Level:
    stage = FIRST + sum(value >= one for one in thresholds)
    return level_of(stage, len(thresholds) + 1)


def _time(slot: int) -> str:
    hour, minute = clock_of(slot)
    return f"{hour}:{minute:02}"
