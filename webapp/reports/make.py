"""Setting a report as PDF: A4, in Japanese or English, with the font in it."""

from __future__ import annotations

import base64
from typing import Any

import anyio.to_thread
from markupsafe import Markup
from weasyprint import HTML
from weasyprint.urls import URLFetcher, URLFetcherResponse

from webapp.domain.charts import bars, heat_cells
from webapp.domain.report import WEEK
from webapp.errors import StartRefused, TemporaryFailure
from webapp.i18n import Locale
from webapp.models import PreparedFile
from webapp.reports.queries import Report, report_of
from webapp.storage import Storage
from webapp.templating import STATIC, environment_for

FONTS = STATIC / "vendor" / "noto-sans-jp-whole"
REGULAR, BOLD = "NotoSansJP-Regular.ttf", "NotoSansJP-Bold.ttf"
# From few to many; the number stands in every cell, so that it is never the colour alone.
BLUES = ("#f1f6fb", "#dbe8f5", "#bdd5ec", "#94bce0", "#6399cd", "#3b78b5", "#1f5a96", "#0f4074")


# A drawing on paper has a style sheet of its own: the page's does not reach into it.
DRAWN = ".bar{fill:#3b78b5}.axis{stroke:#767676;stroke-width:1}"


class _OurFiles(URLFetcher):  # type: ignore[misc]  # WeasyPrint has no types
    """Nothing but the font and what stands in the document itself: no name leads outside."""

    def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:
        """Open a font, or data."""
        if url.startswith("data:") or url in {path.as_uri() for path in FONTS.glob("*.ttf")}:
            return super().fetch(url, headers)
        raise ValueError("A report is made of our own files.")


async def make_report(file: PreparedFile, storage: Storage) -> bytes:
    """The report as PDF. Setting it is done in a thread, for it takes a second or so."""
    report = await report_of(file)
    picture = await _picture(storage, report.picture)
    locale = Locale(file.language, file.organisation.time_zone)
    html = render(report, locale, file.organisation.name, picture)
    return await anyio.to_thread.run_sync(to_pdf, html)


def to_pdf(html: str) -> bytes:
    """Set a page of ours."""
    if not (FONTS / REGULAR).is_file():
        raise StartRefused("The font of the reports is not there; run `nigiwai assets`.")
    pdf: bytes = HTML(string=html, url_fetcher=_OurFiles()).write_pdf()
    return pdf


def render(report: Report, locale: Locale, organisation_name: str, picture: str = "") -> str:
    """The report as HTML."""
    counted = report.figures
    weekdays = [locale.weekday(number) for number in range(WEEK)]
    days = [day.people for day in counted.days]
    return (
        environment_for(locale.language)
        .get_template("pdf/report.html")
        .render(
            report=report,
            figures=counted,
            locale=locale,
            organisation_name=organisation_name,
            picture=picture,
            weekdays=weekdays,
            regular=(FONTS / REGULAR).as_uri(),
            bold=(FONTS / BOLD).as_uri(),
            heat=heat_cells(counted.week, len(BLUES)),
            blues=BLUES,
            daily=Markup(bars(days, width=640, height=150, style=DRAWN)),  # noqa: S704 - drawn here
            highs=Markup(  # noqa: S704 - as above
                bars([day.high for day in counted.days], width=640, height=150, style=DRAWN)
            ),
        )
    )


async def _picture(storage: Storage, key: str) -> str:
    """A masked picture as the document holds it; without one the cover says nothing of it."""
    if not key:
        return ""
    try:
        data = await storage.get(key)
    except TemporaryFailure:
        return ""
    return f"data:image/jpeg;base64,{base64.b64encode(data).decode()}" if data else ""
