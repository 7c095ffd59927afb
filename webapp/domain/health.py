"""What is known of a camera in a minute. Unknown is never nought (M7)."""

from enum import StrEnum


class CameraState(StrEnum):
    """The state of a camera after its latest minute."""

    WAITING = "waiting"  # no picture was tried yet
    OK = "ok"  # counted
    CLOSED = "closed"  # outside business hours: nothing was asked
    UNREACHABLE = "unreachable"  # the camera gave no picture
    BAD_PICTURE = "bad_picture"  # what it gave is no picture that can be trusted
    ENGINE_FAILED = "engine_failed"  # the engine failed on this frame
    MISSED = "missed"  # no worker got to it in its minute

    @property
    def is_known(self) -> bool:
        """Whether a count stands behind this state."""
        return self is CameraState.OK
