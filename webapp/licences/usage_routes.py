"""APIコール数の内訳: a month's calls by key and by day, as a page and as CSV (E3)."""

from __future__ import annotations

from datetime import UTC, date, datetime

from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from webapp.access import organisation_of
from webapp.domain.charts import bars, round_up
from webapp.domain.csv_rows import BOM, plain_name, quoted
from webapp.http import locale_of, page
from webapp.i18n import N_, Locale
from webapp.licences.reach import SHORT, reach_in_words
from webapp.licences.usage import KeyState, KeyUsage, Usage, rows_of, usage_of

KINDS = {
    "camera": N_("カメラ"),
    "group": N_("グループ"),
    "site": N_("WEBサイト"),
    "": N_("不明"),
}
STATES = {KeyState.ENDED: N_("以前の鍵"), KeyState.DELETED: N_("削除済み")}
NAMELESS = N_("名称不明")

HEADER = (N_("日付"), N_("種類"), N_("名称"), N_("状態"), N_("APIコール数"))
IN_USE = N_("使用中")

# Days of a month that have their number under the chart.
_NUMBERED = frozenset({1, 8, 15, 22, 29})


async def usage_page(request: Request) -> Response:
    """Show a month, all of it or of one key."""
    usage, locale = await _usage(request), locale_of(request)
    top = round_up(max((calls for _, calls in usage.days), default=0))
    return page(
        request,
        "licences/usage.html",
        usage=usage,
        kinds=KINDS,
        states=STATES,
        nameless=NAMELESS,
        reach=reach_in_words(usage.outlook, locale) if usage.outlook else "",
        is_short=usage.outlook is not None and usage.outlook.reach in SHORT,
        top=top,
        chart=_chart(usage, top, locale),
        ticks=[day.day if day.day in _NUMBERED else "" for day, _ in usage.days],
    )


async def usage_csv(request: Request) -> Response:
    """Send every day of every key, or of the chosen one."""
    usage, locale = await _usage(request), locale_of(request)
    lines = [_line([locale.gettext(title) for title in HEADER])]
    for day, key, calls in await rows_of(organisation_of(request), usage):
        lines.append(_line(_cells(day, key, calls, locale)))
    return Response(
        BOM + "".join(lines),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="calls_{usage.month:%Y-%m}.csv"'},
    )


async def _usage(request: Request) -> Usage:
    query = request.query_params
    found = await usage_of(
        organisation_of(request), datetime.now(UTC), query.get("month", ""), query.get("key", "")
    )
    if found is None:
        raise HTTPException(404)
    return found


def _chart(usage: Usage, top: int, locale: Locale) -> Markup:
    titles = [f"{locale.date(day)} {calls:,}" for day, calls in usage.days]
    today = [place for place, (day, _) in enumerate(usage.days) if day == usage.today]
    values = [calls for _, calls in usage.days]
    drawing = bars(values, width=620, height=180, top=top, titles=titles, marked=today)
    return Markup(drawing)  # noqa: S704 - our own drawing, escaped


def _cells(day: date, key: KeyUsage, calls: int, locale: Locale) -> list[str]:
    return [
        day.isoformat(),
        locale.gettext(KINDS[key.kind]),
        plain_name(key.name) or locale.gettext(NAMELESS),
        locale.gettext(STATES.get(key.state, IN_USE)),
        str(calls),
    ]


def _line(cells: list[str]) -> str:
    return ",".join(quoted(cell) for cell in cells) + "\n"
