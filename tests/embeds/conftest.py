"""The people of these tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from starlette.applications import Starlette

from tests.people import *  # noqa: F403 - fixtures
from tests.people import Person, visitor


@pytest.fixture
async def anonymous(app: Starlette) -> AsyncIterator[Person]:
    """Somebody who is not signed in, with a browser: a program by its name would go free."""
    async with visitor(app) as person:
        person.headers["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0"
        yield person
