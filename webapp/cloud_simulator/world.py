"""What the simulated cloud holds: owners, their cameras, the switches, and who was let in.

All of it is one small object, written to a file after each change, so that a restart of the
simulator ends nobody's consent. Tokens are kept as hashes.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

ACCESS_LIVES = timedelta(minutes=5)
CODE_LIVES = timedelta(seconds=60)
# A client whose answer was lost may bring its refresh token again for so long.
FORGIVEN = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Owner:
    """Somebody who has cameras in the cloud."""

    id: str
    name: str
    password: str


@dataclass(frozen=True, slots=True)
class CloudCamera:
    """A camera: whose it is, and which part of the footage it sees, from which second on."""

    id: str
    owner: str
    name: str
    model: str
    crop: tuple[int, int, int, int]  # x, y, width, height in pixels
    begins: float
    has_option: bool = True
    recording: str = "recording"


# Meant to be known: the simulator is for one's own machine.
PASSWORD = "camera-cloud-demo"  # noqa: S105

OWNERS = (
    Owner("owner-machi", "デモ商店街 カメラ管理者", PASSWORD),
    Owner("owner-toshokan", "はじめての図書館 カメラ管理者", PASSWORD),
)
CAMERAS = (
    CloudCamera("cam-101", "owner-machi", "北口", "VX-100", (0, 0, 768, 576), 11.0),
    CloudCamera("cam-102", "owner-machi", "南口", "VX-100", (184, 100, 432, 324), 31.0),
    CloudCamera("cam-103", "owner-machi", "駐輪場", "VX-20", (0, 150, 400, 300), 5.0, False),
    CloudCamera("cam-201", "owner-toshokan", "正面入口", "VX-200", (0, 0, 768, 576), 3.0),
    CloudCamera("cam-202", "owner-toshokan", "閲覧室前", "VX-200", (184, 100, 432, 324), 23.0),
    CloudCamera("cam-203", "owner-toshokan", "中庭", "VX-100", (352, 90, 416, 312), 43.0),
    CloudCamera("cam-204", "owner-toshokan", "駐車場", "VX-20", (0, 150, 400, 300), 17.0, False),
    CloudCamera(
        "cam-205", "owner-toshokan", "裏口", "VX-20", (300, 0, 400, 300), 9.0, True, "stopped"
    ),
)
OWNER_BY_ID = {owner.id: owner for owner in OWNERS}

# What may be switched on for one camera, and for the whole cloud.
CAMERA_SWITCHES = ("hang", "fail", "freeze", "dark", "moved", "size", "removed", "no_option")
CLOUD_SWITCHES = ("hang", "fail")


@dataclass(slots=True)
class Grant:
    """An owner's consent: what it came to, and when it ended ("" while it holds)."""

    owner: str
    scope: str
    given_at: str
    ended_at: str = ""


@dataclass(slots=True)
class Code:
    """An authorisation code that may be redeemed once."""

    grant: str
    redirect_uri: str
    challenge: str
    until: float


@dataclass(slots=True)
class Access:
    """An access token."""

    grant: str
    until: float


@dataclass(slots=True)
class Refresh:
    """A refresh token: when it was used, and the one that came of it."""

    grant: str
    used: float = 0.0
    successor: str = ""


@dataclass(slots=True)
class World:
    """Everything, by name. ``switches`` holds the second at which each was switched on."""

    grants: dict[str, Grant] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    access: dict[str, Access] = field(default_factory=dict)
    refresh: dict[str, Refresh] = field(default_factory=dict)
    switches: dict[str, dict[str, float]] = field(default_factory=dict)  # by camera id, "" for all


def hash_of(token: str) -> str:
    """A token as it is kept."""
    return hashlib.sha256(token.encode()).hexdigest()


def utc_now() -> datetime:
    """The time."""
    return datetime.now(UTC)


