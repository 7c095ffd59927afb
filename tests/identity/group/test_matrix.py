"""Every route of the Group Manager with every visitor: nothing across organisations (TRUST 23)."""

from __future__ import annotations

import httpx
import pytest

from tests.identity.people import Visitor, make_account
from tests.identity.test_routes import NAMES
from tests.rows import every_row
from webapp.identity.group import routes
from webapp.identity.models import Account, Organisation
from webapp.identity.parts import Parts
from webapp.identity.provisioning import stamp_of
from webapp.identity.urls import ENTRIES, Access, Entry

GROUP = [entry for entry in ENTRIES if entry.path.startswith("/group")]
# Pages that are answers to forms begin again when they are asked for, whatever their path names.
BEGIN_AGAIN = (routes.to_new, routes.to_list, routes.to_edit)
OF_ONE = [e for e in GROUP if "{account}" in e.path and e.view not in BEGIN_AGAIN]
ON_TICKS = ["/group/delete/confirm", "/group/delete"]
MEMBER = {"name": "Carol", "role": "general", "language": "en", "answer": "change"}
SECRETS = ("Bob", "bob@", "Invited", "invited@", "みなと商店街", "Alice", "alice@")


@pytest.fixture
async def invited(parts: Parts, organisation: Organisation) -> Account:
    """Somebody of Alice's organisation, to whom each route could be done."""
    return await make_account(parts, organisation, "Invited", password="")


def test_every_route_is_for_admins() -> None:
    assert len(OF_ONE) >= 4
    assert {entry.access for entry in GROUP} == {Access.ADMIN}
    assert [entry for entry in ENTRIES if entry.access is Access.ADMIN] == GROUP


async def call(person: Visitor, entry: Entry, account: Account) -> httpx.Response:
    path = entry.path.replace("{account}", account.public_id)
    if entry.method == "GET":
        return await person.get(path)
    fields = {**MEMBER, "account": account.public_id, "mail": "carol@nigiwai.test"}
    fields["seen"] = stamp_of(account)
    return await person.send_form(path, **fields)


def told(answer: httpx.Response, person: Visitor) -> list[str]:
    """What the answer gives away. The person's own token is random: it may hold a short name."""
    text = answer.text.replace(person.csrf, "")
    return [word for word in SECRETS if word in text]


@pytest.mark.parametrize("entry", GROUP, **NAMES)
async def test_general_users_are_refused(
    entry: Entry, visitors: dict[str, Visitor], invited: Account
) -> None:
    before = every_row("identity_sqlite")
    answer = await call(visitors["general"], entry, invited)
    assert answer.status_code == 403
    assert "Invited" not in answer.text
    assert every_row("identity_sqlite") == before


@pytest.mark.parametrize("entry", GROUP, **NAMES)
async def test_strangers_are_led_to_the_login(
    entry: Entry, visitors: dict[str, Visitor], invited: Account
) -> None:
    before = every_row("identity_sqlite")
    answer = await call(visitors["anonymous"], entry, invited)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login")
    assert every_row("identity_sqlite") == before


@pytest.mark.parametrize("who", ["other admin", "operator"])
@pytest.mark.parametrize("entry", OF_ONE, **NAMES)
async def test_accounts_of_another_organisation_are_not_there(
    entry: Entry, who: str, visitors: dict[str, Visitor], invited: Account
) -> None:
    before = every_row("identity_sqlite")
    answer = await call(visitors[who], entry, invited)
    assert answer.status_code == 404
    assert not told(answer, visitors[who])
    nobody = Account(public_id="nobody000000")
    same = await call(visitors[who], entry, nobody)
    assert same.text.replace(nobody.public_id, invited.public_id) == answer.text
    assert every_row("identity_sqlite") == before


@pytest.mark.parametrize("who", ["other admin", "operator"])
@pytest.mark.parametrize("path", ON_TICKS)
async def test_ticks_of_another_organisation_are_passed_over(
    path: str, who: str, visitors: dict[str, Visitor], invited: Account
) -> None:
    before = every_row("identity_sqlite")
    answer = await visitors[who].send_form(path, account=invited.public_id)
    assert answer.status_code in {303, 422}
    assert not told(answer, visitors[who])
    assert every_row("identity_sqlite") == before


@pytest.mark.parametrize("who", ["other admin", "operator"])
@pytest.mark.parametrize("entry", GROUP, **NAMES)
async def test_nothing_is_read_or_written_across_organisations(
    entry: Entry, who: str, visitors: dict[str, Visitor], invited: Account
) -> None:
    def of_alice(rows: dict[str, list[dict[str, object]]]) -> list[dict[str, object]]:
        mine = invited.organisation_id
        people = [
            row
            for row in rows["identity_sqlite.identity_account"]
            if row["organisation_id"] == mine
        ]
        ids = {row["id"] for row in people}
        return people + [
            row for table in rows.values() for row in table if row.get("account_id") in ids
        ]

    before = of_alice(every_row("identity_sqlite"))
    answer = await call(visitors[who], entry, invited)
    assert answer.status_code < 500
    assert not told(answer, visitors[who])
    assert of_alice(every_row("identity_sqlite")) == before


@pytest.mark.parametrize("entry", GROUP, **NAMES)
async def test_an_admin_may(entry: Entry, visitors: dict[str, Visitor], invited: Account) -> None:
    answer = await call(visitors["admin"], entry, invited)
    assert answer.status_code in {200, 303}, answer.text[:300]
    assert "login" not in answer.headers.get("location", "")


async def test_an_admin_who_is_one_no_more_is_refused_at_once(
    visitors: dict[str, Visitor], account: Account, bob: Account, invited: Account
) -> None:
    """The role is read with each request, not kept in the session."""
    person = visitors["admin"]
    await Account.filter(id=account.id).update(role="general")
    for entry in GROUP:
        assert (await call(person, entry, invited)).status_code == 403
