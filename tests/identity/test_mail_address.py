"""Mail addresses: kept in one way, and accepted only when a letter can be sent to them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from webapp.errors import UserError
from webapp.identity.mail_address import check_mail, clean_mail
from webapp.mail.letters import Letter
from webapp.mail.render import render
from webapp.settings import Settings

AT = datetime(2026, 4, 1, 3, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" Yama@Example.JP ", "yama@example.jp"),
        ("ｙａｍａ＠ｅｘａｍｐｌｅ．ｊｐ", "yama@example.jp"),
        ("o'neil+news@mail.example.ie", "o'neil+news@mail.example.ie"),
        ("yama@日本語.jp", "yama@日本語.jp"),
        ("root@localhost", "root@localhost"),
    ],
)
def test_one_that_is_accepted_is_found_by_a_login_and_gets_its_mail(
    typed: str, kept: str, settings: Settings
) -> None:
    assert check_mail(typed) == clean_mail(typed) == clean_mail(kept) == kept
    values = {"name": "花子", "organisation": "港"}
    message = render(Letter("account_deleted", kept, "ja", values), settings, "k", AT)
    assert message["To"].addresses[0].domain.isascii()


@pytest.mark.parametrize(
    "typed",
    [
        "日本@example.jp",
        "x@a..b",
        "x@.b",
        "x@" + "a" * 70 + ".jp",
        "x@" + ".".join(["a" * 60] * 4) + ".example.jp",
        "a" * 65 + "@example.jp",
        "a..b@example.jp",
        ".a@example.jp",
        "x@-a.jp",
        "x@a_b.jp",
        "x@a;b",
        "x@[192.0.2.1]",
        "x@a\u200b.jp",
    ],
)
def test_one_that_no_letter_reaches_is_refused(typed: str) -> None:
    with pytest.raises(UserError) as caught:
        check_mail(typed)
    assert caught.value.field == "mail"
