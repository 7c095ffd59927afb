"""Mails say what happened, what to do and until when, and are what their templates are."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from html.parser import HTMLParser
from typing import Any

import pytest
from bs4 import BeautifulSoup

from jobs.outages import NO_REASON
from tests.mail.names import NAMES
from webapp.domain.remarks import Remark
from webapp.errors import PermanentFailure, StartRefused
from webapp.i18n import LANGUAGES, Locale
from webapp.identity.urls import ENTRIES
from webapp.mail.letters import Letter
from webapp.mail.render import render, sender_of
from webapp.settings import Settings
from webapp.templating import TEMPLATES
from webapp.words import REMARKS

NOON = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)  # in Tokyo
URL = "http://localhost:8001/password/" + "t" * 43
VALUES: dict[str, dict[str, Any]] = {
    "password_reset": {"name": "山田 花子", "url": URL, "minutes": 60},
    "first_password": {
        "name": "山田 花子",
        "organisation": "駅前商店街 & Sons",
        "url": URL,
        "hours": 72,
    },
    "password_changed": {
        "name": "山田 花子",
        "at": "2026-03-02T03:00:00+00:00",
        "address": "203.0.113.7",
    },
    "account_deleted": {"name": "山田 花子", "organisation": "駅前商店街 & Sons"},
    "second_factor_code": {
        "name": "山田 花子",
        "code": "012345",
        "minutes": 10,
        "at": "2026-03-02T03:00:00+00:00",
        "address": "203.0.113.7",
        "browser": "Chrome / Windows",
    },
    "unusual_login": {
        "name": "山田 花子",
        "at": "2026-03-02T03:00:00+00:00",
        "address": "203.0.113.7",
        "browser": "Chrome / Windows",
    },
    "mail_change_old": {
        "name": "山田 花子",
        "new": "hanako@new.test",
        "url": URL,
        "hours": 24,
        "at": "2026-03-02T03:00:00+00:00",
        "address": "203.0.113.7",
    },
    "mail_change_new": {"url": URL, "hours": 24, "at": "2026-03-02T03:00:00+00:00"},
    "mail_changed": {
        "name": "山田 花子",
        "old": "hanako@example.jp",
        "new": "hanako@new.test",
        "at": "2026-03-02T03:00:00+00:00",
        "address": "203.0.113.7",
    },
    "default_camera_gone": {
        "name": "山田 花子",
        "camera": "正面入口",
        "at": "2026-03-02T03:00:00+00:00",
        "groups": [{"name": "駅前", "heir": "南口"}, {"name": "裏通り", "heir": ""}],
        "url": URL,
    },
    "cameras_bad": {
        "name": "山田 花子",
        "organisation": "駅前商店街 & Sons",
        "count": 53,
        "more": 51,
        "cameras": [
            {
                "name": "正面入口 & 裏",
                "reason": REMARKS[Remark.MOVED],
                "began_at": "2026-03-02T03:00:00+00:00",
                "ended_at": "",
            },
            {
                "name": "南口",
                "reason": NO_REASON,
                "began_at": "2026-03-02T03:01:00+00:00",
                "ended_at": "",
            },
        ],
        "url": URL,
    },
    "cameras_well": {
        "name": "山田 花子",
        "organisation": "駅前商店街 & Sons",
        "count": 1,
        "more": 0,
        "cameras": [
            {
                "name": "正面入口 & 裏",
                "reason": "",
                "began_at": "2026-03-02T03:00:00+00:00",
                "ended_at": "2026-03-02T04:00:00+00:00",
            }
        ],
        "url": URL,
    },
    "licence_ends": {
        "name": "山田 花子",
        "organisation": "駅前商店街 & Sons",
        "notices": ["カメラライセンスの有効期限は2026/03/31です。", "B & C"],
        "url": URL,
    },
    "calls_used": {
        "name": "山田 花子",
        "organisation": "駅前商店街 & Sons",
        "month": "2026-03",
        "percent": 80,
        "calls": "8,012",
        "quota": "10,000",
        "reach": "このペースでは、3月14日(土)に使い切る見込みです。",
        "url": URL,
    },
    "crowding": {
        "name": "正面入口",
        "is_group": False,
        "is_test": False,
        "threshold": 11,
        "count": 15,
        "is_partial": False,
        "at": "2026-03-02T03:00:00+00:00",
        "word": "混雑",
        "has_picture": False,
        "link": URL,
        "unsubscribe": URL,
    },
    "csv_ready": {"name": "山田 花子", "month": "2026-02", "url": URL},
    "report_ready": {
        "name": "山田 花子",
        "organisation": "駅前商店街 & Sons",
        "month": "2026-02",
        "url": URL,
    },
    "second_factor_changed": {
        "name": "山田 花子",
        "says": ["認証アプリを設定しました。", "ログイン通知を「無効」にしました。"],
        "at": "2026-03-02T03:00:00+00:00",
        "address": "203.0.113.7",
    },
}
HEADERS = {
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Auto-Submitted",
    "MIME-Version",
    "Content-Type",
}


def letter(event: str, language: str = "ja", **values: Any) -> Letter:
    return Letter(event, "hanako@example.jp", language, {**VALUES[event], **values})


def sent(letter: Letter, settings: Settings, key: str = "key") -> EmailMessage:
    """The mail, as it comes out at the other end."""
    data = render(letter, settings, key, NOON).as_bytes()
    assert data.isascii()
    assert max(len(line) for line in data.split(b"\r\n")) <= 998
    return BytesParser(EmailMessage, policy=policy.default).parsebytes(data)


def text_of(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def html_of(mail: EmailMessage) -> str:
    part = mail.get_body(("html",))
    assert part is not None
    return str(part.get_content())


def words_of(html: str) -> str:
    page = BeautifulSoup(html, "html.parser")
    assert page.body is not None
    return " ".join(page.body.get_text(" ").split())


def test_every_folder_of_templates_is_tried_here() -> None:
    assert {path.name for path in (TEMPLATES / "email").iterdir() if path.is_dir()} == set(VALUES)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("event", VALUES)
def test_a_mail_has_a_text_and_an_html_part_of_one_meaning(
    settings: Settings, event: str, language: str
) -> None:
    mail = sent(letter(event, language), settings)
    assert set(mail.keys()) == HEADERS
    assert mail["From"] == "Nigiwai ID <no-reply@localhost>"
    assert mail["To"] == "hanako@example.jp"
    assert mail["Date"].datetime == NOON
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content_type() == "multipart/alternative"
    text, html = text_of(mail), html_of(mail)
    assert BeautifulSoup(html, "html.parser").find(attrs={"lang": language}) is not None
    for part in (text, words_of(html)):
        for name, value in VALUES[event].items():
            if name == "says":
                assert [Locale(language).gettext(says) in part for says in value] == [True] * 2
            elif name == "groups":
                assert all(group["name"] in part and group["heir"] in part for group in value)
            elif name == "notices":
                assert all(notice in part for notice in value)
            elif name == "cameras":
                assert all(camera["name"] in part for camera in value)
                assert all(
                    Locale(language).gettext(camera["reason"]) in part
                    for camera in value
                    if camera["reason"]
                )
            elif name in {"count", "more"} and event.startswith("cameras_"):
                assert not value or name == "count" or str(value) in part
            elif name == "month":
                assert Locale(language).month_of(value) in part
            elif name == "word":
                assert Locale(language).gettext(value) in part
            elif name == "unsubscribe":
                assert value in html
                assert value in text
            elif name != "at" and not isinstance(value, bool):
                assert str(value) in part


@pytest.mark.parametrize(
    ("event", "subject"),
    [
        ("password_reset", "[Nigiwai ID] パスワードリセット"),
        ("first_password", "[Nigiwai ID] パスワード初期設定"),
        ("password_changed", "[Nigiwai ID] パスワードを変更しました"),
        ("second_factor_code", "[Nigiwai ID] 認証コードのお知らせ"),
        ("unusual_login", "[Nigiwai ID] いつもと異なる環境からのアクセスがありました"),
        ("mail_change_old", "[Nigiwai ID] メールアドレスの変更の確認"),
        ("mail_change_new", "[Nigiwai ID] メールアドレスの変更の確認"),
        ("mail_changed", "[Nigiwai ID] メールアドレスを変更しました"),
        ("second_factor_changed", "[Nigiwai ID] セキュリティ設定を変更しました"),
        ("account_deleted", "[Nigiwai ID] アカウントを削除しました"),
        ("licence_ends", "【Nigiwai】ライセンスの期限が近づいています"),
        ("calls_used", "【Nigiwai】今月のAPIコール数が80％に達しました"),
        ("cameras_bad", "【Nigiwai】カメラ53台の異常を検知しました"),
        ("cameras_well", "【Nigiwai】カメラ1台が復旧しました"),
        ("default_camera_gone", "【Nigiwai】グループのデフォルトカメラが変わりました"),
    ],
)
def test_subjects_are_those_of_the_manual(settings: Settings, event: str, subject: str) -> None:
    assert sent(letter(event), settings)["Subject"] == subject


@pytest.mark.parametrize(
    ("event", "language", "words"),
    [
        ("password_reset", "ja", "2026年3月2日(月) 13:00（日本標準時）"),
        ("password_reset", "en", "Mon, Mar 2, 2026, 13:00 Japan Standard Time"),
        ("first_password", "ja", "2026年3月5日(木) 12:00（日本標準時）"),
        ("first_password", "en", "Thu, Mar 5, 2026, 12:00 Japan Standard Time"),
        ("password_changed", "ja", "2026年3月2日(月) 12:00（日本標準時）"),
        ("password_changed", "en", "Mon, Mar 2, 2026, 12:00 Japan Standard Time"),
    ],
)
def test_times_are_told_in_words_and_in_the_persons_zone(
    settings: Settings, event: str, language: str, words: str
) -> None:
    mail = sent(letter(event, language), settings)
    assert words in text_of(mail)
    assert words in words_of(html_of(mail))


@pytest.mark.parametrize(
    ("event", "language", "words"),
    [
        ("unusual_login", "ja", "2026年3月1日(日) 22:00（アメリカ東部標準時）"),
        ("password_reset", "en", "Sun, Mar 1, 2026, 23:00 Eastern Standard Time"),
        ("crowding", "ja", "2026年3月1日(日) 22:00（アメリカ東部標準時）"),
    ],
)
def test_whoever_lives_elsewhere_reads_the_time_on_their_own_wall(
    settings: Settings, event: str, language: str, words: str
) -> None:
    mail = sent(replace(letter(event, language), time_zone="America/New_York"), settings)
    assert words in text_of(mail)
    assert words in words_of(html_of(mail))


@pytest.mark.parametrize("event", ["password_reset", "first_password"])
def test_the_button_and_the_address_lead_to_the_link_and_nowhere_else(
    settings: Settings, event: str
) -> None:
    mail = sent(letter(event), settings)
    links = BeautifulSoup(html_of(mail), "html.parser").select("a")
    assert [link["href"] for link in links] == [URL, URL]
    assert {" ".join(link["rel"]) for link in links} == {"noopener noreferrer"}
    assert f"\n{URL}\n" in text_of(mail).replace("\r\n", "\n")


def test_whoever_did_not_change_the_password_finds_where_to_reset_it(settings: Settings) -> None:
    mail = sent(letter("password_changed"), settings)
    target = settings.identity_origin + "/reset"
    assert [a["href"] for a in BeautifulSoup(html_of(mail), "html.parser").select("a")] == [target]
    assert target in text_of(mail)
    assert "/reset" in {entry.path for entry in ENTRIES if entry.method == "GET"}


@pytest.mark.parametrize("event", VALUES)
def test_the_html_loads_nothing_and_has_no_style_attributes(settings: Settings, event: str) -> None:
    page = BeautifulSoup(html_of(sent(letter(event), settings)), "html.parser")
    assert page.select("[style], [src], link, script, img, [background]") == []
    assert len(page.select("style")) == 1
    assert "url(" not in page.select("style")[0].get_text()


def test_a_mail_that_is_written_twice_is_the_same_one(settings: Settings) -> None:
    first, second = (render(letter("password_reset"), settings, "k", NOON) for _ in range(2))
    assert first.as_bytes() == second.as_bytes()
    other = render(letter("password_reset"), settings, "another", NOON)
    assert other["Message-ID"] != first["Message-ID"]
    assert first["Message-ID"].endswith("@localhost>")


def test_an_ampersand_stays_one_in_text_and_is_written_out_in_html(settings: Settings) -> None:
    mail = sent(letter("first_password"), settings)
    assert "駅前商店街 & Sons" in text_of(mail)
    assert "駅前商店街 &amp; Sons" in html_of(mail)


class Tags(HTMLParser):
    """Every tag of a page with its attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[Any] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, attrs))

    def handle_comment(self, data: str) -> None:
        self.found.append(data)


