"""The control socket: what an administrator types is done by the running process."""

from __future__ import annotations

import asyncio
import json
import socket
import stat
from pathlib import Path
from typing import Any

import pytest

from webapp.errors import NigiwaiError, TemporaryFailure, UserError
from webapp.operator.control import MAX_LINE, call, serve_control
from webapp.settings import Settings


async def double(*, number: int) -> dict[str, Any]:
    return {"twice": number * 2, "word": "賑わい"}


async def refuse() -> None:
    raise UserError("At most %(most)s.", most=5)


async def fail() -> None:
    raise ZeroDivisionError("hush")


HANDLERS = {"double": double, "refuse": refuse, "fail": fail}


async def ask(settings: Settings, command: str, **arguments: Any) -> Any:
    return await asyncio.to_thread(call, settings, command, arguments)


@pytest.fixture(params=["short", "long"])
def placed(request: pytest.FixtureRequest, settings: Settings, tmp_path: Path) -> Settings:
    if request.param == "short":
        return settings
    return settings.model_copy(update={"data_dir": tmp_path / ("深" * 40) / "data"})


async def test_a_command_and_its_result(placed: Settings) -> None:
    async with serve_control(placed, HANDLERS):
        assert await ask(placed, "double", number=21) == {"twice": 42, "word": "賑わい"}
        with pytest.raises(NigiwaiError, match=r"At most 5\."):
            await ask(placed, "refuse")
    assert not (placed.data_dir / "control.sock").is_symlink()
    assert not (placed.data_dir / "control.sock").exists()


async def test_one_failure_does_not_end_it(settings: Settings) -> None:
    async with serve_control(settings, HANDLERS):
        with pytest.raises(NigiwaiError) as caught:
            await ask(settings, "fail")
        assert "hush" not in str(caught.value)
        with pytest.raises(NigiwaiError, match="does not know"):
            await ask(settings, "unheard-of")
        assert await ask(settings, "double", number=1)


@pytest.mark.parametrize(
    "line",
    [b"\n", b"not json\n", b"[]\n", b"7\n", b'{"command": "double"}\n', b"\xff\xfe\n", b"",
     b'{"command": [], "arguments": {}}\n', b'{"command": "double", "arguments": 5}\n',
     b"x" * (2 * MAX_LINE) + b"\n"],
)  # fmt: skip
async def test_nonsense_on_the_line(settings: Settings, line: bytes) -> None:
    async with serve_control(settings, HANDLERS):
        reader, writer = await asyncio.open_unix_connection(settings.data_dir / "control.sock")
        writer.write(line)
        writer.write_eof()
        reply = json.loads(await reader.readline())
        writer.close()
        assert "does not know" in reply["error"]
        assert await ask(settings, "double", number=1)


async def test_only_its_owner_may_connect(settings: Settings) -> None:
    async with serve_control(settings, HANDLERS):
        mode = (settings.data_dir / "control.sock").stat().st_mode
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o700


async def test_what_a_killed_process_left_is_replaced(settings: Settings) -> None:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(settings.data_dir / "control.sock"))
    with pytest.raises(TemporaryFailure):
        await ask(settings, "double", number=1)
    async with serve_control(settings, HANDLERS):
        assert await ask(settings, "double", number=1)


async def test_nobody_there(settings: Settings) -> None:
    with pytest.raises(TemporaryFailure, match="does not answer"):
        await ask(settings, "double", number=1)
