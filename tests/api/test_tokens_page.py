"""APIトークン below 組織設定: making, listing and revoking."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tests.builders import make_api_token
from tests.html import error_of, one, parsed, text_of
from tests.people import Person
from webapp.audit.actions import Action
from webapp.domain.api_tokens import MOST_TOKENS, Scope, is_token
from webapp.models import ApiToken, AuditEntry, Organisation
from webapp.tokens import token_hash

PATH = "/organisation/tokens"
FORM = {"name": "案内板", "scope": ["state:read", "forecast:read"]}


async def test_a_token_is_made_shown_once_and_told(alice: Person) -> None:
    page = await alice.send_form(PATH, **FORM)
    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store"
    shown = str(one(page, "#token")["value"])
    assert is_token(shown)
    row = await ApiToken.get()
    assert row.token_hash == token_hash(shown)
    assert row.scopes == ["state:read", "forecast:read"]
    assert (row.expires_at, row.last_used_at, row.made_by) == (None, None, "Alice")
    again = await alice.get(PATH)
    assert not parsed(again).select("#token")
    said = text_of(again, f"#token-{row.public_id}")
    for word in ("案内板", shown[-4:], "現在の状態、混雑予測", "なし", "まだ使われていません"):
        assert word in said
    told = await AuditEntry.get()
    assert (told.action, told.target, told.target_name) == (
        Action.API_TOKEN_MADE,
        row.public_id,
        "案内板",
    )
    assert told.details["changed"] == {"scopes": ["", "state:read, forecast:read"]}


async def test_the_last_day_is_the_organisations(alice: Person) -> None:
    today = datetime.now(UTC) + timedelta(hours=9)
    day = (today + timedelta(days=30)).date()
    await alice.send_form(PATH, **FORM, last_day=day.isoformat())
    row = await ApiToken.get()
    assert row.expires_at == datetime(day.year, day.month, day.day, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("name", {"name": ""}),
        ("name", {"name": "x" * 61}),
        ("last_day", {"last_day": "2020-01-01"}),
        ("last_day", {"last_day": "9999-12-31"}),
        ("last_day", {"last_day": "soon"}),
    ],
)
async def test_what_makes_no_sense_is_told_at_its_field(
    field: str, fields: dict[str, str], alice: Person
) -> None:
    page = await alice.send_form(PATH, **{**FORM, **fields})
    assert page.status_code == 422
    assert error_of(page, field)
    assert not await ApiToken.exists()


@pytest.mark.parametrize("scope", [[], ["everything"], "state:write"])
async def test_a_token_reads_something_that_there_is(scope: object, alice: Person) -> None:
    page = await alice.send_form(PATH, name="案内板", scope=scope)
    assert page.status_code == 422
    assert "1つ以上" in text_of(page, "#scope-error")
    assert not await ApiToken.exists()


async def test_sending_the_form_twice_makes_one(alice: Person, charlie: Person) -> None:
    await alice.send_form(PATH, **FORM)
    page = await alice.send_form(PATH, **FORM)
    assert page.status_code == 422
    assert "すでにあります" in error_of(page, "name")
    assert await ApiToken.all().count() == 1
    assert (await charlie.send_form(PATH, **FORM)).status_code == 200, "names are their own"


async def test_there_are_so_many_and_no_more_even_at_once(
    alice: Person, organisation: Organisation
) -> None:
    for number in range(MOST_TOKENS - 1):
        await make_api_token(organisation, name=f"{number}")
    answers = await asyncio.gather(
        *(alice.send_form(PATH, **{**FORM, "name": f"同時{number}"}) for number in range(4))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 422, 422, 422]
    assert await ApiToken.all().count() == MOST_TOKENS
    assert not parsed(await alice.get(PATH)).select("form input[name=name]")


async def test_revoking_is_told_and_for_its_own_admins(
    alice: Person, bob: Person, charlie: Person, organisation: Organisation
) -> None:
    await make_api_token(organisation, Scope.STATE)
    row = await ApiToken.get()
    path = f"{PATH}/{row.public_id}/revoke"
    assert (await bob.send_form(path)).status_code == 403
    assert (await charlie.send_form(path)).status_code == 404
    assert await ApiToken.exists()
    page = await alice.send_form(path)
    assert (page.status_code, page.headers["location"]) == (303, f"{PATH}?done=api_token_revoked")
    assert not await ApiToken.exists()
    told = await AuditEntry.get()
    assert (told.action, told.target, told.actor_name) == (
        Action.API_TOKEN_REVOKED,
        row.public_id,
        "Alice",
    )
    assert (await alice.send_form(path)).status_code == 404


async def test_one_past_its_end_says_so(alice: Person, organisation: Organisation) -> None:
    end = datetime.now(UTC) - timedelta(days=1)
    await make_api_token(organisation, expires_at=end)
    row = await ApiToken.get()
    assert "期限切れ" in text_of(await alice.get(PATH), f"#token-{row.public_id}")


async def test_admins_find_the_page_from_the_settings(alice: Person, bob: Person) -> None:
    link = f'a[href="{PATH}"]'
    assert parsed(await alice.get("/organisation")).select(link)
    assert not parsed(await bob.get("/organisation")).select(link)


async def test_anybody_may_read_how_it_is_used(anonymous: Person) -> None:
    for language, title in (("ja", "APIの使い方"), ("en", "How to use the API")):
        page = await anonymous.get("/help/api", headers={"Accept-Language": language})
        assert text_of(page, "h1") == title
        assert "curl" in page.text
