"""id_tokens that come back as hints: rubbish is none."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tests.identity.oauth.conftest import World
from webapp.identity.oauth.hints import read_hint


@pytest.mark.parametrize(
    "header", [{"alg": "RS256", "crit": 5}, {"alg": "RS256", "crit": [5]}, {"alg": 5}, [], 5]
)
async def test_a_header_of_nonsense_is_no_hint(world: World, header: Any) -> None:
    hint = (await world.tokens())["id_token"]
    assert await read_hint(world.parts, hint) is not None
    encoded = base64.urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip("=")
    assert await read_hint(world.parts, ".".join([encoded, *hint.split(".")[1:]])) is None
