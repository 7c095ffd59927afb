"""Whose address a request is said to come from (TRUST 22)."""

from __future__ import annotations

from ipaddress import ip_network

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from webapp.middleware import ClientAddress

PROXIES = ["10.0.0.0/8", "fd00::/8"]


async def seen(peer: str, *forwarded: str, proxies: list[str] = PROXIES) -> str:
    async def tell(request: Request) -> PlainTextResponse:
        return PlainTextResponse(request.state.address)

    trusted = [ip_network(proxy) for proxy in proxies]
    app = Starlette(
        routes=[Route("/", tell)], middleware=[Middleware(ClientAddress, trusted=trusted)]
    )
    transport = httpx.ASGITransport(app, client=(peer, 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://a.test") as client:
        headers = [("X-Forwarded-For", line) for line in forwarded]
        return (await client.get("/", headers=headers)).text


@pytest.mark.parametrize(
    "forged", ["203.0.113.9", "127.0.0.1", "10.0.0.1, 203.0.113.9", "", "\t", "x" * 5000, "::1"]
)
async def test_a_stranger_cannot_say_who_he_is(forged: str) -> None:
    assert await seen("198.51.100.7", forged) == "198.51.100.7"
    assert await seen("198.51.100.7", forged, proxies=[]) == "198.51.100.7"


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        (["203.0.113.9"], "203.0.113.9"),
        (["2001:db8::5"], "2001:db8::5"),
        # What a visitor wrote stands left of what the proxies added.
        (["127.0.0.1, 203.0.113.9"], "203.0.113.9"),
        (["127.0.0.1, 203.0.113.9, 10.1.1.1"], "203.0.113.9"),
        (["127.0.0.1", "203.0.113.9"], "203.0.113.9"),
        (["nonsense, 203.0.113.9"], "203.0.113.9"),
        # A proxy that says nothing sensible is itself all that is known.
        (["nonsense"], "10.0.0.2"),
        ([""], "10.0.0.2"),
        (["10.9.9.9"], "10.9.9.9"),
        ([], "10.0.0.2"),
    ],
)
async def test_trusted_proxies_are_believed_one_hop_at_a_time(
    forwarded: list[str], address: str
) -> None:
    assert await seen("10.0.0.2", *forwarded) == address
