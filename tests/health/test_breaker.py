"""How much time a silent camera is given."""

from itertools import pairwise

import pytest

from webapp.connectors import Phase
from webapp.domain.breaker import (
    FULL_TRY_EVERY,
    FULL_TRY_LATER_EVERY,
    LONG_SILENCE,
    OPENS_AFTER,
    PROBE_SECONDS,
    SLOW_PROBE_SECONDS,
    is_open,
    patience,
)

DEAD = Phase.CONNECT.value


@pytest.mark.parametrize("silences", range(OPENS_AFTER))
def test_a_camera_that_was_silent_briefly_has_the_full_time(silences: int) -> None:
    assert {patience(silences, camera, 10, DEAD) for camera in range(50)} == {10}
    assert not is_open(silences)


@pytest.mark.parametrize("camera", [1, 2, 3, 4, 5, 977])
def test_a_silent_camera_is_probed_and_has_the_full_time_every_few_minutes(camera: int) -> None:
    tries = [patience(silences, camera, 10, DEAD) for silences in range(OPENS_AFTER, LONG_SILENCE)]
    full = [number for number, seconds in enumerate(tries) if seconds == 10]
    assert set(tries) == {10, PROBE_SECONDS}
    assert full[0] < FULL_TRY_EVERY
    assert {b - a for a, b in pairwise(full)} == {FULL_TRY_EVERY}


def test_after_a_long_silence_full_tries_are_rarer_and_never_end() -> None:
    span = range(LONG_SILENCE + 10_000, LONG_SILENCE + 10_000 + FULL_TRY_LATER_EVERY)
    assert [patience(silences, 7, 10, DEAD) for silences in span].count(10) == 1


def test_cameras_that_went_silent_together_are_not_tried_for_long_together() -> None:
    full = sum(patience(9, camera, 10, DEAD) == 10 for camera in range(1000))
    assert full == 1000 // FULL_TRY_EVERY


def test_a_probe_is_never_longer_than_the_full_time() -> None:
    assert {
        patience(silences, 3, 0.5, failure) for silences in range(100) for failure in Phase
    } == {0.5}


@pytest.mark.parametrize(
    ("failure", "seconds"),
    [
        (Phase.ADDRESS, PROBE_SECONDS),
        (Phase.CONNECT, PROBE_SECONDS),
        (Phase.TIMEOUT, SLOW_PROBE_SECONDS),
        (Phase.SETTINGS, 10),
        (Phase.SIGN_IN, 10),
        (Phase.ANSWER, 10),
        (Phase.FILE, 10),
        (Phase.CONSENT, 10),
        (Phase.OPTION, 10),
        (Phase.GONE, 10),
        (Phase.SERVICE, PROBE_SECONDS),
        ("", PROBE_SECONDS),  # a minute that was missed leaves no word
        ("black", PROBE_SECONDS),
    ],
)
def test_only_a_camera_that_does_not_answer_is_asked_briefly(failure: str, seconds: float) -> None:
    tries = [patience(silences, 1, 10, failure) for silences in range(OPENS_AFTER, 200)]
    assert set(tries) == {seconds, 10}
    assert {patience(silences, 1, 10, failure) for silences in range(OPENS_AFTER)} == {10}


def test_every_phase_is_in_the_table() -> None:
    assert {phase.value for phase in Phase} == {
        "settings", "address", "connect", "sign_in", "answer", "timeout", "file",
        "service", "consent", "option", "gone",
    }  # fmt: skip
