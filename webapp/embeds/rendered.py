"""What was rendered of a display: made once, for all who look in the second that it lives (E5)."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

# Whatever is shorter than this is not worth packing (as for every other page).
LEAST_PACKED = 800
# A display that lives on (the database is away) keeps no more than so many renderings.
MOST_KEPT = 64


@dataclass(frozen=True, slots=True)
class Rendered:
    """A page or a part of one, as it is and packed."""

    plain: bytes
    packed: bytes

    def response(self, request: Request, headers: Mapping[str, str]) -> Response:
        """The answer, packed for whoever takes it so."""
        if self.packed and "gzip" in request.headers.get("accept-encoding", ""):
            packed = {**headers, "Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
            return Response(self.packed, headers=packed, media_type="text/html")
        return Response(self.plain, headers=dict(headers), media_type="text/html")


class Renderings:
    """The renderings of one display, by whatever they depend on."""

    def __init__(self) -> None:
        self._kept: dict[object, Rendered] = {}

    def __len__(self) -> int:
        """How many are kept."""
        return len(self._kept)

    def get(self, what: object, render: Callable[[], str]) -> Rendered:
        """What was rendered before, or is now; ``what`` says all that it depends on."""
        found = self._kept.get(what)
        if found is None:
            plain = render().encode()
            packed = gzip.compress(plain, 6, mtime=0) if len(plain) >= LEAST_PACKED else b""
            found = Rendered(plain, packed)
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            self._kept[what] = found
        return found
