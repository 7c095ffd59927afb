"""Every route with every kind of visitor, enumerated from the route table (TRUST 23).

A route without an entry in ``SAMPLES`` fails; so does a visitor who may do more, or less,
than the table in ``webapp/urls.py`` says.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from tests.builders import make_api_token, make_group
from tests.people import NO_PROVIDER, ORIGIN, Person
from tests.rows import every_row
from webapp.access import Access
from webapp.models import (
    ApiToken,
    Camera,
    CloudConsent,
    EmbedKey,
    EmbedVariant,
    Latest,
    Member,
    Organisation,
    PreparedFile,
    Site,
)
from webapp.models.prepared_file import FileKind, FileState
from webapp.operator import login_links
from webapp.plugins import Engines
from webapp.services import Services, build_services
from webapp.settings import Settings
from webapp.urls import BETWEEN_SERVERS, ENTRIES, Entry

VISITORS = ("anonymous", "general", "stranger", "operator", "admin")
CAMERA = "camera000001"
CONSENT = "consent00001"
# What only its own organisation knows of.
OWNED = ("{file}", "{camera}", "{group}", "{consent}", "{token}")
GROUP = "group0000001"
TOKEN = "token0000001"
KEY, PAGE_KEY = "k" * 32, "p" * 32
VARIANT = "v" * 10
FILES = {FileKind.CSV: "file00000001", FileKind.REPORT: "file00000002"}

# What is posted to each route that takes a form; {} where nothing is needed. Whether the
# form is good enough to be carried out does not matter here: who may try does.
SAMPLES: dict[tuple[str, str], dict[str, Any]] = {
    ("GET", "/healthz"): {},
    ("GET", "/metrics"): {},
    ("GET", "/p/{key}"): {},
    ("GET", "/e/{key}/{variant}"): {},
    ("GET", "/e/{key}/{variant}.jpg"): {},
    ("GET", "/e/{key}/{variant}.json"): {},
    ("GET", "/e/{key}/{variant}/part"): {},
    ("GET", "/s/{key}"): {},
    ("GET", "/s/{key}/part"): {},
    ("GET", "/s/{key}/signage"): {},
    ("GET", "/s/{key}/signage/part"): {},
    ("GET", "/s/{key}/card.png"): {},
    ("GET", "/s/{key}/logo.png"): {},
    ("GET", "/colours/{colour}.css"): {},
    ("GET", "/groups/{group}/site"): {},
    ("GET", "/groups/{group}/site/preview"): {},
    ("GET", "/groups/{group}/site/code.{kind}"): {},
    ("POST", "/groups/{group}/site"): {"is_on": "1", "name": "駅前"},
    ("GET", "/cameras/{camera}/poster"): {},
    ("GET", "/cameras/{camera}/poster/download"): {},
    ("GET", "/groups/{group}/poster"): {},
    ("GET", "/groups/{group}/poster/download"): {},
    ("GET", "/pictures/{path:path}"): {},
    ("GET", "/verify/{kind}"): {},
    ("GET", "/verify/{camera}/{picture}"): {},
    ("GET", "/verify/{camera}/{picture}/manifest.json"): {},
    ("GET", "/verify/{camera}/{picture}/keys.json"): {},
    ("GET", "/verify/{camera}/{picture}/background.png"): {},
    ("GET", "/verify/{camera}/{picture}/picture.jpg"): {},
    ("GET", "/verify/{camera}/{picture}/redrawn.jpg"): {},
    ("GET", "/api/v1/cameras"): {},
    ("GET", "/api/v1/cameras/state"): {},
    ("GET", "/api/v1/cameras/{camera}/state"): {},
    ("GET", "/api/v1/cameras/{camera}/history"): {},
    ("GET", "/api/v1/cameras/{camera}/forecast/weekly"): {},
    ("GET", "/api/v1/cameras/{camera}/forecast/dated"): {},
    ("GET", "/api/v1/groups"): {},
    ("GET", "/api/v1/groups/state"): {},
    ("GET", "/api/v1/groups/{group}/state"): {},
    ("GET", "/api/v1/groups/{group}/history"): {},
    ("GET", "/api/v1/groups/{group}/forecast/weekly"): {},
    ("GET", "/api/v1/groups/{group}/forecast/dated"): {},
    ("GET", "/api/v1/openapi.json"): {},
    ("GET", "/help/api"): {},
    ("GET", "/cameras/{camera}/embed"): {},
    ("GET", "/cameras/{camera}/embed/preview"): {},
    ("POST", "/cameras/{camera}/embed"): {"form": "hd", "counts": "1"},
    ("POST", "/cameras/{camera}/embed/try"): {"page": "https://"},
    ("POST", "/cameras/{camera}/embed/sites"): {"sites": "https://www.example.jp"},
    ("POST", "/cameras/{camera}/embed/renew"): {},
    ("POST", "/cameras/{camera}/embed/delete"): {},
    ("POST", "/cameras/{camera}/embed/{variant}/delete"): {},
    ("GET", "/groups/{group}/embed"): {},
    ("GET", "/groups/{group}/embed/preview"): {},
    ("POST", "/groups/{group}/embed"): {"form": "hd", "counts": "1"},
    ("POST", "/groups/{group}/embed/try"): {"page": "https://"},
    ("POST", "/groups/{group}/embed/sites"): {"sites": "https://www.example.jp"},
    ("POST", "/groups/{group}/embed/renew"): {},
    ("POST", "/groups/{group}/embed/delete"): {},
    ("POST", "/groups/{group}/embed/{variant}/delete"): {},
    ("GET", "/mailbox"): {},
    ("GET", "/mailbox/{name}"): {},
    ("GET", "/mailbox/{name}/html"): {},
    ("GET", "/sign-in"): {},
    ("GET", "/sign-in/callback"): {},
    ("POST", "/backchannel-logout"): {"logout_token": "none"},
    ("GET", "/signed-out"): {},
    ("GET", "/login-link/{token}"): {},
    ("POST", "/login-link/{token}"): {},
    ("POST", "/sign-out"): {},
    ("POST", "/language"): {"language": "en"},
    ("GET", "/"): {},
    ("GET", "/setup"): {},
    ("POST", "/setup/later"): {},
    ("GET", "/setup/{step}"): {},
    ("POST", "/setup/{step}"): {"kind": "network"},
    ("GET", "/cameras"): {},
    ("GET", "/cameras/cards"): {},
    ("GET", "/cameras/manage"): {},
    ("GET", "/cameras/manage/rows"): {},
    ("GET", "/cameras/new"): {},
    ("GET", "/cameras/new/network"): {},
    ("POST", "/cameras/new"): {"name": "北口", "connector": "file", "path": "a.jpg"},
    ("POST", "/cameras/test"): {"connector": "file", "path": "a.jpg"},
    ("POST", "/cameras/fields"): {"connector": "rtsp", "guide": "1"},
    ("GET", "/cameras/new/cloud"): {},
    ("POST", "/cameras/new/cloud"): {"cameras": "consent00001/cam-1"},
    ("GET", "/cameras/{camera}"): {},
    ("GET", "/cameras/{camera}/live"): {},
    ("GET", "/cameras/{camera}/edit"): {},
    ("POST", "/cameras/{camera}/edit"): {"name": "南口", "connector": "file", "path": "b.jpg"},
    ("POST", "/cameras/{camera}/test"): {},
    ("POST", "/cameras/{camera}/fields"): {"connector": "onvif"},
    ("GET", "/cameras/{camera}/replace"): {},
    ("POST", "/cameras/{camera}/replace"): {"connector": "file", "path": "c.jpg"},
    ("GET", "/cameras/{camera}/replace/cloud"): {},
    ("POST", "/cameras/{camera}/replace/cloud"): {"cameras": "consent00001/cam-1"},
    ("GET", "/cameras/{camera}/mode"): {},
    ("POST", "/cameras/{camera}/mode"): {"engine": "wide", "level": "3"},
    ("POST", "/cameras/{camera}/mode/try"): {"engine": "wide", "level": "3"},
    ("POST", "/cameras/{camera}/rename"): {"name": "東口"},
    ("GET", "/cameras/{camera}/delete"): {},
    ("POST", "/cameras/{camera}/delete"): {},
    ("GET", "/groups"): {},
    ("GET", "/groups/cards"): {},
    ("GET", "/groups/manage"): {},
    ("GET", "/groups/new"): {},
    ("POST", "/groups/new"): {"name": "北口", "camera": CAMERA},
    ("GET", "/groups/{group}"): {},
    ("GET", "/groups/{group}/live"): {},
    ("GET", "/groups/{group}/basic"): {},
    ("POST", "/groups/{group}/basic"): {
        "name": "南口",
        "camera": CAMERA,
        "default": CAMERA,
        "version": "0",
    },
    ("GET", "/groups/{group}/cameras"): {},
    ("POST", "/groups/{group}/cameras"): {"camera": CAMERA, "version": "0"},
    ("POST", "/groups/{group}/rename"): {"name": "東口"},
    ("POST", "/groups/{group}/notice"): {},
    ("GET", "/groups/{group}/delete"): {},
    ("POST", "/groups/{group}/delete"): {},
    ("GET", "/cameras/{camera}/monitoring"): {},
    ("POST", "/cameras/{camera}/monitoring/start"): {},
    ("POST", "/cameras/{camera}/monitoring/look"): {},
    ("POST", "/cameras/{camera}/monitoring/stop"): {},
    ("GET", "/cameras/{camera}/monitoring/frame"): {},
    ("GET", "/cameras/{camera}/consent"): {},
    ("GET", "/camera-cloud"): {},
    ("GET", "/camera-cloud/authorise"): {},
    ("GET", "/camera-cloud/callback"): {},
    ("GET", "/camera-cloud/{consent}/give-up"): {},
    ("POST", "/camera-cloud/{consent}/give-up"): {},
    ("GET", "/cameras/{camera}/areas"): {},
    ("POST", "/cameras/{camera}/areas"): {"rule": "count", "points": "0,0 90,0 90,90"},
    ("POST", "/cameras/{camera}/areas/try"): {},
    ("GET", "/cameras/{camera}/alerts"): {},
    ("POST", "/cameras/{camera}/alerts"): {"is_on": "1", "stages": "2", "threshold_2": "5"},
    ("POST", "/cameras/{camera}/alerts/trial"): {"stages": "2", "threshold_2": "5"},
    ("POST", "/cameras/{camera}/alerts/test"): {"test": "address_2_1"},
    ("GET", "/cameras/{camera}/alerts/log"): {},
    ("GET", "/groups/{group}/alerts"): {},
    ("POST", "/groups/{group}/alerts"): {"is_on": "1", "stages": "2", "threshold_2": "5"},
    ("POST", "/groups/{group}/alerts/trial"): {"stages": "2", "threshold_2": "5"},
    ("POST", "/groups/{group}/alerts/test"): {"test": "address_2_1"},
    ("GET", "/groups/{group}/alerts/log"): {},
    ("GET", "/alert-templates/{name}"): {},
    ("GET", "/alerts/unsubscribe"): {},
    ("POST", "/alerts/unsubscribe"): {},
    ("GET", "/help"): {},
    ("GET", "/cameras/{camera}/hours"): {},
    ("POST", "/cameras/{camera}/hours"): {
        "rule": "closed:1",
        "r1-repeat": "monthly",
        "r1-day": "1",
    },
    ("POST", "/cameras/{camera}/hours/draft"): {"add": "basic"},
    ("POST", "/cameras/{camera}/hours/copy"): {},
    ("GET", "/groups/{group}/hours"): {},
    ("POST", "/groups/{group}/hours"): {"rule": "closed:1", "r1-repeat": "monthly", "r1-day": "1"},
    ("POST", "/groups/{group}/hours/draft"): {},
    ("GET", "/cameras/{camera}/background"): {},
    ("POST", "/cameras/{camera}/background/pattern"): {},
    ("POST", "/cameras/{camera}/background/upload"): {},
    ("POST", "/cameras/{camera}/background/take"): {},
    ("POST", "/cameras/{camera}/background/register"): {},
    ("POST", "/cameras/{camera}/background/remove"): {},
    ("GET", "/cameras/{camera}/background/build"): {},
    ("POST", "/cameras/{camera}/background/build"): {},
    ("POST", "/cameras/{camera}/background/build/use"): {},
    ("POST", "/cameras/{camera}/background/build/cancel"): {},
    ("GET", "/cameras/{camera}/forecast"): {},
    ("GET", "/groups/{group}/forecast"): {},
    ("GET", "/cameras/{camera}/history"): {},
    ("GET", "/cameras/{camera}/history/data"): {},
    ("GET", "/cameras/{camera}/history/table"): {},
    ("GET", "/groups/{group}/history"): {},
    ("GET", "/groups/{group}/history/data"): {},
    ("GET", "/groups/{group}/history/table"): {},
    ("GET", "/cameras/{camera}/csv"): {},
    ("GET", "/cameras/{camera}/csv/download"): {},
    ("GET", "/csv"): {},
    ("GET", "/csv/rows"): {},
    ("POST", "/csv"): {"month": "2026-01"},
    ("GET", "/csv/{file}/download"): {},
    ("GET", "/reports"): {},
    ("GET", "/reports/rows"): {},
    ("POST", "/reports"): {"month": "2026-01"},
    ("POST", "/reports/mail"): {"mail": "on"},
    ("GET", "/reports/{file}/download"): {},
    ("GET", "/licences"): {},
    ("GET", "/licences/usage"): {},
    ("GET", "/licences/usage.csv"): {},
    ("POST", "/licences/few-calls/hide"): {},
    ("GET", "/organisation"): {},
    ("POST", "/organisation"): {"name": "港", "time_zone": "Asia/Tokyo", "language": "ja"},
    ("GET", "/organisation/colour"): {},
    ("GET", "/organisation/logo"): {},
    ("GET", "/organisation/tokens"): {},
    ("POST", "/organisation/tokens"): {"name": "ホームページ", "scope": "state:read"},
    ("POST", "/organisation/tokens/{token}/revoke"): {},
    ("GET", "/organisation/audit"): {},
    ("GET", "/operator"): {},
    ("GET", "/operator/audit"): {},
    ("GET", "/operator/organisations/new"): {},
    ("POST", "/operator/organisations/new"): {
        "name": "川辺",
        "admin_mail": "kawabe@nigiwai.test",
        "admin_name": "川辺 三郎",
        "language": "ja",
    },
    ("GET", "/operator/organisations/{organisation}"): {},
    ("POST", "/operator/organisations/{organisation}/suspend"): {},
    ("POST", "/operator/organisations/{organisation}/resume"): {},
    ("POST", "/operator/organisations/{organisation}/invite"): {"mail": "x", "name": "x"},
    ("GET", "/operator/organisations/{organisation}/licence"): {},
    ("POST", "/operator/organisations/{organisation}/licence"): {"cameras": "3", "packs": "1"},
    ("POST", "/operator/organisations/{organisation}/licence/revoke"): {"change": "none"},
}


# Where an answer of 503 says in words that the provider cannot be reached.
NOT_HERE = {("/sign-in", 503), ("/sign-in/callback", 503)}


@pytest.fixture
def services(database: Settings, engines: Engines) -> Services:
    """As everywhere, with a camera cloud at which nobody answers."""
    footage = database.data_dir / "footage"
    footage.mkdir(exist_ok=True)
    named = {
        "origin": ORIGIN,
        "identity_origin": NO_PROVIDER,
        "footage_dir": footage,
        "camera_cloud_url": NO_PROVIDER,
    }
    return build_services(database.model_copy(update=named), engines)


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
    embed = await EmbedKey.create(organisation=organisation, camera=camera, key=KEY)
    await EmbedVariant.create(
        organisation=organisation, embed_key=embed, name=VARIANT, page_key=PAGE_KEY
    )
    await CloudConsent.create(
        organisation=organisation,
        public_id=CONSENT,
        owner_id="o",
        owner_name="中央広場の持ち主",
        given_at=datetime.now(UTC),
    )
    group = await make_group(organisation, "中央広場の一帯", [camera], public_id=GROUP)
    embed = await EmbedKey.create(organisation=organisation, group=group)
    await EmbedVariant.create(organisation=organisation, embed_key=embed, name=VARIANT)
    await Site.create(organisation=organisation, group=group, key=KEY, name="中央広場の一帯")
    await make_api_token(organisation, name="中央広場の案内板", public_id=TOKEN)
    for kind, public_id in FILES.items():
        await services.storage.put(f"files/{public_id}.zip", b"PK")
        await PreparedFile.create(
            organisation=organisation,
            public_id=public_id,
            kind=kind,
            month="2026-01",
            state=FileState.READY,
            key=f"files/{public_id}.zip",
            created_at=datetime.now(UTC),
            expires_at=datetime.now(UTC) + timedelta(hours=24),
        )
    return camera


@pytest.fixture
async def people(
    alice: Person, bob: Person, charlie: Person, olivia: Person, anonymous: Person
) -> dict[str, Person]:
    return {
        "admin": alice,
        "general": bob,
        "stranger": charlie,
        "operator": olivia,
        "anonymous": anonymous,
    }


def test_every_route_is_in_the_matrix(app: Starlette) -> None:
    served = {
        (method, route.path)
        for route in app.routes
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert served == {(entry.method, entry.path) for entry in ENTRIES}
    assert served == set(SAMPLES)


@pytest.mark.parametrize("visitor", VISITORS)
@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: f"{entry.method} {entry.path}")
async def test_a_visitor_may_do_what_the_table_says(
    entry: Entry, visitor: str, people: dict[str, Person], camera: Camera
) -> None:
    before = every_row("sqlite", "identity_sqlite")
    response = await _call(people[visitor], entry)
    if entry.access is Access.ANYONE:
        # 503 with words: nobody listens where the provider would be.
        assert response.status_code < 500 or (entry.path, response.status_code) in NOT_HERE
        return
    refused = _refused(entry, visitor)
    if refused:
        assert response.status_code in refused, response.text[:300]
        assert every_row("sqlite", "identity_sqlite") == before, (
            "a refused request changed something"
        )
        if visitor in {"stranger", "operator"}:
            assert "中央広場" not in response.text
    else:
        assert response.status_code < 500
        assert response.status_code not in {401, 403, 404, 405}, response.text[:300]


@pytest.mark.parametrize("visitor", VISITORS)
@pytest.mark.parametrize(
    "entry",
    [entry for entry in ENTRIES if entry.method == "GET"],
    ids=lambda entry: entry.path,
)
async def test_looking_changes_nothing(
    entry: Entry, visitor: str, people: dict[str, Person], camera: Camera
) -> None:
    """No GET writes, with one exception that cannot happen here: the callback of a sign-in.

    The protocol has it that the browser comes back by GET. It signs in only a browser that
    carries the sealed state of its own beginning (``tests/signin/test_callback.py``).
    """
    before = every_row("sqlite", "identity_sqlite")
    await _call(people[visitor], entry)
    assert every_row("sqlite", "identity_sqlite") == before


@pytest.mark.parametrize(
    "entry",
    [entry for entry in ENTRIES if entry.method == "POST" and entry.path not in BETWEEN_SERVERS],
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
    before = every_row("sqlite", "identity_sqlite")
    for name in ("Origin", "Sec-Fetch-Site"):
        alice.headers.pop(name, None)
    response = await alice.post(
        await _path(entry),
        data={"csrf": alice.csrf, **SAMPLES[entry.method, entry.path]},
        headers=headers,
    )
    assert response.status_code == 403
    assert every_row("sqlite", "identity_sqlite") == before


@pytest.mark.parametrize(
    "entry",
    [e for e in ENTRIES if e.method == "POST" and e.access is not Access.ANYONE],
    ids=lambda entry: entry.path,
)
async def test_a_form_needs_the_token_of_its_session(
    entry: Entry, alice: Person, charlie: Person, camera: Camera
) -> None:
    before = every_row("sqlite", "identity_sqlite")
    for token in ("", "x" * 32, charlie.csrf):
        response = await alice.post(
            await _path(entry), data={"csrf": token, **SAMPLES[entry.method, entry.path]}
        )
        assert response.status_code == 403
    assert every_row("sqlite", "identity_sqlite") == before


PROGRAMS = [entry for entry in ENTRIES if entry.access is Access.TOKEN]
# What the two of them need besides their path.
RANGE = {"from": "2026-01-01T00:00:00+09:00", "to": "2026-01-02T00:00:00+09:00"}


@pytest.mark.parametrize("entry", PROGRAMS, ids=lambda entry: entry.path)
async def test_a_program_reads_what_is_its_organisations(
    entry: Entry,
    anonymous: Person,
    camera: Camera,
    organisation: Organisation,
    other_organisation: Organisation,
) -> None:
    own = await make_api_token(organisation)
    others = await make_api_token(other_organisation)
    path = await _path(entry)
    query = RANGE if path.endswith("/history") else {}
    before = every_row("sqlite", "identity_sqlite")
    answers = {
        token: await anonymous.get(path, params=query, headers={"Authorization": f"Bearer {token}"})
        for token in (own, others, "", f"{own[:-1]}_", own.upper())
    }
    mine, theirs, *refused = answers.values()
    assert mine.status_code == 200
    assert CAMERA in mine.text or GROUP in mine.text
    assert theirs.status_code == (404 if _is_owned(entry) else 200)
    for answer in (theirs, *refused):
        assert not {"中央広場", CAMERA, GROUP} & set(answer.text.split('"'))
        assert "中央広場" not in answer.text
    assert [answer.status_code for answer in refused] == [401, 401, 401]
    await ApiToken.all().update(last_used_at=None)
    assert every_row("sqlite", "identity_sqlite") == before, "only the use was written down"


async def test_a_program_can_change_nothing(
    anonymous: Person, camera: Camera, organisation: Organisation
) -> None:
    bearer = {"Authorization": f"Bearer {await make_api_token(organisation)}"}
    before = every_row("sqlite", "identity_sqlite")
    for entry in PROGRAMS:
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            answer = await anonymous.request(method, await _path(entry), headers=bearer)
            assert answer.status_code == 405, (method, entry.path)
    assert every_row("sqlite", "identity_sqlite") == before


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
    framed = {"/e/": "*", "/cameras/{camera}/embed/preview": "'self'"}
    framed["/groups/{group}/embed/preview"] = "'self'"
    framed["/groups/{group}/site/preview"] = "'self'"
    by = [sites for path, sites in framed.items() if entry.path.startswith(path)] or ["'none'"]
    assert policy.endswith(f"frame-ancestors {by[0]}") or "frame-ancestors 'none'; frame" in policy
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "max-age=" in response.headers["strict-transport-security"]


async def test_a_viewer_gets_no_cookie(anonymous: Person, camera: Camera) -> None:
    embed = f"/e/{KEY}/{VARIANT}"
    forms = (embed, f"{embed}.jpg", f"{embed}.json", f"{embed}/part")
    for path in (f"/p/{PAGE_KEY}", *forms, "/healthz", "/signed-out"):
        assert "set-cookie" not in (await anonymous.get(path)).headers


async def test_a_key_is_gone_with_its_camera(
    alice: Person, anonymous: Person, camera: Camera
) -> None:
    paths = {f"/p/{PAGE_KEY}": 302, f"/e/{KEY}/{VARIANT}": 200}
    for path, status in paths.items():
        assert (await anonymous.get(path)).status_code == status
    await alice.send_form(f"/cameras/{CAMERA}/delete", confirm="yes")
    assert (await anonymous.get(f"/p/{PAGE_KEY}")).status_code == 404


def _refused(entry: Entry, visitor: str) -> set[int]:
    """The statuses that refuse this visitor, empty when the route is for them."""
    if entry.access is Access.TOKEN:  # nobody's cookie opens what is for programs
        return {401}
    if visitor == "anonymous":
        return {303} if entry.method == "GET" else {401}
    # 組織設定 does not allow monitoring unless an admin says so.
    if visitor == "general" and entry.access in {Access.ADMIN, Access.MONITORING}:
        return {403}
    if visitor == "operator" and entry.access in {Access.MEMBER, Access.ADMIN, Access.MONITORING}:
        return {303} if entry.path in {"/", "/cameras"} else {403}
    if visitor != "operator" and entry.access is Access.OPERATOR:
        return {403}
    if visitor == "stranger" and entry.access is not Access.ANYONE and _is_owned(entry):
        return {404}
    return set()


def _is_owned(entry: Entry) -> bool:
    return any(part in entry.path for part in OWNED)


async def _call(person: Person, entry: Entry) -> Any:
    path = await _path(entry)
    if entry.method == "GET":
        return await person.get(path)
    return await person.send_form(path, **SAMPLES[entry.method, entry.path])


async def _path(entry: Entry) -> str:
    path = entry.path.replace("{camera}", CAMERA).replace("{group}", GROUP).replace("{key}", KEY)
    path = path.replace("{variant}", VARIANT)
    path = path.replace("{colour}", "0055ad").replace("{kind}", "svg")
    path = path.replace("{consent}", CONSENT).replace("{step}", "source")
    kind = FileKind.REPORT if path.startswith("/reports/") else FileKind.CSV
    path = path.replace("{file}", FILES[kind])
    if "{organisation}" in path:
        street = await Organisation.get(name="みなと商店街")
        path = path.replace("{organisation}", street.public_id)
    path = path.replace("/alert-templates/{name}", "/alert-templates/busy.ja")
    if path.startswith("/organisation/tokens/"):
        path = path.replace("{token}", TOKEN)
    return path.replace("{path:path}", "masked/x/y.jpg").replace("{token}", "t" * 40)


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
