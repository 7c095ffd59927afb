"""What may be a password, and that many at once cost neither the memory nor the other pages."""

from __future__ import annotations

import asyncio
import gc
import resource
import threading
from pathlib import Path

import pytest

from tests.identity.people import PASSWORD, make_account, parts_on, visitor
from webapp.errors import UserError
from webapp.identity.app import build_identity
from webapp.identity.models import Organisation, Session
from webapp.identity.passwords import (
    AT_ONCE,
    MEMORY_KIB,
    TOO_COMMON,
    TOO_LONG,
    TOO_NEAR,
    TOO_SHORT,
    Passwords,
    check_password,
    is_common,
)
from webapp.settings import Settings

MAIL, NAME = "tanaka@nigiwai.test", "田中 太郎"


@pytest.mark.parametrize(
    ("password", "message"),
    [
        ("", TOO_SHORT),
        ("ninechars", TOO_SHORT),
        ("海辺の自転車と時計", TOO_SHORT),
        ("ﾊﾟﾊﾟﾊﾟﾊﾟﾊﾟ", TOO_SHORT),  # five characters in the end, however wide
        ("x7" * 64 + "y", TOO_LONG),
        ("tanaka@nigiwai.test", TOO_NEAR),
        ("TANAKA@NIGIWAI.TEST", TOO_NEAR),
        ("tanaka 12345", TOO_NEAR),
        ("tanakatanaka", TOO_NEAR),
        ("田中太郎田中太郎田中太郎", TOO_NEAR),
        ("太郎田中 2025!!", TOO_NEAR),
        ("nigiwai.test", TOO_NEAR),
        ("nigiwai.test-nigiwai", TOO_NEAR),
        ("nigiwai-2026-tanaka", TOO_NEAR),
        ("tanaka@nigiwai.tes", TOO_NEAR),
        ("2026 tanaka 2026", TOO_NEAR),
        ("password1234", TOO_COMMON),
        ("P@ssw0rd 2025!", TOO_COMMON),
        ("ｐａｓｓｗｏｒｄ１２３", TOO_COMMON),
    ],
)
def test_what_will_not_do(password: str, message: str) -> None:
    with pytest.raises(UserError) as refused:
        check_password(password, MAIL, NAME)
    assert refused.value.message == message
    assert refused.value.field == "password"


@pytest.mark.parametrize(
    "password",
    [
        "海辺の自転車と古時計",
        "correct horse battery",
        "k7#Lq0vX9z",
        "tanaka likes red trains",
        "🦊🦝🦡🦔🦇🦉🦢🦜🦩🐢",
        "49#kf2!8xq",
        "tokyo station at noon",
        "root beer and lemons",
        "にぎわいの夏祭り三日目",
        "password of the old lighthouse",
        "海辺の自転車" * 21 + "と",
    ],
)
def test_what_will_do(password: str) -> None:
    check_password(password, MAIL, NAME)


def test_an_account_without_a_name_or_mail_is_checked_too() -> None:
    check_password("海辺の自転車と古時計", "", "")


EVERYBODYS = """
    1234567890 0987654321 12345678901234567890 0000000000 1111111111111 qwertyuiop qwerty12345
    asdfghjkl123 poiuytrewq 1qaz2wsx3edc 1q2w3e4r5t6y abcdefghij zyxwvutsrq abcabcabcabc aaaaaaaaaa
    password1234 passwordpassword PassWord!!!! p@$$w0rd1234 iloveyou1234 administrator1 welcome2025
    nigiwai12345 Nigiwai2025! パスワード12345 あいうえおかきくけこ !!!!!!!!!! letmein12345
    nigiwai-demo-machi 2026-11-22-11 0120-123-456 September2026 tokyo2026tokyo nigiwai2026nigiwai
    2026sakura2026 sunday-monday-1 3.14159265358 p@ssw0rd-n1giwai x-password-2026
"""


@pytest.mark.parametrize("password", [*EVERYBODYS.split(), "あ" * 12, "a a a a a a a"])
def test_what_everybody_tries_first(password: str) -> None:
    assert is_common(password)


async def test_a_hash_tells_how_it_was_made_and_fits_its_password_alone() -> None:
    passwords = Passwords()
    kept = await passwords.hash(PASSWORD)
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=1$")
    assert kept != await passwords.hash(PASSWORD)
    assert await passwords.verify(PASSWORD, kept)
    assert not await passwords.verify(PASSWORD + " ", kept)
    for nothing in (None, ""):
        assert not await passwords.verify(PASSWORD, nothing)


async def test_comparing_with_nothing_is_the_same_work() -> None:
    passwords = Passwords()
    kept = await passwords.hash(PASSWORD)
    assert passwords._nobodys.split("$")[:4] == kept.split("$")[:4]
    assert [len(part) for part in passwords._nobodys.split("$")] == [
        len(part) for part in kept.split("$")
    ]


class Watched(Passwords):
    """Counts how many comparisons are under way at once."""

    def __init__(self) -> None:
        super().__init__()
        self.lock = threading.Lock()
        self.now = self.most = 0
        compare = self.hasher.verify

        def counted(password: str | bytes, kept: str | bytes) -> bool:
            with self.lock:
                self.now += 1
                self.most = max(self.most, self.now)
            try:
                return compare(password, kept)
            finally:
                with self.lock:
                    self.now -= 1

        self.hasher.verify = counted  # type: ignore[method-assign]


async def test_fifty_logins_at_once_need_the_memory_of_a_few(database: Settings) -> None:
    assert 1 <= AT_ONCE <= 4
    parts = parts_on(database, Watched())
    organisation = await Organisation.create(name="みなと商店街")
    people = [await make_account(parts, organisation, "First")]
    hashed = people[0].password_hash
    for number in range(49):
        other = await make_account(parts, organisation, f"P{number}", password="")
        other.password_hash = hashed
        await other.save()
        people.append(other)
    async with visitor(build_identity(parts)) as browser:
        await browser.get("/login")
        gc.collect()
        before = _now_mib()
        peaks: list[float] = []
        logins = asyncio.gather(
            *(browser.send_form("/login", mail=one.mail, password=PASSWORD) for one in people)
        )
        pages = 0
        while not logins.done():
            assert (await browser.get("/reset")).status_code == 200
            pages += 1
            peaks.append(_now_mib())
            await asyncio.sleep(0.01)
        answers = await logins
    assert {answer.status_code for answer in answers} == {303}
    assert await Session.all().count() == 50
    assert parts.passwords.most <= AT_ONCE  # type: ignore[attr-defined]
    grown = max(peaks) - before
    print(f"50 logins at once: {grown:.0f} MiB more, {pages} other pages meanwhile")  # noqa: T201
    assert grown <= AT_ONCE * MEMORY_KIB / 1024 + 48
    assert pages > 50, "others are answered meanwhile"


def _now_mib() -> float:
    """What this process keeps in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20
