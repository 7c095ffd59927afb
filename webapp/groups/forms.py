"""The forms of a group: what was entered, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from starlette.datastructures import FormData

from webapp.errors import UserError
from webapp.form_fields import name_field, text_field
from webapp.models import Camera, CameraGroup

# A list of cameras with two boxes each is longer than other forms.
MOST_FIELDS = 4000


@dataclass(slots=True)
class GroupForm:
    """Values for the fields and errors by field.

    ``cameras`` are the public ids that the group is to have; ``values`` holds name, default
    (a public id) and version.
    """

    values: dict[str, str]
    cameras: list[str]
    errors: dict[str, UserError] = field(default_factory=dict)


def empty_form() -> GroupForm:
    """The form of a group to come."""
    return GroupForm({"name": "", "default": "", "version": ""}, [])


def form_of_group(group: CameraGroup, cameras: Sequence[Camera]) -> GroupForm:
    """The form with what is kept of a group."""
    default = next((one.public_id for one in cameras if one.id == group.default_camera_id), "")
    values = {"name": group.name, "default": default, "version": str(group.version)}
    return GroupForm(values, [camera.public_id for camera in cameras])


def read_form(form: FormData, *, has_name: bool = True) -> GroupForm:
    """Read what was entered; a camera with a tick of the bin (``remove``) is still in it."""
    values = {name: text_field(form, name) for name in ("name", "default", "version")}
    entered = GroupForm(values, [str(one) for one in form.getlist("camera")])
    if has_name:
        try:
            values["name"] = name_field(form)
        except UserError as error:
            entered.errors["name"] = error
    return entered


def without_removed(entered: GroupForm, form: FormData) -> GroupForm:
    """The same with the ticked cameras gone; the default camera among them is chosen anew."""
    gone = {str(one) for one in form.getlist("remove")}
    entered.cameras = [camera for camera in entered.cameras if camera not in gone]
    if entered.values["default"] in gone:
        entered.values["default"] = ""
    return entered
