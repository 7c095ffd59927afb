"""The form of 組織設定: what was entered, what is wrong with it, and what it was made from."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import FormData

from webapp.domain.colours import read_colour
from webapp.errors import UserError
from webapp.form_fields import name_field, text_field
from webapp.i18n import LANGUAGES, N_
from webapp.models import Organisation
from webapp.organisations.zones import zones

# Everything that this form holds; the logo is a key of the store.
FIELDS = ("name", "time_zone", "language", "monitoring_allowed", "colour", "logo")
LONGEST_NAME = 100
FIRST_COLOUR = "#00629b"

CHOOSE_AGAIN = N_("一覧から選び直してください。")
COLOUR_WRONG = N_("色は#と6桁の16進数で指定してください（例：#00629b）。")


@dataclass(slots=True)
class OrganisationForm:
    """Values for the fields, errors by field.

    ``version`` names the settings that the page was made from: whoever saves over others
    without having seen them is told; ``has_news`` says that it happened.
    """

    values: dict[str, str]
    version: str
    removes_logo: bool = False
    has_news: bool = False
    errors: dict[str, UserError] = field(default_factory=dict)

    @property
    def colour(self) -> str:
        """The colour; empty for the usual one."""
        return self.values["colour"] if self.values["has_colour"] else ""

    def fill(self, organisation: Organisation) -> None:
        """Put what was entered into the row; the logo aside."""
        organisation.name = self.values["name"]
        organisation.time_zone = self.values["time_zone"]
        organisation.language = self.values["language"]
        organisation.monitoring_allowed = bool(self.values["monitoring_allowed"])
        organisation.colour = self.colour


def version_of(organisation: Organisation) -> str:
    """A name for the settings as they are now."""
    values: list[Any] = [getattr(organisation, name) for name in FIELDS]
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()[:32]


def form_of_organisation(organisation: Organisation) -> OrganisationForm:
    """The form with what is kept."""
    values = {
        "name": organisation.name,
        "time_zone": organisation.time_zone,
        "language": organisation.language,
        "monitoring_allowed": "1" if organisation.monitoring_allowed else "",
        "has_colour": "1" if organisation.colour else "",
        "colour": organisation.colour or FIRST_COLOUR,
    }
    return OrganisationForm(values, version_of(organisation))


def read_form(form: FormData) -> OrganisationForm:
    """Read what was entered."""
    names = ("name", "time_zone", "language", "monitoring_allowed", "has_colour", "colour")
    values = {name: text_field(form, name) for name in names}
    read = OrganisationForm(
        values, text_field(form, "version"), removes_logo=text_field(form, "no_logo") == "1"
    )
    try:
        values["name"] = name_field(form, limit=LONGEST_NAME)
    except UserError as error:
        read.errors["name"] = error
    if values["time_zone"] not in zones():
        values["time_zone"] = "Asia/Tokyo"
        read.errors["time_zone"] = UserError(CHOOSE_AGAIN, field="time_zone")
    if values["language"] not in LANGUAGES:
        values["language"] = LANGUAGES[0]
        read.errors["language"] = UserError(CHOOSE_AGAIN, field="language")
    _read_colour(read)
    return read


def _read_colour(read: OrganisationForm) -> None:
    try:
        read.values["colour"] = read_colour(read.values["colour"] or FIRST_COLOUR)
    except ValueError:
        read.values["colour"] = FIRST_COLOUR
        if read.values["has_colour"]:
            read.errors["colour"] = UserError(COLOUR_WRONG, field="colour")
