"""The form of a camera: what was entered, what is wrong with it, and what it means."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from starlette.datastructures import FormData

from webapp.cameras.source_form import Kept, SourceForm, read_source_form, shown_source
from webapp.connectors import ConnectorInfo, OpenConnectors
from webapp.errors import UserError
from webapp.form_fields import name_field, text_field
from webapp.i18n import N_
from webapp.models import Camera
from webapp.versions import FIELD as VERSION
from webapp.versions import version_of_row

FIELDS = ("name", "connector", "engine", "level", "rotation")
# What the tab 接続 holds of a camera; the AI mode has a tab of its own.
EDIT_FIELDS = ("name", "connector", "rotation", "source")
LEVELS = ("1", "2", "3", "4", "5")
ROTATIONS = ("0", "90", "180", "270")
# Of the help for an address: they fill in the address and are not kept.
GUIDE_FIELDS = ("maker", "host")

CHOOSE_AGAIN = N_("一覧から選び直してください。")


class Purpose(StrEnum):
    """What a form of a camera is for; its value is the end of the path that takes it."""

    NEW = "new"
    EDIT = "edit"
    REPLACE = "replace"


@dataclass(slots=True)
class CameraForm:
    """Values for the fields (never a password), errors by field, and what was understood.

    ``info`` describes the connector that was chosen; None when it is not on any more.
    ``version`` names what the form of a camera that is there was made from; ``has_news`` says
    that somebody else changed it meanwhile.
    """

    values: dict[str, str]
    info: ConnectorInfo | None
    errors: dict[str, UserError] = field(default_factory=dict)
    source: dict[str, Any] = field(default_factory=dict)
    kept_secrets: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()
    purpose: Purpose = Purpose.NEW
    version: str = ""
    has_news: bool = False

    @property
    def level(self) -> int:
        """The detection level."""
        return int(self.values["level"])

    @property
    def rotation(self) -> int:
        """By how many degrees the picture is turned, clockwise."""
        return int(self.values["rotation"])

    def take(self, source: SourceForm) -> None:
        """Take over the part that leads to the pictures."""
        self.values.update(source.values)
        self.errors.update(source.errors)
        self.source = source.source
        self.kept_secrets, self.hidden = source.kept_secrets, source.hidden


def empty_form(engines: Collection[str], connectors: OpenConnectors) -> CameraForm:
    """The form of a camera to come."""
    values = {
        "name": "",
        "connector": connectors.infos[0].name,
        "engine": next(iter(engines), ""),
        "level": "3",
        "rotation": "0",
    }
    form = CameraForm(values, connectors.infos[0])
    form.take(shown_source(form.info, Kept()))
    return form


def form_of_camera(camera: Camera, kept: Kept, connectors: OpenConnectors) -> CameraForm:
    """The form with what is kept of a camera, secrets aside."""
    values = {
        "name": camera.name,
        "connector": camera.connector,
        "engine": camera.engine,
        "level": str(camera.level),
        "rotation": str(camera.rotation),
    }
    form = CameraForm(values, info_of(connectors, camera.connector), purpose=Purpose.EDIT)
    form.version = version_of_row(camera, EDIT_FIELDS)
    form.take(shown_source(form.info, kept))
    return form


def form_of_replacement(camera: Camera, connectors: OpenConnectors) -> CameraForm:
    """The form for another camera in this one's place: nothing of the old source is in it."""
    form = empty_form((camera.engine,), connectors)
    form.values.update(name=camera.name, level=str(camera.level))
    form.purpose, form.version = Purpose.REPLACE, version_of_row(camera, EDIT_FIELDS)
    return form


def read_form(
    form: FormData,
    engines: Collection[str],
    connectors: OpenConnectors,
    language: str = "ja",
    kept: Kept | None = None,
    fixed: Mapping[str, str] | None = None,
) -> CameraForm:
    """Read what was entered; ``kept`` is what is stored of the camera that is being changed.

    ``fixed`` are values that this form does not ask for.
    """
    fixed = fixed or {}
    values = {name: text_field(form, name) for name in (*FIELDS, *GUIDE_FIELDS)} | dict(fixed)
    values["rotation"] = values["rotation"] or "0"
    values["level"] = values["level"] or "3"
    read = CameraForm(values, info_of(connectors, values["connector"]))
    read.version = text_field(form, VERSION)
    if "name" not in fixed:
        _check(read, "name", lambda: values.update(name=name_field(form)))
    if "engine" not in fixed:
        _check(read, "engine", lambda: _one_of(values, "engine", engines))
        _check(read, "level", lambda: _one_of(values, "level", LEVELS))
    _check(read, "rotation", lambda: _one_of(values, "rotation", ROTATIONS))
    _check(read, "connector", lambda: _one_of(values, "connector", connectors))
    read.take(read_source_form(form, read.info, kept or Kept(), language))
    return read


def info_of(connectors: OpenConnectors, name: str) -> ConnectorInfo | None:
    """What a connector says of itself; None when it is not on."""
    return next((info for info in connectors.infos if info.name == name), None)


def _check(form: CameraForm, name: str, step: Callable[[], object]) -> None:
    try:
        step()
    except UserError as error:
        form.errors[error.field or name] = error


def _one_of(values: dict[str, str], name: str, allowed: Collection[str]) -> None:
    if values[name] not in allowed:
        values[name] = next(iter(allowed), "")
        raise UserError(CHOOSE_AGAIN, field=name)
