"""Bodies over the limit are refused with a page, announced or not (TRUST 26)."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.builders import make_camera, picture
from tests.people import Person
from webapp.models import Camera, Organisation
from webapp.settings import Settings


@pytest.fixture
async def camera(organisation: Organisation) -> Camera:
    return await make_camera(organisation)


async def test_a_form_that_is_too_large(alice: Person, camera: Camera) -> None:
    response = await alice.send_form(f"/cameras/{camera.public_id}/rename", name="x" * 70_000)
    assert response.status_code == 413
    assert "ファイルが大きすぎます" in response.text
    assert (await Camera.get(id=camera.id)).name == camera.name


async def test_a_picture_that_is_too_large(
    alice: Person, camera: Camera, settings: Settings
) -> None:
    path = f"/cameras/{camera.public_id}/background/upload"
    data = picture() + b"\0" * (settings.max_upload_bytes + 70_000)
    response = await alice.send_file(path, "picture", data)
    assert response.status_code == 413
    assert "ファイルが大きすぎます" in response.text


async def test_a_body_that_does_not_say_how_large_it_is(alice: Person, camera: Camera) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield f"csrf={alice.csrf}&name=".encode()
        for _ in range(70):
            yield b"x" * 1000

    response = await alice.post(
        f"/cameras/{camera.public_id}/rename",
        content=body(),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert response.status_code == 413
    assert (await Camera.get(id=camera.id)).name == camera.name


async def test_a_length_that_is_no_number(alice: Person, camera: Camera) -> None:
    response = await alice.post(
        f"/cameras/{camera.public_id}/rename",
        content=f"csrf={alice.csrf}&name=x".encode(),
        headers={
            "Content-Length": "-1",
            "Content-Type": "application/x-www-form-urlencoded",
        },
    )
    assert response.status_code == 413
