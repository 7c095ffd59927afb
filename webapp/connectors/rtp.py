"""From RTP packets (RFC 3550) to whole pictures of one codec.

H.264 by RFC 6184, H.265 by RFC 7798, JPEG by RFC 2435. Over TCP nothing is lost and nothing
comes twice; a picture whose beginning was not seen is dropped.
"""

from __future__ import annotations

from typing import Protocol

from webapp.connectors import CameraUnreachable, Phase
from webapp.connectors.rtp_jpeg import JpegParts, read_part
from webapp.connectors.sdp import Video

START = b"\x00\x00\x00\x01"
RTP_HEAD = 12


class Units(Protocol):
    """Gathers packets; gives a picture's bytes when its last packet has come."""

    def add(self, packet: bytes) -> bytes | None:
        """Take one packet; answer with a whole picture when it ends with it."""


def units_for(video: Video, max_bytes: int) -> Units:
    """The gatherer for this video; a picture may have ``max_bytes``."""
    if video.codec == "mjpeg":
        return JpegUnits(video.payload, max_bytes)
    return NalUnits(video.payload, max_bytes, is_hevc=video.codec == "hevc")


def read_packet(packet: bytes, payload: int) -> tuple[bool, int, bytes] | None:
    """Marker (the picture ends here), timestamp and payload; None for another's packet."""
    if len(packet) <= RTP_HEAD or packet[0] >> 6 != 2 or packet[1] & 0x7F != payload:
        return None
    start = RTP_HEAD + 4 * (packet[0] & 0x0F)
    if packet[0] & 0x10:
        start += 4 + 4 * int.from_bytes(packet[start + 2 : start + 4], "big")
    end = len(packet) - (packet[-1] if packet[0] & 0x20 else 0)
    if start >= end:
        return None
    return bool(packet[1] & 0x80), int.from_bytes(packet[4:8], "big"), packet[start:end]


class NalUnits:
    """H.264 or H.265 in Annex B form: each NAL unit after a start code."""

    def __init__(self, payload: int, max_bytes: int, *, is_hevc: bool) -> None:
        self._payload = payload
        self._max_bytes = max_bytes
        self._is_hevc = is_hevc
        self._time: int | None = None
        self._unit = bytearray()
        self._is_open = False  # a fragmented NAL unit is under way

    def add(self, packet: bytes) -> bytes | None:
        """Take one packet; a picture ends with its marker or when the next one begins."""
        read = read_packet(packet, self._payload)
        if read is None:
            return None
        ends, time, payload = read
        before = bytes(self._unit) if self._time != time and self._unit else None
        if self._time != time:
            self._time, self._is_open = time, False
            self._unit.clear()
        if self._is_hevc:
            self._add_hevc(payload)
        else:
            self._add_h264(payload)
        if len(self._unit) > self._max_bytes:
            message = "A picture of the camera's stream is larger than pictures may be."
            raise CameraUnreachable(Phase.ANSWER, message)
        if before is None and ends:
            before = bytes(self._unit)
            self._unit.clear()
        return before or None

    def _add_h264(self, payload: bytes) -> None:
        kind = payload[0] & 0x1F
        if kind == 24:  # STAP-A: several units in one packet
            self._add_all(payload[1:])
        elif kind == 28 and len(payload) > 2:  # FU-A: a part of one unit
            head = bytes([payload[0] & 0xE0 | payload[1] & 0x1F])
            self._add_part(head, payload[1], payload[2:])
        elif 1 <= kind <= 23:
            self._unit += START + payload

    def _add_hevc(self, payload: bytes) -> None:
        if len(payload) < 3:
            return
        kind = payload[0] >> 1 & 0x3F
        if kind == 48:  # AP
            self._add_all(payload[2:])
        elif kind == 49 and len(payload) > 3:  # FU
            head = bytes([payload[0] & 0x81 | (payload[2] & 0x3F) << 1, payload[1]])
            self._add_part(head, payload[2], payload[3:])
        elif kind < 48:
            self._unit += START + payload

    def _add_all(self, payload: bytes) -> None:
        place = 0
        while place + 2 < len(payload):
            size = int.from_bytes(payload[place : place + 2], "big")
            place += 2
            if not size:
                message = "The camera's stream holds units without a size."
                raise CameraUnreachable(Phase.ANSWER, message)
            self._unit += START + payload[place : place + size]
            place += size

    def _add_part(self, head: bytes, flags: int, payload: bytes) -> None:
        if flags & 0x80:
            self._unit += START + head
            self._is_open = True
        if self._is_open:
            self._unit += payload
        if flags & 0x40:
            self._is_open = False


class JpegUnits:
    """JPEG, its header made anew from the few bytes that RTP carries of it."""

    def __init__(self, payload: int, max_bytes: int) -> None:
        self._payload = payload
        self._max_bytes = max_bytes
        self._parts = JpegParts()
        self._time: int | None = None

    def add(self, packet: bytes) -> bytes | None:
        """Take one packet; answer with a JPEG file when the picture ends with it."""
        read = read_packet(packet, self._payload)
        if read is None:
            return None
        ends, time, payload = read
        if time != self._time:
            self._time, self._parts = time, JpegParts()
        part = read_part(payload)
        if part is not None:
            self._parts.add(part)
        if self._parts.size > self._max_bytes:
            message = "A picture of the camera's stream is larger than pictures may be."
            raise CameraUnreachable(Phase.ANSWER, message)
        if not ends:
            return None
        whole, self._parts = self._parts.file(), JpegParts()
        return whole
