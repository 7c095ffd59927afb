"""What a person changes of their account while an admin edits it is not undone unseen (I8)."""

from __future__ import annotations

from tests.identity.group.members import NEW, hidden
from tests.identity.group.test_changing import fields
from tests.identity.people import Visitor, said
from webapp.identity.group.routes import MOST_ADDED
from webapp.identity.models import Account


async def test_what_its_person_changed_meanwhile_is_shown_first(
    someone: Visitor, bob: Account
) -> None:
    path = f"/group/{bob.public_id}/edit"
    confirmation = await someone.send_form(f"{path}/confirm", **fields(bob, company="みなと"))
    await Account.filter(id=bob.id).update(phone="03-1234-5678")
    again = await someone.send_form(path, **hidden(confirmation), answer="change")
    assert again.status_code == 409
    assert "別の画面で登録内容が変更されました" in said(again)
    assert "03-1234-5678" in said(again)
    kept = await Account.get(id=bob.id)
    assert (kept.phone, kept.company) == ("03-1234-5678", "")
    done = await someone.send_form(path, **hidden(again), answer="change")
    assert done.headers["location"] == "/group?done=changed"
    assert (await Account.get(id=bob.id)).company == "みなと"


async def test_an_admin_does_not_ask_for_addresses_without_end(someone: Visitor) -> None:
    for _ in range(MOST_ADDED):
        answer = await someone.send_form("/group/new/confirm", **NEW)
        assert answer.status_code == 200
    answer = await someone.send_form("/group/new/confirm", **NEW)
    assert answer.status_code == 429
    assert "登録の操作が続いています。" in said(answer)
