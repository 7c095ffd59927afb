"""A camera as people see it now: the one place where rows become something to show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from webapp import words
from webapp.alerts.standing import Standing, standing_of
from webapp.alerts.words import LEVEL_WORDS
from webapp.connectors import Phase
from webapp.domain.alerts import FIRST
from webapp.domain.health import CameraState
from webapp.domain.licences import Stop
from webapp.domain.remarks import Remark
from webapp.domain.viewing import GRACE, Facts, Shown, View, view
from webapp.embeds.signing import picture_url
from webapp.models import Camera, Latest
from webapp.settings import Settings
from webapp.verification.links import verify_path

# What a picture is taken to measure while none is known: that of most cameras.
USUAL_SIZE = (640, 360)
# What to load with a camera, so that its alert counts.
WITH_ALERT = ("alert", "alert__state")
# Seconds for which the address of an alert picture stays the same.
_KEPT_SAME = 240

# What the camera sees is not what its background shows, or not in this light.
_ASK_BACKGROUND = frozenset(
    words.REMARKS[remark]
    for remark in (Remark.MOVED, Remark.COVERED, Remark.REFOCUSED, Remark.DARK)
)

_KINDS = {
    CameraState.OK: "done",
    CameraState.CLOSED: "closed",
    CameraState.WAITING: "waiting",
}


@dataclass(frozen=True, slots=True)
class Sight:
    """What to show of a camera.

    ``kind``     the class for colour and shape: free, some or busy with an alert, done without
                 one, closed, waiting, stopped or unknown.
    ``word``     message id of the state.
    ``count``    None whenever it is not known.
    ``at``       when the picture was analysed; None when there is none yet.
    ``url``      of the masked picture or the stage's, or of the out-of-hours picture of a closed
                 camera that has one; empty: show the placeholder of ``shown``.
    ``reason``   message id: why it is not known or stands still, as far as that is known;
                 may be empty.
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
    is_deciding: bool = False

    @property
    def is_counted(self) -> bool:
        """Whether a count of now stands behind the state."""
        return self.state is CameraState.OK

    @property
    def asks_consent(self) -> bool:
        """Whether the owner of the camera has to consent again."""
        return self.reason == words.PHASES[Phase.CONSENT]

    @property
    def asks_background(self) -> bool:
        """Whether another background may put it right."""
        return self.reason in _ASK_BACKGROUND

    @property
    def verify(self) -> str:
        """Where anybody can verify the picture; empty when there is none to verify."""
        return verify_path(self.url)

    @property
    def placeholder(self) -> str:
        """The static picture that stands where no masked picture does, without words."""
        return placeholder_of(self.shown)

    def placeholder_in(self, language: str) -> str:
        """The same with words where it has any: that of a closed camera says so."""
        return placeholder_of(self.shown, language)


def placeholder_of(shown: Shown, language: str = "") -> str:
    """The static picture that stands for what is shown; with a language, in words if it has any."""
    words_of = f"-{language}" if language and shown is Shown.CLOSED else ""
    return f"img/{shown.value.replace('_', '-')}{words_of}.svg"


def sight_of(
    camera: Camera, settings: Settings, now: datetime, *, is_suspended: bool = False
) -> Sight:
    """What to show of a camera whose ``latest`` was loaded with it.

    ``is_suspended`` says so of its organisation; no member of one that is sees anything. A
    camera that its licence stops stands still in the same way. The alert counts where it was
    loaded, too (``WITH_ALERT``).
    """
    latest = camera.latest
    stage = standing_of(camera.alert, settings)
    seen = view(_facts(camera, latest, settings, stage, is_suspended=is_suspended), now)
    width, height = _size(camera, seen)
    stopped = seen.shown is Shown.SUSPENDED
    return Sight(
        state=seen.state,
        shown=seen.shown,
        kind="stopped" if stopped else kind_of(seen),
        word=words.STOPPED if stopped else word_of(seen),
        since=seen.since,
        count=seen.count,
        at=latest.good_at,
        url=_url(camera, seen, settings, now, stage),
        is_old=seen.is_old and seen.shown is not Shown.CLOSED,
        width=width,
        height=height,
        reason=words.STOPS[Stop(camera.stopped)] if stopped else _reason(seen, latest),
        is_deciding=seen.is_deciding,
    )


def refresh_seconds(settings: Settings) -> int:
    """How often a page asks for the news."""
    return max(5, min(60, settings.capture_interval))


def soon_seconds(settings: Settings) -> int:
    """How often a page asks while somebody waits for a picture on a new background."""
    return min(10, refresh_seconds(settings))


def late_after(settings: Settings) -> timedelta:
    """After how long without a good answer the last one is no longer known."""
    return max(GRACE, timedelta(seconds=3 * settings.capture_interval))


def kind_of(seen: View) -> str:
    """The class for colour and shape of what is to be shown."""
    return seen.level.value if seen.level else _KINDS.get(seen.state, "unknown")


def word_of(seen: View) -> str:
    """Message id of the state of what is to be shown."""
    return LEVEL_WORDS[seen.level] if seen.level else words.STATE_WORDS[seen.state]


def stage_url(standing: Standing | None, settings: Settings, now: datetime) -> str:
    """The address of the current stage's picture; the same for minutes, for caches to keep."""
    if standing is None or not standing.picture:
        return ""
    begun = int(now.timestamp()) // _KEPT_SAME * _KEPT_SAME
    return picture_url(settings, standing.picture, datetime.fromtimestamp(begun, UTC), now)


def _facts(
    camera: Camera,
    latest: Latest,
    settings: Settings,
    standing: Standing | None,
    *,
    is_suspended: bool,
) -> Facts:
    return Facts(
        state=latest.state,
        is_open=camera.is_open,
        has_picture=bool(latest.picture),
        since=latest.since,
        count=latest.count,
        good_at=latest.good_at,
        late_after=late_after(settings),
        is_suspended=is_suspended or bool(camera.stopped),
        policy=standing.policy if standing else None,
        stage=standing.stage if standing else FIRST,
        has_stage_picture=bool(standing and standing.picture),
    )


def closed_picture_url(camera: Camera, settings: Settings, now: datetime) -> str:
    """The address of the camera's own out-of-hours picture; empty when it has none (S5)."""
    key = camera.closed_picture.get("key", "")
    return picture_url(settings, key, camera.created_at, now) if key else ""


def _size(camera: Camera, seen: View) -> tuple[int, int]:
    latest = camera.latest
    if seen.shown is Shown.CLOSED and camera.closed_picture:
        return camera.closed_picture["width"], camera.closed_picture["height"]
    if latest.picture_width > 0 and latest.picture_height > 0:
        return latest.picture_width, latest.picture_height
    return USUAL_SIZE


def _url(
    camera: Camera, seen: View, settings: Settings, now: datetime, standing: Standing | None
) -> str:
    latest = camera.latest
    if seen.shown is Shown.CLOSED:
        return closed_picture_url(camera, settings, now)
    if seen.shown is Shown.STAGE:
        return stage_url(standing, settings, now)
    if seen.shown is not Shown.PICTURE or latest.good_at is None:
        return ""
    return picture_url(settings, latest.picture, latest.good_at, now)


def _reason(seen: View, latest: Latest) -> str:
    # What is stored belongs to the stored state.
    return words.detail(latest.detail) if seen.state is latest.state else ""
