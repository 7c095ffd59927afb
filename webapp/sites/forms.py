"""The form of WEBサイト生成: what was entered, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import FormData, QueryParams

from webapp.domain.embeds import Shows, View
from webapp.domain.sites import (
    LONGEST_NAME,
    LONGEST_TEXT,
    LONGEST_TITLE,
    LinkRefused,
    Placement,
    SiteOptions,
    read_link,
    read_options,
)
from webapp.errors import UserError
from webapp.i18n import N_
from webapp.models import CameraGroup, Site
from webapp.versions import version_of

NAME_MISSING = N_("サイト名を入力してください。")
TOO_LONG = N_("%(limit)s文字以内で入力してください。")
LINK_MISSING = N_("リンクURLを入力するか、「表示なし」を選択してください。")
LINK_WRONG = N_(
    "リンクURLは、http:// または https:// で始まる300文字以内のアドレスを入力してください。"
)

# What a site that is switched off was made from: nobody has saved a key since.
_OFF = "off"


@dataclass(slots=True)
class SiteForm:
    """Values for the fields and errors by field; ticks are "1" or empty."""

    values: dict[str, str]
    errors: dict[str, UserError] = field(default_factory=dict)

    @property
    def is_on(self) -> bool:
        """Whether there is to be a site."""
        return self.values["is_on"] == "1"

    def entered(self) -> dict[str, str]:
        """What the form would post, for the address of the preview."""
        return {name: value for name, value in self.values.items() if name != "version" and value}

    @property
    def options(self) -> SiteOptions:
        """What was entered, as far as it makes sense."""
        values: dict[str, object] = dict(self.values)
        values |= {name: self.values[name] == "1" for name in ("refreshes", "counts")}
        return read_options(values)


def form_of_site(site: Site | None, group: CameraGroup) -> SiteForm:
    """The form with what is kept; of a group without a site, what a new one would begin with.

    That is what was last chosen for one, so that nothing has to be entered again.
    """
    kept: Mapping[str, Any] = group.site_settings
    if site is not None:
        kept = {"name": site.name, "options": site.options}
    options = read_options(kept["options"]) if kept else SiteOptions()
    return SiteForm(
        {
            "is_on": "1" if site else "",
            "name": str(kept["name"]) or group.name if kept else group.name,
            "placement": options.placement.value,
            "link_title": options.link_title,
            "link_text": options.link_text,
            "link_url": options.link_url,
            "shows": options.shows.value,
            "first": options.first.value,
            "refreshes": _tick(options.refreshes),
            "counts": _tick(options.counts),
            "version": version_of_site(site, group),
        }
    )


def read_form(form: FormData | QueryParams) -> SiteForm:
    """Read what was entered. What is wrong with a site that is switched off does not matter."""
    values = {name: _one_line(form, name) for name in ("name", "link_title", "link_url", "version")}
    values |= {name: _tick(form.get(name) == "1") for name in ("is_on", "refreshes", "counts")}
    placement = str(form.get("placement", ""))
    values["placement"] = placement if placement in set(Placement) else Placement.NONE.value
    shows, first = str(form.get("shows", "")), str(form.get("first", ""))
    values["shows"] = shows if shows in set(Shows) else Shows.BOTH.value
    values["first"] = first if first in set(View) else View.PICTURE.value
    values["link_text"] = _lines(form, "link_text")
    entered = SiteForm(values)
    if entered.is_on:
        entered.errors = _errors(values)
    return entered


def version_of_site(site: Site | None, group: CameraGroup) -> str:
    """A name for a group's site as it is kept now; another key is another version."""
    if site is not None:
        return version_of(site.key, site.name, site.options)
    return version_of(_OFF, group.site_settings)


def _errors(values: Mapping[str, str]) -> dict[str, UserError]:
    errors = {}
    if not values["name"]:
        errors["name"] = UserError(NAME_MISSING, field="name")
    for name, limit in (
        ("name", LONGEST_NAME),
        ("link_title", LONGEST_TITLE),
        ("link_text", LONGEST_TEXT),
    ):
        if len(values[name]) > limit:
            errors[name] = UserError(TOO_LONG, field=name, limit=limit)
    if values["link_url"]:
        try:
            read_link(values["link_url"])
        except LinkRefused:
            errors["link_url"] = UserError(LINK_WRONG, field="link_url")
    elif values["placement"] != Placement.NONE:
        errors["link_url"] = UserError(LINK_MISSING, field="link_url")
    return errors


def _one_line(form: FormData | QueryParams, name: str) -> str:
    """A text without what nobody sees, and without line breaks."""
    value = form.get(name, "")
    text = value if isinstance(value, str) else ""
    return "".join(sign for sign in text if sign.isprintable()).strip()


def _lines(form: FormData | QueryParams, name: str) -> str:
    value = form.get(name, "")
    text = value.replace("\r\n", "\n") if isinstance(value, str) else ""
    return "".join(sign for sign in text if sign == "\n" or sign.isprintable()).strip()


def _tick(value: bool) -> str:
    return "1" if value else ""
