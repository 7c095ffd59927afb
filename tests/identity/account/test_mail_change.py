"""A new mail address: both confirm within a day; nobody learns who exists (TRUST 17, 19)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import time_machine
from starlette.applications import Starlette

from tests.html import error_of, one, parsed
from tests.identity.account.forms import notice
from tests.identity.people import (
    PASSWORD,
    Visitor,
    kinds_of_events,
    letters,
    make_account,
    parts_on,
    path_of,
    said,
    sign_in,
    visitor,
)
from webapp.identity.account.mail_change import Outcome, ask_for_change, confirm
from webapp.identity.browser import Visitor as From
from webapp.identity.links import create_link, find_link
from webapp.identity.models import (
    Account,
    Client,
    Event,
    LinkPurpose,
    MailChange,
    Organisation,
    Outbox,
    Session,
    TokenFamily,
)
from webapp.identity.outbox import BACKCHANNEL_LOGOUT
from webapp.identity.parts import Parts
from webapp.identity.passwords import Passwords
from webapp.identity.retention import sweep
from webapp.settings import Settings

NEW = "alice@new.test"
HERE = From("203.0.113.7", "")


async def ask(person: Visitor, mail: str = NEW, current: str = PASSWORD) -> httpx.Response:
    return await person.send_form("/account/mail", mail=mail, current=current)


async def links(parts: Parts) -> tuple[str, str]:
    """The paths in the latest letters to the old and to the new address."""
    sent = {letter.event: letter.values.get("url", "") for letter in await letters(parts)}
    return path_of(sent["mail_change_old"]), path_of(sent["mail_change_new"])


@pytest.fixture
async def passer_by(identity: Starlette) -> AsyncIterator[Visitor]:
    """Whoever reads the mails, on a telephone that is not signed in."""
    async with visitor(identity, "192.0.2.9") as person:
        yield person


async def test_both_addresses_get_a_letter_of_their_own(
    someone: Visitor, account: Account, parts: Parts
) -> None:
    response = await ask(someone, " ＡＬＩＣＥ@new.test ")
    assert response.headers["location"] == "/account?done=mail-asked"
    old, new = await letters(parts)
    assert (old.event, old.to) == ("mail_change_old", account.mail)
    assert (new.event, new.to) == ("mail_change_new", NEW)
    assert old.values["new"] == NEW
    assert old.values["address"] == "198.51.100.4"
    assert old.values["url"] != new.values["url"]
    assert len(old.values["url"].rpartition("/")[2]) == 43
    change = await MailChange.get(account=account)
    for letter in (old, new):
        token = letter.values["url"].rpartition("/")[2]
        assert token not in {change.old_token_hash, change.new_token_hash}, "only hashes are kept"
    assert await kinds_of_events(account) == ["mail_change_asked"]
    page = await someone.get("/account?done=mail-asked")
    assert NEW in said(page)
    assert "現在のメールアドレス: 確認待ち" in said(page)
    assert (await Account.get(id=account.id)).mail == account.mail


@pytest.mark.parametrize("old_first", [True, False])
async def test_it_changes_when_both_have_confirmed(
    old_first: bool, someone: Visitor, passer_by: Visitor, account: Account, parts: Parts
) -> None:
    await ask(someone)
    first, second = await links(parts) if old_first else reversed(await links(parts))
    page = await passer_by.get(first)
    assert NEW in said(page)
    assert one(page, "main button").get_text() == "この変更を確認する"
    assert "確認しました" in said(await passer_by.send_form(first))
    assert (await Account.get(id=account.id)).mail == account.mail
    assert "確認済み" in said(await someone.get("/account"))
    assert "確認しました" in said(await passer_by.get(first)), "looking again says so"
    page = await passer_by.get(second)
    assert one(page, "main button").get_text() == "確認して変更を完了する"
    assert "メールアドレスを変更しました" in said(await passer_by.send_form(second))
    assert (await Account.get(id=account.id)).mail == NEW
    assert not await MailChange.exists()
    sent = [(letter.event, letter.to) for letter in await letters(parts)][2:]
    assert sent == [("mail_changed", account.mail), ("mail_changed", NEW)]
    event = await Event.get(account=account, kind="mail")
    assert event.details == {"was": account.mail, "now": NEW}
    for link in (first, second):
        assert (await passer_by.get(link)).status_code == 410
        assert (await passer_by.send_form(link)).status_code == 410
    assert (await passer_by.log_in(account.mail)).status_code == 422
    assert (await passer_by.log_in(NEW)).status_code == 303


async def test_looking_at_the_links_confirms_nothing(
    someone: Visitor, passer_by: Visitor, account: Account, parts: Parts
) -> None:
    await ask(someone)
    for link in await links(parts):
        for _ in range(3):
            assert (await passer_by.get(link)).status_code == 200
            await passer_by.head(link)
    change = await MailChange.get(account=account)
    assert (change.old_confirmed_at, change.new_confirmed_at) == (None, None)


async def test_one_address_alone_changes_nothing(
    someone: Visitor, passer_by: Visitor, account: Account, parts: Parts
) -> None:
    await ask(someone)
    _, new = await links(parts)
    for _ in range(3):
        await passer_by.send_form(new)
    assert (await Account.get(id=account.id)).mail == account.mail


async def test_every_other_sign_in_ends_and_the_applications_hear_of_it(
    someone: Visitor, identity: Starlette, account: Account, parts: Parts
) -> None:
    client = await Client.create(
        client_id="app", name="App", backchannel_logout_uri="https://app.test/out"
    )
    here = await Session.get(account=account)
    async with visitor(identity) as elsewhere:
        await sign_in(elsewhere, identity, account)
        there = await Session.get(account=account, id__not=here.id)
        for session in (here, there):
            await TokenFamily.create(
                client=client,
                account=account,
                sid=session.sid,
                scope="openid",
                auth_time=datetime.now(UTC),
            )
        await ask(someone)
        for link in await links(parts):
            await someone.send_form(link)
        assert (await elsewhere.get("/account")).status_code == 303
    assert NEW in said(await someone.get("/account"))
    (told,) = await Outbox.filter(kind=BACKCHANNEL_LOGOUT)
    assert told.payload["sid"] == there.sid


async def test_confirmed_by_somebody_else_no_sign_in_stays(
    someone: Visitor,
    identity: Starlette,
    account: Account,
    parts: Parts,
    organisation: Organisation,
) -> None:
    """A session of another account, in the browser that confirms, is none to keep."""
    bob = await make_account(parts, organisation, "Bob")
    await ask(someone)
    async with visitor(identity) as person:
        await sign_in(person, identity, bob)
        for link in await links(parts):
            await person.send_form(link)
        assert "Bob" in said(await person.get("/account"))
    assert (await Account.get(id=account.id)).mail == NEW
    assert not await Session.filter(account=account).exists()


async def test_a_link_that_was_sent_to_the_old_address_opens_nothing_any_more(
    someone: Visitor, account: Account, parts: Parts
) -> None:
    now = datetime.now(UTC)
    reset = await create_link(account, LinkPurpose.RESET, parts.settings, now)
    await ask(someone)
    for link in await links(parts):
        await someone.send_form(link)
    assert await find_link(reset.rpartition("/")[2], now) is None


async def test_links_are_good_for_a_day(
    someone: Visitor, passer_by: Visitor, account: Account, parts: Parts
) -> None:
    now = datetime.now(UTC)
    with time_machine.travel(now, tick=False) as clock:
        await ask(someone)
        old, new = await links(parts)
        clock.move_to(now + timedelta(hours=23, minutes=59))
        await passer_by.send_form(old)
        clock.move_to(now + timedelta(hours=24))
        assert (await passer_by.get(new)).status_code == 410
        assert (await passer_by.send_form(new)).status_code == 410
        assert (await Account.get(id=account.id)).mail == account.mail
        clock.move_to(now + timedelta(days=40))
        await sweep(now + timedelta(days=40))
    assert not await MailChange.exists()


async def test_it_can_be_given_up(
    someone: Visitor, passer_by: Visitor, account: Account, parts: Parts
) -> None:
    await ask(someone)
    old, new = await links(parts)
    await passer_by.send_form(old)
    assert one(await someone.get("/account"), "main form button").get_text() == "変更をやめる"
    done = await someone.send_form("/account/mail/stop")
    assert done.headers["location"] == "/account?done=mail-stopped"
    assert "確認待ち" not in said(await someone.get("/account"))
    assert (await passer_by.send_form(new)).status_code == 410
    assert await kinds_of_events(account) == ["mail_change_asked", "mail_change_stopped"]
    again = await someone.send_form("/account/mail/stop")
    assert again.headers["location"] == "/account?done=nothing"


async def test_asking_again_voids_what_waited(
    someone: Visitor, passer_by: Visitor, account: Account, parts: Parts
) -> None:
    await ask(someone)
    before = await links(parts)
    await passer_by.send_form(before[0])
    await ask(someone, "other@new.test")
    for link in before:
        assert (await passer_by.send_form(link)).status_code == 410
    for link in await links(parts):
        await passer_by.send_form(link)
    assert (await Account.get(id=account.id)).mail == "other@new.test"


@pytest.mark.parametrize("how", ["changed", "reset"])
async def test_a_new_password_voids_what_was_asked_for_with_the_old_one(
    how: str, someone: Visitor, passer_by: Visitor, account: Account, parts: Parts
) -> None:
    new = "海辺の 自転車 と 古い時計"
    await ask(someone)
    if how == "changed":
        sent = {"current": PASSWORD, "password": new, "again": new}
        assert (await someone.send_form("/account/password", **sent)).status_code == 303
    else:
        reset = await create_link(account, LinkPurpose.RESET, parts.settings, datetime.now(UTC))
        assert (await passer_by.send_form(path_of(reset), password=new)).status_code == 303
    for link in await links(parts):
        assert (await passer_by.send_form(link)).status_code == 410
    assert (await Account.get(id=account.id)).mail == account.mail


async def test_another_account_cannot_give_it_up(
    someone: Visitor, identity: Starlette, parts: Parts, organisation: Organisation
) -> None:
    await ask(someone)
    async with visitor(identity) as person:
        await sign_in(person, identity, await make_account(parts, organisation, "Bob"))
        assert NEW not in (await person.get("/account")).text
        await person.send_form("/account/mail/stop")
    assert await MailChange.exists()


@pytest.mark.parametrize(
    ("mail", "current", "field"),
    [
        (NEW, "", "current"),
        (NEW, "not this one", "current"),
        ("", PASSWORD, "mail"),
        ("nobody", PASSWORD, "mail"),
        ("a@b@c.test", PASSWORD, "mail"),
        ("a@b.test, c@d.test", PASSWORD, "mail"),
        ("Alice <a@b.test>", PASSWORD, "mail"),
        ("alice@nigiwai.test", PASSWORD, "mail"),
        ("ALICE@NIGIWAI.TEST", PASSWORD, "mail"),
    ],
)
async def test_what_is_wrong_is_said_and_nothing_is_sent(
    mail: str, current: str, field: str, someone: Visitor, parts: Parts
) -> None:
    page = await ask(someone, mail, current)
    assert page.status_code == 422
    assert error_of(page, field)
    assert PASSWORD not in page.text
    assert await letters(parts) == []
    assert not await MailChange.exists()


async def test_a_taken_address_is_answered_like_any_other(
    someone: Visitor,
    parts: Parts,
    organisation: Organisation,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The same answer, after the same statements, and no link for whoever has it."""
    await make_account(parts, organisation, "Bob")
    caplog.set_level("DEBUG", "tortoise.db_client")

    async def answer(mail: str) -> tuple[object, list[str]]:
        caplog.clear()
        response = await ask(someone, mail)
        statements = [record.getMessage().split("'")[0] for record in caplog.records]
        page = await someone.get("/account")
        said_there = said(page).replace(mail, "MAIL")
        location = response.headers["location"]
        times = one(page, "section.notice p:last-of-type").get_text()
        return (response.status_code, location, said_there.replace(times, "")), statements

    free, taken = await answer("free@nigiwai.test"), await answer("bob@nigiwai.test")
    assert free[0] == taken[0]
    shape = [[line.split(" ")[0] for line in lines] for lines in (free[1], taken[1])]
    assert shape[0] == shape[1]
    assert len(shape[0]) > 5
    letter = (await letters(parts))[-1]
    assert (letter.event, letter.to, letter.values["url"]) == (
        "mail_change_new",
        "bob@nigiwai.test",
        "",
    )


