"""The kinds of sources in the form, and the help for an address."""

from __future__ import annotations

from typing import Any

import pytest

from tests.builders import make_camera
from tests.html import error_of, one, parsed, text_of
from tests.people import Person
from webapp.cameras.makers import HTTP, MAKERS, ONVIF, RTSP, addresses, find_maker, makers_for
from webapp.connectors.addresses import parse_url
from webapp.models import Camera, Organisation
from webapp.services import Services

COMMON = {"name": "東口", "engine": "standard"}
RTSP_CAMERA = {
    **COMMON,
    "connector": "rtsp",
    "url": "rtsp://192.168.0.10:554/stream1",
    "user": "viewer",
    "password": "streng-geheim",
}
ONVIF_CAMERA = {**RTSP_CAMERA, "connector": "onvif", "url": "http://192.168.0.10"}


def source(services: Services, camera: Camera) -> dict[str, Any]:
    return services.sealer.unseal(camera.source)


async def test_every_connector_that_is_on_is_offered(alice: Person, services: Services) -> None:
    page = await alice.get("/cameras/new/network")
    offered = [radio["value"] for radio in parsed(page).select("[name=connector]")]
    assert offered == list(services.connectors)
    assert {"http_snapshot", "rtsp", "onvif", "file"} <= set(offered)
    for info in services.connectors.infos:
        assert info.descriptions["ja"] in page.text


@pytest.mark.parametrize("connector", ["http_snapshot", "rtsp", "onvif", "file"])
@pytest.mark.parametrize("htmx", [True, False], ids=["htmx", "plain"])
async def test_choosing_a_kind_brings_its_fields_and_keeps_what_was_entered(
    alice: Person, services: Services, connector: str, htmx: bool
) -> None:
    send = alice.send_htmx if htmx else alice.send_form
    answer = await send("/cameras/fields", **{**RTSP_CAMERA, "connector": connector})
    assert answer.status_code == 200
    assert (parsed(answer).html is None) is htmx
    names = {field.get("name") for field in parsed(answer).select("#source input")}
    for entry in services.connectors.info(connector).fields:
        assert entry.name in names or entry.name == "crop"
    assert "streng-geheim" not in answer.text
    assert not parsed(answer).select(".invalid-feedback, .notice-danger")
    if not htmx:
        assert one(answer, "#name")["value"] == "東口"
        assert one(answer, "[name=connector][checked]")["value"] == connector


@pytest.mark.parametrize("entered", [RTSP_CAMERA, ONVIF_CAMERA])
async def test_a_camera_of_each_kind_is_added_changed_and_shown_without_secrets(
    alice: Person, services: Services, entered: dict[str, str]
) -> None:
    await alice.send_form("/cameras/new", **entered)
    camera = await Camera.get()
    kept = source(services, camera)
    assert camera.connector == entered["connector"]
    assert {name: kept[name] for name in ("url", "user", "password")} == {
        name: entered[name] for name in ("url", "user", "password")
    }
    path = f"/cameras/{camera.public_id}"
    page = await alice.get(f"{path}/edit")
    assert one(page, "#url")["value"] == entered["url"]
    assert "geheim" not in page.text + (await alice.get(path)).text
    again = {**entered, "password": "", "name": "北口"}
    assert (await alice.save(f"{path}/edit", **again)).status_code == 303
    assert source(services, await Camera.get())["password"] == "streng-geheim"
    moved = {**again, "url": entered["url"].replace("0.10", "0.66")}
    answer = await alice.send_form(f"{path}/edit", **moved)
    assert "もう一度入力" in error_of(answer, "password")


async def test_a_kept_password_does_not_move_to_another_kind(
    alice: Person, services: Services
) -> None:
    await alice.send_form("/cameras/new", **RTSP_CAMERA)
    camera = await Camera.get()
    other = {**ONVIF_CAMERA, "password": ""}
    await alice.save(f"/cameras/{camera.public_id}/edit", **other)
    assert source(services, await Camera.get())["password"] == ""


