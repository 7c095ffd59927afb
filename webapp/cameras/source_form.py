"""The part of a camera's form that leads to its pictures, by its connector's field schema."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from nigiwai_connector_api import ConnectorInfo, Field, Kind
from starlette.datastructures import FormData

from webapp.connectors import CameraUnreachable
from webapp.connectors.addresses import MAX_URL_LENGTH, parse_url
from webapp.connectors.file import check_name, read_crop
from webapp.errors import UserError
from webapp.form_fields import text_field
from webapp.i18n import N_

CROP_FIELDS = ("crop_x", "crop_y", "crop_width", "crop_height")
LIMIT = 200
NUMBERS_LIMIT = 20

MISSING = N_("%(title)sを入力してください。")
BAD_HTTP_URL = N_("http:// または https:// で始まる、カメラのURLを入力してください。")
BAD_URL = N_("%(schemes)s で始まる、カメラのURLを入力してください。")
BAD_PATH = N_("映像フォルダの中のファイル名を入力してください。「..」や先頭の「/」は使えません。")
BAD_CROP = N_(
    "切り抜きは、左・上・幅・高さの4つを0以上の整数で入力してください。幅と高さは16以上です。"
)
BAD_NUMBERS = N_("数字をカンマで区切って入力してください。")
PASSWORD_AGAIN = N_(
    "接続先・ユーザ名・証明書の設定を変更したときは、パスワードをもう一度入力してください。"
)
TOO_LONG = N_("%(limit)s文字以内で入力してください。")


@dataclass(frozen=True, slots=True)
class Kept:
    """What is stored of a camera: its connector and the source that leads to its pictures."""

    connector: str = ""
    source: Mapping[str, Any] = field(default_factory=dict)

    def of(self, connector: str) -> Mapping[str, Any]:
        """The source, as far as it is one of this connector."""
        return self.source if connector == self.connector else {}


@dataclass(slots=True)
class SourceForm:
    """Values to show again (never a secret), errors by field, and the source that was read.

    ``kept_secrets`` and ``hidden`` name the fields of which something is stored that is not
    shown: passwords, and addresses that hold a query (some cameras take passwords there).
    """

    values: dict[str, str] = field(default_factory=dict)
    errors: dict[str, UserError] = field(default_factory=dict)
    source: dict[str, Any] = field(default_factory=dict)
    kept_secrets: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()


def shown_source(info: ConnectorInfo | None, kept: Kept) -> SourceForm:
    """Put what is stored into the form."""
    if info is None:
        return SourceForm()
    shown = _empty(info, kept)
    source = kept.of(info.name)
    for entry in info.fields:
        value = source.get(entry.name)
        if entry.name == "crop":
            shown.values.update(zip(CROP_FIELDS, map(str, value or [""] * 4), strict=True))
        elif entry.kind is Kind.SWITCH:
            shown.values[entry.name] = "1" if value else ""
        elif entry.kind is Kind.NUMBERS:
            shown.values[entry.name] = ", ".join(map(str, value or []))
        elif entry.kind is Kind.CHOSEN:
            continue
        elif not entry.is_secret and entry.name not in shown.hidden:
            shown.values[entry.name] = str(value or "")
    return shown


def read_source_form(
    form: FormData, info: ConnectorInfo | None, kept: Kept, language: str
) -> SourceForm:
    """Read what was entered; an empty secret is the one that is kept, for the same place."""
    if info is None:
        return SourceForm()
    read = _empty(info, kept)
    names = [entry.name for entry in info.fields if not entry.is_secret]
    read.values = {name: text_field(form, name) for name in (*names, *CROP_FIELDS)}
    secrets = {name: text_field(form, name) for name in info.secrets}
    _move_credentials(info, read.values, secrets)
    for entry in info.fields:
        _read_field(read, entry, kept.of(info.name), language)
    _read_secrets(read, info, secrets, kept.of(info.name))
    return read


def _empty(info: ConnectorInfo, kept: Kept) -> SourceForm:
    source = kept.of(info.name)
    return SourceForm(
        kept_secrets=frozenset(name for name in info.secrets if source.get(name)),
        hidden=frozenset(
            entry.name
            for entry in info.fields
            if entry.kind is Kind.ADDRESS and "?" in str(source.get(entry.name, ""))
        ),
    )


def _read_field(form: SourceForm, entry: Field, kept: Mapping[str, Any], language: str) -> None:
    name = entry.name
    try:
        if entry.is_secret:
            return
        value = _READERS[entry.kind](form, entry, kept)
    except UserError as error:
        form.errors[name] = error
        return
    if value:
        form.source[name] = value
    elif entry.required:
        form.errors[name] = UserError(MISSING, field=name, title=entry.titles[language])
    elif entry.kind is Kind.TEXT:
        form.source[name] = ""


def _text(form: SourceForm, entry: Field, kept: Mapping[str, Any]) -> str:  # noqa: ARG001
    value = form.values[entry.name]
    if entry.name == "path":
        return _path(value)
    if len(value) > LIMIT:
        raise UserError(TOO_LONG, field=entry.name, limit=LIMIT)
    return value


def _path(value: str) -> str:
    if not value:
        raise UserError(BAD_PATH, field="path")
    try:
        return check_name(value)
    except CameraUnreachable:
        raise UserError(BAD_PATH, field="path") from None


def _address(form: SourceForm, entry: Field, kept: Mapping[str, Any]) -> str:
    url = form.values[entry.name]
    if not url and entry.name in form.hidden:
        url = str(kept[entry.name])
    if not url:
        return ""
    try:
        if len(url) > MAX_URL_LENGTH:
            raise UserError(TOO_LONG, field=entry.name, limit=MAX_URL_LENGTH)
        parse_url(url, entry.schemes)
    except CameraUnreachable:
        if set(entry.schemes) == {"http", "https"}:
            raise UserError(BAD_HTTP_URL, field=entry.name) from None
        schemes = " / ".join(f"{scheme}://" for scheme in entry.schemes)
        raise UserError(BAD_URL, field=entry.name, schemes=schemes) from None
    return url


def _switch(form: SourceForm, entry: Field, kept: Mapping[str, Any]) -> bool:  # noqa: ARG001
    return bool(form.values[entry.name])


def _numbers(form: SourceForm, entry: Field, kept: Mapping[str, Any]) -> list[int]:  # noqa: ARG001
    if entry.name == "crop":
        return _crop(form)
    parts = form.values[entry.name].replace("，", ",").split(",")
    numbers = [part.strip() for part in parts if part.strip()]
    if len(numbers) > NUMBERS_LIMIT or not all(map(_is_number, numbers)):
        raise UserError(BAD_NUMBERS, field=entry.name)
    return [int(number) for number in numbers]


def _crop(form: SourceForm) -> list[int]:
    entered = [form.values[name] for name in CROP_FIELDS]
    if not any(entered):
        return []
    crop = [int(number) if _is_number(number) else -1 for number in entered]
    try:
        read_crop(crop)
    except CameraUnreachable:
        raise UserError(BAD_CROP, field="crop") from None
    return crop


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 6


def _chosen(form: SourceForm, entry: Field, kept: Mapping[str, Any]) -> str:  # noqa: ARG001
    """Keep what was chosen on a page of its own, whatever a form may say."""
    return str(kept.get(entry.name, ""))


_READERS = {
    Kind.CHOSEN: _chosen,
    Kind.TEXT: _text,
    Kind.ADDRESS: _address,
    Kind.SWITCH: _switch,
    Kind.NUMBERS: _numbers,
}


def _read_secrets(
    form: SourceForm, info: ConnectorInfo, secrets: Mapping[str, str], kept: Mapping[str, Any]
) -> None:
    for name, secret in secrets.items():
        if len(secret) > LIMIT:
            form.errors[name] = UserError(TOO_LONG, field=name, limit=LIMIT)
        elif secret or name not in form.kept_secrets or not _asks_as_somebody(form, info):
            form.source[name] = secret
        elif form.errors:
            continue  # where it would be sent is not known yet
        elif not _is_same_place(form.source, info, kept):
            # Else an address of somebody else's would be given the kept password.
            form.errors[name] = UserError(PASSWORD_AGAIN, field=name)
        else:
            form.source[name] = str(kept[name])


def _asks_as_somebody(form: SourceForm, info: ConnectorInfo) -> bool:
    """Whether a user name was given, where the connector has one: none, then no password."""
    has_user = any(entry.name == "user" for entry in info.fields)
    return not has_user or bool(form.values["user"])


def _is_same_place(source: Mapping[str, Any], info: ConnectorInfo, kept: Mapping[str, Any]) -> bool:
    for entry in info.fields:
        before, now = str(kept.get(entry.name) or ""), str(source.get(entry.name) or "")
        if entry.name == "any_certificate" and entry.kind is Kind.SWITCH:
            if now and not before:  # anybody on the way could now take the camera's place
                return False
            continue
        if entry.kind is Kind.ADDRESS:
            before, now = str(_origin(before)), str(_origin(now))
        elif entry.kind is not Kind.TEXT or entry.name == "profile":
            continue
        if before != now:
            return False
    return True


def _move_credentials(info: ConnectorInfo, values: dict[str, str], secrets: dict[str, str]) -> None:
    """Take name and password out of an address: fields are kept apart, an address is shown."""
    if "user" not in values or "password" not in secrets:
        return
    for entry in info.fields:
        url = values.get(entry.name, "")
        if entry.kind is not Kind.ADDRESS or "@" not in url:
            continue
        try:
            parts = urlsplit(url)
            host = parts.netloc.rpartition("@")[2]
        except ValueError:
            continue
        if not parts.username:
            continue
        values[entry.name] = parts._replace(netloc=host).geturl()
        values["user"] = values["user"] or unquote(parts.username)
        secrets["password"] = secrets["password"] or unquote(parts.password or "")


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port
