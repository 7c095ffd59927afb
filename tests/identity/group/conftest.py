"""Whoever comes to the Group Manager: Alice, Bob, Charlie, an operator, and nobody."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from starlette.applications import Starlette

from tests.identity.people import *  # noqa: F403
from tests.identity.people import Visitor, make_account, sign_in, visitor
from webapp.identity.models import Account, Organisation, Role
from webapp.identity.parts import Parts


@pytest.fixture
async def bob(parts: Parts, organisation: Organisation) -> Account:
    """一般ユーザ of Alice's organisation."""
    return await make_account(parts, organisation, "Bob", role=Role.GENERAL)


@pytest.fixture
async def charlie(parts: Parts) -> Account:
    """The admin of another organisation."""
    other = await Organisation.create(name="やまて図書館")
    return await make_account(parts, other, "Charlie")


@pytest.fixture
async def olivia(parts: Parts) -> Account:
    """事業者."""
    office = await Organisation.create(name="事業者", is_operator=True)
    return await make_account(parts, office, "Olivia", role=Role.OPERATOR)


@pytest.fixture
async def visitors(
    identity: Starlette,
    stranger: Visitor,
    someone: Visitor,
    bob: Account,
    charlie: Account,
    olivia: Account,
) -> AsyncIterator[dict[str, Visitor]]:
    """Each of them at a browser."""
    people = {"anonymous": stranger, "admin": someone}
    for name, account in (("general", bob), ("other admin", charlie), ("operator", olivia)):
        people[name] = visitor(identity)
        await sign_in(people[name], identity, account)
    yield people
    for name in ("general", "other admin", "operator"):
        await people[name].aclose()
