"""The simulator's few words, Japanese and English."""

from __future__ import annotations

TEXTS: dict[str, tuple[str, str]] = {
    "title": ("カメラクラウド（シミュレータ）", "Camera cloud (simulator)"),
    "what": (
        "デモ用のカメラクラウドです。本物のカメラにも、本物のアカウントにもつながっていません。",
        "A camera cloud for the demo. No real camera and no real account is behind it.",
    ),
    "consent": ("外部サービスへの許可", "Allow another service"),
    "asks": (
        "混雑状況可視化サービスが、次の内容の許可を求めています。",
        "The congestion service asks to be allowed the following.",
    ),
    "may_list": (
        "カメラの一覧と、オプションの契約状況を見る",
        "See your cameras and options",
    ),
    "may_look": ("カメラの最新の画像を取得する", "Fetch the newest picture of your cameras"),
    "owner_id": ("オーナーID", "Owner ID"),
    "password": ("パスワード", "Password"),
    "allow": ("許可する", "Allow"),
    "refuse": ("許可しない", "Do not allow"),
    "wrong": ("オーナーIDまたはパスワードが違います。", "Owner ID or password is wrong."),
    "bad_request": (
        "この許可の要求は受け付けられません。もとの画面に戻り、もう一度お試しください。",
        "This request cannot be answered. Go back to where you came from and try again.",
    ),
    "switches": ("カメラの状態を変える", "Change how the cameras behave"),
    "switches_what": (
        "選んで「保存」を押すと、次の画像からそうなります。",
        "Choose and press Save; it holds from the next picture on.",
    ),
    "whole": ("クラウド全体", "The whole cloud"),
    "save": ("保存", "Save"),
    "hang": ("応答しない", "Never answers"),
    "fail": ("エラーを返す", "Answers with an error"),
    "freeze": ("画像が止まる", "The picture stands still"),
    "dark": ("真っ暗になる", "Dark"),
    "moved": ("向きがずれる", "Turned away"),
    "size": ("画像の大きさが変わる", "Another picture size"),
    "removed": ("カメラがなくなる", "Camera removed"),
    "no_option": ("オプションを解約する", "Option ended"),
    "consents": ("許可", "Consents"),
    "consents_none": ("許可はありません。", "There are none."),
    "given": ("%s に許可", "Given %s"),
    "withdraw": ("許可を取り消す", "Withdraw the consent"),
    "without": ("オプションなし", "without the option"),
    "stopped": ("録画停止中", "not recording"),
    "accounts": ("オーナーアカウント", "Owner accounts"),
}


def texts(language: str) -> dict[str, str]:
    """The words in one language."""
    index = 0 if language == "ja" else 1
    return {name: words[index] for name, words in TEXTS.items()}


def language_of(header: str) -> str:
    """Japanese unless the browser would rather have English."""
    return "en" if header.lower().startswith("en") else "ja"
