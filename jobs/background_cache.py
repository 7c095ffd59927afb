"""Registered backgrounds as pixels, so that they are not fetched and decoded each minute."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime

import anyio.to_thread

from webapp.backgrounds.in_force import background_at
from webapp.domain.backdrops import Backdrop
from webapp.domain.pictures import decode
from webapp.errors import TemporaryFailure
from webapp.models import Camera
from webapp.storage import Storage

DEFAULT_BYTES = 256 * 1024 * 1024


class BackgroundCache:
    """Decoded backgrounds by storage key; the least recently used go first.

    A key names one picture for ever: a new background has a new key, so nothing here can
    be out of date.
    """

    def __init__(self, storage: Storage, max_pixels: int, max_bytes: int = DEFAULT_BYTES) -> None:
        self._storage = storage
        self._max_pixels = max_pixels
        self._max_bytes = max_bytes
        self._backdrops: OrderedDict[str, Backdrop] = OrderedDict()
        self._bytes = 0

    async def of_camera(self, camera: Camera, at: datetime) -> Backdrop | None:
        """Give the background that serves at ``at``, or None; the organisation is loaded.

        Raises ``TemporaryFailure`` when the store is away.
        """
        row = await background_at(camera, camera.organisation.time_zone, at)
        if row is None:
            return None
        backdrop = self._backdrops.get(row.picture)
        if backdrop is not None:
            self._backdrops.move_to_end(row.picture)
            return backdrop
        data = await self._storage.get(row.picture)
        if data is None:
            raise TemporaryFailure("The registered background is missing in the picture store.")
        backdrop = await anyio.to_thread.run_sync(self._decode, data)
        self._keep(row.picture, backdrop)
        return backdrop

    def _decode(self, data: bytes) -> Backdrop:
        return Backdrop(decode(data, max_pixels=self._max_pixels, max_bytes=len(data)))

    def _keep(self, key: str, backdrop: Backdrop) -> None:
        if key in self._backdrops:
            return
        self._backdrops[key] = backdrop
        self._bytes += _size(backdrop)
        while self._bytes > self._max_bytes and len(self._backdrops) > 1:
            _, gone = self._backdrops.popitem(last=False)
            self._bytes -= _size(gone)


def _size(backdrop: Backdrop) -> int:
    """Bytes that it takes, with the calmed copy of the same size."""
    return 2 * backdrop.background.pixels.nbytes
