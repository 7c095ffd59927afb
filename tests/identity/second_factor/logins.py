"""Logging in in two steps."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
from starlette.applications import Starlette

from tests.identity.people import Visitor, letters, make_account, visitor
from webapp.identity.browser import DEVICE_COOKIE
from webapp.identity.models import Account, Organisation, SecondFactor, Session
from webapp.identity.parts import Parts
from webapp.identity.second_factor.steps import COOKIE as STEP_COOKIE
from webapp.identity.sessions import COOKIE
from webapp.mail.letters import Letter
from webapp.tokens import token_hash

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36"
)
NEWER_CHROME = CHROME.replace("140.0", "152.1")
CHROME_ON_MAC = CHROME.replace("Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10_15_7")
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"

HOME_ADDRESS = "198.51.100.20"


async def careful_account(
    parts: Parts, organisation: Organisation, name: str = "Alice", **fields: Any
) -> Account:
    """An account as it is when nobody changed its security settings."""
    fields = {"second_factor": SecondFactor.RISK, **fields}
    return await make_account(parts, organisation, name, **fields)


def at_home(
    identity: Starlette, address: str = HOME_ADDRESS, user_agent: str = CHROME
) -> AbstractAsyncContextManager[Visitor]:
    """Somebody at a browser."""
    person = visitor(identity, address)
    person.headers["user-agent"] = user_agent
    return person


async def code_for(parts: Parts, account: Account) -> str:
    """The code that was mailed last."""
    return str((await codes_for(parts, account))[-1].values["code"])


async def codes_for(parts: Parts, account: Account) -> list[Letter]:
    """The letters with codes, the oldest first."""
    return [
        letter
        for letter in await letters(parts)
        if letter.event == "second_factor_code" and letter.to == account.mail
    ]


async def show(person: Visitor, code: str, way: str = "mail") -> httpx.Response:
    """Send the form of the second step; a sign-in brings its CSRF token."""
    response = await person.send_form("/login/code", way=way, code=code)
    session = await Session.get_or_none(token_hash=token_hash(person.cookies.get(COOKIE, "")))
    person.csrf = session.csrf_token if session else ""
    return response


async def complete_login(person: Visitor, parts: Parts, account: Account) -> None:
    """Log in by password and mailed code."""
    assert is_asked(await person.log_in(account.mail))
    assert (await show(person, await code_for(parts, account))).status_code == 303
    assert is_signed_in(person)


def is_asked(response: httpx.Response) -> bool:
    """Whether the right password leads to the second step."""
    return response.status_code == 303 and response.headers["location"] == "/login/code"


def is_signed_in(person: Visitor) -> bool:
    """Whether the browser got a session."""
    return COOKIE in person.cookies


def leave(person: Visitor) -> None:
    """Lose the session, and keep what the browser is known by."""
    person.cookies.delete(COOKIE)
    person.csrf = ""


def other_code(code: str) -> str:
    """A code that is not this one."""
    return f"{(int(code) + 1) % 10**6:06}"


def carry(person: Visitor, name: str, value: str) -> None:
    """Bring a cookie."""
    person.cookies.set(name, value, domain="id.nigiwai.test", path="/")


def carried(person: Visitor, name: str) -> str:
    """The cookie that the browser has."""
    return str(person.cookies[name])


__all__ = ["DEVICE_COOKIE", "STEP_COOKIE"]
