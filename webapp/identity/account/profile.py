"""アカウント情報: what an account says of its person, as it is read, checked and changed."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from babel.dates import get_timezone_location
from starlette.datastructures import FormData

from webapp.database import IDENTITY, transaction
from webapp.errors import UserError
from webapp.form_fields import text_field
from webapp.i18n import LANGUAGES, N_
from webapp.identity.account.telling import note
from webapp.identity.browser import Visitor
from webapp.identity.models import Account
from webapp.tokens import token_hash

PROFILE = "profile"

LONGEST_NAME = 100
LONGEST_PHONE = 30
LEAST_DIGITS, MOST_DIGITS = 6, 15

NAME_MISSING = N_("氏名を入力してください。")
TOO_LONG = N_("%(most)s文字以内で入力してください。")
KANA_WRONG = N_("フリガナは全角カタカナで入力してください。")
PHONE_WRONG = N_("電話番号は数字とハイフンで入力してください。例: 03-1234-5678")
LANGUAGE_WRONG = N_("表示言語を一覧から選んでください。")
ZONE_WRONG = N_("タイムゾーンを一覧から選んでください。")

# Katakana with what joins its words, and letters for names that are written with them.
_KANA = re.compile(r"[ァ-ヺーヽヾ・゠A-Za-zÀ-ÖØ-öø-ɏ'’.\- ]*")
_PHONE = re.compile(r"\+?[0-9() -]*")
_TO_KATAKANA = {code: code + 0x60 for code in range(ord("ぁ"), ord("ゖ") + 1)}


@dataclass(frozen=True, slots=True)
class Profile:
    """What an account says of its person, and how that person reads."""

    name: str
    kana: str
    company: str
    department: str
    phone: str
    language: str
    time_zone: str

    @classmethod
    def of(cls, account: Account) -> Profile:
        """As it is kept."""
        return cls(**{field.name: getattr(account, field.name) for field in fields(cls)})

    def stamp(self) -> str:
        """Tells whether what was shown is still what is kept."""
        return token_hash(json.dumps(asdict(self)))

    def values(self) -> dict[str, str]:
        """Field by field."""
        return asdict(self)


def read_profile(form: FormData) -> tuple[Profile, dict[str, UserError]]:
    """What was typed, tidied, and what is wrong with it, field by field."""
    errors: dict[str, UserError] = {}
    values = {}
    for name, check in _CHECKS.items():
        text = _one_line(text_field(form, name))
        try:
            values[name] = check(text)
        except UserError as error:
            values[name], errors[name] = text, error
    return Profile(**values), errors


async def update_profile(
    account: Account, profile: Profile, seen: str, visitor: Visitor, at: datetime
) -> bool:
    """Keep the profile; False when it was changed since it was shown (``seen`` is its stamp).

    The update itself looks for the values that were shown: of two at once, one finds them.
    """
    async with transaction(IDENTITY):
        before = Profile.of(await Account.get(id=account.id))
        if before.stamp() != seen:
            return False
        same = Account.filter(id=account.id, **before.values())
        if await same.update(**profile.values()) != 1:
            return False
        was, now = before.values(), profile.values()
        changed = [name for name in now if now[name] != was[name]]
        await note(account, PROFILE, visitor, at, changed=changed)
    return True


def zones(language: str, at: datetime, current: str) -> list[tuple[str, str]]:
    """The time zones to choose from with their words, from west to east, and the current one."""
    known = {*_ZONES, current}
    by_offset = sorted(known, key=lambda zone: (at.astimezone(ZoneInfo(zone)).utcoffset(), zone))
    return [(zone, zone_in_words(zone, language, at)) for zone in by_offset]


def zone_in_words(zone: str, language: str, at: datetime) -> str:
    """``東京 (UTC+09:00)``."""
    offset = at.astimezone(ZoneInfo(zone)).strftime("%z")
    return f"{_city(zone, language)} (UTC{offset[:3]}:{offset[3:5]})"


@cache
def _city(zone: str, language: str) -> str:
    return "UTC" if zone == "UTC" else get_timezone_location(zone, language, return_city=True)


def _one_line(text: str) -> str:
    """Without invisible control characters, and composed as keyboards do."""
    # The wide blank between two names is no control character, whatever ``isprintable`` says.
    text = "".join(c for c in text.replace("\u3000", " ") if c.isprintable())
    return unicodedata.normalize("NFC", text).strip()


def _name(text: str) -> str:
    if not text:
        raise UserError(NAME_MISSING)
    return _short(text)


def _short(text: str) -> str:
    if len(text) > LONGEST_NAME:
        raise UserError(TOO_LONG, most=LONGEST_NAME)
    return text


def _kana(text: str) -> str:
    """Hiragana and half-width letters are taken for what they mean."""
    text = unicodedata.normalize("NFKC", text).translate(_TO_KATAKANA)
    if not _KANA.fullmatch(text):
        raise UserError(KANA_WRONG)
    return _short(text)


def _phone(text: str) -> str:
    text = re.sub(r"[‐‑–—−ー]", "-", unicodedata.normalize("NFKC", text))
    digits = sum(c.isdigit() for c in text)
    good = _PHONE.fullmatch(text) and LEAST_DIGITS <= digits <= MOST_DIGITS
    if text and not (good and len(text) <= LONGEST_PHONE):
        raise UserError(PHONE_WRONG)
    return text


def _language(text: str) -> str:
    if text not in LANGUAGES:
        raise UserError(LANGUAGE_WRONG)
    return text


def _zone(text: str) -> str:
    if text not in available_timezones():
        raise UserError(ZONE_WRONG)
    return text


_CHECKS: dict[str, Callable[[str], str]] = {
    "name": _name,
    "kana": _kana,
    "company": _short,
    "department": _short,
    "phone": _phone,
    "language": _language,
    "time_zone": _zone,
}

# One for each difference that people notice, rather than six hundred.
_ZONES = (
    "Pacific/Honolulu",
    "America/Anchorage",
    "America/Los_Angeles",
    "America/Denver",
    "America/Chicago",
    "America/Mexico_City",
    "America/New_York",
    "America/Bogota",
    "America/Santiago",
    "America/Sao_Paulo",
    "UTC",
    "Europe/London",
    "Europe/Paris",
    "Europe/Berlin",
    "Europe/Athens",
    "Africa/Cairo",
    "Africa/Johannesburg",
    "Europe/Istanbul",
    "Asia/Riyadh",
    "Asia/Dubai",
    "Asia/Karachi",
    "Asia/Kolkata",
    "Asia/Dhaka",
    "Asia/Bangkok",
    "Asia/Ho_Chi_Minh",
    "Asia/Jakarta",
    "Asia/Singapore",
    "Asia/Manila",
    "Asia/Hong_Kong",
    "Asia/Shanghai",
    "Asia/Taipei",
    "Asia/Seoul",
    "Asia/Tokyo",
    "Australia/Perth",
    "Australia/Adelaide",
    "Australia/Sydney",
    "Pacific/Guam",
    "Pacific/Auckland",
)