class Cloud:
    """The world with its rules. ``file`` None keeps it in memory alone.

    ``clock`` may be wrong on purpose. ``forgiven`` is how long a refresh token that was used
    may be brought again as long as its successor was not; zero: never.
    """

    def __init__(
        self,
        file: Path | None = None,
        clock: Callable[[], datetime] = utc_now,
        *,
        access_lives: timedelta = ACCESS_LIVES,
        forgiven: timedelta = FORGIVEN,
    ) -> None:
        self.clock = clock
        self.access_lives = access_lives
        self.forgiven = forgiven
        self._file = file
        self.world = _read(file)

    @property
    def now(self) -> float:
        """Seconds since the epoch by the cloud's clock."""
        return self.clock().timestamp()

    def save(self) -> None:
        """Write the file, without what is over."""
        world, now = self.world, self.now
        world.codes = {name: code for name, code in world.codes.items() if code.until > now}
        world.access = {name: token for name, token in world.access.items() if token.until > now}
        if self._file is not None:
            _write(self._file, world)

    def is_on(self, switch: str, camera: str = "") -> bool:
        """Whether a switch is on, for this camera or for the whole cloud."""
        return switch in self.world.switches.get(camera, {})

    def since(self, switch: str, camera: str) -> float:
        """Since which second it is on; now when it is off."""
        return self.world.switches.get(camera, {}).get(switch, self.now)

    def set_switches(self, camera: str, wanted: set[str]) -> None:
        """Switch on what is wanted and off what is not; what was on stays on since then."""
        before = self.world.switches.get(camera, {})
        self.world.switches[camera] = {name: before.get(name, self.now) for name in wanted}
        self.save()

    def cameras_of(self, owner: str) -> list[CloudCamera]:
        """The cameras that the owner has now."""
        return [
            camera
            for camera in CAMERAS
            if camera.owner == owner and not self.is_on("removed", camera.id)
        ]

    def has_option(self, camera: CloudCamera) -> bool:
        """Whether the option is contracted for the camera now."""
        return camera.has_option and not self.is_on("no_option", camera.id)

    def consent(self, owner: str, scope: str) -> str:
        """Begin a consent; returns its id."""
        name = secrets.token_hex(8)
        self.world.grants[name] = Grant(owner, scope, self.clock().isoformat())
        return name

    def holds(self, grant: str) -> bool:
        """Whether the consent holds."""
        found = self.world.grants.get(grant)
        return found is not None and not found.ended_at

    def end(self, grant: str) -> None:
        """End a consent, with every token that came of it."""
        found = self.world.grants.get(grant)
        if found is not None and not found.ended_at:
            found.ended_at = self.clock().isoformat()
        self.save()

    def living_consents(self, owner: str) -> list[str]:
        """The ids of an owner's consents that hold."""
        grants = self.world.grants
        return [name for name, one in grants.items() if one.owner == owner and not one.ended_at]

    def owner_of(self, access_token: str) -> str | None:
        """Whose cameras an access token opens; None when it opens nothing."""
        token = self.world.access.get(hash_of(access_token))
        if token is None or token.until <= self.now or not self.holds(token.grant):
            return None
        return self.world.grants[token.grant].owner


def _read(file: Path | None) -> World:
    if file is None or not file.is_file():
        return World()
    kept = json.loads(file.read_text(encoding="utf-8"))
    return World(
        grants={name: Grant(**value) for name, value in kept["grants"].items()},
        codes={name: Code(**value) for name, value in kept["codes"].items()},
        access={name: Access(**value) for name, value in kept["access"].items()},
        refresh={name: Refresh(**value) for name, value in kept["refresh"].items()},
        switches=kept["switches"],
    )


def _write(file: Path, world: World) -> None:
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = file.with_suffix(".new")
    beside.write_text(json.dumps(asdict(world)), encoding="utf-8")
    os.replace(beside, file)  # noqa: PTH105 - one step: a file that is read is whole
