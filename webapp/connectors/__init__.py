"""Everything that goes out to the network: where stills come from.

A connector turns a camera's source (a small dict, see each module) into one still, or
raises ``CameraUnreachable`` which says in which phase it failed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from webapp.errors import TemporaryFailure
from webapp.settings import Settings


class Phase(StrEnum):
    """Where a capture failed."""

    SETTINGS = "settings"  # the source itself makes no sense
    ADDRESS = "address"  # the name does not resolve, or lies outside the allowed networks
    CONNECT = "connect"  # nothing answers there
    SIGN_IN = "sign_in"  # user name or password are wrong
    ANSWER = "answer"  # it answers, but not with a picture
    TIMEOUT = "timeout"  # it did not answer in time
    FILE = "file"  # the file is missing or cannot be read


class CameraUnreachable(TemporaryFailure):
    """No picture this time; ``phase`` says where it failed. The text holds no credentials."""

    def __init__(self, phase: Phase, message: str) -> None:
        super().__init__(message)
        self.phase = phase


@dataclass(frozen=True, slots=True)
class Still:
    """The bytes of one encoded picture, as the camera gave them, not yet looked at."""

    data: bytes
    captured_at: datetime


class Connector(Protocol):
    """One kind of source."""

    async def fetch(self, source: Mapping[str, Any], at: datetime, timeout: float) -> Still:
        """One still taken at about ``at``, within ``timeout`` seconds overall."""


Connectors = Mapping[str, Connector]


def build_connectors(settings: Settings) -> Connectors:
    """Every connector by its name."""
    from webapp.connectors.file import FileConnector
    from webapp.connectors.http_snapshot import HttpSnapshotConnector

    return {
        "http_snapshot": HttpSnapshotConnector(settings),
        "file": FileConnector(settings),
    }
