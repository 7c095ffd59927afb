"""What is told of a person: accepted or refused in words that help."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Any

from webapp.errors import UserError
from webapp.i18n import LANGUAGES, N_
from webapp.identity.mail_address import check_mail as check_mail
from webapp.identity.models import Organisation, Role

MOST_LETTERS = 100  # of a name
MOST_OF_PHONE = 30

NAME_WRONG = N_("名前は1〜%(most)s文字で、改行や制御文字を含めずに入力してください。")
TEXT_WRONG = N_("%(most)s文字以内で、改行や制御文字を含めずに入力してください。")
PHONE_WRONG = N_("電話番号は数字、+、-、( )で入力してください。")
LANGUAGE_WRONG = N_("言語は ja か en を指定してください。")


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody who is to get an account; ``time_zone`` is that of whoever adds them."""

    mail: str
    name: str
    role: Role
    language: str = "ja"
    kana: str = ""
    company: str = ""
    department: str = ""
    phone: str = ""
    time_zone: str = "Asia/Tokyo"


@dataclass(frozen=True, slots=True)
class Details:
    """What an admin may change of an account."""

    name: str
    role: Role
    language: str
    kana: str = ""
    company: str = ""
    department: str = ""
    phone: str = ""


def check_name(value: str, field: str = "name") -> str:
    """Accept 1 to 100 printable characters; a wide blank between names becomes a plain one."""
    value = _plain(value)
    if not value or len(value) > MOST_LETTERS or not value.isprintable():
        raise UserError(NAME_WRONG, field=field, most=MOST_LETTERS)
    return value


def check_text(value: str, field: str) -> str:
    """Accept nothing, or up to 100 printable characters."""
    value = _plain(value)
    if len(value) > MOST_LETTERS or (value and not value.isprintable()):
        raise UserError(TEXT_WRONG, field=field, most=MOST_LETTERS)
    return value


def check_phone(value: str) -> str:
    """Accept nothing, or a number as people write one; full width becomes half width."""
    value = unicodedata.normalize("NFKC", value).strip()
    if len(value) > MOST_OF_PHONE or set(value) - set("0123456789+-() "):
        raise UserError(PHONE_WRONG, field="phone")
    return value


def check_language(value: str) -> str:
    """Accept a language that we speak."""
    if value not in LANGUAGES:
        raise UserError(LANGUAGE_WRONG, field="language")
    return value


def roles_of(owner: Organisation) -> tuple[Role, ...]:
    """The roles that accounts of an organisation can have, the least first."""
    return (Role.OPERATOR,) if owner.is_operator else (Role.GENERAL, Role.ADMIN)


def _plain(value: str) -> str:
    return value.replace("\u3000", " ").strip()


def columns_of(person: Newcomer | Details) -> dict[str, Any]:
    """The columns of an account that somebody asks for."""
    return {
        "name": check_name(person.name),
        "kana": check_text(person.kana, "kana"),
        "company": check_text(person.company, "company"),
        "department": check_text(person.department, "department"),
        "phone": check_phone(person.phone),
        "language": check_language(person.language),
        "role": person.role,
    }