@pytest.mark.parametrize(
    ("event", "language"),
    [
        ("password_reset", "en"),
        ("first_password", "ja"),
        ("password_changed", "en"),
        ("account_deleted", "ja"),
    ],
)
def test_names_bring_neither_headers_nor_html(
    settings: Settings, event: str, language: str
) -> None:
    """TRUST 28: more than 300 names in every mail."""
    tags = Tags(html_of(sent(letter(event, language), settings))).found
    assert len(tags) > 20
    for name in NAMES:
        values = dict.fromkeys({"name", "organisation"} & VALUES[event].keys(), name)
        mail = sent(letter(event, language, **values), settings)
        assert set(mail.keys()) == HEADERS, name
        assert [part.get_content_type() for part in mail.walk()] == [
            "multipart/alternative",
            "text/plain",
            "text/html",
        ]
        assert not mail.defects
        assert mail["To"] == "hanako@example.jp"
        assert Tags(html_of(mail)).found == tags, name


def test_names_make_no_paragraphs_and_turn_no_writing(settings: Settings) -> None:
    usual = text_of(sent(letter("password_reset"), settings)).count("\n")
    for name in NAMES:
        text = text_of(sent(letter("password_reset", name=name), settings))
        assert text.count("\n") == usual, name
        assert not any(c in text for c in "\u202e\u2066\u2069\u200b\u2028\u2029\x00\x1b"), name


