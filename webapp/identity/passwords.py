"""Passwords: what may be one, how one is kept, and how one is compared."""

from __future__ import annotations

import base64
import calendar
import os
import secrets
import unicodedata
from collections.abc import Collection

from anyio import CapacityLimiter, to_thread
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from webapp.errors import UserError
from webapp.i18n import N_

LEAST = 10
MOST = 128

TOO_SHORT = N_("パスワードは%(least)s文字以上で入力してください。")
TOO_LONG = N_("パスワードは%(most)s文字以内で入力してください。")
TOO_COMMON = N_("推測されやすいパスワードです。関係のない言葉をいくつか組み合わせてください。")
TOO_NEAR = N_("メールアドレスや名前と同じパスワードは使えません。")

MEMORY_KIB = 64 * 1024
PASSES = 3
# Each hash takes its 64 MiB and a core: one core stays for everybody who only looks at pages.
AT_ONCE = max(1, min(4, (os.cpu_count() or 1) - 1))

# Most of the passwords that everybody tries first are one of these words or runs, with
# figures and signs around it and a few letters written as figures.
_EVERYBODYS = """
    password passwort passw pass admin administrator root user login welcome hello secret letmein
    changeme iloveyou love sunshine princess dragon monkey football baseball master superman
    nigiwai nigiwaiid camera japan tokyo sakura pasuwado パスワード demo test machi
"""
_MONTHS_AND_DAYS = [*calendar.month_name[1:], *calendar.day_name]
_WORDS = frozenset(_EVERYBODYS.split()) | {word.lower() for word in _MONTHS_AND_DAYS}
_LEAST_OF_OTHERS = 4  # letters beside the words that everybody tries
_RUNS = (
    "abcdefghijklmnopqrstuvwxyz",
    "1234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertyuiopasdfghjklzxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "1q2w3e4r5t6y7u8i9o0p",
    "あいうえおかきくけこさしすせそ",
)
_AS_LETTERS = str.maketrans("@40135$7", "aaoiesst")


class Passwords:
    """Keeps passwords as argon2id hashes, a few at a time, beside the event loop."""

    def __init__(
        self, memory_kib: int = MEMORY_KIB, passes: int = PASSES, at_once: int = AT_ONCE
    ) -> None:
        self.hasher = PasswordHash((Argon2Hasher(passes, memory_kib, parallelism=1),))
        self.limiter = CapacityLimiter(at_once)
        self._nobodys = _hash_of_nothing(memory_kib, passes)

    async def hash(self, password: str) -> str:
        """What is kept of a password."""
        return await to_thread.run_sync(self.hasher.hash, normal(password), limiter=self.limiter)

    async def verify(self, password: str, kept: str | None) -> bool:
        """Whether it is the password; without one to compare with, False after as long a time."""
        return await to_thread.run_sync(
            self.hasher.verify, normal(password), kept or self._nobodys, limiter=self.limiter
        )


def _hash_of_nothing(memory_kib: int, passes: int) -> str:
    """A hash that no password has: random bytes, which take as long to compare."""
    salt, digest = (
        base64.b64encode(secrets.token_bytes(size)).decode().rstrip("=") for size in (16, 32)
    )
    return f"$argon2id$v=19$m={memory_kib},t={passes},p=1${salt}${digest}"


def normal(password: str) -> str:
    """The same password however a keyboard composes its characters (NFKC)."""
    return unicodedata.normalize("NFKC", password)


def check_password(password: str, mail: str, name: str, field: str = "password") -> None:
    """Raise ``UserError`` for the field unless this may become the password of that person."""
    password = normal(password)
    if len(password) < LEAST:
        raise UserError(TOO_SHORT, field=field, least=LEAST)
    if len(password) > MOST:
        raise UserError(TOO_LONG, field=field, most=MOST)
    if _is_near(password, mail, name):
        raise UserError(TOO_NEAR, field=field)
    if is_common(password):
        raise UserError(TOO_COMMON, field=field)


def is_common(password: str) -> bool:
    """Whether it is among the first that anybody would try."""
    folded = _folded(password)
    core = _core(folded)
    spelt = {core, core.translate(_AS_LETTERS), _core(folded.translate(_AS_LETTERS))}
    return (
        not _letters(folded)
        or _is_run(folded)
        or any(_is_run(word) for word in spelt if word)
        or any(_is_little_beside(word, _WORDS) for word in {*spelt, folded})
    )


def _folded(password: str) -> str:
    return "".join(normal(password).casefold().split())


def _letters(text: str) -> str:
    """Without figures, punctuation and the like: letters and pictures, in which there is choice."""
    return "".join(c for c in text if unicodedata.category(c) in {"So", "Mn", "Mc"} or c.isalpha())


def _core(folded: str) -> str:
    """Without the figures and signs around it."""
    letters = [index for index, c in enumerate(folded) if c.isalpha()]
    return folded[letters[0] : letters[-1] + 1] if letters else ""


def _is_run(text: str) -> bool:
    """Whether it repeats one short piece, or goes along a row of keys or letters."""
    pieces = (text[:size] for size in range(1, 5))
    if any(text == (piece * len(text))[: len(text)] for piece in pieces):
        return True
    rows = (run * (len(text) // len(run) + 2) for run in _RUNS)
    return any(text in row or text[::-1] in row for row in rows)


def _is_little_beside(text: str, words: Collection[str]) -> bool:
    """Whether some of the words, with figures and signs between, leave hardly a letter over."""
    rest = text
    for word in sorted(words, key=len, reverse=True):
        rest = rest.replace(word, " ")
    return rest != text and len(_letters(rest)) < _LEAST_OF_OTHERS


def _is_near(password: str, mail: str, name: str) -> bool:
    """Whether it is the mail address, a piece of it, or the name, and little else."""
    folded = _folded(password)
    mail = normal(mail).casefold()
    local, _, domain = mail.partition("@")
    parts = normal(name).casefold().split()
    own = {mail, local, domain, domain.partition(".")[0], *parts}
    own |= {"".join(parts), "".join(reversed(parts))} - own
    # What is as short as an initial is in every other word.
    long = {thing for thing in own if len(thing) >= (3 if thing.isascii() else 2)}
    is_own = not (own - {""}).isdisjoint({folded, _core(folded)})
    return is_own or folded in mail or _is_little_beside(folded, long)
