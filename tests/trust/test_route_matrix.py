"""Every route with every kind of visitor, enumerated from the route table (TRUST 23).

A route without an entry in ``SAMPLES`` fails; so does a visitor who may do more, or less,
than the table in ``webapp/urls.py`` says.
"""

from __future__ import annotations

from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from tortoise import Tortoise

from tests.people import Person
from webapp.access import Access
from webapp.models import Camera, Latest, Member, Organisation, PublicPage
from webapp.operator import login_links
from webapp.services import Services
from webapp.urls import ENTRIES, Entry

CAMERA = "camera000001"
KEY = "k" * 32

# What is posted to each route that takes a form; {} where nothing is needed. Whether the
# form is good enough to be carried out does not matter here: who may try does.
SAMPLES: dict[tuple[str, str], dict[str, Any]] = {
    ("GET", "/healthz"): {},
    ("GET", "/metrics"): {},
    ("GET", "/p/{key}"): {},
    ("GET", "/p/{key}/live"): {},
    ("GET", "/pictures/{path:path}"): {},
    ("GET", "/sign-in"): {},
    ("GET", "/login-link/{token}"): {},
    ("POST", "/login-link/{token}"): {},
    ("POST", "/sign-out"): {},
    ("POST", "/language"): {"language": "en"},
    ("GET", "/"): {},
    ("GET", "/cameras"): {},
    ("GET", "/cameras/cards"): {},
    ("GET", "/cameras/manage"): {},
    ("GET", "/cameras/manage/rows"): {},
    ("GET", "/cameras/new"): {},
    ("POST", "/cameras/new"): {"name": "北口", "connector": "file", "path": "a.jpg"},
    ("POST", "/cameras/test"): {"connector": "file", "path": "a.jpg"},
    ("POST", "/cameras/fields"): {"connector": "rtsp", "guide": "1"},
    ("GET", "/cameras/{camera}"): {},
    ("GET", "/cameras/{camera}/live"): {},
    ("GET", "/cameras/{camera}/edit"): {},
    ("POST", "/cameras/{camera}/edit"): {"name": "南口", "connector": "file", "path": "b.jpg"},
    ("POST", "/cameras/{camera}/test"): {},
    ("POST", "/cameras/{camera}/fields"): {"connector": "onvif"},
    ("POST", "/cameras/{camera}/preview"): {"connector": "file", "path": "a.jpg"},
    ("POST", "/cameras/{camera}/rename"): {"name": "東口"},
    ("GET", "/cameras/{camera}/delete"): {},
    ("POST", "/cameras/{camera}/delete"): {},
    ("GET", "/cameras/{camera}/areas"): {},
    ("POST", "/cameras/{camera}/areas"): {"rule": "count", "points": "0,0 90,0 90,90"},
    ("POST", "/cameras/{camera}/areas/try"): {},
    ("GET", "/cameras/{camera}/background"): {},
    ("POST", "/cameras/{camera}/background/upload"): {},
    ("POST", "/cameras/{camera}/background/take"): {},
    ("POST", "/cameras/{camera}/background/register"): {},
    ("POST", "/cameras/{camera}/background/remove"): {},
    ("POST", "/cameras/{camera}/public-page"): {"shows_count": "on"},
    ("POST", "/cameras/{camera}/public-page/delete"): {},
}


@pytest.fixture
async def camera(organisation: Organisation, services: Services) -> Camera:
    camera = await Camera.create(
        organisation=organisation,
        public_id=CAMERA,
        name="中央広場",
        connector="file",
        source=services.sealer.seal({"path": "a.jpg"}),
    )
    await Latest.create(organisation=organisation, camera=camera)
    await PublicPage.create(organisation=organisation, camera=camera, key=KEY)
    return camera


@pytest.fixture
async def people(
    alice: Person, bob: Person, charlie: Person, anonymous: Person
) -> dict[str, Person]:
    return {"admin": alice, "general": bob, "stranger": charlie, "anonymous": anonymous}


def test_every_route_is_in_the_matrix(app: Starlette) -> None:
    served = {
        (method, route.path)
        for route in app.routes
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert served == {(entry.method, entry.path) for entry in ENTRIES}
    assert served == set(SAMPLES)


@pytest.mark.parametrize("visitor", ["anonymous", "general", "stranger", "admin"])
@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: f"{entry.method} {entry.path}")
async def test_a_visitor_may_do_what_the_table_says(
    entry: Entry, visitor: str, people: dict[str, Person], camera: Camera
) -> None:
    before = await _everything()
    response = await _call(people[visitor], entry)
    if entry.access is Access.ANYONE:
        assert response.status_code < 500
        return
    refused = _refused(entry, visitor)
    if refused:
        assert response.status_code in refused, response.text[:300]
        assert await _everything() == before, "a refused request changed something"
        if visitor == "stranger":
            assert "中央広場" not in response.text
    else:
        assert response.status_code < 500
        assert response.status_code not in {401, 403, 404, 405}, response.text[:300]


