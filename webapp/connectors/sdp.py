"""What a camera says of its stream (SDP, RFC 4566): the one video that can be shown."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from webapp.connectors import CameraUnreachable, Phase

CODECS = {"H264": "h264", "H265": "hevc", "HEVC": "hevc", "JPEG": "mjpeg"}
JPEG_PAYLOAD = 26  # the number that needs no rtpmap
_PARAMETER_SETS = ("sprop-vps", "sprop-sps", "sprop-pps", "sprop-parameter-sets")


@dataclass(frozen=True, slots=True)
class Video:
    """A video of a stream: codec (FFmpeg's name), payload number, address, parameter sets."""

    codec: str
    payload: int
    control: str
    parameters: tuple[bytes, ...] = ()


def read_video(description: str, base: str) -> Video:
    """Read the first video whose codec is known; ``base`` is what its address is relative to.

    Raises ``CameraUnreachable`` (answer) when there is none.
    """
    found: list[str] = []
    for section in re.split(r"^m=", description.replace("\r", ""), flags=re.MULTILINE)[1:]:
        words = section.split("\n", 1)[0].split()
        if len(words) < 4 or words[0] != "video":
            continue
        for number in words[3:]:
            name = _encoding(section, number)
            found.append(name)
            if name.upper() in CODECS:
                control = _control(_attribute(section, "control"), base)
                return Video(CODECS[name.upper()], int(number), control, _sets(section, number))
    if found:
        message = "The camera's stream is neither H.264, H.265 nor JPEG."
    else:
        message = "The camera's stream holds no video."
    raise CameraUnreachable(Phase.ANSWER, message)


def _attribute(section: str, name: str) -> str:
    match = re.search(rf"^a={name}:(.*)$", section, re.MULTILINE)
    return match[1].strip() if match else ""


def _encoding(section: str, number: str) -> str:
    if not number.isdecimal() or len(number) > 3:
        return ""
    match = re.search(rf"^a=rtpmap:{number} +([\w.-]+)/", section, re.MULTILINE)
    if match:
        return match[1]
    return "JPEG" if int(number) == JPEG_PAYLOAD else ""


def _control(value: str, base: str) -> str:
    """The text to ask with. It is sent over the same connection, never connected to."""
    if not value or value == "*" or not value.isprintable() or " " in value or len(value) > 1000:
        return base
    if value.lower().startswith("rtsp://"):
        return value
    return f"{base.rstrip('/')}/{value.lstrip('/')}"


def _sets(section: str, number: str) -> tuple[bytes, ...]:
    options = _options(section, number)
    sets: list[bytes] = []
    for name in _PARAMETER_SETS:
        for text in filter(None, options.get(name, "").split(",")):
            try:
                sets.append(base64.b64decode(text, validate=True))
            except (binascii.Error, ValueError):
                continue
    return tuple(one for one in sets if one)


def _options(section: str, number: str) -> dict[str, str]:
    match = re.search(rf"^a=fmtp:{number} +(.*)$", section, re.MULTILINE)
    parts = match[1].split(";") if match else []
    pairs = [part.strip().partition("=") for part in parts]
    return {name.lower(): value.strip() for name, _, value in pairs}
