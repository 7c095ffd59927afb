"""The form of 混雑アラート: what was entered, what is wrong with it, and what it means."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from starlette.datastructures import FormData

from webapp.alerts.channels import Channels
from webapp.alerts.gallery import read_choice
from webapp.alerts.pictures import PREFIX
from webapp.alerts.rules import MOST_ADDRESSES, STAGES, StageSettings, read_stages
from webapp.connectors import CameraUnreachable
from webapp.connectors.addresses import parse_url
from webapp.connectors.mqtt import is_topic, read_broker
from webapp.connectors.webhook import make_secret
from webapp.domain.alerts import FIRST, MOST, Policy
from webapp.errors import UserError
from webapp.form_fields import text_field
from webapp.i18n import N_
from webapp.mail.address import NO_ADDRESS, address_of
from webapp.models import Alert

THRESHOLD_MISSING = N_("混雑基準人数を入力してください。")
THRESHOLD_WRONG = N_("混雑基準人数は0から999までの整数で入力してください。")
NOT_ASCENDING = N_("3段階目の混雑基準人数は、2段階目より大きい人数にしてください。")
ADDRESS_WRONG = N_("「%(address)s」はメールアドレスではありません。例: name@example.jp")
ADDRESS_MISSING = N_("通知先メールアドレスを1件以上入力するか、メール通知をオフにしてください。")
PICTURE_MISSING = N_("テンプレートかファイルを選ぶか、アラート画像表示をオフにしてください。")
WEBHOOK_WRONG = N_("WebhookのURLは、http:// または https:// で始まるURLを入力してください。")
MQTT_WRONG = N_("MQTTブローカーは mqtt://ホスト名 または mqtts://ホスト名 で入力してください。")
TOPIC_WRONG = N_("トピックは、+ と # を含まない名前を入力してください。例: shop/entrance")

# What may be missing while an alert is off.
_UNFINISHED = frozenset({THRESHOLD_MISSING, ADDRESS_MISSING, PICTURE_MISSING})
_NUMBER = re.compile(r"[0-9]{1,3}")
_LONGEST = 320
_NAMES = (
    "is_on",
    "stages",
    "threshold_2",
    "threshold_3",
    "webhook_url",
    "mqtt_url",
    "mqtt_topic",
    "mqtt_user",
)


@dataclass(slots=True)
class AlertForm:
    """Values for the fields (never a password), and errors by field."""

    values: dict[str, str]
    errors: dict[str, UserError] = field(default_factory=dict)
    has_password: bool = False
    has_secret: bool = False
    password: str = ""

    @property
    def is_on(self) -> bool:
        """Whether there is an alert at all."""
        return self.values["is_on"] == "1"

    @property
    def stages(self) -> int:
        """How many stages: 2 or 3."""
        return 3 if self.values["stages"] == "3" else 2

    @property
    def thresholds(self) -> list[int]:
        """The thresholds; only of a form without errors in them.

        Of one that may be unfinished, those that were typed.
        """
        typed = (self.values[f"threshold_{k}"] for k in range(2, self.stages + 1))
        return [int(one) for one in typed if one]

    def addresses(self, stage: int) -> list[str]:
        """What was entered as addresses of a stage, without the empty ones."""
        every = (self.values[f"address_{stage}_{n}"] for n in range(1, MOST_ADDRESSES + 1))
        return list(dict.fromkeys(one for one in every if one))

    def stage_settings(self) -> list[StageSettings]:
        """What the form means for each stage."""
        return [self._stage(stage) for stage in range(FIRST, STAGES + 1)]

    def channels(self, kept: Channels) -> Channels:
        """What it means for machines; secrets that were not entered anew stay."""
        url, mqtt_url = self.values["webhook_url"], self.values["mqtt_url"]
        same = (mqtt_url, self.values["mqtt_user"]) == (kept.mqtt_url, kept.mqtt_user)
        return Channels(
            webhook_url=url,
            webhook_secret=(kept.webhook_secret or make_secret()) if url else "",
            mqtt_url=mqtt_url,
            mqtt_topic=self.values["mqtt_topic"] if mqtt_url else "",
            mqtt_user=self.values["mqtt_user"] if mqtt_url else "",
            mqtt_password=(self.password or (kept.mqtt_password if same else ""))
            if mqtt_url
            else "",
        )

    def policy(self, stages: list[StageSettings]) -> Policy:
        """The rules of a form without errors."""
        mails = {k for k, one in enumerate(stages, FIRST) if k > FIRST and one.told}
        return Policy(tuple(self.thresholds), frozenset(mails))

    def _stage(self, stage: int) -> StageSettings:
        is_template = self.values[f"source_{stage}"] != "upload"
        return StageSettings(
            picture_on=self.values[f"picture_{stage}"] == "1",
            template=self.values[f"template_{stage}"] if is_template else "",
            picture="" if is_template else self.values[f"kept_{stage}"],
            mail_on=stage > FIRST and self.values[f"mail_{stage}"] == "1",
            addresses=tuple(self.addresses(stage)) if stage > FIRST else (),
        )


def form_of_alert(alert: Alert | None, channels: Channels, public_id: str) -> AlertForm:
    """The form with what is kept; of an alert that was never made, with what most would choose."""
    thresholds = list(alert.thresholds) if alert else []
    values = {
        "is_on": "1" if alert and alert.is_on else "",
        "stages": str(len(thresholds) + 1) if thresholds else "2",
        "threshold_2": str(thresholds[0]) if thresholds else "",
        "threshold_3": str(thresholds[1]) if len(thresholds) > 1 else "",
        "webhook_url": channels.webhook_url,
        "mqtt_url": channels.mqtt_url,
        "mqtt_topic": channels.mqtt_topic or f"nigiwai/{public_id}",
        "mqtt_user": channels.mqtt_user,
    }
    for number, stage in enumerate(read_stages(alert.stage_settings if alert else []), FIRST):
        values |= {
            f"picture_{number}": "1" if stage.picture_on else "",
            f"source_{number}": "upload" if stage.picture and not stage.template else "template",
            f"template_{number}": stage.template,
            f"kept_{number}": "" if stage.template else stage.picture,
            f"mail_{number}": "1" if stage.mail_on else "",
        }
        for place in range(1, MOST_ADDRESSES + 1):
            known = stage.addresses[place - 1 : place]
            values[f"address_{number}_{place}"] = known[0] if known else ""
    return AlertForm(
        values,
        has_password=bool(channels.mqtt_password),
        has_secret=bool(channels.webhook_secret),
    )


def read_form(form: FormData, channels: Channels, public_id: str) -> AlertForm:
    """Read what was entered. Pictures are judged where they are kept (``routes``)."""
    values = {name: text_field(form, name) for name in _NAMES}
    for stage in range(FIRST, STAGES + 1):
        for name in ("picture", "source", "template", "kept", "mail"):
            values[f"{name}_{stage}"] = text_field(form, f"{name}_{stage}")
        if not is_own_picture(values[f"kept_{stage}"], public_id):
            values[f"kept_{stage}"] = ""
        for place in range(1, MOST_ADDRESSES + 1):
            values[f"address_{stage}_{place}"] = text_field(form, f"address_{stage}_{place}")
    read = AlertForm(
        values,
        has_password=bool(channels.mqtt_password),
        has_secret=bool(channels.webhook_secret),
    )
    password = form.get("mqtt_password", "")
    read.password = password if isinstance(password, str) else ""
    return read


def check_form(form: AlertForm) -> None:
    """Find out what is wrong, and write it beside the fields."""
    for stage in range(2, form.stages + 1):
        _check(form, f"threshold_{stage}", partial(_check_threshold, form, stage))
    if form.stages == 3 and not {"threshold_2", "threshold_3"} & set(form.errors):
        low, high = form.thresholds
        if low >= high:
            form.errors["threshold_3"] = UserError(NOT_ASCENDING)
    for stage in range(FIRST, STAGES + 1):
        is_used = stage <= form.stages
        if is_used:
            _check_picture(form, stage)
        if stage > FIRST:
            _check_addresses(form, stage, is_used=is_used)
    _check(form, "webhook_url", lambda: _check_webhook(form))
    _check_broker(form)


def forgive_unfinished(form: AlertForm) -> None:
    """An alert that is off may be unfinished; what was typed has to make sense all the same.

    So the second threshold alone cannot be kept: it is that of the third stage.
    """
    form.errors = {
        name: error
        for name, error in form.errors.items()
        if error.message not in _UNFINISHED
        or (name == "threshold_2" and form.stages == STAGES and form.values["threshold_3"])
    }


def is_own_picture(key: str, public_id: str) -> bool:
    """Whether a key can be that of a picture of this camera or group."""
    return bool(re.fullmatch(rf"{PREFIX}{re.escape(public_id)}/[0-9a-f]{{32}}\.jpg", key))


def is_number(text: str) -> bool:
    """Whether a text can be a threshold: up to three plain digits."""
    return bool(_NUMBER.fullmatch(text))


def normal_address(text: str) -> str:
    """A mail address as it is kept; ``UserError`` when it is none."""
    try:
        if len(text) > _LONGEST or not text.isprintable():
            raise ValueError("no address")
        return str(address_of(text).addr_spec)
    except NO_ADDRESS:
        raise UserError(ADDRESS_WRONG, address=text[:100]) from None


def _check(form: AlertForm, name: str, step: Callable[[], object]) -> None:
    try:
        step()
    except UserError as error:
        form.errors[name] = error


def _check_threshold(form: AlertForm, stage: int) -> None:
    # Numbers typed with a Japanese keyboard are wide.
    name = f"threshold_{stage}"
    entered = form.values[name].translate(_WIDE)
    if not entered:
        raise UserError(THRESHOLD_MISSING)
    if not is_number(entered) or int(entered) > MOST:
        raise UserError(THRESHOLD_WRONG)
    form.values[name] = str(int(entered))


def _check_picture(form: AlertForm, stage: int) -> None:
    settings = form.stage_settings()[stage - FIRST]
    if not settings.picture_on or f"upload_{stage}" in form.errors:
        return
    if settings.template and read_choice(settings.template) is None:
        form.values[f"template_{stage}"] = ""
        form.errors[f"picture_{stage}"] = UserError(PICTURE_MISSING)
    if not settings.template and not settings.picture:
        form.errors[f"picture_{stage}"] = UserError(PICTURE_MISSING)


def _check_addresses(form: AlertForm, stage: int, *, is_used: bool) -> None:
    """Also of a stage that is not used: what was typed there is kept."""
    for place in range(1, MOST_ADDRESSES + 1):
        name = f"address_{stage}_{place}"
        if form.values[name]:
            _check(form, name, partial(_make_normal, form, name))
    if is_used and form.values[f"mail_{stage}"] == "1" and not form.addresses(stage):
        form.errors[f"address_{stage}_1"] = UserError(ADDRESS_MISSING)


def _make_normal(form: AlertForm, name: str) -> None:
    form.values[name] = normal_address(form.values[name])


def _check_webhook(form: AlertForm) -> None:
    url = form.values["webhook_url"]
    if not url:
        return
    try:
        parse_url(url)
    except CameraUnreachable:
        raise UserError(WEBHOOK_WRONG) from None


def _check_broker(form: AlertForm) -> None:
    url, topic = form.values["mqtt_url"], form.values["mqtt_topic"]
    if not url:
        return
    if not is_topic(topic):
        form.errors["mqtt_topic"] = UserError(TOPIC_WRONG)
    try:
        read_broker(url, "topic")
    except ValueError:
        form.errors["mqtt_url"] = UserError(MQTT_WRONG)


_WIDE = str.maketrans("０１２３４５６７８９", "0123456789")
