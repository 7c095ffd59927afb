"""監査ログ as it is read: newest first, in the reader's words and zone, page by page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from tortoise.backends.sqlite.client import SqliteClient
from tortoise.exceptions import OperationalError

from tests.html import parsed, text_of
from tests.people import Person
from webapp.audit.actions import FIELDS, WORDS, Action
from webapp.audit.log import COMMAND, Actor, changed, write
from webapp.audit.queries import COMMAND as COMMAND_ASKED
from webapp.audit.queries import PAGE, find_entries, read_wanted
from webapp.models import AuditEntry, Organisation
from webapp.settings import Settings

AT = datetime(2026, 4, 1, 3, 0, tzinfo=UTC)
HANAKO = Actor("hanako000001", "管理 花子", "192.0.2.7")
OLIVIA = Actor("olivia000001", "事業 次郎", "198.51.100.9", is_operator=True)


async def tell(
    organisation: Organisation,
    action: Action = Action.CAMERA_RENAMED,
    actor: Actor = HANAKO,
    at: datetime = AT,
    **details: Any,
) -> None:
    await write(organisation.id, actor, action, at, target="cam", target_name="正面入口", **details)


def rows(response: Any) -> list[str]:
    return [" ".join(row.get_text(" ").split()) for row in parsed(response).select("tbody tr")]


async def test_an_entry_says_who_what_when_and_from_where(
    alice: Person, organisation: Organisation
) -> None:
    await tell(organisation, changed={"name": ["入口", "正面入口"], "source": None})
    page = await alice.get("/organisation/audit")
    [row] = rows(page)
    for part in ("2026-04-01 12:00:00", "カメラ名の変更", "正面入口", "管理 花子", "192.0.2.7"):
        assert part in row
    assert "名前：入口 → 正面入口" in row
    assert "接続先：変更あり" in row


async def test_times_are_those_of_the_organisation(
    alice: Person, organisation: Organisation
) -> None:
    await Organisation.filter(id=organisation.id).update(time_zone="America/New_York")
    await tell(organisation)
    [row] = rows(await alice.get("/organisation/audit"))
    assert "2026-03-31 23:00:00" in row


async def test_an_empty_log_says_so(alice: Person) -> None:
    page = await alice.get("/organisation/audit")
    assert "記録はまだありません" in text_of(page, ".empty-state h2")
    page = await alice.get("/organisation/audit?action=camera_removed")
    assert "条件に合う記録がありません" in text_of(page, ".empty-state h2")


async def test_what_other_organisations_do_is_not_there(
    alice: Person, charlie: Person, olivia: Person, organisation: Organisation
) -> None:
    await tell(organisation)
    assert rows(await charlie.get("/organisation/audit")) == []
    [row] = rows(await olivia.get("/operator/audit"))
    assert "みなと商店街" in row
    other = await Organisation.get(name="やまて図書館")
    for owner, found in ((other, 0), (organisation, 1)):
        page = await olivia.get(f"/operator/audit?organisation={owner.public_id}")
        assert len(rows(page)) == found


async def test_an_operator_is_named_to_operators_alone(
    alice: Person, olivia: Person, organisation: Organisation
) -> None:
    member = olivia.member
    assert member is not None
    actor = Actor(member.public_id, member.name, "198.51.100.9", is_operator=True)
    await tell(organisation, Action.ORGANISATION_RESUMED, actor)
    page = await alice.get("/organisation/audit")
    assert "事業者" in rows(page)[0]
    for hidden in ("Olivia", "198.51.100.9", member.public_id):
        assert hidden not in page.text
    [row] = rows(await olivia.get("/operator/audit"))
    assert "Olivia" in row
    assert "198.51.100.9" in row


async def test_a_command_is_called_one(alice: Person, organisation: Organisation) -> None:
    await tell(organisation, Action.MEMBER_INVITED, COMMAND, role="admin")
    await tell(organisation)
    command, member = (
        await alice.get("/organisation/audit?person=-"),
        await alice.get(f"/organisation/audit?person={HANAKO.public_id}"),
    )
    assert "サーバーのコマンド" in rows(command)[0]
    assert "役割：管理ユーザ" in rows(command)[0]
    assert len(rows(command)) == len(rows(member)) == 1


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("action=camera_added", 1),
        ("action=nonsense", 4),
        ("since=2026-04-01", 3),
        ("until=2026-03-31", 1),
        ("since=2026-04-01&until=2026-04-01", 2),
        ("since=yesterday", 4),
        ("since=9999-12-31", 4),
        ("until=0001-01-01", 4),
        ("before=x-y", 4),
        ("before=99999999999999999-999999999999999999", 4),
        ("person=nobody", 0),
    ],
)
async def test_it_is_narrowed(
    alice: Person, organisation: Organisation, query: str, found: int
) -> None:
    # The first minute of April 1 in Tokyo, and the last one of March 31.
    midnight = datetime(2026, 3, 31, 15, tzinfo=UTC)
    await tell(organisation, Action.CAMERA_ADDED, at=midnight)
    await tell(organisation, at=midnight - timedelta(seconds=1))
    await tell(organisation, at=AT)
    await tell(organisation, at=AT + timedelta(days=1))
    page = await alice.get(f"/organisation/audit?{query}")
    assert page.status_code == 200
    assert len(rows(page)) == found


async def test_an_address_of_nonsense_is_no_error(any_database: Settings) -> None:
    organisation = await Organisation.create(name="みなと商店街")
    await tell(organisation)
    for nonsense in ("\x00", "\ud800", "x" * 17, "' OR 1", "%"):
        names = ("person", "organisation", "action", "since", "until", "before")
        for name in names:
            found = await find_entries(read_wanted({name: nonsense}), "Asia/Tokyo")
            assert len(found.entries) == 1, (name, nonsense)
    assert read_wanted({"person": COMMAND_ASKED}).person == COMMAND_ASKED


async def test_pages_follow_each_other_without_a_gap(
    alice: Person, organisation: Organisation
) -> None:
    # Many at the very same instant: their number decides.
    for number in range(2 * PAGE + 7):
        await tell(organisation, at=AT + timedelta(minutes=number // 30), n=number)
    seen: list[str] = []
    path = "/organisation/audit?action=camera_renamed"
    lengths = []
    while path:
        page = await alice.get(path)
        found = [str(time["datetime"]) for time in parsed(page).select("tbody time")]
        lengths.append(len(found))
        seen += found
        older = parsed(page).select("a[rel=next]")
        path = str(older[0]["href"]) if older else ""
    assert lengths == [PAGE, PAGE, 7]
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == 2 * PAGE + 7


async def test_a_page_needs_few_queries(
    alice: Person, olivia: Person, organisation: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(PAGE + 1):
        actor = Actor(f"person{number}", f"人 {number}", "192.0.2.1")
        await tell(organisation, actor=actor, at=AT + timedelta(seconds=number))
    asked: list[str] = []
    execute = SqliteClient.execute_query

    async def count(self: SqliteClient, query: str, values: list[Any] | None = None) -> Any:
        asked.append(query)
        return await execute(self, query, values)

    monkeypatch.setattr(SqliteClient, "execute_query", count)
    for person, path in ((alice, "/organisation/audit"), (olivia, "/operator/audit")):
        asked.clear()
        assert len(rows(await person.get(path))) == PAGE
        assert 0 < len(asked) <= 5


async def test_only_admins_and_operators_read(
    bob: Person, olivia: Person, alice: Person, organisation: Organisation
) -> None:
    assert (await bob.get("/organisation/audit")).status_code == 403
    assert (await alice.get("/operator/audit")).status_code == 403
    assert (await olivia.get("/organisation/audit")).status_code == 403
    assert not parsed(await bob.get("/cameras")).select('a[href="/organisation/audit"]')
    assert parsed(await alice.get("/cameras")).select('a[href="/organisation/audit"]')


async def test_english_has_words_for_every_action(
    alice: Person, organisation: Organisation
) -> None:
    assert WORDS.keys() == set(Action)
    for action in Action:
        await tell(organisation, action, changed=dict.fromkeys(FIELDS))
    assert alice.member is not None
    alice.member.language = "en"
    await alice.member.save(update_fields=["language"])
    cells: list[str] = []
    path = "/organisation/audit"
    while path:
        page = parsed(await alice.get(path))
        cells += [cell.get_text() for cell in page.select("tbody td:nth-of-type(1)")]
        older = page.select("a[rel=next]")
        path = str(older[0]["href"]) if older else ""
    assert len(cells) == len(Action)
    assert all(cell.isascii() for cell in cells), cells


async def test_what_is_not_known_here_is_still_shown(
    alice: Person, organisation: Organisation
) -> None:
    await AuditEntry.create(
        organisation=organisation,
        at=AT,
        action="from_the_future",
        details={"changed": {"odd": "shape", "other": [1, 2]}},
    )
    [row] = rows(await alice.get("/organisation/audit"))
    assert "from_the_future" in row
    assert "other：1 → 2" in row


async def test_names_are_text(alice: Person, organisation: Organisation) -> None:
    script = "<script>alert(1)</script>"
    await tell(organisation, actor=Actor("x", script), changed={"name": [script, "b"]})
    page = await alice.get("/organisation/audit")
    assert script not in page.text
    assert script in rows(page)[0]


async def test_nobody_changes_it(any_database: Settings) -> None:
    organisation = await Organisation.create(name="みなと")
    await tell(organisation)
    for change in (AuditEntry.all().update(action="x"), AuditEntry.all().delete()):
        with pytest.raises((OperationalError, asyncpg.RaiseError)):
            await change


def test_only_what_differs_is_told_and_briefly() -> None:
    before = {"name": "a", "level": 3, "source": {"path": "x"}}
    after = {"name": "b" * 300, "level": 3, "source": {"path": "y"}}
    assert changed(before, after, hidden=("source",)) == {
        "name": ["a", "b" * 100],
        "source": None,
    }
