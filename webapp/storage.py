"""Pictures by key, on a local folder, S3 or memory.

obstore's async calls can abort the interpreter at exit: its sync calls run in threads.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from pathlib import Path

import anyio.to_thread
import obstore
from obstore.store import LocalStore, MemoryStore, ObjectStore, S3Store

from webapp.errors import StartRefused, TemporaryFailure
from webapp.settings import Settings

_KEY = re.compile(r"^[a-z0-9_-]+(/[a-zA-Z0-9_.-]+)+$")

_CHUNK = 1024 * 1024


class Storage:
    """Whole objects by key; a key is a few path segments without ``..``."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def put_sync(self, key: str, data: bytes) -> None:
        """Store ``data`` under ``key``; ``TemporaryFailure`` when the disk is full or away."""
        _check(key)
        try:
            obstore.put(self._store, key, data)
        except (obstore.exceptions.BaseError, OSError) as error:
            raise TemporaryFailure(f"The picture store takes nothing: {error}") from error

    def put_file_sync(self, key: str, file: Path) -> None:
        """Store a file piece by piece: it need not fit into memory. It is there whole, or not."""
        _check(key)
        try:
            obstore.put(self._store, key, file)
        except (obstore.exceptions.BaseError, OSError) as error:
            raise TemporaryFailure(f"The picture store takes nothing: {error}") from error

    async def chunks(self, key: str) -> AsyncIterator[bytes]:
        """A large object piece by piece; nothing when there is none."""
        _check(key)
        try:
            found = await anyio.to_thread.run_sync(obstore.get, self._store, key)
        except (FileNotFoundError, obstore.exceptions.NotFoundError):
            return
        pieces = iter(found.stream(min_chunk_size=_CHUNK))
        while piece := await anyio.to_thread.run_sync(next, pieces, None):
            yield bytes(piece)

    def get_sync(self, key: str) -> bytes | None:
        """The object, or None when there is none."""
        _check(key)
        try:
            return bytes(obstore.get(self._store, key).bytes())
        except (FileNotFoundError, obstore.exceptions.NotFoundError):
            return None
        except (obstore.exceptions.BaseError, OSError) as error:
            raise TemporaryFailure(f"The picture store answers nothing: {error}") from error

    def delete_sync(self, keys: list[str]) -> None:
        """Delete; a key that is gone already is no error."""
        for key in keys:
            _check(key)
            try:
                obstore.delete(self._store, key)
            except (FileNotFoundError, obstore.exceptions.NotFoundError):
                continue
            except (obstore.exceptions.BaseError, OSError) as error:
                raise TemporaryFailure(f"The picture store deletes nothing: {error}") from error

    def list_sync(self, prefix: str) -> Iterator[tuple[str, datetime]]:
        """Every key below ``prefix`` with the time it was stored."""
        for batch in obstore.list(self._store, prefix):
            for meta in batch:
                yield meta["path"], meta["last_modified"]

    async def put(self, key: str, data: bytes) -> None:
        """As ``put_sync``, in a thread."""
        await anyio.to_thread.run_sync(self.put_sync, key, data)

    async def get(self, key: str) -> bytes | None:
        """As ``get_sync``, in a thread."""
        return await anyio.to_thread.run_sync(self.get_sync, key)

    async def delete(self, keys: list[str]) -> None:
        """As ``delete_sync``, in a thread."""
        await anyio.to_thread.run_sync(self.delete_sync, keys)


def open_storage(settings: Settings) -> Storage:
    """The store that the settings name; ``StartRefused`` when it cannot be used."""
    url = settings.store_url
    try:
        if url == "memory://":
            return Storage(MemoryStore())
        if url.startswith("s3://"):
            return Storage(S3Store.from_url(url))
        folder = Path(url.removeprefix("file://")) if url else settings.data_dir / "pictures"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return Storage(LocalStore(folder))
    except (obstore.exceptions.BaseError, OSError, ValueError) as error:
        raise StartRefused(f"The picture store {url or 'folder'} cannot be used: {error}") from None


def _check(key: str) -> None:
    if not _KEY.match(key) or ".." in key:
        raise ValueError(f"not a key of the picture store: {key!r}")
