"""The demonstration's people at our own identity provider.

They get the password that the start prints. Nobody has consented to anything: whoever signs
in first sees what a newcomer sees.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from webapp.database import IDENTITY, transaction
from webapp.identity import organisations
from webapp.identity.models import Account, Organisation, Role
from webapp.identity.parts import Parts

# Known to whoever reads this: the demonstration is for one's own machine. Nobody else may
# choose it.
PASSWORD = "nigiwai-demo-machi"  # noqa: S105 - meant to be known


@dataclass(frozen=True, slots=True)
class DemoOrganisation:
    """An organisation of the demonstration, by its public id in both databases."""

    public_id: str
    name: str
    is_operator: bool = False


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Somebody of the demonstration; ``public_id`` is the subject that the app sees."""

    public_id: str
    organisation: DemoOrganisation
    name: str
    mail: str
    role: Role


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """What somebody needs to sign in, to be shown at the start."""

    organisation: str
    name: str
    mail: str
    password: str


STREET = DemoOrganisation("demo", "デモ商店街")
LIBRARY = DemoOrganisation("demolibrary", "はじめての図書館")
OPERATORS = DemoOrganisation("operator", "事業者", is_operator=True)
ORGANISATIONS = (STREET, LIBRARY, OPERATORS)
PEOPLE = (
    DemoPerson("demoadmin", STREET, "管理 花子", "admin@demo.example", Role.ADMIN),
    DemoPerson("demomember", STREET, "一般 太郎", "member@demo.example", Role.GENERAL),
    DemoPerson("demonew", LIBRARY, "新田 はじめ", "new@demo.example", Role.ADMIN),
    DemoPerson("demooperator", OPERATORS, "事業 次郎", "operator@demo.example", Role.OPERATOR),
)


def demo_accounts() -> list[DemoAccount]:
    """With what one can sign in to the demonstration."""
    return [
        DemoAccount(person.organisation.name, person.name, person.mail, PASSWORD)
        for person in PEOPLE
    ]


async def seed_accounts(parts: Parts, at: datetime) -> None:
    """Make the organisations that are not there yet, with their people.

    Whoever removes an account, or changes a password, finds it so at the next start.
    """
    for organisation in ORGANISATIONS:
        if await Organisation.exists(public_id=organisation.public_id):
            continue
        people = [person for person in PEOPLE if person.organisation is organisation]
        hashes = [await parts.passwords.hash(PASSWORD) for _ in people]
        async with transaction(IDENTITY):
            made = await organisations.create_organisation(
                organisation.public_id,
                organisation.name,
                at,
                is_operator=organisation.is_operator,
            )
            for person, password_hash in zip(people, hashes, strict=True):
                await Account.create(
                    public_id=person.public_id,
                    organisation=made,
                    name=person.name,
                    mail=person.mail,
                    role=person.role,
                    password_hash=password_hash,
                    password_changed_at=at,
                    created_at=at,
                )
