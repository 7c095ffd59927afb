"""The rows of the CSV of detected people, exactly as the manual has them (F3, 2-10).

UTF-8 with BOM, LF, every value in quotes and quotes within doubled, a header. Nothing that a
spreadsheet would take for a formula can stand at the beginning of a cell.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo

BOM = "\ufeff"
HEADER = ("カメラ名称", "企業名称", "タイムスタンプ", "カメラ識別子", "検知人数")
QUARTER = 900
DAY = 86_400

# Signs that begin a formula or a command in one spreadsheet or another, beside all
# mathematical ones and all kinds of dashes.
_SIGNS = frozenset("=+-@|%!/\\")
# Mathematical signs, dashes, spaces, line ends, and signs that nobody sees.
_KINDS = frozenset({"Sm", "Pd", "Sk", "Zs", "Zl", "Zp", "Cc", "Cf", "Cn", "Cs", "Co"})
_FOR_FILES = str.maketrans(dict.fromkeys('/\\:*?"<>|', "_"))
_LONGEST_FILE_NAME = 60


def plain_name(name: str) -> str:
    """A name for one of the first two columns: on one line, and without leading signs.

    A sign that comes to the front when another one is taken away goes, too; full-width ones are
    signs like the others. A name of signs alone is empty.
    """
    line = "".join(letter if _is_seen(letter) else " " for letter in name)
    while line and _is_sign(line[0]):
        line = line[1:]
    return line.rstrip()


def _is_seen(letter: str) -> bool:
    return unicodedata.category(letter) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def _is_sign(letter: str) -> bool:
    folded = unicodedata.normalize("NFKC", letter).strip()
    return (
        not folded
        or unicodedata.category(letter) in _KINDS
        or folded[0] in _SIGNS
        or unicodedata.category(folded[0]) in _KINDS
    )


def quoted(value: str) -> str:
    """A value in quotes."""
    return '"' + value.replace('"', '""') + '"'


def header() -> str:
    """The first line of a file, with the mark that tells spreadsheets it is UTF-8."""
    return BOM + ",".join(quoted(title) for title in HEADER) + "\n"


@dataclass(slots=True)
class Rows:
    """Writes the lines of one camera. What repeats from line to line is made once only."""

    camera_name: str
    organisation_name: str
    camera_id: str
    zone: tzinfo
    _front: str = field(init=False)
    _middle: str = field(init=False)
    _offsets: dict[int, int] = field(init=False, default_factory=dict)
    _days: dict[int, str] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        names = (plain_name(self.camera_name), plain_name(self.organisation_name))
        self._front = ",".join(quoted(name) for name in names) + ',"'
        self._middle = '",' + quoted(self.camera_id) + ',"'

    def lines(self, counted: Iterable[tuple[int, int]]) -> Iterator[str]:
        """A line for each (seconds since 1970, count)."""
        front, middle = self._front, self._middle
        for instant, count in counted:
            quarter = instant // QUARTER
            offset = self._offsets.get(quarter)
            if offset is None:
                offset = self._offset(quarter)
            day, second = divmod(instant + offset, DAY)
            written = self._days.get(day)
            if written is None:
                written = self._day(day)
            minute, second = divmod(second, 60)
            yield f'{front}{written} {_CLOCK[minute]}{_TWO[second]}{middle}{count}"\n'

    def _offset(self, quarter: int) -> int:
        """Clocks are changed on quarter hours only."""
        difference = datetime.fromtimestamp(quarter * QUARTER, self.zone).utcoffset()
        offset = int(difference.total_seconds()) if difference else 0
        self._offsets[quarter] = offset
        return offset

    def _day(self, day: int) -> str:
        written = (date(1970, 1, 1) + timedelta(days=day)).isoformat()
        self._days[day] = written
        return written


_TWO = tuple(f"{number:02d}" for number in range(60))
# The minutes of a day, as they are written before the seconds.
_CLOCK = tuple(f"{_TWO[minute // 60]}:{_TWO[minute % 60]}:" for minute in range(24 * 60))


def month_span(month: date, today: date, zone: tzinfo) -> tuple[datetime, datetime]:
    """The instants from which to before which a month's file has rows.

    ``month`` is its first day. This month ends with yesterday; so it is empty on the first.
    """
    following = (month.replace(day=1) + timedelta(days=32)).replace(day=1)
    last = min(following, max(today, month))
    return _midnight(month, zone), _midnight(last, zone)


def whole_month(month: date, zone: tzinfo) -> tuple[datetime, datetime]:
    """The instants from which to before which the month lasts, by its calendar."""
    following = (month.replace(day=1) + timedelta(days=32)).replace(day=1)
    return _midnight(month.replace(day=1), zone), _midnight(following, zone)


def months_offered(today: date, kept_since: date) -> list[date]:
    """The months that have a file, newest first: this one, unless it has just begun, and back."""
    month = today.replace(day=1)
    if today.day == 1:
        month = (month - timedelta(days=1)).replace(day=1)
    offered = []
    while month >= kept_since.replace(day=1):
        offered.append(month)
        month = (month - timedelta(days=1)).replace(day=1)
    return offered


def file_name(camera_name: str, camera_id: str, month: date) -> str:
    """The name of a camera's file within a ZIP: safe on every system, unlike any other."""
    name = plain_name(camera_name).translate(_FOR_FILES).strip(". ")[:_LONGEST_FILE_NAME]
    return "_".join(part for part in (name.strip(), camera_id, f"{month:%Y-%m}") if part) + ".csv"


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
