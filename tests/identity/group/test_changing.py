"""An admin changes accounts: shown before and after, and a new role signs out."""

from __future__ import annotations

import pytest

from tests.html import error_of, one, parsed
from tests.identity.group.members import hidden, names, row
from tests.identity.people import Visitor, kinds_of_events, said
from webapp.identity.models import Account, Event, Role
from webapp.identity.provisioning import OWN_ROLE


def fields(account: Account, **changed: str) -> dict[str, str]:
    return {
        "name": account.name,
        "role": account.role.value,
        "language": account.language,
        **changed,
    }


async def test_what_changes_is_shown_and_then_kept(
    someone: Visitor, account: Account, bob: Account
) -> None:
    form = await someone.get(f"/group/{bob.public_id}/edit")
    assert one(form, "#name")["value"] == "Bob"
    assert not parsed(form).select("#mail, #password"), "neither is an admin's to change"
    sent = fields(bob, name="Robert", company="みなと", mail="evil@example.jp", password_hash="x")
    path = f"/group/{bob.public_id}/edit"
    confirmation = await someone.send_form(f"{path}/confirm", **sent)
    rows = [" ".join(tr.get_text(" ").split()) for tr in parsed(confirmation).select("tbody tr")]
    assert rows == ["氏名 Bob Robert", "会社名 未登録 みなと"]
    done = await someone.send_form(path, **{**hidden(confirmation), "answer": "change"})
    assert done.headers["location"] == "/group?done=changed"
    page = await someone.get(done.headers["location"])
    assert "更新しました。" in said(page)
    assert names(page) == ["Alice", "Robert"]
    changed = await Account.get(id=bob.id)
    assert (changed.name, changed.company) == ("Robert", "みなと")
    assert (changed.mail, changed.password_hash) == (bob.mail, bob.password_hash)
    event = await Event.get(account=account)
    assert event.details["changed"] == ["name", "company"]


async def test_a_new_role_signs_out_and_is_announced(
    visitors: dict[str, Visitor], bob: Account
) -> None:
    admin, general = visitors["admin"], visitors["general"]
    path = f"/group/{bob.public_id}/edit"
    confirmation = await admin.send_form(f"{path}/confirm", **fields(bob, role="admin"))
    assert "この人はすべての端末でログアウトされます。" in said(confirmation)
    assert (await general.get("/account")).status_code == 200
    await admin.send_form(path, **{**hidden(confirmation), "answer": "change"})
    assert (await general.get("/account")).status_code == 303
    assert "管理ユーザ" in row(await admin.get("/group"), bob)
    await general.log_in(bob.mail)
    assert (await general.get("/group")).status_code == 200


async def test_going_back_keeps_what_was_entered(someone: Visitor, bob: Account) -> None:
    path = f"/group/{bob.public_id}/edit"
    back = await someone.send_form(path, **fields(bob, name="Robert", answer="back"))
    assert one(back, "#name")["value"] == "Robert"
    assert (await Account.get(id=bob.id)).name == "Bob"


async def test_nothing_changed_is_said(someone: Visitor, bob: Account) -> None:
    answer = await someone.send_form(f"/group/{bob.public_id}/edit/confirm", **fields(bob))
    assert answer.status_code == 422
    assert "変更した項目がありません。" in said(answer)


@pytest.mark.parametrize("last", ["", "/confirm"])
async def test_what_cannot_be_is_said_beside_its_field(
    last: str, someone: Visitor, bob: Account
) -> None:
    path = f"/group/{bob.public_id}/edit{last}"
    answer = await someone.send_form(path, **fields(bob, name="", role="operator"))
    assert answer.status_code == 422
    assert error_of(answer, "name") == "氏名を入力してください。"
    assert error_of(answer, "role") == "役割を選んでください。"
    assert (await Account.get(id=bob.id)).role is Role.GENERAL


async def test_ones_own_role_is_not_offered_and_not_taken(
    someone: Visitor, account: Account
) -> None:
    path = f"/group/{account.public_id}/edit"
    form = await someone.get(path)
    assert not parsed(form).select("select[name=role]")
    answer = await someone.send_form(path, **fields(account, role="general", answer="change"))
    assert answer.status_code == 422
    assert OWN_ROLE in said(answer)
    assert (await Account.get(id=account.id)).role is Role.ADMIN
    assert await kinds_of_events(account) == []