async def test_an_address_that_is_taken_meanwhile_changes_nothing(
    someone: Visitor, passer_by: Visitor, account: Account, parts: Parts, organisation: Organisation
) -> None:
    await ask(someone)
    old, new = await links(parts)
    await make_account(parts, organisation, "Bob", mail=NEW)
    await passer_by.send_form(old)
    page = await passer_by.send_form(new)
    assert page.status_code == 409
    assert "このメールアドレスには変更できません" in said(page)
    assert (await Account.get(id=account.id)).mail == account.mail
    assert await Session.filter(account=account).exists(), "nothing of it happened"
    assert "mail_changed" not in [letter.event for letter in await letters(parts)]
    assert not await MailChange.exists()


async def test_too_many_letters_are_refused(someone: Visitor, parts: Parts) -> None:
    for _ in range(5):
        assert (await ask(someone)).status_code == 303
    page = await ask(someone, "other@new.test")
    assert page.status_code == 429
    assert error_of(page, "mail")
    assert len(await letters(parts)) == 10


async def test_one_address_is_not_written_to_by_many(
    identity: Starlette, parts: Parts, organisation: Organisation
) -> None:
    answers = []
    for name in ("Alice", "Bob", "Charlie"):
        async with visitor(identity) as person:
            await sign_in(person, identity, await make_account(parts, organisation, name))
            answers += [(await ask(person)).status_code for _ in range(2)]
    assert answers == [303] * 5 + [429]


