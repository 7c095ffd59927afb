"""Mail addresses as they are kept, whoever types them: a person, an admin, the operator."""

from __future__ import annotations

import unicodedata

from webapp.errors import UserError
from webapp.i18n import N_
from webapp.mail.address import NO_ADDRESS, address_of

LONGEST_MAIL = 254
MAIL_WRONG = N_("メールアドレスを正しく入力してください。")


def clean_mail(text: str) -> str:
    """A mail address as it is kept, from what somebody typed, in full width perhaps."""
    printable = "".join(c for c in _folded(text) if c.isprintable())
    return printable.strip()[:LONGEST_MAIL]


def check_mail(text: str) -> str:
    """Accept one plain mail address that a letter can be sent to; returns it as it is kept.

    The part before the ``@`` is in ASCII: mail servers know no other for sure.
    """
    mail = _folded(text)
    plain = mail.isprintable() and not any(letter in mail for letter in ' ,;:<>()[]\\"')
    if not plain or len(mail) > LONGEST_MAIL or not _has_way(mail):
        raise UserError(MAIL_WRONG, field="mail")
    return clean_mail(mail)


def _has_way(mail: str) -> bool:
    try:
        address_of(mail)
    except NO_ADDRESS:
        return False
    return True


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().lower()
