"""The registered background as it is drawn on: fitted and calmed once, not each minute."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from nigiwai_engine_api.types import Frame

from webapp.domain.pictures import calm, fit_background
from webapp.domain.rasters import strips_of
from webapp.domain.scene.comparison import Scene


@dataclass(frozen=True, eq=False)
class Fitted:
    """A background of a camera's size.

    ``background`` is what engines compare with; ``calmed`` is what people are drawn on;
    ``scene`` tells whether a still shows the same view. None is ever written to.
    """

    background: Frame
    calmed: Frame

    @cached_property
    def scene(self) -> Scene:
        """Made when it is first asked for."""
        return Scene(self.background.pixels)

    @cached_property
    def strips(self) -> tuple[bytes, ...]:
        """Digests of the calmed background's strips (``webapp.domain.rasters``)."""
        return strips_of(self.calmed)

    @classmethod
    def of(cls, background: Frame) -> Fitted:
        """Prepare a background that has the right size."""
        return cls(background, calm(background))


class Backdrop:
    """One registered background; remembers how it looks in the size asked for last.

    Threads may share it: at worst, two of them prepare the same.
    """

    def __init__(self, background: Frame) -> None:
        self.background = background
        self._fitted: Fitted | None = None

    def of_size(self, width: int, height: int) -> Fitted:
        """Bring it to a camera's size in pixels; ``PictureRefused`` for another shape."""
        fitted = self._fitted
        if fitted is None or (fitted.calmed.width, fitted.calmed.height) != (width, height):
            fitted = Fitted.of(fit_background(self.background, width, height))
            self._fitted = fitted
        return fitted
