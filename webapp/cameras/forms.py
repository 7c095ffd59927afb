"""The form of a camera: what was entered, what is wrong with it, and what it means."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from starlette.datastructures import FormData

from webapp import words
from webapp.connectors import CameraUnreachable
from webapp.connectors.file import check_name, read_crop
from webapp.connectors.http_snapshot import parse_url
from webapp.errors import UserError
from webapp.http import name_field, text_field
from webapp.i18n import N_
from webapp.models import Camera

HTTP, FILE = "http_snapshot", "file"
CROP_FIELDS = ("crop_x", "crop_y", "crop_width", "crop_height")
LIMIT = 200

NO_URL = N_("スナップショットのURLを入力してください。")
BAD_URL = N_("http:// または https:// で始まる、カメラのURLを入力してください。")
NO_PATH = N_("映像フォルダの中のファイル名を入力してください。")
BAD_PATH = N_("映像フォルダの中のファイル名を入力してください。「..」や先頭の「/」は使えません。")
BAD_CROP = N_(
    "切り抜きは、左・上・幅・高さの4つを0以上の整数で入力してください。幅と高さは16以上です。"
)
PASSWORD_AGAIN = N_("接続先かユーザ名を変更したときは、パスワードをもう一度入力してください。")
TOO_LONG = N_("%(limit)s文字以内で入力してください。")
CHOOSE_AGAIN = N_("一覧から選び直してください。")


@dataclass(slots=True)
class CameraForm:
    """Values for the fields (never a password), errors by field, and what was understood.

    ``has_password`` says that one is kept; ``kept_url`` is the part of a kept address
    that may be shown when the whole may not.
    """

    values: dict[str, str]
    errors: dict[str, UserError] = field(default_factory=dict)
    source: dict[str, Any] = field(default_factory=dict)
    has_password: bool = False
    hides_url: bool = False

    @property
    def level(self) -> int:
        """The detection level."""
        return int(self.values["level"])

    @property
    def is_open(self) -> bool:
        """Whether pictures are taken."""
        return self.values["is_open"] == "1"


def empty_form(engines: Collection[str]) -> CameraForm:
    """The form of a camera to come."""
    first = next(iter(engines), "")
    return CameraForm(
        {"name": "", "connector": HTTP, "engine": first, "level": "3", "is_open": "1"}
    )


def form_of_camera(camera: Camera, source: Mapping[str, Any]) -> CameraForm:
    """The form with what is kept of a camera, passwords aside."""
    values = {
        "name": camera.name,
        "connector": camera.connector,
        "engine": camera.engine,
        "level": str(camera.level),
        "is_open": "1" if camera.is_open else "",
        **_shown_source(source),
    }
    return CameraForm(
        values,
        has_password=bool(source.get("password")),
        hides_url="?" in str(source.get("url", "")),
    )


def read_form(
    form: FormData, engines: Collection[str], kept: Mapping[str, Any] | None = None
) -> CameraForm:
    """Read what was entered; ``kept`` is the source of the camera that is being changed."""
    names = ("name", "connector", "engine", "level", "is_open", "url", "user", "path")
    values = {name: text_field(form, name) for name in (*names, *CROP_FIELDS)}
    values["any_certificate"] = text_field(form, "any_certificate")
    kept = kept or {}
    read = CameraForm(
        values,
        has_password=bool(kept.get("password")),
        hides_url="?" in str(kept.get("url", "")),
    )
    _check(read, "name", lambda: values.update(name=name_field(form)))
    _check(read, "engine", lambda: _one_of(values, "engine", engines))
    _check(read, "level", lambda: _one_of(values, "level", ("1", "2", "3", "4", "5")))
    _check(read, "connector", lambda: _one_of(values, "connector", (HTTP, FILE)))
    if values["connector"] == HTTP:
        _read_address(read, text_field(form, "password"), kept)
    elif values["connector"] == FILE:
        _read_file(read)
    return read


def _check(form: CameraForm, name: str, step: Callable[[], object]) -> None:
    try:
        step()
    except UserError as error:
        form.errors[error.field or name] = error


def _one_of(values: dict[str, str], name: str, allowed: Collection[str]) -> None:
    if name == "level" and not values[name]:
        values[name] = "3"
    if values[name] not in allowed:
        values[name] = next(iter(allowed), "")
        raise UserError(CHOOSE_AGAIN, field=name)


def _read_address(form: CameraForm, password: str, kept: Mapping[str, Any]) -> None:
    values = form.values
    if values["url"] and "@" in values["url"]:
        password = _move_credentials(values, password)
    for name in ("user", "password"):
        if len(values["user"] if name == "user" else password) > LIMIT:
            form.errors[name] = UserError(TOO_LONG, field=name, limit=LIMIT)
    url = values["url"] or (str(kept["url"]) if form.hides_url else "")
    if not url:
        form.errors["url"] = UserError(NO_URL, field="url")
        return
    try:
        parse_url(url)
    except CameraUnreachable:
        form.errors["url"] = UserError(BAD_URL, field="url")
        return
    if not password and form.has_password and values["user"]:
        if _origin(url) != _origin(str(kept.get("url", ""))) or values["user"] != kept.get("user"):
            # Else an address of somebody else's would be given the kept password.
            form.errors["password"] = UserError(PASSWORD_AGAIN, field="password")
            return
        password = str(kept["password"])
    form.source = {"url": url, "user": values["user"], "password": password}
    if values["any_certificate"]:
        form.source["any_certificate"] = True


def _move_credentials(values: dict[str, str], password: str) -> str:
    """Take name and password out of the address: fields are kept apart, an address is shown."""
    try:
        parts = urlsplit(values["url"])
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return password
    if not parts.username:
        return password
    values["url"] = parts._replace(netloc=host).geturl()
    values["user"] = values["user"] or unquote(parts.username)
    return password or unquote(parts.password or "")


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port


def _read_file(form: CameraForm) -> None:
    values = form.values
    if not values["path"]:
        form.errors["path"] = UserError(NO_PATH, field="path")
        return
    try:
        form.source = {"path": check_name(values["path"])}
    except CameraUnreachable:
        form.errors["path"] = UserError(BAD_PATH, field="path")
        return
    entered = [values[name] for name in CROP_FIELDS]
    if not any(entered):
        return
    try:
        crop = [int(number) if number.isdecimal() and len(number) < 6 else -1 for number in entered]
        read_crop(crop)
        form.source["crop"] = crop
    except CameraUnreachable:
        form.errors["crop"] = UserError(BAD_CROP, field="crop")


def _shown_source(source: Mapping[str, Any]) -> dict[str, str]:
    url = str(source.get("url", ""))
    crop = source.get("crop") or ["", "", "", ""]
    return {
        # Some cameras take the password in the query: such an address is not shown again.
        "url": "" if "?" in url else url,
        "user": str(source.get("user", "")),
        "any_certificate": "1" if source.get("any_certificate") else "",
        "path": str(source.get("path", "")),
        **{name: str(number) for name, number in zip(CROP_FIELDS, crop, strict=True)},
    }


def connector_title(connector: str) -> str:
    """The message id of a kind of source."""
    return words.CONNECTORS.get(connector, connector)