@pytest.mark.parametrize("visitor", ["anonymous", "general", "stranger", "admin"])
@pytest.mark.parametrize(
    "entry",
    [entry for entry in ENTRIES if entry.method == "GET"],
    ids=lambda entry: entry.path,
)
async def test_looking_changes_nothing(
    entry: Entry, visitor: str, people: dict[str, Person], camera: Camera
) -> None:
    before = await _everything()
    await _call(people[visitor], entry)
    assert await _everything() == before


@pytest.mark.parametrize(
    "entry",
    [entry for entry in ENTRIES if entry.method == "POST"],
    ids=lambda entry: entry.path,
)
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.test", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://evil.test", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "null", "Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.test"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=["cross-site", "lying", "null", "old browser", "sibling"],
)
async def test_another_site_can_send_nothing(
    entry: Entry, headers: dict[str, str], app: Starlette, alice: Person, camera: Camera
) -> None:
    before = await _everything()
    for name in ("Origin", "Sec-Fetch-Site"):
        alice.headers.pop(name, None)
    response = await alice.post(
        await _path(entry),
        data={"csrf": alice.csrf, **SAMPLES[entry.method, entry.path]},
        headers=headers,
    )
    assert response.status_code == 403
    assert await _everything() == before


@pytest.mark.parametrize(
    "entry",
    [e for e in ENTRIES if e.method == "POST" and e.access is not Access.ANYONE],
    ids=lambda entry: entry.path,
)
async def test_a_form_needs_the_token_of_its_session(
    entry: Entry, alice: Person, charlie: Person, camera: Camera
) -> None:
    before = await _everything()
    for token in ("", "x" * 32, charlie.csrf):
        response = await alice.post(
            await _path(entry), data={"csrf": token, **SAMPLES[entry.method, entry.path]}
        )
        assert response.status_code == 403
    assert await _everything() == before


@pytest.mark.parametrize("host", ["evil.test", "nigiwai.test.evil.test", "nigiwai.test:81", ""])
async def test_another_host_is_not_served(host: str, alice: Person, camera: Camera) -> None:
    response = await alice.get("/cameras", headers={"Host": host})
    assert response.status_code == 400


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: f"{entry.method} {entry.path}")
async def test_every_answer_carries_the_headers(
    entry: Entry, alice: Person, camera: Camera
) -> None:
    response = await _call(alice, entry)
    policy = response.headers["content-security-policy"]
    assert "unsafe-inline" not in policy
    assert "unsafe-eval" not in policy
    assert "frame-ancestors 'none'" in policy
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "max-age=" in response.headers["strict-transport-security"]


async def test_a_viewer_gets_no_cookie(anonymous: Person, camera: Camera) -> None:
    for path in (f"/p/{KEY}", f"/p/{KEY}/live", "/healthz", "/sign-in"):
        assert "set-cookie" not in (await anonymous.get(path)).headers


async def test_a_key_is_gone_with_its_camera(
    alice: Person, anonymous: Person, camera: Camera
) -> None:
    assert (await anonymous.get(f"/p/{KEY}")).status_code == 200
    await alice.send_form(f"/cameras/{CAMERA}/delete", confirm="yes")
    assert (await anonymous.get(f"/p/{KEY}")).status_code == 404


def _refused(entry: Entry, visitor: str) -> set[int]:
    """The statuses that refuse this visitor, empty when the route is for them."""
    if visitor == "anonymous":
        return {303} if entry.method == "GET" else {401}
    if visitor == "general" and entry.access is Access.ADMIN:
        return {403}
    if visitor == "stranger" and "{camera}" in entry.path:
        return {404}
    return set()


async def _call(person: Person, entry: Entry) -> Any:
    path = await _path(entry)
    if entry.method == "GET":
        return await person.get(path)
    return await person.send_form(path, **SAMPLES[entry.method, entry.path])


async def _path(entry: Entry) -> str:
    path = entry.path.replace("{camera}", CAMERA).replace("{key}", KEY)
    return path.replace("{path:path}", "masked/x/y.jpg").replace("{token}", "t" * 40)


async def _everything() -> dict[str, list[dict[str, Any]]]:
    """Every row of every table."""
    models = (Tortoise.apps or {})["core"]
    return {name: await model.all().order_by("id").values() for name, model in models.items()}


async def test_a_login_link_signs_in_once(
    services: Services, alice: Person, anonymous: Person, organisation: Organisation
) -> None:
    from datetime import UTC, datetime

    member = await Member.get(organisation=organisation, name="Alice")
    url = await login_links.create(services.settings, member, datetime.now(UTC))
    path = url.removeprefix(services.settings.origin)
    assert (await anonymous.get(path)).status_code == 200
    assert (await anonymous.get("/cameras")).status_code == 303, "looking at it is not enough"
    assert (await anonymous.post(path)).status_code == 303
    assert (await anonymous.get("/cameras")).status_code == 200
    assert (await anonymous.post(path)).status_code == 410, "it was good for once"
