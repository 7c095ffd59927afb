"""Start and width of a chart, as its address says; what makes no sense says so at the field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo

from webapp.domain.history import USUAL_WIDTH, WIDTHS, floor_quarter
from webapp.i18n import N_

QUARTER = timedelta(minutes=15)
LONGEST = max(WIDTHS.values())

# 横幅, by its code.
WIDTH_WORDS = {
    "3h": N_("3時間"),
    "6h": N_("6時間"),
    "12h": N_("12時間"),
    "1d": N_("1日"),
    "3d": N_("3日間"),
    "7d": N_("1週間"),
    "14d": N_("2週間"),
    "1m": N_("1か月"),
    "3m": N_("3か月"),
    "6m": N_("6か月"),
    "12m": N_("12か月"),
}

NO_TIME = N_("開始日時を、2026-04-01 09:00 のように入力してください。")
NOT_YET = N_("まだ来ていない日時です。現在より前の日時を入力してください。")
TOO_OLD = N_("データの最大保存期間は12か月です。それより後の日時を入力してください。")
NO_WIDTH = N_("表示範囲を選び直してください。")


@dataclass(frozen=True, slots=True)
class Span:
    """From ``start`` to before ``end``, both on quarter hours.

    ``entered`` is the start as it was typed, ``errors`` message ids by field. With errors the
    range is the usual one: the last of that width.
    """

    start: datetime
    end: datetime
    width: str
    entered: str
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def length(self) -> timedelta:
        """How long it is."""
        return self.end - self.start


def read_span(query: Mapping[str, str], now: datetime, zone: tzinfo, kept: timedelta) -> Span:
    """Read ``start`` (wall clock of ``zone``) and ``width`` of an address.

    Without a start, the range ends now. A time that the clock leaves out when it is put forward
    is the one an hour later; one that comes twice is the first.
    """
    errors: dict[str, str] = {}
    width = query.get("width", "") or USUAL_WIDTH
    if width not in WIDTHS:
        errors["width"], width = NO_WIDTH, USUAL_WIDTH
    entered = query.get("start", "").strip()
    length = WIDTHS[width]
    end = floor_quarter(now) + QUARTER
    start = end - length
    if entered:
        asked = _read_time(entered, zone)
        problem = _problem(asked, now, kept)
        if problem:
            errors["start"] = problem
        elif asked is not None:
            start, end = floor_quarter(asked), floor_quarter(asked) + length
    shown = entered if errors else start.astimezone(zone).strftime("%Y-%m-%dT%H:%M")
    return Span(start, end, width, shown, errors)


def read_instants(query: Mapping[str, str], now: datetime, kept: timedelta) -> Span | None:
    """Read ``from`` and ``to``, seconds since 1970, as the chart's script asks for them.

    What lies before or after the kept time is cut off. None: it makes no sense, or is nothing.
    """
    try:
        start, end = (datetime.fromtimestamp(int(query[name]), UTC) for name in ("from", "to"))
        last = end - timedelta(seconds=1)
    except (KeyError, ValueError, OverflowError, OSError):
        return None
    start = max(floor_quarter(start), floor_quarter(now - kept))
    until = min(floor_quarter(last), floor_quarter(now)) + QUARTER
    if start >= until or until - start > LONGEST + QUARTER:
        return None
    return Span(start, until, "", "")


def _read_time(entered: str, zone: tzinfo) -> datetime | None:
    try:
        local = datetime.fromisoformat(entered.replace("/", "-"))
    except ValueError:
        return None
    try:
        return (local if local.tzinfo else local.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError:
        return None


def _problem(asked: datetime | None, now: datetime, kept: timedelta) -> str:
    if asked is None:
        return NO_TIME
    if asked > now:
        return NOT_YET
    # A year that was asked for to the day may begin a little earlier than what is left of it.
    return TOO_OLD if asked < now - kept - timedelta(days=1) else ""
