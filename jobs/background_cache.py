"""Registered backgrounds as pixels, so that they are not fetched and decoded each minute."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime

import anyio.to_thread

from webapp.backgrounds.in_force import background_at
from webapp.domain.backdrops import Backdrop
from webapp.domain.pictures import decode
from webapp.errors import TemporaryFailure
from webapp.models import Camera
from webapp.storage import Storage
from webapp.verification.making import Ground

DEFAULT_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Registered:
    """A registered background, decoded, and what a manifest says of it."""

    backdrop: Backdrop
    ground: Ground


class BackgroundCache:
    """Decoded backgrounds by storage key; the least recently used go first.

    A key names one picture for ever: a new background has a new key, so nothing here can
    be out of date.
    """

    def __init__(self, storage: Storage, max_pixels: int, max_bytes: int = DEFAULT_BYTES) -> None:
        self._storage = storage
        self._max_pixels = max_pixels
        self._max_bytes = max_bytes
        self._kept: OrderedDict[str, Registered] = OrderedDict()
        self._bytes = 0

    async def of_camera(self, camera: Camera, at: datetime) -> Registered | None:
        """Give the background that serves at ``at``, or None; the organisation is loaded.

        Raises ``TemporaryFailure`` when the store is away.
        """
        row = await background_at(camera, camera.organisation.time_zone, at)
        if row is None:
            return None
        kept = self._kept.get(row.picture)
        if kept is not None:
            self._kept.move_to_end(row.picture)
            return kept
        data = await self._storage.get(row.picture)
        if data is None:
            raise TemporaryFailure("The registered background is missing in the picture store.")
        registered = await anyio.to_thread.run_sync(self._decode, row.id, data)
        self._keep(row.picture, registered)
        return registered

    def _decode(self, row_id: int, data: bytes) -> Registered:
        frame = decode(data, max_pixels=self._max_pixels, max_bytes=len(data))
        return Registered(Backdrop(frame), Ground(row_id, hashlib.sha256(data).hexdigest()))

    def _keep(self, key: str, registered: Registered) -> None:
        if key in self._kept:
            return
        self._kept[key] = registered
        self._bytes += _size(registered)
        while self._bytes > self._max_bytes and len(self._kept) > 1:
            _, gone = self._kept.popitem(last=False)
            self._bytes -= _size(gone)


def _size(registered: Registered) -> int:
    """Bytes that it takes, with the calmed copy of the same size."""
    return 2 * registered.backdrop.background.pixels.nbytes
