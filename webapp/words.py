"""The words that screens share, by what they stand for. Texts are gettext message ids."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from webapp.connectors import CameraUnreachable, Phase
from webapp.domain.health import CameraState
from webapp.domain.licences import Stop
from webapp.domain.pictures import PictureProblem
from webapp.domain.remarks import Remark
from webapp.i18n import N_, Locale

# What a redirect may say has just happened.
DONE = {
    "camera_added": N_(
        "カメラを追加しました。背景画像を登録すると、混雑状況の画像が表示されます。"
    ),
    "camera_saved": N_("カメラの設定を保存しました。"),
    "camera_removed": N_("カメラを削除しました。"),
    "mode_saved": N_("AIモードを保存しました。次の解析から反映されます。"),
    "camera_replaced": N_("カメラを差し替えました。新しいカメラの背景画像を登録してください。"),
    "camera_renamed": N_("名前を変更しました。"),
    "group_added": N_(
        "グループを追加しました。最初のカメラがデフォルト画像です。ほかのカメラにも変更できます。"
    ),
    "group_saved": N_("グループの設定を保存しました。"),
    "group_default_moved": N_(
        "グループの設定を保存しました。デフォルトカメラを外したため、次のカメラがデフォルトになりました。"
    ),
    "group_removed": N_("グループを削除しました。"),
    "setup_later": N_("初回設定を中断しました。ここからいつでも続きを設定できます。"),
    "setup_finished": N_("初回設定が完了しました。"),
    "cameras_added": N_(
        "カメラを追加しました。背景画像を登録すると、混雑状況の画像が表示されます。"
    ),
    "cloud_consented": N_("カメラクラウドのカメラの利用が許可されました。"),
    "cloud_other_owner": N_(
        "別のオーナーアカウントで許可されました。もとのカメラを再開するには、もとのオーナー"
        "アカウントでもう一度許可してください。"
    ),
    "cloud_given_up": N_("カメラクラウドとの連携を解除しました。"),
    "background_registered": N_("背景画像を登録しました。次の解析から反映されます。"),
    "background_removed": N_("背景画像を削除しました。"),
    "background_build_started": N_("背景画像の自動作成を始めました。この画面を閉じても続きます。"),
    "background_build_ended": N_("背景画像の自動作成を中止し、集めたデータを削除しました。"),
    "background_pattern_saved": N_("背景パターンを保存しました。次の解析から反映されます。"),
    "areas_saved": N_("エリアを保存しました。次の解析から反映されます。"),
    "alert_saved": N_("混雑アラートを保存しました。次の解析から反映されます。"),
    "hours_saved": N_("営業時間を保存しました。"),
    "hours_copied": N_("営業時間をコピーしました。"),
    "embed_sites_saved": N_("埋め込みを許可するサイトを保存しました。"),
    "embed_renewed": N_("鍵を更新しました。コードをホームページに貼り直してください。"),
    "embed_code_removed": N_("コードを停止しました。"),
    "embed_removed": N_("埋め込みを停止しました。以前のコードは使えなくなりました。"),
    "site_published": N_("WEBサイトを生成しました。サイトURLをコピーしてご利用ください。"),
    "site_saved": N_("WEBサイトの設定を保存しました。"),
    "site_removed": N_("WEBサイトを削除しました。以前のサイトURLは使えなくなりました。"),
    "language_changed": N_("表示言語を変更しました。"),
    "signed_in": N_("ログインしました。"),
    "wish_saved": N_("レポートのお知らせを保存しました。"),
    "file_asked": N_("準備を始めました。この画面を閉じても続きます。"),
    "api_token_revoked": N_("トークンを取り消しました。このトークンはもう使えません。"),
    "organisation_saved": N_("組織設定を保存しました。"),
    "organisation_made": N_("組織を作成し、最初の管理ユーザに招待メールを送りました。"),
    "organisation_made_unmailed": N_("組織を作成しました。招待メールはまだ送られていません。"),
    "organisation_made_here": N_(
        "組織を作成しました。識別子を外部のIDプロバイダーに設定してください。"
    ),
    "organisation_suspended": N_("組織の利用を停止しました。"),
    "organisation_resumed": N_("組織の利用を再開しました。"),
    "licence_changed": N_("ライセンスを変更しました。"),
    "licence_revoked": N_("変更の予定を取り消しました。"),
    "member_invited": N_("招待メールを送りました。"),
    "member_invited_unmailed": N_("アカウントを作成しました。招待メールはまだ送られていません。"),
}

# A camera's state: class for colour and shape, word, and what to do (LOOK: always a word).
STATE_WORDS = {
    CameraState.WAITING: N_("準備中"),
    CameraState.OK: N_("解析済み"),
    CameraState.CLOSED: N_("営業時間外"),
    CameraState.VERIFYING: N_("不明"),
    CameraState.UNREACHABLE: N_("不明"),
    CameraState.BAD_PICTURE: N_("不明"),
    CameraState.ENGINE_FAILED: N_("不明"),
    CameraState.MISSED: N_("不明"),
    CameraState.SKIPPED: N_("不明"),
}

# Of a suspended organisation, or of a camera without licence, whatever the camera's state.
STOPPED = N_("停止中")

# Why a camera stands still. Of a suspended organisation nobody is there to be told.
STOPS = {
    Stop.NONE: "",
    Stop.EXCESS: N_(
        "カメラライセンスが足りないため、解析を停止しています。"
        "使わないカメラを削除するか、事業者にライセンスの追加をご相談ください。"
    ),
    Stop.ENDED: N_(
        "カメラライセンスの有効期限が過ぎたため、解析を停止しています。事業者にご連絡ください。"
    ),
}

# What happened, and what to do unless something better is known.
STATE_SENTENCES = {
    CameraState.WAITING: (N_("最初の画像を待っています。"), N_("1分ほどお待ちください。")),
    CameraState.OK: ("", ""),
    CameraState.CLOSED: (N_("営業時間外のため、撮影と解析を止めています。"), ""),
    CameraState.VERIFYING: (
        N_("画像を確認しています（%(since)sから）。"),
        N_("1分ほどお待ちください。"),
    ),
    CameraState.UNREACHABLE: (
        N_("カメラに接続できません（%(since)sから）。"),
        N_("カメラの電源とネットワークを確認してください。"),
    ),
    CameraState.BAD_PICTURE: (
        N_("カメラから正しい画像が届きません（%(since)sから）。"),
        N_("カメラの設定を確認してください。"),
    ),
    CameraState.ENGINE_FAILED: (
        N_("画像を解析できませんでした（%(since)sから）。"),
        N_("続く場合は事業者にご連絡ください。"),
    ),
    CameraState.MISSED: (
        N_("解析が間に合っていません（%(since)sから）。"),
        N_("続く場合は事業者にご連絡ください。"),
    ),
    CameraState.SKIPPED: (
        N_("混み合っているため、解析を見送りました（%(since)sから）。"),
        N_("続く場合は事業者にご連絡ください。"),
    ),
}

# Why a capture failed, by phase; shown in the test of a connection.
PHASES = {
    Phase.SETTINGS: N_(
        "カメラの接続設定に誤りがあります。カメラ設定で接続先を入力し直してください。"
    ),
    Phase.ADDRESS: N_(
        "アドレスが見つからないか、許可されたネットワークの外にあります。"
        "URLのホスト名またはIPアドレスを確認してください。"
    ),
    Phase.CONNECT: N_(
        "そのアドレスから応答がありません。カメラの電源とネットワークを確認してください。"
    ),
    Phase.SIGN_IN: N_(
        "カメラのユーザ名またはパスワードが違います。カメラ設定で入力し直してください。"
    ),
    Phase.ANSWER: N_(
        "応答はありますが、画像ではありません。スナップショットのURLを確認してください。"
    ),
    Phase.TIMEOUT: N_("時間内に応答がありません。カメラの電源とネットワークを確認してください。"),
    Phase.FILE: N_("ファイルが見つからないか、読み込めません。"),
    Phase.SERVICE: N_(
        "カメラクラウドから応答がありません。しばらくしても続く場合は、カメラクラウドの提供元に"
        "ご確認ください。"
    ),
    Phase.CONSENT: N_(
        "カメラクラウドの許可がなくなりました。もう一度許可すると、自動で解析を再開します。"
    ),
    Phase.OPTION: N_(
        "このカメラは、カメラクラウドで混雑状況可視化オプションが契約されていません。契約を"
        "ご確認ください。"
    ),
    Phase.GONE: N_(
        "カメラクラウドにこのカメラがないか、録画されていません。カメラクラウドでカメラの状態を"
        "ご確認ください。"
    ),
}


def state_sentence(
    state: CameraState, since: datetime | None, locale: Locale, now: datetime, reason: str = ""
) -> str:
    """Say what happened and what to do, in the reader's language; empty when all is well.

    ``reason`` (a message id), where it is known, says more than the usual advice.
    """
    happened, advice = STATE_SENTENCES[state]
    when = locale.moment(since, now) if since else "—"
    sentences = [locale.text(happened, {"since": when}), locale.gettext(reason or advice)]
    return ("" if locale.language == "ja" else " ").join(filter(None, sentences))


def picture_problem(problem: PictureProblem) -> str:
    """Give the message id for a picture that was refused."""
    return PICTURE_PROBLEMS.get(problem, N_("この画像は使えません。別の画像をお試しください。"))


PICTURE_PROBLEMS = {
    PictureProblem.EMPTY: N_("ファイルが空です。別の画像をお試しください。"),
    PictureProblem.TOO_LARGE: N_("画像が大きすぎます。10 MB以下の画像をお使いください。"),
    PictureProblem.NOT_A_PICTURE: N_("画像ではありません。JPEGまたはPNGの画像をお使いください。"),
    PictureProblem.UNSUPPORTED: N_(
        "この形式の画像は使えません。一般的なJPEGまたはPNGで保存し直してください。"
    ),
    PictureProblem.TRUNCATED: N_("画像が途中で切れています。もう一度お試しください。"),
    PictureProblem.DAMAGED: N_("画像が壊れています。別の画像をお試しください。"),
    PictureProblem.TOO_MANY_PIXELS: N_("画像の縦横が大きすぎます。縮小した画像をお使いください。"),
    PictureProblem.TOO_SMALL: N_("画像が小さすぎます。カメラと同じ大きさの画像をお使いください。"),
    PictureProblem.OTHER_ASPECT: N_(
        "カメラの画像と縦横の比率が違います。カメラと同じ比率の画像をお使いください。"
    ),
}

BLACK_PICTURE = N_("画像が真っ黒です。レンズカバーや照明を確認してください。")
ENGINE_FAILED = N_("AIモードがこの画像を解析できませんでした。別のAIモードをお試しください。")
NOT_NOW = N_("いまは処理できません。少し待ってから、もう一度お試しください。")

# What is not as it should be, for members.
REMARKS = {
    Remark.BACKGROUND_SHAPE: N_(
        "カメラの画像の縦横の比率が変わりました。背景画像を登録し直してください。"
    ),
    Remark.BACKGROUND_UNLIKE: N_(
        "背景画像がカメラの画像と大きく異なるため、人数の検知に使っていません。背景画像を登録し直してください。"
    ),
    Remark.BACKGROUND_UNREADABLE: N_(
        "背景画像を読み込めませんでした。背景画像を登録し直してください。"
    ),
    Remark.PICTURE_NOT_STORED: N_(
        "人数は数えましたが、画像を保存できませんでした。続く場合は事業者にご連絡ください。"
    ),
    Remark.DARK: N_(
        "背景画像よりもかなり暗い画像です。夜間も解析する場合は、夜の背景画像を登録してください。"
    ),
    Remark.BLACK: BLACK_PICTURE,
    Remark.MOVED: N_(
        "カメラの向きが背景画像と合っていません。カメラを元の向きに戻すか、背景画像を登録し直してください。"
    ),
    Remark.COVERED: N_(
        "カメラの視界がふさがれています。カメラの前の物やレンズの汚れを取り除いてください。"
        "この景色でよい場合は、背景画像を登録し直してください。"
    ),
    Remark.REFOCUSED: N_(
        "画像がぼやけています。レンズの汚れとピントを確認してください。"
        "この画像でよい場合は、背景画像を登録し直してください。"
    ),
    Remark.FROZEN: N_("同じ画像が届き続けています。カメラを再起動してください。"),
    Remark.SIZE_CHANGED: N_("カメラの画像の大きさが変わりました。次の画像で確認します。"),
    Remark.LATE: N_("古い画像が届いています。カメラの時計を確認してください。"),
    Remark.NO_CONNECTOR: N_(
        "このカメラの種類は使えなくなりました。カメラ設定で選び直してください。"
    ),
    Remark.SEALED: N_("接続先を読み取れません。カメラ設定で接続先を入力し直してください。"),
    Remark.AREAS_INVALID: N_(
        "集計するエリアの設定に誤りがあります。エリアを設定し直してください。"
    ),
    Remark.ENGINE_MISSING: N_(
        "このカメラのAIモードは使えなくなりました。カメラ設定で選び直してください。"
    ),
    Remark.ENGINE_SLOW: N_("解析に時間がかかりすぎています。"),
    Remark.ENGINE_ERROR: N_("続く場合は、カメラ設定で別のAIモードをお試しください。"),
}

# What a connector says of a failure in English, where it knows more than the phase.
ANSWERS = {
    "The camera asks for a user name and a password.": N_(
        "カメラにユーザ名とパスワードが必要です。ユーザ名とパスワードを入力してください。"
    ),
    "The camera has nothing at this address.": N_(
        "そのURLには何もありません。スナップショットのURLを確認してください。"
    ),
    "The camera answered with a video stream; give the address of its still.": N_(
        "映像の配信が返りました。静止画（スナップショット）のURLを入力してください。"
    ),
    "The camera's certificate is not trusted.": N_(
        "カメラの証明書を確認できません。自己署名の証明書の場合は、許可する設定にしてください。"
    ),
    "The camera answers, but not in HTTPS.": N_(
        "カメラがHTTPSに対応していません。http:// で始まるURLをお試しください。"
    ),
    "There is no such file in the footage folder.": N_("映像フォルダにそのファイルがありません。"),
    "The file is neither a picture (JPEG, PNG) nor a video.": N_(
        "画像（JPEG、PNG）か動画のファイルを指定してください。"
    ),
    "The folder holds no pictures.": N_("フォルダに画像がありません。"),
    "The video cannot be read.": N_("動画を読み込めません。別の動画をお試しください。"),
}
CROP_OUTSIDE = N_("切り抜きが画像の外に出ています。切り抜きの数値を確認してください。")


def unreachable(error: CameraUnreachable) -> str:
    """Give the message id for a camera that gave no picture, as exact as it is known."""
    if str(error).startswith("The crop lies outside"):
        return CROP_OUTSIDE
    return ANSWERS.get(str(error)) or PHASES[error.phase]


def detail(code: str) -> str:
    """Give the message id for what is stored beside a state; empty for what is not known here."""
    tables: tuple[Mapping[Any, str], ...] = (PHASES, PICTURE_PROBLEMS, REMARKS)
    return next((table[code] for table in tables if code in table), "")
