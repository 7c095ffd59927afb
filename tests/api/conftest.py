"""The people, and programs with a token."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from starlette.applications import Starlette

from tests.builders import make_api_token
from tests.people import *  # noqa: F403 - fixtures
from tests.people import Person, visitor
from webapp.models import Organisation


def bearer(token: str) -> dict[str, str]:
    """The header that brings a token."""
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
async def program(app: Starlette, organisation: Organisation) -> AsyncIterator[Person]:
    """A program of Alice's organisation that may read everything."""
    async with visitor(app) as client:
        client.headers = bearer(await make_api_token(organisation)) | {"Accept-Language": "en"}
        yield client
