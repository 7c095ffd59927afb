"""JPEG in RTP (RFC 2435): the file's tables are left out on the way and made here again."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

# Quantisation of quality 50 (RFC 2435, appendix A), in zigzag order: luma, chroma.
_LUMA = bytes.fromhex(
    "100b0c0e0c0a100e0d0e1211101318281a181616183123251d283a333d3c3933383740485c4e404457453738"
    "506d51575f626768673e4d71797064785c656763"
)
_CHROMA = bytes.fromhex(
    "1112121815182f1a1a2f634238426363636363636363636363636363636363636363636363636363636363"
    "636363636363636363636363636363636363636363"
)
# Huffman tables of the JPEG standard (K.3 to K.6): class and number, counts, values.
_HUFFMAN = (
    (0x00, "00010501010101010100000000000000", "000102030405060708090a0b"),
    (
        0x10,
        "0002010303020403050504040000017d",
        "01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a"
        "25262728292a3435363738393a434445464748494a535455565758595a636465666768696a737475767778"
        "797a838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7"
        "c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa",
    ),
    (0x01, "00030101010101010101010000000000", "000102030405060708090a0b"),
    (
        0x11,
        "00020102040403040705040400010277",
        "000102031104052131061241510761711322328108144291a1b1c109233352f0156272d10a162434e125f1"
        "1718191a262728292a35363738393a434445464748494a535455565758595a636465666768696a73747576"
        "7778797a82838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4"
        "c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa",
    ),
)


@dataclass(frozen=True, slots=True)
class Part:
    """What one packet carries: where it belongs, what is said of the picture, its data."""

    offset: int
    kind: int
    width: int
    height: int
    restart: int
    tables: bytes
    data: bytes


@dataclass(slots=True)
class JpegParts:
    """The parts of one picture so far; ``size`` counts their bytes."""

    first: Part | None = None
    size: int = 0
    _data: list[bytes] = field(default_factory=list)

    def add(self, part: Part) -> None:
        """Take the next part; one that does not follow spoils the picture."""
        if part.offset == 0:
            self.first, self.size, self._data = part, 0, []
        elif part.offset != self.size:
            self.first = None
        self.size += len(part.data)
        self._data.append(part.data)

    def file(self) -> bytes | None:
        """The whole file; None when its beginning or its tables are missing."""
        if self.first is None or not self.first.tables:
            return None
        data = b"".join(self._data)
        end = b"" if data.endswith(b"\xff\xd9") else b"\xff\xd9"
        return _header(self.first) + data + end


def read_part(payload: bytes) -> Part | None:
    """Read the header of one packet's payload; None when it makes no sense."""
    if len(payload) < 8 or payload[4] & 0x3F > 1:
        return None
    offset = int.from_bytes(payload[1:4], "big")
    kind, quality = payload[4], payload[5]
    width, height, rest = payload[6] * 8, payload[7] * 8, payload[8:]
    restart = 0
    if kind >= 64:
        restart, rest = int.from_bytes(rest[:2], "big"), rest[4:]
    tables = b""
    if quality >= 128 and offset == 0:
        length = int.from_bytes(rest[2:4], "big")
        tables, rest = rest[4 : 4 + length], rest[4 + length :]
        tables = tables if len(tables) in {64, 128} else b""
    elif quality < 128:
        tables = _scaled(quality)
    if not width or not height:
        return None
    return Part(offset, kind, width, height, restart, tables, rest)


def _scaled(quality: int) -> bytes:
    quality = min(99, max(1, quality))
    factor = 5000 // quality if quality < 50 else 200 - 2 * quality
    return bytes(min(255, max(1, (value * factor + 50) // 100)) for value in _LUMA + _CHROMA)


def _header(part: Part) -> bytes:
    tables = (part.tables[:64], part.tables[64:] or part.tables[:64])
    parts = [b"\xff\xd8"]
    parts += [_segment(0xDB, bytes([number]) + table) for number, table in enumerate(tables)]
    if part.restart:
        parts.append(_segment(0xDD, struct.pack("!H", part.restart)))
    luma = 0x21 if part.kind & 0x3F == 0 else 0x22
    frame = struct.pack("!BHHB", 8, part.height, part.width, 3)
    parts.append(_segment(0xC0, frame + bytes([1, luma, 0, 2, 0x11, 1, 3, 0x11, 1])))
    for number, counts, values in _HUFFMAN:
        content = bytes([number]) + bytes.fromhex(counts) + bytes.fromhex(values)
        parts.append(_segment(0xC4, content))
    parts.append(_segment(0xDA, bytes([3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0])))
    return b"".join(parts)


def _segment(marker: int, content: bytes) -> bytes:
    return struct.pack("!BBH", 0xFF, marker, len(content) + 2) + content