@pytest.mark.parametrize(
    ("entered", "field", "message"),
    [
        ({**RTSP_CAMERA, "url": "http://192.168.0.10/"}, "url", "rtsp:// で始まる"),
        ({**RTSP_CAMERA, "url": ""}, "url", "RTSPのURLを入力してください"),
        ({**ONVIF_CAMERA, "url": "rtsp://192.168.0.10/"}, "url", "http:// または https://"),
        ({**ONVIF_CAMERA, "profile": "x" * 201}, "profile", "200文字以内"),
    ],
)
async def test_what_is_wrong_with_a_source_is_told_beside_its_field(
    alice: Person, entered: dict[str, str], field: str, message: str
) -> None:
    answer = await alice.send_form("/cameras/new", **entered)
    assert answer.status_code == 422
    assert message in error_of(answer, field)


async def test_the_picture_is_turned(alice: Person, organisation: Organisation) -> None:
    await alice.send_form("/cameras/new", **RTSP_CAMERA, rotation="270")
    camera = await Camera.get()
    assert camera.rotation == 270
    page = await alice.get(f"/cameras/{camera.public_id}/edit")
    assert one(page, "[name=rotation][checked]")["value"] == "270"
    for wrong in ("45", "x", "-90"):
        answer = await alice.send_form("/cameras/new", **RTSP_CAMERA, rotation=wrong)
        assert answer.status_code == 422


async def test_a_kind_that_is_not_on_any_more_is_told(
    alice: Person, organisation: Organisation
) -> None:
    camera = await make_camera(organisation, connector="gone")
    path = f"/cameras/{camera.public_id}"
    assert "使えなくなりました" in text_of(await alice.get(f"{path}/edit"), "#source")
    assert (await alice.get(path)).status_code == 200
    assert "gone" in text_of(await alice.get("/cameras/manage"), "#rows")


@pytest.mark.parametrize(
    ("connector", "maker", "host", "url"),
    [
        ("http_snapshot", "axis", "192.168.0.10", "http://192.168.0.10/axis-cgi/jpg/image.cgi"),
        ("rtsp", "tapo", "192.168.0.10", "rtsp://192.168.0.10/stream1"),
        ("rtsp", "dahua", "cam:8554", "rtsp://cam:8554/cam/realmonitor?channel=1&subtype=0"),
        ("onvif", "tapo", "192.168.0.10", "http://192.168.0.10:2020"),
        ("onvif", "tapo", "192.168.0.10:8899", "http://192.168.0.10:8899"),
        ("onvif", "sony", "fe80::1", "http://[fe80::1]"),
        ("rtsp", "axis", "http://admin:x@10.0.0.5/login", "rtsp://10.0.0.5/axis-media/media.amp"),
    ],
)
async def test_a_maker_and_a_host_become_an_address(
    alice: Person, connector: str, maker: str, host: str, url: str
) -> None:
    form = {**COMMON, "connector": connector, "maker": maker, "host": host, "guide": "1"}
    for answer in (
        await alice.send_htmx("/cameras/fields", **form),
        await alice.send_form("/cameras/fields", **form),
    ):
        assert one(answer, "#url")["value"] == url
        assert "接続テスト" in text_of(answer, ".guide-result")
        assert one(answer, "#maker option[selected]")["value"] == maker


@pytest.mark.parametrize(
    ("maker", "host", "field"),
    [
        ("", "192.168.0.10", "maker"),
        ("nobody", "192.168.0.10", "maker"),
        ("axis", "", "host"),
        ("axis", "a b", "host"),
        ("axis", "2130706433", "host"),
        ("axis", "x" * 300, "host"),
        ("axis", "host:99999", "host"),
    ],
)
async def test_what_the_help_lacks_is_told_beside_the_field(
    alice: Person, maker: str, host: str, field: str
) -> None:
    form = {**COMMON, "connector": "http_snapshot", "maker": maker, "host": host, "guide": "1"}
    answer = await alice.send_htmx("/cameras/fields", **form)
    assert error_of(answer, field)
    assert one(answer, "#url").get("value", "") == ""


def test_every_makers_address_can_be_asked() -> None:
    assert len({maker.name for maker in MAKERS}) == len(MAKERS)
    for connector, scheme in ((HTTP, "http"), (RTSP, "rtsp"), (ONVIF, "http")):
        assert len(makers_for(connector)) >= 8
        for maker in makers_for(connector):
            for address in addresses(maker, connector, "192.168.0.10"):
                assert parse_url(address, (scheme,)).host == "192.168.0.10"
    assert addresses(find_maker("axis") or MAKERS[0], "file", "192.168.0.10") == ()
