"""What the read API may be asked: these classes read an address, and describe it (OpenAPI)."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
)
from starlette.datastructures import QueryParams

from webapp.api.problems import Problem, Wrong
from webapp.api.schemas import Step
from webapp.i18n import N_

MOST_ITEMS = 200
USUAL_ITEMS = 100

SENSELESS = N_("指定できない値があります。")
MISSING = N_("指定してください。")
TWICE = N_("1つだけ指定してください。")
NOT_KNOWN = N_("このパラメータはありません。")
# What is said of each parameter whose value cannot be used.
_WORDS = {
    "limit": N_("1から200までの整数で指定してください。"),
    "after": N_("前の答えの next をそのまま指定してください。"),
    "from": N_("2026-04-01T09:00:00+09:00 のように、時差を付けた日時で指定してください。"),
    "to": N_("2026-04-01T09:00:00+09:00 のように、時差を付けた日時で指定してください。"),
    "step": N_("15m、30m、1h、2h、3h、6h、12h、1d のどれかを指定してください。"),
    "date": N_("2026-04-01 のような日付で指定してください。"),
}

_INSTANT = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:)(\d\d)(\.\d{1,12})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_INTEGER = re.compile(r"[0-9]{1,9}")
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def _read_instant(given: object) -> datetime:
    """RFC 3339, in UTC: always with an offset, so that nobody has to guess the zone."""
    found = _INSTANT.fullmatch(str(given))
    if found is None:
        raise ValueError("no instant")
    day, clock, second, fraction, offset = found.groups()
    is_leap = second == "60"  # RFC 3339 has it, Python has not: it is the next second
    text = f"{day}T{clock}{'59' if is_leap else second}{(fraction or '')[:7]}{offset.upper()}"
    try:
        at = datetime.fromisoformat(text).astimezone(UTC)
        return at + timedelta(seconds=1) if is_leap else at
    except OverflowError as error:
        raise ValueError("beyond the calendar") from error


def _read_integer(given: object) -> object:
    if not isinstance(given, str):
        return given
    if not _INTEGER.fullmatch(given):
        raise ValueError("no integer")
    return int(given)


def _read_date(given: object) -> date:
    if not _DATE.fullmatch(str(given)):
        raise ValueError("no date")
    return date.fromisoformat(str(given))


Instant = Annotated[
    datetime,
    BeforeValidator(_read_instant),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
Limit = Annotated[int, BeforeValidator(_read_integer)]
Day = Annotated[
    date | None,
    BeforeValidator(_read_date),
    WithJsonSchema({"type": "string", "format": "date"}),
]


class Query(BaseModel):
    """What an address may say after its question mark; nothing else may stand there."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Nothing(Query):
    """An operation without parameters."""


class Page(Query):
    """Which part of a list."""

    limit: Limit = Field(USUAL_ITEMS, ge=1, le=MOST_ITEMS, description="How many at most.")
    after: str = Field(
        "",
        pattern="^[a-z0-9]{0,16}$",
        description="Only those after this id: `next` of the answer before.",
    )


class Range(Query):
    """Which part of the past, in which steps."""

    start: Instant = Field(alias="from", description="RFC 3339 with an offset.")
    end: Instant = Field(alias="to", description="RFC 3339 with an offset, after `from`.")
    step: Step = Field(Step.QUARTER, description="At most 1,000 steps at a time, and 366 days.")


class DayAhead(Query):
    """Which day to come."""

    date: Day = Field(
        None,
        description="One of the next seven business days, by the organisation's zone; "
        "without it, today.",
    )


Asked = TypeVar("Asked", bound=Query)


def read_query(kind: type[Asked], given: QueryParams) -> Asked:
    """Read an address; raises ``Problem`` with every parameter that cannot be used."""
    counts = Counter(name for name, _ in given.multi_items())
    wrong = [Wrong(_printable(name), TWICE) for name, times in counts.items() if times > 1]
    try:
        if not wrong:
            return kind.model_validate(dict(given))
    except ValidationError as error:
        wrong = [_wrong(one) for one in error.errors(include_url=False, include_context=False)]
    raise Problem(422, "bad_parameters", SENSELESS, wrong=wrong[:10])


def refuse(parameter: str, detail: str, code: str, **values: Any) -> Problem:
    """The problem of a value that can be read, and makes no sense."""
    return Problem(422, code, SENSELESS, values, wrong=[Wrong(parameter, detail)])


def _wrong(error: Any) -> Wrong:
    name = str(error["loc"][0])
    if error["type"] == "missing":
        return Wrong(name, MISSING)
    if error["type"] == "extra_forbidden":
        return Wrong(_printable(name), NOT_KNOWN)
    return Wrong(name, _WORDS[name])


def _printable(name: str) -> str:
    """Somebody else's word, short and without anything that does not belong into a line."""
    return "".join(letter for letter in name if letter.isprintable())[:40]