async def test_a_suspended_organisation_changes_nothing(
    someone: Visitor, passer_by: Visitor, account: Account, parts: Parts, organisation: Organisation
) -> None:
    await ask(someone)
    await Organisation.filter(id=organisation.id).update(suspended_at=datetime.now(UTC))
    for link in await links(parts):
        assert (await passer_by.send_form(link)).status_code == 410
    assert (await Account.get(id=account.id)).mail == account.mail


@pytest.mark.parametrize("token", ["x" * 43, "stop", "%00", "a" * 2000])
async def test_a_link_of_nobody_is_spent(token: str, stranger: Visitor) -> None:
    path = f"/account/mail/confirm/{token}"
    assert (await stranger.get(path)).status_code == 410
    assert (await stranger.send_form(path)).status_code == 410


async def test_both_links_at_once_change_it_once(any_database: Settings) -> None:
    for _ in range(5):
        await _both_at_once(any_database)


async def _both_at_once(settings: Settings) -> None:
    parts = parts_on(settings, Passwords(64, 1))
    organisation = await Organisation.create(name="みなと商店街")
    account = await make_account(parts, organisation)
    now = datetime.now(UTC)
    await ask_for_change(parts, account, NEW, HERE, now)
    old, new = (link.rpartition("/")[2] for link in await links(parts))
    outcomes = await asyncio.gather(
        *(confirm(parts, token, None, HERE, now) for token in (old, new) * 10)
    )
    assert outcomes.count(Outcome.DONE) == 1
    assert set(outcomes) <= {Outcome.DONE, Outcome.WAITING, Outcome.SPENT}
    assert (await Account.get(id=account.id)).mail == NEW
    changed = [letter.to for letter in await letters(parts) if letter.event == "mail_changed"]
    assert changed == [account.mail, NEW]
    await Outbox.all().delete()
    await organisation.delete()


