"""The errors a connector may raise; each says what its caller should do."""

from __future__ import annotations

from enum import StrEnum


class Phase(StrEnum):
    """Where a capture failed: what a person has to look at."""

    SETTINGS = "settings"  # the source itself makes no sense
    ADDRESS = "address"  # the name does not resolve, or lies outside the allowed networks
    CONNECT = "connect"  # nothing answers there
    SIGN_IN = "sign_in"  # user name or password are wrong
    ANSWER = "answer"  # it answers, but not with a picture
    TIMEOUT = "timeout"  # it did not answer in time
    FILE = "file"  # the file is missing or cannot be read
    SERVICE = "service"  # the service between us and the camera does not answer as it should
    CONSENT = "consent"  # the camera's owner has not allowed it, or does not any more
    OPTION = "option"  # the camera's contract lacks what this needs
    GONE = "gone"  # the service has no such camera, or not any more


class Step(StrEnum):
    """What a connector is busy with; each step has its share of the deadline."""

    RESOLVE = "resolve"  # the name's addresses are looked up
    CONNECT = "connect"  # the connection is made
    TLS = "tls"  # the encryption is agreed on
    HEADERS = "headers"  # the camera is asked; its answer has not begun
    BODY = "body"  # the answer comes in
    DECODE = "decode"  # a picture is made of the bytes


class ConnectorError(Exception):
    """Base of all errors of a connector. The message is one English sentence."""


class ConnectorUnusable(ConnectorError):
    """Give up: the connector cannot work here (wrong options). Stops the start."""


class CameraUnreachable(ConnectorError):
    """No picture this time; the next minute is tried as usual.

    ``phase`` says where it failed, ``step`` (where it is known) what was under way. The
    message names neither the address nor a credential.
    """

    def __init__(self, phase: Phase, message: str, step: Step | None = None) -> None:
        super().__init__(message)
        self.phase = phase
        self.step = step
