"""A traceback shows where, never the values of variables: a password may be among them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Literal

import pytest
import structlog

from webapp.log import set_up_logging
from webapp.settings import Settings


@pytest.fixture
def as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    names = ("httpx", "httpcore", "arq", "uvicorn.access", "asyncio", "aiosqlite")
    levels = {name: logging.getLogger(name).level for name in names}
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
