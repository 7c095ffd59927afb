"""What a process counts while it works: how long the steps of a minute take, how they end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector

from webapp.domain.health import CameraState

_DELAYS = (0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 60)
_DURATIONS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20)


class Step(StrEnum):
    """The steps of one camera in one minute."""

    FETCH = "fetch"
    ANALYSE = "analyse"
    STORE = "store"
    WRITE = "write"


class Figures:
    """What one process has done since it began; one for all of its parts."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._delay = Histogram(
            "nigiwai_capture_delay_seconds",
            "From a camera's turn until it is asked.",
            buckets=_DELAYS,
            registry=registry,
        )
        self._steps = Histogram(
            "nigiwai_step_seconds",
            "How long the steps of one camera in one minute take.",
            ["step"],
            buckets=_DURATIONS,
            registry=registry,
        )
        self._minutes = Counter(
            "nigiwai_minutes", "Minutes of cameras, by outcome.", ["outcome"], registry=registry
        )
        self._failures = Counter(
            "nigiwai_camera_failures",
            "Minutes of cameras without a count, by what failed.",
            ["reason"],
            registry=registry,
        )

    def asked(self, delay: float) -> None:
        """Note that a camera is asked ``delay`` seconds after its turn."""
        self._delay.observe(max(delay, 0.0))

    @contextmanager
    def step(self, step: Step) -> Iterator[None]:
        """Measure a step, whether it ends well or not."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self._steps.labels(step.value).observe(time.perf_counter() - started)

    def minute(self, outcome: CameraState, reason: str) -> None:
        """Note how a minute of a camera ended; ``reason`` is a code, or empty."""
        self._minutes.labels(outcome.value).inc()
        if not outcome.is_known:
            self._failures.labels(reason or outcome.value).inc()
