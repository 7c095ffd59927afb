"""Rules of business hours in the reader's language."""

from __future__ import annotations

from datetime import date

from babel.dates import format_date, get_day_names, get_month_names

from webapp.domain.hours import HOLIDAY, LAST_WEEK, Basic, Dates, Repeat, Special
from webapp.hours.forms import clock
from webapp.i18n import N_, Locale

HOLIDAYS = N_("祝")
REPEATS = {
    Repeat.ONCE: N_("日付を指定"),
    Repeat.YEARLY: N_("毎年（月日）"),
    Repeat.MONTHLY: N_("毎月（日）"),
    Repeat.WEEKDAY: N_("N週目の曜日"),
}
WEEKS = {
    1: N_("第1"),
    2: N_("第2"),
    3: N_("第3"),
    4: N_("第4"),
    5: N_("第5"),
    LAST_WEEK: N_("最終"),
}
EVERY_MONTH = N_("毎月")


def day_names(language: str, width: str = "abbreviated") -> dict[int, str]:
    """Monday 0 to Sunday 6."""
    names = get_day_names(width, locale=language)  # type: ignore[arg-type]
    return {day: str(names[day]) for day in range(7)}


def month_names(language: str) -> dict[int, str]:
    """January 1 to December 12."""
    names = get_month_names("wide", locale=language)
    return {month: str(names[month]) for month in range(1, 13)}


def rule_in_words(rule: Basic | Special | Dates | None, locale: Locale) -> str:
    """What a rule says, in one line; empty for one that is not understood."""
    if isinstance(rule, Basic):
        return f"{days_in_words(rule.days, locale)} {_span(rule.span)}"
    if isinstance(rule, Special):
        return f"{dates_in_words(rule.dates, locale)} {_span(rule.span)}"
    return "" if rule is None else dates_in_words(rule, locale)


def days_in_words(days: frozenset[int], locale: Locale) -> str:
    """The days of a week: three and more in a row are written from – to."""
    names = {**day_names(locale.language), HOLIDAY: locale.gettext(HOLIDAYS)}
    parts: list[str] = []
    run: list[int] = []
    for day in [*sorted(days), 99]:
        if run and (day != run[-1] + 1 or day >= HOLIDAY):
            parts += (
                [f"{names[run[0]]}–{names[run[-1]]}"]
                if len(run) > 2
                else [names[one] for one in run]
            )
            run = []
        if day < 99:
            run.append(day)
    return ("・" if locale.language == "ja" else ", ").join(parts)


def dates_in_words(dates: Dates, locale: Locale) -> str:
    """Which dates a special rule names."""
    language, japanese = locale.language, locale.language == "ja"
    months = month_names(language)
    if dates.repeat is Repeat.ONCE:
        pattern = "yyyy年M月d日(E)" if japanese else "EEE, MMM d, yyyy"
        day = date(dates.year, dates.month, dates.day)
        return str(format_date(day, pattern, locale=language))
    if dates.repeat is Repeat.YEARLY:
        values = {"month": months[dates.month], "day": dates.day}
        return locale.text(N_("毎年%(month)s%(day)s日"), values)
    if dates.repeat is Repeat.MONTHLY:
        return locale.text(N_("毎月%(day)s日"), {"day": dates.day})
    values = {
        "week": locale.gettext(WEEKS[dates.nth]),
        "weekday": day_names(language, "wide")[dates.weekday],
    }
    if not dates.month:
        return locale.text(N_("毎月%(week)s%(weekday)s"), values)
    return locale.text(
        N_("毎年%(month)sの%(week)s%(weekday)s"), {**values, "month": months[dates.month]}
    )


def _span(span: tuple[int, int]) -> str:
    return f"{clock(span[0])}–{clock(span[1])}"