async def test_of_accounts_that_want_one_address_one_gets_it(any_database: Settings) -> None:
    parts = parts_on(any_database, Passwords(64, 1))
    organisation = await Organisation.create(name="みなと商店街")
    now = datetime.now(UTC)
    tokens = []
    names = ["Alice", "Bob", "Charlie", "David"]
    for name in names:
        account = await make_account(parts, organisation, name)
        await ask_for_change(parts, account, NEW, HERE, now)
        sent = {letter.event: letter.values["url"] for letter in await letters(parts)}
        old, new = (sent[f"mail_change_{side}"].rpartition("/")[2] for side in ("old", "new"))
        assert await confirm(parts, old, None, HERE, now) is Outcome.WAITING
        tokens.append(new)
    outcomes = await asyncio.gather(*(confirm(parts, new, None, HERE, now) for new in tokens))
    assert sorted(outcomes) == [Outcome.DONE, *[Outcome.TAKEN] * 3]
    winner = names[outcomes.index(Outcome.DONE)]
    assert (await Account.get(mail=NEW)).name == winner
    assert await Account.filter(mail__endswith="@nigiwai.test").count() == 3
    assert not await MailChange.exists()
    changed = [letter for letter in await letters(parts) if letter.event == "mail_changed"]
    assert {letter.values["name"] for letter in changed} == {winner}


async def test_the_form_shows_what_waits(someone: Visitor, account: Account) -> None:
    assert not parsed(await someone.get("/account/mail")).select(".notice")
    await ask(someone)
    page = await someone.get("/account/mail")
    assert NEW in notice(page)
    assert one(page, "#present")["value"] == account.mail
