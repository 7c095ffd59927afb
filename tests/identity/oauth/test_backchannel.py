"""An application hears that a sign-in is over."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from joserfc import jwt
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tests.identity.oauth.conftest import World
from tests.identity.people import ORIGIN
from tests.signin.servers import free_port, serving
from webapp.errors import PermanentFailure, TemporaryFailure
from webapp.identity.models import Client
from webapp.identity.oauth.backchannel import tell_client
from webapp.identity.oauth.keys import known_keys

View = Callable[[Request], Awaitable[Response]]


@asynccontextmanager
async def application(view: View) -> AsyncIterator[str]:
    """A real server on loopback; yields its address."""
    app = Starlette(routes=[Route("/bye", view, methods=["GET", "POST"])])
    port = free_port()
    async with serving(app, port):
        yield f"http://127.0.0.1:{port}/bye"


async def tell(world: World, address: str) -> dict[str, str]:
    await Client.all().update(backchannel_logout_uri=address)
    payload = {"client": world.client.client_id, "sub": "person", "sid": "sign-in"}
    await tell_client(world.parts, payload)
    return payload


async def test_the_logout_token(world: World) -> None:
    heard: list[Any] = []

    async def view(request: Request) -> Response:
        heard.append((dict(request.headers), dict(await request.form())))
        return Response()

    async with application(view) as address:
        before = int(datetime.now(UTC).timestamp())
        await tell(world, address)
        after = int(datetime.now(UTC).timestamp())
        await tell(world, address)
    [(headers, form), (_, again)] = heard
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    assert set(form) == {"logout_token"}
    keys = await known_keys(world.parts)
    read = jwt.decode(form["logout_token"], keys, ["RS256"])
    assert read.header["typ"] == "logout+jwt"
    claims = read.claims
    assert claims["jti"] != jwt.decode(again["logout_token"], keys, ["RS256"]).claims["jti"]
    assert len(claims.pop("jti")) >= 20
    assert before <= claims["iat"] <= after
    assert claims.pop("exp") - claims.pop("iat") <= 120
    assert claims == {
        "iss": ORIGIN,
        "aud": world.client.client_id,
        "sub": "person",
        "sid": "sign-in",
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    }
    assert "nonce" not in claims


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (400, PermanentFailure),
        (404, PermanentFailure),
        (405, PermanentFailure),
        (307, PermanentFailure),
        (408, TemporaryFailure),
        (429, TemporaryFailure),
        (500, TemporaryFailure),
        (503, TemporaryFailure),
        (200, None),
        (204, None),
    ],
)
async def test_what_the_answer_means(
    world: World, status: int, failure: type[Exception] | None
) -> None:
    async def view(request: Request) -> Response:
        return RedirectResponse("/bye", status) if status == 307 else Response(status_code=status)

    async with application(view) as address:
        if failure is None:
            await tell(world, address)
        else:
            with pytest.raises(failure):
                await tell(world, address)


async def test_nobody_there_is_temporary(world: World) -> None:
    with pytest.raises(TemporaryFailure):
        await tell(world, f"http://127.0.0.1:{free_port()}/bye")


async def test_one_that_hangs_costs_five_seconds(world: World) -> None:
    given_up = asyncio.Event()

    async def view(request: Request) -> Response:
        await given_up.wait()
        return Response()

    async with application(view) as address:
        begun = time.monotonic()
        with pytest.raises(TemporaryFailure, match="Timeout"):
            await tell(world, address)
        assert 4.5 < time.monotonic() - begun < 8
        given_up.set()


async def test_one_that_wants_to_hear_nothing_is_left_in_peace(world: World) -> None:
    await tell(world, "")
    await tell_client(world.parts, {"client": "removed", "sub": "person", "sid": "sign-in"})
