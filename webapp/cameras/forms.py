"""The form of a camera: what was entered, what is wrong with it, and what it means."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import FormData

from webapp.cameras.source_form import Kept, SourceForm, read_source_form, shown_source
from webapp.connectors import ConnectorInfo, OpenConnectors
from webapp.errors import UserError
from webapp.http import name_field, text_field
from webapp.i18n import N_
from webapp.models import Camera

FIELDS = ("name", "connector", "engine", "level", "is_open", "rotation")
LEVELS = ("1", "2", "3", "4", "5")
ROTATIONS = ("0", "90", "180", "270")
# Of the help for an address: they fill in the address and are not kept.
GUIDE_FIELDS = ("maker", "host")

CHOOSE_AGAIN = N_("一覧から選び直してください。")


@dataclass(slots=True)
class CameraForm:
    """Values for the fields (never a password), errors by field, and what was understood.

    ``info`` describes the connector that was chosen; None when it is not on any more.
    """

    values: dict[str, str]
    info: ConnectorInfo | None
    errors: dict[str, UserError] = field(default_factory=dict)
    source: dict[str, Any] = field(default_factory=dict)
    kept_secrets: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()

    @property
    def level(self) -> int:
        """The detection level."""
        return int(self.values["level"])

    @property
    def rotation(self) -> int:
        """By how many degrees the picture is turned, clockwise."""
        return int(self.values["rotation"])

    @property
    def is_open(self) -> bool:
        """Whether pictures are taken."""
        return self.values["is_open"] == "1"

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
        "is_open": "1",
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
        "is_open": "1" if camera.is_open else "",
        "rotation": str(camera.rotation),
    }
    form = CameraForm(values, info_of(connectors, camera.connector))
    form.take(shown_source(form.info, kept))
    return form


def read_form(
    form: FormData,
    engines: Collection[str],
    connectors: OpenConnectors,
    language: str = "ja",
    kept: Kept | None = None,
) -> CameraForm:
    """Read what was entered; ``kept`` is what is stored of the camera that is being changed."""
    values = {name: text_field(form, name) for name in (*FIELDS, *GUIDE_FIELDS)}
    values["rotation"] = values["rotation"] or "0"
    values["level"] = values["level"] or "3"
    read = CameraForm(values, info_of(connectors, values["connector"]))
    _check(read, "name", lambda: values.update(name=name_field(form)))
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
