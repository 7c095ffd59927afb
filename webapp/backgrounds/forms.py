"""The form for when which background serves: 固定, or 昼・夜 with the hours of the day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.datastructures import FormData

from webapp.domain.daylight import Daylight, Part, read_time, time_text
from webapp.form_fields import text_field
from webapp.i18n import N_

# The columns that this form is about.
FIELDS = ("has_night", "day_starts", "day_ends")

CHOOSE_A_PATTERN = N_("背景パターンを選んでください。")
NO_TIME = N_("時刻を0:00から24:00までの形で入力してください。")
DAY_ENDS_FIRST = N_("昼の終わりは、昼の始まりより後の時刻にしてください。")

FIXED, DAY_AND_NIGHT = "fixed", "day_night"


@dataclass(frozen=True, slots=True)
class PatternForm:
    """What was entered, as it was entered, and what is wrong with it by field (message ids)."""

    pattern: str
    starts: str
    ends: str
    daylight: Daylight | None = None
    errors: Mapping[str, str] = field(default_factory=dict)


def stored_form(daylight: Daylight) -> PatternForm:
    """The form as it is kept."""
    pattern = DAY_AND_NIGHT if daylight.changes else FIXED
    return PatternForm(pattern, time_text(daylight.starts), time_text(daylight.ends), daylight)


def read_form(form: FormData, kept: Daylight) -> PatternForm:
    """What was posted; with a fixed picture the hours of the day stay as they are kept."""
    pattern = text_field(form, "pattern")
    starts, ends = text_field(form, "day_starts"), text_field(form, "day_ends")
    if pattern == FIXED:
        daylight = Daylight(changes=False, starts=kept.starts, ends=kept.ends)
        return PatternForm(pattern, time_text(kept.starts), time_text(kept.ends), daylight)
    if pattern != DAY_AND_NIGHT:
        return PatternForm(pattern, starts, ends, errors={"pattern": CHOOSE_A_PATTERN})
    first, last = read_time(starts), read_time(ends)
    times = {"day_starts": first, "day_ends": last}
    errors = {name: NO_TIME for name, value in times.items() if value is None}
    if first is None or last is None:
        return PatternForm(pattern, starts, ends, errors=errors)
    if last <= first:
        return PatternForm(pattern, starts, ends, errors={"day_ends": DAY_ENDS_FIRST})
    return PatternForm(pattern, starts, ends, Daylight(changes=True, starts=first, ends=last))


def read_part(text: str) -> Part:
    """The part that a form or an address is about; the day's when it makes no sense."""
    return Part.NIGHT if text == Part.NIGHT else Part.ALL
