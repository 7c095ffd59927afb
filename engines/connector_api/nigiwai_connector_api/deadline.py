"""One deadline over a whole capture, with a share of it for each step."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from types import TracebackType

from nigiwai_connector_api.errors import CameraUnreachable, Phase, Step

# A dead camera shows early: the part of the whole time after which a step is given up.
SHARES: Mapping[Step, float] = {Step.RESOLVE: 0.4, Step.CONNECT: 0.5, Step.TLS: 0.6}

MESSAGES: Mapping[Step, str] = {
    Step.RESOLVE: "The camera's name was not resolved in time.",
    Step.CONNECT: "Nothing answered at the camera's address in time.",
    Step.TLS: "The camera did not agree on encryption in time.",
    Step.HEADERS: "The camera accepts connections but did not answer in time.",
    Step.BODY: "The camera began to answer but did not finish in time.",
    Step.DECODE: "The picture was not decoded in time.",
}
NOT_IN_TIME = "The camera did not answer in time."


class Deadline:
    """An async context manager: raises ``CameraUnreachable`` (timeout) that names the step.

    ``enter`` says what is done next; ``seconds`` how long each step took.
    """

    def __init__(self, timeout: float) -> None:
        self.timeout = timeout
        self.step: Step | None = None
        self.seconds: dict[Step, float] = {}
        self._end = 0.0
        self._began = 0.0
        self._message = ""
        self._scope = asyncio.timeout(None)

    async def __aenter__(self) -> Deadline:
        self._end = asyncio.get_running_loop().time() + self.timeout
        await self._scope.__aenter__()
        self._scope.reschedule(self._end)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._finish()
        try:
            await self._scope.__aexit__(kind, error, trace)
        except TimeoutError:
            raise self.missed() from None

    def enter(self, step: Step, message: str = "") -> None:
        """Begin a step, with its share of the time; ``message`` is what to say if it ends."""
        self._finish()
        self._message = message
        self.step, self._began = step, time.monotonic()
        if self._scope.expired():
            return  # what still runs is being cancelled
        share = SHARES.get(step)
        if share is None:
            self._scope.reschedule(self._end)
        else:
            now = asyncio.get_running_loop().time()
            self._scope.reschedule(min(self._end, now + share * self.timeout))

    def left(self) -> float:
        """Seconds until the whole deadline, at least 0."""
        return max(0.0, self._end - asyncio.get_running_loop().time())

    def missed(self) -> CameraUnreachable:
        """The error of a deadline that has passed in the present step."""
        usual = NOT_IN_TIME if self.step is None else MESSAGES[self.step]
        message = self._message or usual
        return CameraUnreachable(Phase.TIMEOUT, message, self.step)

    def _finish(self) -> None:
        if self.step is not None:
            spent = time.monotonic() - self._began
            self.seconds[self.step] = self.seconds.get(self.step, 0.0) + spent
            self._began = time.monotonic()
