"""Templates and the files beside them, shared by the app and the identity provider."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import jinja2
from markupsafe import Markup

from webapp.i18n import Locale
from webapp.settings import ROOT

TEMPLATES = ROOT / "templates"
STATIC = Path(__file__).parent / "static"


@cache
def asset(path: str) -> str:
    """The address of a static file, with its content's hash so that caches never lie.

    A file that was not copied yet (``nigiwai assets``) keeps its plain address.
    """
    file = STATIC / path
    if not file.is_file():
        return f"/static/{path}"
    digest = hashlib.sha256(file.read_bytes()).hexdigest()[:12]
    return f"/static/{path}?v={digest}"


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(asset=asset, kept=cache)
    return environment


@cache
def environment_for(language: str) -> jinja2.Environment:
    """The templates in one language."""
    environment = _environment()
    locale = Locale(language)
    environment.newstyle_gettext = True  # type: ignore[attr-defined]
    gettext, ngettext = _gettext(locale), _ngettext(locale)
    environment.globals.update({"_": gettext, "gettext": gettext, "ngettext": ngettext})
    return environment


def _gettext(locale: Locale) -> Callable[..., Markup]:
    """What templates call as ``_``: Jinja's new style, with every message looked up once.

    A list asks for the same few words card by card; Jinja's own took a third of its time.
    """

    @cache
    def template(message: str) -> Markup:
        return Markup(locale.gettext(message))  # noqa: S704 - from our own catalogue

    @cache
    def plain(message: str) -> Markup:
        return template(message) % {}

    def gettext(message: str, /, **values: object) -> Markup:
        return template(message) % values if values else plain(message)

    return gettext


def _ngettext(locale: Locale) -> Callable[..., Markup]:
    """The same by number, which messages may name as ``num``."""

    def ngettext(singular: str, plural: str, num: int, /, **values: object) -> Markup:
        values.setdefault("num", num)
        text = locale.ngettext(singular, plural, num)
        return Markup(text) % values  # noqa: S704 - from our own catalogue

    return ngettext
