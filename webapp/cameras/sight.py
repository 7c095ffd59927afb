"""A camera as people see it now: the one place where rows become something to show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from webapp import words
from webapp.domain.health import CameraState
from webapp.domain.viewing import GRACE, Facts, Shown, View, view
from webapp.embeds.signing import picture_url
from webapp.models import Camera, Latest
from webapp.settings import Settings

# What a picture is taken to measure while none is known: that of most cameras.
USUAL_SIZE = (640, 360)

_KINDS = {
    CameraState.OK: "done",
    CameraState.CLOSED: "closed",
    CameraState.WAITING: "waiting",
}


@dataclass(frozen=True, slots=True)
class Sight:
    """What to show of a camera.

    ``kind``     the class for colour and shape: done, closed, waiting or unknown.
    ``word``     message id of the state.
    ``count``    None whenever it is not known.
    ``at``       when the picture was analysed; None when there is none yet.
    ``url``      of the masked picture; empty: show the placeholder of ``shown``.
    ``reason``   message id: why it is not known, as far as that is known; may be empty.
    """

    state: CameraState
    shown: Shown
    kind: str
    word: str
    since: datetime | None
    count: int | None
    at: datetime | None
    url: str
    is_old: bool
    width: int
    height: int
    reason: str

    @property
    def placeholder(self) -> str:
        """The static picture that stands where no masked picture does."""
        return f"img/{self.shown.value.replace('_', '-')}.svg"


def sight_of(camera: Camera, settings: Settings, now: datetime) -> Sight:
    """What to show of a camera whose ``latest`` was loaded with it."""
    latest = camera.latest
    seen = view(_facts(camera, latest, settings), now)
    width, height = _size(latest)
    return Sight(
        state=seen.state,
        shown=seen.shown,
        kind=_KINDS.get(seen.state, "unknown"),
        word=words.STATE_WORDS[seen.state],
        since=seen.since,
        count=seen.count,
        at=latest.good_at,
        url=_url(latest, seen, settings, now),
        is_old=seen.is_old,
        width=width,
        height=height,
        reason=_reason(seen, latest),
    )


def refresh_seconds(settings: Settings) -> int:
    """How often a page asks for the news."""
    return max(5, min(60, settings.capture_interval))


def late_after(settings: Settings) -> timedelta:
    """After how long without a good answer the last one is no longer known."""
    return max(GRACE, timedelta(seconds=3 * settings.capture_interval))


def _facts(camera: Camera, latest: Latest, settings: Settings) -> Facts:
    return Facts(
        state=latest.state,
        is_open=camera.is_open,
        has_picture=bool(latest.picture),
        since=latest.since,
        count=latest.count,
        good_at=latest.good_at,
        late_after=late_after(settings),
    )


def _size(latest: Latest) -> tuple[int, int]:
    if latest.picture_width > 0 and latest.picture_height > 0:
        return latest.picture_width, latest.picture_height
    return USUAL_SIZE


def _url(latest: Latest, seen: View, settings: Settings, now: datetime) -> str:
    if seen.shown is not Shown.PICTURE or latest.good_at is None:
        return ""
    return picture_url(settings, latest.picture, latest.good_at, now)


def _reason(seen: View, latest: Latest) -> str:
    # What is stored belongs to the stored state.
    return words.detail(latest.detail) if seen.state is latest.state else ""
