"""SQLite is for one process; the second one is refused in words (TRUST 9)."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from webapp.database import sqlite_path
from webapp.errors import StartRefused
from webapp.settings import Settings

REFUSED = (
    "Another process already works on the SQLite database {database}. SQLite is for one "
    "process; use PostgreSQL (NIGIWAI_DATABASE_URL) for several."
)


class HeldElsewhere(StartRefused):
    """Another process holds the database."""


@contextmanager
def hold(settings: Settings) -> Iterator[None]:
    """Hold the database for this process as long as the block runs.

    The kernel frees the lock when the process ends, however it ends. On PostgreSQL there
    is nothing to hold. Raises ``HeldElsewhere`` when another process holds it.
    """
    if not settings.is_sqlite:
        yield
        return
    database = sqlite_path(settings)
    database.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with database.with_name(f"{database.name}.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise HeldElsewhere(REFUSED.format(database=database)) from None
        yield
