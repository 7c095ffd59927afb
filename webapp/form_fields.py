"""Fields of posted forms, shared by the app and the identity provider."""

from __future__ import annotations

from starlette.datastructures import FormData

from webapp.errors import UserError
from webapp.i18n import N_

NAME_MISSING = N_("名前を入力してください。")
NAME_TOO_LONG = N_("名前は%(limit)s文字以内で入力してください。")


def text_field(form: FormData, name: str) -> str:
    """A text field without surrounding blanks; empty when it is missing or a file."""
    value = form.get(name, "")
    return value.strip() if isinstance(value, str) else ""


def name_field(form: FormData, name: str = "name", limit: int = 60) -> str:
    """A name people gave: one line, without invisible control characters, 1..``limit`` long.

    Raises ``UserError`` for the field when it is empty or too long.
    """
    value = "".join(c for c in text_field(form, name) if c.isprintable()).strip()
    if not value:
        raise UserError(NAME_MISSING, field=name)
    if len(value) > limit:
        raise UserError(NAME_TOO_LONG, field=name, limit=limit)
    return value
