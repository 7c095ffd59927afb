"""Cameras by the names of people and attackers: shown as they are, running nothing (TRUST 28)."""

from __future__ import annotations

import json
import unicodedata

import httpx
from starlette.datastructures import FormData

from tests.camera_cloud.conftest import *  # noqa: F403 - fixtures
from tests.camera_cloud.test_answers import saying
from tests.html import parsed
from tests.mail.names import NAMES
from tests.people import Person
from webapp.camera_cloud.cloud import CameraCloud
from webapp.errors import UserError
from webapp.form_fields import name_field
from webapp.models import Camera, Latest, Organisation
from webapp.services import Services

RULES_TEXT = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # lines end, or text turns round, at these


def accepted() -> list[str]:
    """What becomes of the names in a form, those aside that it refuses."""
    names = []
    for name in NAMES:
        try:
            names.append(name_field(FormData({"name": name})))
        except UserError:
            continue
    return names


def is_harmless(name: str) -> bool:
    return not any(unicodedata.category(letter) in RULES_TEXT for letter in name)


def what_runs(page: httpx.Response) -> list[str]:
    """Scripts, handlers and addresses with code in a page."""
    html = parsed(page)
    scripts = [str(script) for script in html.select("script, iframe, object, embed, base")]
    attributes = [
        (name, str(value)) for tag in html.find_all(True) for name, value in tag.attrs.items()
    ]
    handlers = [f"{name}={value}" for name, value in attributes if name.startswith("on")]
    addresses = [
        value
        for name, value in attributes
        if name in {"href", "src", "action"}
        and value.strip().lower().startswith(("javascript:", "data:"))
    ]
    return scripts + handlers + addresses


def test_a_form_takes_names_of_one_line_or_says_why_not() -> None:
    names = accepted()
    assert len(names) > 200
    assert all(is_harmless(name) and 0 < len(name) <= 60 for name in names)


async def test_pages_show_any_name_and_run_none(alice: Person, organisation: Organisation) -> None:
    paths = ("/cameras", "/cameras/manage")
    before = [what_runs(await alice.get(path)) for path in paths]
    # Each hostile part once: the others only stand behind another word.
    names = [name for name in accepted() if not name.startswith(("山田", "Mr. ", "ＡＢＣ "))]
    assert len(names) > 50
    await Camera.bulk_create(
        Camera(organisation=organisation, name=name, connector="file", source="") for name in names
    )
    cameras = await Camera.all().order_by("id")
    await Latest.bulk_create(Latest(organisation=organisation, camera=camera) for camera in cameras)
    for path, known in zip(paths, before, strict=True):
        page = await alice.get(path)
        assert what_runs(page) == known
        shown = {" ".join(tag.get_text().split()) for tag in parsed(page).select("h2, td, th, a")}
        assert {" ".join(name.split()) for name in names} <= shown


async def test_a_cloud_names_its_cameras_as_it_likes(
    services: Services, cloud: CameraCloud
) -> None:
    listed = [{"id": f"c{number}", "name": name} for number, name in enumerate(NAMES)]
    body = json.dumps({"owner": {"id": "o"}, "cameras": listed}).encode()
    async with saying(services, body):
        found = (await cloud.client.cameras("token", 5)).cameras
    assert len(found) == len(NAMES)
    assert all(camera.name and is_harmless(camera.name) for camera in found)
