"""The operator's pages: organisations, their people, stopping and resuming them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.applications import Starlette
from tortoise.backends.sqlite.client import SqliteClient

from tests.builders import make_camera
from tests.html import error_of, one, parsed, text_of
from tests.people import Person, hire
from webapp.app import build_app
from webapp.identity import provisioning
from webapp.identity.models import Account
from webapp.identity.models import Organisation as IdentityOrganisation
from webapp.identity.models import Outbox as IdentityOutbox
from webapp.identity.models import Role as AccountRole
from webapp.identity.parts import build_parts
from webapp.models import AuditEntry, Organisation, Role
from webapp.operator.office import Office
from webapp.services import Services, build_services

AT = datetime(2026, 4, 1, 3, 0, tzinfo=UTC)
NEW = {"name": "川辺", "admin_mail": "K@nigiwai.test", "admin_name": "川辺 三郎", "language": "en"}


async def made(olivia: Person, **changes: str) -> Organisation:
    answer = await olivia.send_form("/operator/organisations/new", **{**NEW, **changes})
    assert answer.status_code == 303, answer.text[:500]
    public_id = answer.headers["location"].partition("?")[0].rpartition("/")[2]
    return await Organisation.get(public_id=public_id)


async def test_the_first_page_is_theirs(olivia: Person) -> None:
    for path in ("/", "/cameras"):
        assert (await olivia.get(path)).headers["location"] == "/operator"
    page = await olivia.get("/operator")
    assert [str(a["href"]) for a in parsed(page).select(".top-bar nav a")] == [
        "/operator",
        "/operator/audit",
    ]
    assert "事業者" in text_of(page, "tbody")


async def test_an_organisation_is_made_with_its_admin(olivia: Person) -> None:
    organisation = await made(olivia)
    page = await olivia.get(f"/operator/organisations/{organisation.public_id}")
    assert text_of(page, "h1") == "川辺"
    assert "k@nigiwai.test" in text_of(page, "tbody")
    assert "招待中" in text_of(page, "tbody")
    account = await Account.get()
    assert (account.role, account.language) == (AccountRole.ADMIN, "en")
    assert await IdentityOutbox.all().count() == 1
    told = await AuditEntry.get()
    assert told.actor_name == "Olivia"
    assert told.details["operator"] is True


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"admin_mail": ""}, "admin_mail"),
        ({"admin_mail": "nonsense"}, "admin_mail"),
        ({"admin_name": ""}, "admin_name"),
        ({"admin_name": "x" * 101}, "admin_name"),
        ({"language": "fr"}, "language"),
    ],
)
async def test_what_is_missing_is_said_beside_its_field(
    olivia: Person, changes: dict[str, str], field: str
) -> None:
    answer = await olivia.send_form("/operator/organisations/new", **{**NEW, **changes})
    assert answer.status_code == 422
    assert error_of(answer, field)
    assert not await IdentityOrganisation.exists()
    assert await Organisation.all().count() == 1


async def test_a_taken_mail_address_leaves_nothing(olivia: Person) -> None:
    await made(olivia)
    answer = await olivia.send_form("/operator/organisations/new", **{**NEW, "name": "別"})
    assert error_of(answer, "admin_mail") == provisioning.MAIL_TAKEN
    assert not await Organisation.filter(name="別").exists()


async def test_people_are_invited(olivia: Person, app: Starlette, services: Services) -> None:
    woken: list[None] = []
    app.state.parts = build_parts(services.settings, lambda: woken.append(None))
    organisation = await made(olivia)
    path = f"/operator/organisations/{organisation.public_id}"
    woken.clear()
    fields = {"mail": "b@nigiwai.test", "name": "四郎", "role": "general"}
    assert (await olivia.send_form(f"{path}/invite", **fields)).status_code == 303
    assert woken, "the mail is to leave at once"
    page = await olivia.get(path)
    assert "四郎" in text_of(page, "tbody")
    for changes, field in (({}, "mail"), ({"mail": "c@x.test", "role": "operator"}, "role"),
                           ({"mail": "c@x.test", "name": ""}, "name")):  # fmt: skip
        answer = await olivia.send_form(f"{path}/invite", **{**fields, **changes})
        assert answer.status_code == 422
        assert error_of(answer, field)
    assert await Account.all().count() == 2


async def test_stopping_asks_with_the_name_and_tells(olivia: Person) -> None:
    organisation = await made(olivia)
    path = f"/operator/organisations/{organisation.public_id}"
    page = await olivia.get(path)
    form = one(page, f'form[action="{path}/suspend"]')
    assert "「川辺」の利用を停止します。" in form.get_text()
    assert (await olivia.send_form(f"{path}/suspend")).status_code == 303
    page = await olivia.get(path)
    assert "停止中" in text_of(page, ".page-head")
    assert not parsed(page).select(f'form[action="{path}/invite"]')
    assert (await IdentityOrganisation.get()).suspended_at is not None
    assert "「川辺」の利用を再開します。" in one(page, f'form[action="{path}/resume"]').get_text()
    assert (await olivia.send_form(f"{path}/resume")).status_code == 303
    assert (await Organisation.get(name="川辺")).suspended_at is None


async def test_their_own_organisation_is_not_stopped(
    olivia: Person, operators: Organisation
) -> None:
    path = f"/operator/organisations/{operators.public_id}"
    assert not parsed(await olivia.get(path)).select("form[action$=suspend]")
    answer = await olivia.send_form(f"{path}/suspend")
    assert answer.status_code == 422
    assert "停止できません" in text_of(answer, ".notice-danger")
    assert (await olivia.get("/operator")).status_code == 200


async def test_nobody_else_comes_in(alice: Person, bob: Person, organisation: Organisation) -> None:
    path = f"/operator/organisations/{organisation.public_id}"
    for person in (alice, bob):
        for page in ("/operator", path, "/operator/organisations/new"):
            assert (await person.get(page)).status_code == 403
        assert (await person.send_form(f"{path}/suspend")).status_code == 403
    assert (await Organisation.get(id=organisation.id)).suspended_at is None


@pytest.mark.parametrize("public_id", ["nobody", "x" * 17, "%00", "A"])
async def test_what_is_not_there_is_not_found(olivia: Person, public_id: str) -> None:
    assert (await olivia.get(f"/operator/organisations/{public_id}")).status_code == 404
    answer = await olivia.send_form(f"/operator/organisations/{public_id}/suspend")
    assert answer.status_code == 404


async def test_a_search_finds_by_name_and_public_id(
    olivia: Person, organisation: Organisation, other_organisation: Organisation
) -> None:
    for text, found in (("みなと", 1), (organisation.public_id, 1), ("nothing", 0), ("", 3)):
        page = await olivia.get("/operator", params={"q": text})
        assert len(parsed(page).select("tbody tr")) == found
    page = await olivia.get("/operator", params={"q": "nothing"})
    assert "条件に合う組織がありません" in text_of(page, ".empty-state h2")


async def test_a_hundred_organisations_need_five_queries_at_most(
    olivia: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(100):
        organisation = await Organisation.create(name=f"組織 {number}", public_id=f"org{number}")
        await make_camera(organisation)
        await IdentityOrganisation.create(public_id=f"org{number}", name=f"組織 {number}")
    asked: list[str] = []
    execute = SqliteClient.execute_query

    async def count(self: SqliteClient, query: str, values: list[Any] | None = None) -> Any:
        asked.append(query)
        return await execute(self, query, values)

    monkeypatch.setattr(SqliteClient, "execute_query", count)
    page = await olivia.get("/operator")
    assert len(parsed(page).select("tbody tr")) == 101
    assert "1台" in text_of(page, "tbody")
    assert 0 < len(asked) <= 5


@pytest.fixture
def abroad(services: Services) -> Starlette:
    """The app of an installation whose people sign in elsewhere."""
    settings = services.settings.model_copy(update={"oidc_issuer": "https://id.example"})
    return build_app(build_services(settings, services.engines))


async def test_with_another_provider_it_says_where_accounts_are_made(
    abroad: Starlette, olivia: Person
) -> None:
    from tests.people import sign_in

    operators = await Organisation.get(is_operator=True)
    async with await sign_in(abroad, await hire(operators, "Oscar", Role.OPERATOR)) as oscar:
        page = await oscar.get("/operator/organisations/new")
        assert "https://id.example" in text_of(page, "main")
        assert not parsed(page).select("#admin_mail")
        answer = await oscar.send_form("/operator/organisations/new", name="川辺", language="ja")
        path = answer.headers["location"].partition("?")[0]
        page = await oscar.get(path)
        assert "https://id.example" in text_of(page, "main")
        assert not parsed(page).select("form[action$=invite]")
        assert (await oscar.send_form(f"{path}/suspend")).status_code == 303
    assert not await IdentityOrganisation.exists()


@pytest.mark.parametrize("mail_url", ["", "mailbox:"])
async def test_it_is_said_where_no_mail_can_go_out(
    mail_url: str, olivia: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Office, "can_mail", property(lambda _: bool(mail_url)))
    organisation = await made(olivia)
    path = f"/operator/organisations/{organisation.public_id}"
    fields = {"mail": "x@nigiwai.test", "name": "X", "role": "general"}
    invited = await olivia.send_form(f"{path}/invite", **fields)
    said = await olivia.get(invited.headers["location"])
    assert ("招待メールを送りました。" in said.text) is bool(mail_url)
    assert ("招待メールはまだ送られていません。" in said.text) is not bool(mail_url)
    for page in (path, "/operator/organisations/new"):
        answer = await olivia.get(page)
        assert ("nigiwai operator login-link" in answer.text) is not bool(mail_url)
