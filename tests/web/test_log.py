"""A traceback shows where, never the values of variables: a password may be among them."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Literal

import pytest
import structlog

from webapp import log
from webapp.database import transaction
from webapp.log import set_up_logging
from webapp.models import Member, Organisation, Session
from webapp.settings import Settings


@pytest.fixture
def as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in log.TALKATIVE}
    yield
    root.handlers[:], root.level = handlers, level
    for name, value in levels.items():
        logging.getLogger(name).setLevel(value)
    structlog.reset_defaults()


@pytest.mark.parametrize("shape", ["text", "json"])
def test_a_traceback_holds_no_values(
    shape: Literal["text", "json"],
    settings: Settings,
    as_before: None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_up_logging(settings.model_copy(update={"log_format": shape}))

    def connect(source: dict[str, str]) -> None:
        raise RuntimeError(f"{len(source)} fields were wrong")

    try:
        connect({"password": "-".join(["geheim", "1234"])})
    except RuntimeError:
        structlog.get_logger("test").exception("a connector failed")
    written = capsys.readouterr().err
    assert "a connector failed" in written
    assert "fields were wrong" in written
    assert "test_log.py" in written, "the traceback is there"
    assert "geheim-1234" not in written


async def test_debug_tells_no_statement_with_its_values(
    any_database: Settings, as_before: None, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up_logging(any_database.model_copy(update={"log_level": "DEBUG"}))
    secret = secrets.token_urlsafe(24)
    organisation = await Organisation.create(name="みなと商店街")
    member = await Member.create(organisation=organisation, name="x", mail="x@nigiwai.test")
    values = {"token_hash": f"hash-{secret}", "csrf_token": f"csrf-{secret}"}
    async with transaction():
        await Session.create(
            organisation=organisation, member=member, expires_at=datetime.now(UTC), **values
        )
        await Session.filter(csrf_token=values["csrf_token"]).update(sealed_tokens=secret)
        assert await Session.filter(token_hash=values["token_hash"]).exists()
    structlog.get_logger("test").debug("a line of ours")
    written = capsys.readouterr().err
    assert "a line of ours" in written
    assert secret not in written
