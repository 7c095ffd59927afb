"""What the audit log says, in words: values of fields, and what changed in an entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from webapp.audit.actions import FIELDS
from webapp.i18n import N_, Locale
from webapp.models import AuditEntry, Role
from webapp.organisations.zones import COMMON

ON, OFF, NOTHING = N_("オン"), N_("オフ"), N_("なし")

ROLES = {
    Role.ADMIN: N_("管理ユーザ"),
    Role.GENERAL: N_("一般ユーザ"),
    Role.OPERATOR: N_("事業者"),
}
_LANGUAGES = {"ja": "日本語", "en": "English"}
_VALUES: dict[str, Mapping[str, str]] = {
    "role": {role.value: word for role, word in ROLES.items()},
    "time_zone": COMMON,
    "language": _LANGUAGES,
    "shows": {
        "both": N_("両方（切り替えて表示）"),
        "picture": N_("混雑状況可視化"),
        "forecast": N_("混雑予測"),
    },
    "first": {"picture": N_("混雑状況可視化"), "forecast": N_("混雑予測")},
    "placement": {
        "above": N_("QRコードの上部表示"),
        "below": N_("QRコードの下部表示"),
        "button": N_("リンクボタンの表示"),
        "none": N_("表示なし"),
    },
}


@dataclass(frozen=True, slots=True)
class Change:
    """One field: its word, and its values in words; None for both says only that it changed."""

    field: str
    before: str | None = None
    after: str | None = None


def value_in_words(field: str, value: Any, locale: Locale) -> str:
    """A value as people say it."""
    if isinstance(value, bool):
        return locale.gettext(ON if value else OFF)
    if value in {None, ""}:
        return locale.gettext(NOTHING)
    return locale.gettext(_VALUES.get(field, {}).get(str(value), "")) or str(value)


def changes_of(entry: AuditEntry, locale: Locale) -> list[Change]:
    """What an entry says of fields; nothing where it says it in a form that is not known."""
    details = entry.details if isinstance(entry.details, dict) else {}
    changed = details.get("changed")
    found = [
        _change(field, pair, locale)
        for field, pair in (changed.items() if isinstance(changed, dict) else ())
    ]
    if "role" in details:
        word = FIELDS["role"]
        role = value_in_words("role", details["role"], locale)
        found.append(Change(locale.gettext(word), after=role))
    return found


def _change(field: str, pair: Any, locale: Locale) -> Change:
    word = locale.gettext(FIELDS.get(field, "")) or field
    if not isinstance(pair, list) or len(pair) != 2:
        return Change(word)
    before, after = (value_in_words(field, value, locale) for value in pair)
    return Change(word, before, after)
