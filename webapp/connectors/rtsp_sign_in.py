"""Basic and Digest (RFC 2617, RFC 7616) for conversations that are not HTTP."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field

from webapp.connectors import CameraUnreachable, Phase

_HASHES = {"MD5": "md5", "SHA-256": "sha256"}
_FIELD = re.compile(r'(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))')


@dataclass(slots=True, repr=False)
class SignIn:
    """Who asks, in the way the camera wants to be told. It has no repr: it holds a password."""

    kind: str
    user: str
    password: str
    realm: str = ""
    nonce: str = ""
    opaque: str = ""
    algorithm: str = "MD5"
    has_qop: bool = False
    count: int = field(default=0)

    def header(self, method: str, uri: str) -> str:
        """The value of ``Authorization`` for one request."""
        if self.kind == "basic":
            both = f"{self.user}:{self.password}".encode()
            return f"Basic {base64.b64encode(both).decode()}"
        self.count += 1
        secret = self._hash(f"{self.user}:{self.realm}:{self.password}")
        asked = self._hash(f"{method}:{uri}")
        parts = {"username": self.user, "realm": self.realm, "nonce": self.nonce, "uri": uri}
        tail = ""
        if self.has_qop:
            count, own = f"{self.count:08x}", secrets.token_hex(8)
            parts["response"] = self._hash(f"{secret}:{self.nonce}:{count}:{own}:auth:{asked}")
            tail = f', qop=auth, nc={count}, cnonce="{own}"'
        else:
            parts["response"] = self._hash(f"{secret}:{self.nonce}:{asked}")
        if self.opaque:
            parts["opaque"] = self.opaque
        shown = ", ".join(f'{name}="{_quoted(value)}"' for name, value in parts.items())
        return f"Digest {shown}, algorithm={self.algorithm}{tail}"

    def _hash(self, text: str) -> str:
        return hashlib.new(_HASHES[self.algorithm], text.encode()).hexdigest()


def read_challenge(challenges: Iterable[str], user: str, password: str) -> SignIn:
    """Choose Digest before Basic; ``CameraUnreachable`` (sign_in) for kinds not known here."""
    if not (user + password).isprintable():
        raise CameraUnreachable(Phase.SETTINGS, "The user name or password makes no sense.")
    basic: SignIn | None = None
    for challenge in challenges:
        kind, _, rest = challenge.partition(" ")
        given = {m[1].lower(): m[2] if m[2] is not None else m[3] for m in _FIELD.finditer(rest)}
        if kind.lower() == "digest":
            signed = _digest(given, user, password)
            if signed is not None:
                return signed
        elif kind.lower() == "basic":
            basic = SignIn("basic", user, password)
    if basic is None:
        message = "The camera asks for a kind of sign-in that is not known here."
        raise CameraUnreachable(Phase.SIGN_IN, message)
    return basic


def _digest(given: dict[str, str], user: str, password: str) -> SignIn | None:
    algorithm = given.get("algorithm", "MD5").upper()
    offered = {one.strip() for one in given.get("qop", "auth").split(",")}
    if algorithm not in _HASHES or "nonce" not in given or "auth" not in offered:
        return None
    return SignIn(
        "digest",
        user,
        password,
        realm=given.get("realm", ""),
        nonce=given["nonce"],
        opaque=given.get("opaque", ""),
        algorithm=algorithm,
        has_qop="qop" in given,
    )


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
