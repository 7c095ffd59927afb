"""Reading what somebody's page says of frames: its headers and the beginning of its HTML.

The address is a member's: it is asked by the guarded network, redirects are followed through the
same door, and neither time nor size has no end. Nothing of the page but its policies is kept.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser

import httpx
from nigiwai_connector_api import CameraUnreachable, Deadline
from nigiwai_connector_api.http import GuardedTransport

from webapp.connectors.addresses import parse_url
from webapp.connectors.network import Network
from webapp.domain.framing import PagePolicy
from webapp.settings import public_networks

TIMEOUT = 6.0
MOST_BYTES = 128 * 1024
MOST_OF_TAG = 16 * 1024
MOST_REDIRECTS = 4
_POLICY = "content-security-policy"
_HEADERS = {
    "user-agent": "Mozilla/5.0 (compatible; Nigiwai)",
    "accept": "text/html,*/*;q=0.1",
    "accept-encoding": "identity",
}


def public_network() -> Network:
    """The internet and nothing else: no page that people embed in lies within our walls."""
    return Network(public_networks())


async def read_policy(network: Network, address: str) -> PagePolicy | None:
    """What the page at the address says; None when it cannot be read."""
    deadline = Deadline(TIMEOUT)
    try:
        async with deadline:
            return await _read(network, address, deadline)
    except (CameraUnreachable, httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, OSError):
        return None
    except ValueError:  # what some addresses in a redirect are
        return None


async def _read(network: Network, address: str, deadline: Deadline) -> PagePolicy | None:
    url = parse_url(address)
    for _ in range(MOST_REDIRECTS + 1):
        transport = GuardedTransport(network, _certificates(), deadline)
        client = httpx.AsyncClient(transport=transport, timeout=TIMEOUT, trust_env=False)
        try:
            async with client:
                request = httpx.Request("GET", url, headers=_HEADERS)
                answer = await client.send(request, stream=True)
                try:
                    if answer.has_redirect_location:
                        url = parse_url(str(url.join(answer.headers["location"])))
                        continue
                    return await _policy_of(answer) if answer.is_success else None
                finally:
                    await answer.aclose()
        finally:
            await transport.hang_up()
    return None


async def _policy_of(answer: httpx.Response) -> PagePolicy:
    said = [
        policy.strip()
        for header in answer.headers.get_list(_POLICY)
        for policy in header.split(",")
        if policy.strip()
    ]
    beginning = bytearray()
    async for piece in answer.aiter_raw():
        beginning += piece[: MOST_BYTES - len(beginning)]
        if len(beginning) >= MOST_BYTES:
            break
    metas = _Metas()
    for tag in _tags(beginning.decode("utf-8", "replace"), "<meta"):
        metas.feed(tag)
    embedder = answer.headers.get("cross-origin-embedder-policy", "")
    return PagePolicy(str(answer.url), (*said, *metas.policies), embedder)


def _tags(html: str, begins: str) -> Iterator[str]:
    """The tags that begin so: looked for in one go, since parsers take long over hostile pages."""
    lower, end = html.lower(), 0
    while (start := lower.find(begins, end)) >= 0 and (end := lower.find(">", start)) >= 0:
        if end - start < MOST_OF_TAG:
            yield html[start : end + 1]


class _Metas(HTMLParser):
    """Collects the policies that a page has in its HTML; a sandbox there counts for nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.policies: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep what a meta element says instead of a header."""
        values = {name: value or "" for name, value in attrs}
        if tag == "meta" and values.get("http-equiv", "").strip().lower() == _POLICY:
            parts = values.get("content", "").split(";")
            kept = [part for part in parts if not part.strip().lower().startswith("sandbox")]
            self.policies.append(";".join(kept))


@cache
def _certificates() -> ssl.SSLContext:
    return ssl.create_default_context()
