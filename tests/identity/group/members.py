"""What an admin does in the Group Manager, in one step each."""

from __future__ import annotations

from typing import Any

import httpx

from tests.html import parsed
from tests.identity.people import Visitor
from webapp.identity.models import Account

NEW = {
    "name": "鈴木　次郎",
    "kana": "すずき じろう",
    "mail": "Jiro@Example.JP",
    "company": "株式会社みなと",
    "department": "総務部",
    "phone": "０３-１２３４-５６７８",
    "role": "general",
    "language": "en",
}


def names(page: httpx.Response) -> list[str]:
    """Who is listed, in order."""
    return [tag.get_text() for tag in parsed(page).select(".who-name")]


def row(page: httpx.Response, account: Account) -> str:
    """What the list says of somebody."""
    [found] = [
        tr
        for tr in parsed(page).select("tbody tr")
        if account.mail in [mail.get_text() for mail in tr.select(".who-mail")]
    ]
    return " ".join(found.get_text(" ").split())


def hidden(page: httpx.Response) -> dict[str, Any]:
    """The hidden fields of the form of a confirmation."""
    found = parsed(page).select("main form input[type=hidden]")
    return {str(field["name"]): str(field["value"]) for field in found}


async def send_all(admin: Visitor, path: str, accounts: list[Account]) -> httpx.Response:
    """Post the ticks of these accounts."""
    return await admin.post(
        path, data={"csrf": admin.csrf, "account": [account.public_id for account in accounts]}
    )