@pytest.mark.parametrize(
    "to",
    [
        "",
        "nobody",
        "a@b\r\nBcc: evil@evil.test",
        "a@b, c@d",
        "山田@example.jp",
        "a b@example.jp",
        "<a@b>",
        "a@",
        "@b",
    ],
)
def test_a_recipient_that_is_no_address_is_given_up(settings: Settings, to: str) -> None:
    with pytest.raises(PermanentFailure):
        render(Letter("password_reset", to, "ja", VALUES["password_reset"]), settings, "k", NOON)


def test_a_domain_of_any_script_is_written_as_servers_know_it(settings: Settings) -> None:
    mail = render(
        Letter("password_reset", "a@例え.jp", "ja", VALUES["password_reset"]), settings, "k", NOON
    )
    assert mail["To"] == "a@xn--r8jz45g.jp"


@pytest.mark.parametrize(
    "wrong",
    [
        Letter("pigeon", "a@b.jp", "ja", {}),
        Letter("../errors", "a@b.jp", "ja", {}),
        Letter("password_reset", "a@b.jp", "ja", {"name": "x"}),
    ],
)
def test_a_letter_that_cannot_be_written_is_given_up(settings: Settings, wrong: Letter) -> None:
    with pytest.raises(PermanentFailure, match="cannot be written"):
        render(wrong, settings, "k", NOON)


def test_a_language_that_is_none_of_ours_gets_japanese(settings: Settings) -> None:
    assert sent(letter("password_reset", "fr"), settings)["Subject"].endswith("パスワードリセット")


def test_a_sender_has_a_name_in_any_script(settings: Settings) -> None:
    own = settings.model_copy(update={"mail_no_reply": "賑わい <no-reply@example.jp>"})
    mail = sent(letter("password_reset"), own)
    assert mail["From"].addresses[0].display_name == "賑わい"
    assert mail["Message-ID"].endswith("@example.jp>")


@pytest.mark.parametrize("sender", ["", "nobody", "Nigiwai <>", "a@b\r\nX: y <c@d"])
def test_a_sender_that_is_none_stops_the_start(settings: Settings, sender: str) -> None:
    with pytest.raises(StartRefused, match="NIGIWAI_MAIL_NO_REPLY"):
        sender_of(settings.model_copy(update={"mail_no_reply": sender}))
