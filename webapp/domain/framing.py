"""Whether somebody's page may show an embed in a frame (E1), by addresses and by the page itself.

Pure. A browser asks every policy of the page, each for itself: ``frame-src``, or else
``child-src``, or else ``default-src``. What an embed answers is known; of a page nothing else
matters but ``Cross-Origin-Embedder-Policy``, and a sandbox in which no script runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from webapp.domain.embeds import origin_of

_WHO_MAY_BE_FRAMED = ("frame-src", "child-src", "default-src")
_USUAL_PORTS = {"http": "80", "https": "443"}


class Framing(StrEnum):
    """Whether a page may show an embed in a frame."""

    WORKS = "works"
    NO_SCRIPT = "no_script"  # it is shown, and does not renew itself: the page is sandboxed
    NO_ADDRESS = "no_address"  # that is no address of a page
    NOT_LISTED = "not_listed"  # its site is not among the allowed ones
    MIXED = "mixed"  # a page by https shows no frame by http
    REFUSED = "refused"  # the page's own policy lets no such frame in
    ISOLATED = "isolated"  # the page asks of every frame what an embed does not say
    UNREAD = "unread"  # nothing else speaks against it, but the page could not be read


@dataclass(frozen=True, slots=True)
class PagePolicy:
    """What a page says of frames: each of its policies, and its Cross-Origin-Embedder-Policy."""

    address: str
    policies: tuple[str, ...] = ()
    embedder: str = ""


def framing(page: str, embed_origin: str, sites: Sequence[str]) -> Framing:
    """Whether the page at the address ``page`` may frame what ``embed_origin`` serves.

    That is as far as the addresses say: ``framed_by`` knows the page itself.
    """
    origin = origin_of(page)
    if not origin:
        return Framing.NO_ADDRESS
    if sites and origin not in sites:
        return Framing.NOT_LISTED
    host = urlsplit(embed_origin).hostname or ""
    is_local = host == "localhost" or host.startswith("127.")
    if origin.startswith("https:") and embed_origin.startswith("http:") and not is_local:
        return Framing.MIXED
    return Framing.WORKS


def framed_by(page: PagePolicy, embed_origin: str) -> Framing:
    """Whether the page itself lets the embed in."""
    read = [_directives(policy) for policy in page.policies]
    if not all(_lets_in(policy, embed_origin, origin_of(page.address)) for policy in read):
        return Framing.REFUSED
    if page.embedder.split(";")[0].strip().lower() in {"require-corp", "credentialless"}:
        return Framing.ISOLATED
    if any("allow-scripts" not in policy["sandbox"] for policy in read if "sandbox" in policy):
        return Framing.NO_SCRIPT
    return Framing.WORKS


def _directives(policy: str) -> dict[str, list[str]]:
    """Each directive with its values; the first of a name counts."""
    found: dict[str, list[str]] = {}
    for part in policy.split(";"):
        name, *values = part.split() or [""]
        found.setdefault(name.lower(), [value.lower() for value in values])
    return found


def _lets_in(policy: dict[str, list[str]], embed_origin: str, page_origin: str) -> bool:
    for name in _WHO_MAY_BE_FRAMED:
        if name in policy:
            return any(_matches(source, embed_origin, page_origin) for source in policy[name])
    return True


def _matches(source: str, embed_origin: str, page_origin: str) -> bool:
    """Whether a source of a policy means ``embed_origin``; paths are none of its business."""
    embed = urlsplit(embed_origin)
    if source in {"*", f"{embed.scheme}:"} or (source == "http:" and embed.scheme == "https"):
        return True
    if source == "'self'":
        return embed_origin == page_origin
    if source.startswith("'"):
        return False
    scheme, _, rest = source.rpartition("://")
    host, _, port = rest.split("/")[0].partition(":")
    # Without a scheme the page's own counts; what is encrypted may stand for what is not.
    wanted = scheme or urlsplit(page_origin).scheme
    if embed.scheme not in {wanted, "https"}:
        return False
    name = embed.hostname or ""
    is_there = name.endswith(host[1:]) if host.startswith("*.") else name == host
    usual = _USUAL_PORTS[embed.scheme]
    actual = str(embed.port or usual)
    return is_there and (port in {"*", actual} or (port in {"", "80"} and actual == usual))
