"""Languages: Japanese is what the code says, English is a complete catalogue beside it.

Message ids are the Japanese texts themselves. ``N_`` marks a text that is translated
later, where it is shown.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_time, get_day_names
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

LANGUAGES = ("ja", "en")
LOCALES = Path(__file__).parent / "locales"
DOMAIN = "nigiwai"
Day = date  # within Locale, that name is a method


def N_(message: str) -> str:  # noqa: N802 - the conventional name
    """Mark a text for translation where it is shown."""
    return message


@cache
def translations(language: str) -> NullTranslations:
    """The catalogue of a language, compiled in memory from its .po file."""
    if language == "ja":
        return NullTranslations()
    with (LOCALES / language / "LC_MESSAGES" / f"{DOMAIN}.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled, DOMAIN)


def accepted_language(header: str) -> str:
    """The language of ours that a browser likes best; Japanese when it likes neither."""
    best, best_quality = "ja", 0.0
    for part in header.split(","):
        tag, _, parameter = part.strip().partition(";")
        language = tag.strip().lower().partition("-")[0]
        quality = _quality(parameter)
        if language in LANGUAGES and quality > best_quality:
            best, best_quality = language, quality
    return best


def _quality(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


@dataclass(frozen=True, slots=True)
class Locale:
    """A language and a time zone: how texts and times are shown to one person."""

    language: str = "ja"
    time_zone: str = "Asia/Tokyo"

    def gettext(self, message: str) -> str:
        """Translate."""
        return str(translations(self.language).gettext(message)) if message else ""

    def ngettext(self, singular: str, plural: str, number: int) -> str:
        """Translate by number."""
        return str(translations(self.language).ngettext(singular, plural, number))

    def text(self, message: str, values: Mapping[str, object] | None = None) -> str:
        """Translate and fill in."""
        translated = self.gettext(message)
        return translated % values if values else translated

    def local(self, at: datetime) -> datetime:
        """The same instant in this zone."""
        return at.astimezone(ZoneInfo(self.time_zone))

    def time(self, at: datetime) -> str:
        """13:04."""
        return str(format_time(self.local(at), "HH:mm", locale=self.language))

    def date(self, at: datetime | date) -> str:
        """11月22日(日) or Sun, Nov 22."""
        day = self.local(at) if isinstance(at, datetime) else at
        pattern = "M月d日(E)" if self.language == "ja" else "EEE, MMM d"
        return str(format_date(day, pattern, locale=self.language))

    def month(self, day: Day) -> str:
        """2026年10月 or October 2026."""
        pattern = "y年M月" if self.language == "ja" else "MMMM y"
        return str(format_date(day, pattern, locale=self.language))

    def month_of(self, code: str) -> str:
        """The same of 2026-10."""
        return self.month(Day.fromisoformat(f"{code}-01"))

    def weekday(self, number: int) -> str:
        """月 or Monday; 0 is Monday."""
        if self.language == "ja":
            return str(get_day_names("abbreviated", locale="ja")[number])
        return str(get_day_names("wide", locale=self.language)[number])

    def short_weekday(self, number: int) -> str:
        """月 or Mon, for a tab; 0 is Monday."""
        return str(get_day_names("abbreviated", locale=self.language)[number])

    @property
    def holiday_mark(self) -> str:
        """祝 or H: one letter, for a day of a calendar; the word itself is too long there."""
        return "祝" if self.language == "ja" else "H"

    def moment(self, at: datetime, now: datetime) -> str:
        """The time, with the date in front when it is not today's."""
        if self.local(at).date() == self.local(now).date():
            return self.time(at)
        return f"{self.date(at)} {self.time(at)}"

    def full(self, at: datetime) -> str:
        """Date and time with the year, as in files."""
        return str(format_datetime(self.local(at), "yyyy-MM-dd HH:mm:ss", locale=self.language))
