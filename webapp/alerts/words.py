"""The words of alerts: of stages, of what happened, and of why somebody could not be told."""

from __future__ import annotations

import re

from webapp.domain.alerts import FIRST, Level
from webapp.i18n import N_

LEVEL_WORDS = {
    Level.FREE: N_("空"),
    Level.SOME: N_("やや混雑"),
    Level.BUSY: N_("混雑"),
}
DECIDING = N_("判定中")


def level_of(stage: int, stages: int) -> Level:
    """What a stage means to people."""
    if stage <= FIRST:
        return Level.FREE
    return Level.BUSY if stage >= stages else Level.SOME


# What a channel said, by the beginning of its sentence; the first that fits.
_WHY = (
    (r"NIGIWAI_MAIL", N_("メールの送信が設定されていません。事業者にご連絡ください。")),
    (r"The recipient's address", N_("メールアドレスに誤りがあります。")),
    (
        r"The mail server refuses the recipient",
        N_("メールサーバーが宛先を受け付けませんでした。メールアドレスを確認してください。"),
    ),
    (r"The mail server refuses the mail", N_("メールサーバーがメールを受け付けませんでした。")),
    (
        r"The mail server refuses the sender",
        N_("メールサーバーが送信元を受け付けませんでした。事業者にご連絡ください。"),
    ),
    (r"The mail server", N_("メールサーバーに接続できません。")),
    (
        r"The webhook cannot be reached \((address|settings)\)",
        N_("WebhookのURLのホストが見つからないか、許可されたネットワークの外にあります。"),
    ),
    (r"The webhook cannot be reached", N_("WebhookのURLから応答がありません。")),
    (r"The webhook answered \d+", N_("Webhookがエラーを返しました。")),
    (r"The webhook's secret", N_("Webhookの署名用シークレットが使えません。")),
    (
        r"The MQTT broker cannot be reached \((address|settings)\)",
        N_("MQTTブローカーのホストが見つからないか、許可されたネットワークの外にあります。"),
    ),
    (r"The MQTT broker refuses", N_("MQTTブローカーがユーザ名またはパスワードを拒否しました。")),
    (r"The MQTT broker", N_("MQTTブローカーから応答がありません。")),
    (r"The channel is gone", N_("送信する前に通知先が削除されました。")),
)
_OTHERWISE = N_("送信できませんでした。")


def why(error: str) -> str:
    """Message id for what a channel said; empty when it said nothing."""
    if not error:
        return ""
    return next((word for pattern, word in _WHY if re.match(pattern, error)), _OTHERWISE)
