"""利用者新規登録 and the form by which an admin changes an account."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from starlette.datastructures import FormData

from webapp.errors import UserError
from webapp.form_fields import text_field
from webapp.i18n import N_
from webapp.identity.account.profile import read_profile
from webapp.identity.models import Account, Organisation, Role
from webapp.identity.person import Details, Newcomer, check_mail, roles_of

MAIL_MISSING = N_("メールアドレスを入力してください。")
CHOOSE_ROLE = N_("役割を選んでください。")

FIELDS = ("name", "kana", "mail", "company", "department", "phone", "role", "language")


@dataclass
class MemberForm:
    """What was entered, field by field, and what is the matter with it."""

    values: dict[str, str]
    errors: dict[str, UserError] = field(default_factory=dict)

    def newcomer(self, time_zone: str) -> Newcomer:
        """Whom a form without errors asks for."""
        rest = {name: self.values[name] for name in FIELDS if name != "role"}
        return Newcomer(role=Role(self.values["role"]), time_zone=time_zone, **rest)

    def details(self) -> Details:
        """What a form without errors asks for."""
        rest = {name: self.values[name] for name in FIELDS if name not in {"role", "mail"}}
        return Details(role=Role(self.values["role"]), **rest)

    def changes(self, account: Account) -> list[str]:
        """The fields that differ from the account as it is."""
        return [name for name in FIELDS if self.values[name] != getattr(account, name)]


def empty_form(owner: Organisation, language: str) -> MemberForm:
    """For a newcomer: the least role, and the language of whoever adds them."""
    values = dict.fromkeys(FIELDS, "")
    return MemberForm({**values, "role": roles_of(owner)[0].value, "language": language})


def form_of_account(account: Account) -> MemberForm:
    """With an account as it is."""
    return MemberForm({name: str(getattr(account, name)) for name in FIELDS})


def read_form(form: FormData, owner: Organisation, account: Account | None = None) -> MemberForm:
    """Read and check what was posted; the mail address of an ``account`` stays what it is.

    What the account's person may enter, and how it is tidied, is the same in both managers.
    """
    profile, wrong = read_profile(form)
    values = {name: text_field(form, name) for name in FIELDS}
    values |= {name: value for name, value in profile.values().items() if name in FIELDS}
    read = MemberForm(values, {name: error for name, error in wrong.items() if name in FIELDS})
    if account is None:
        _check(read, "mail", _mail)
    else:
        read.values["mail"] = account.mail
    _check(read, "role", partial(_role, owner))
    read.errors = {name: read.errors[name] for name in FIELDS if name in read.errors}
    return read


def _check(read: MemberForm, name: str, check: Callable[[str], str]) -> None:
    try:
        read.values[name] = check(read.values[name])
    except UserError as error:
        read.errors[name] = error


def _mail(value: str) -> str:
    if not value:
        raise UserError(MAIL_MISSING, field="mail")
    return check_mail(unicodedata.normalize("NFKC", value))


def _role(owner: Organisation, value: str) -> str:
    if value not in {role.value for role in roles_of(owner)}:
        raise UserError(CHOOSE_ROLE, field="role")
    return value
