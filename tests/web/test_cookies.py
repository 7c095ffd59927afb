"""What a browser carries for us: only over TLS, seen by no script, over after its time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from starlette.requests import Request
from starlette.responses import Response

from webapp.cookies import SealedCookie, hand_over, take_back
from webapp.sealing import Sealer

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
SEALER = Sealer(b"a secret" * 4)
CARRIED = SealedCookie("__Host-nigiwai-test", timedelta(minutes=10))


@pytest.mark.parametrize("lives", [timedelta(hours=2), None])
def test_a_cookie_is_for_this_host_alone(lives: timedelta | None) -> None:
    response = Response()
    hand_over(response, "__Host-x", "value", lives)
    name, *marks = response.headers["set-cookie"].split("; ")
    assert name == "__Host-x=value"
    assert {"Path=/", "Secure", "HttpOnly", "SameSite=lax"} <= set(marks)
    assert ("Max-Age=7200" in marks) is (lives is not None)
    response = Response()
    take_back(response, "__Host-x")
    assert "Max-Age=0" in response.headers["set-cookie"]


def test_what_is_carried_comes_back_within_its_time() -> None:
    cookie = _handed_over(CARRIED, SEALER)
    later = NOW + timedelta(minutes=9, seconds=59)
    assert CARRIED.read(_request(cookie), SEALER, later) == {"state": "秘密"}
    assert "state" not in cookie
    assert CARRIED.read(_request(cookie), SEALER, NOW + CARRIED.lives) is None


def test_nothing_else_is_read() -> None:
    sealed = _handed_over(CARRIED, SEALER)
    for cookie in ("", f"{CARRIED.name}=", f"{CARRIED.name}=nonsense", sealed[:-9]):
        assert CARRIED.read(_request(cookie), SEALER, NOW) is None
    assert CARRIED.read(_request(sealed), Sealer(b"another!" * 4), NOW) is None


def _handed_over(cookie: SealedCookie, sealer: Sealer) -> str:
    response = Response()
    cookie.hand_over(response, {"state": "秘密"}, sealer, NOW)
    return response.headers["set-cookie"].partition(";")[0]


def _request(cookie: str) -> Request:
    return Request({"type": "http", "headers": [(b"cookie", cookie.encode())]})
