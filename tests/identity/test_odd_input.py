"""What no browser of ours sends is refused like anything unknown, on both databases (TRUST 23).

Databases do not even look for some texts: NUL, halves of a character, ids that fill no column.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from urllib.parse import quote

import pytest

from tests.identity.people import Visitor, parts_on, sign_in, visitor
from tests.identity.test_routes import SAMPLES
from webapp.identity.app import build_identity
from webapp.identity.models import Account
from webapp.identity.parts import Parts
from webapp.identity.passwords import Passwords
from webapp.identity.second_factor import passkeys
from webapp.identity.urls import ENTRIES, Entry
from webapp.settings import Settings

ODD = {
    "nul inside": "a\x00b",
    "of no column": "x" * 17,
    "long": "x" * 20_000,
    "wide": "９９９９９９",
}
FIELDS = sorted({name for sample in SAMPLES.values() for name in sample} - {"next", "back"})


@pytest.fixture
def parts(any_database: Settings, passwords: Passwords) -> Parts:
    return parts_on(any_database, passwords)


@pytest.fixture
async def anyone(parts: Parts, account: Account) -> AsyncIterator[Visitor]:
    """Alice, signed in."""
    identity = build_identity(parts)
    async with visitor(identity) as person:
        await sign_in(person, identity, account)
        yield person


async def test_odd_ids_and_fields_break_no_route(anyone: Visitor) -> None:
    broken = []
    for entry in ENTRIES:
        for name, text in ODD.items():
            if (status := await status_of(anyone, entry, text)) >= 500:
                broken.append((entry.method, entry.path, name, status))
    assert broken == []


@pytest.mark.parametrize("charset", ["utf-7", "unicode_escape"])
async def test_halves_of_characters_break_no_form(anyone: Visitor, charset: str) -> None:
    half = {"utf-7": "+2AA-", "unicode_escape": "\\ud800"}[charset]
    broken = []
    for entry in ENTRIES:
        if entry.method != "POST":
            continue
        answer = await anyone.post(
            path(entry, "x"),
            content=multipart({**dict.fromkeys(FIELDS, half), "csrf": anyone.csrf}),
            headers={"content-type": f"multipart/form-data; boundary=b; charset={charset}"},
        )
        if answer.status_code >= 500:
            broken.append((entry.path, answer.status_code))
    assert broken == []


@pytest.mark.parametrize("odd", ["\\u0000", "\\ud800", "a" * 701])
async def test_no_passkey_is_called_that(parts: Parts, account: Account, odd: str) -> None:
    at = datetime.now(UTC)
    _, challenge = await passkeys.login_options(account, parts.settings)
    answer = f'{{"id": "{odd}"}}'
    assert not await passkeys.check(account, answer, challenge, at, parts.settings)


async def status_of(person: Visitor, entry: Entry, text: str) -> int:
    """What comes of the text in place of each id and each field."""
    fields = dict.fromkeys(FIELDS, text)
    if entry.method == "GET":
        answer = await person.get(
            path(entry, text), params={name: value[:300] for name, value in fields.items()}
        )
    else:
        answer = await person.send_form(path(entry, text), **fields)
    return answer.status_code


def path(entry: Entry, text: str) -> str:
    shown = quote(text[:3000], safe="")
    return entry.path.format(token=shown, account=shown, passkey=shown, client=shown)


def multipart(fields: dict[str, str]) -> bytes:
    """The parts of a form, each as it is."""
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'
        for name, text in fields.items()
    ]
    return "".join([*parts, "--b--\r\n"]).encode()
