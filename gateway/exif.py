"""
What an EXIF block says of a picture: which side is up, and where it was taken.

Only the first directory and the GPS directory are read, and a bounded number of their entries. A
general reader follows every pointer: 32 kB of chained directories kept ExifRead 3.5.1 busy for
half a minute. EXIF is TIFF: CIPA DC-008, sections 4.5 and 4.6.6.
"""

import mmap
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from channels.contract import Point

MOST_BYTES = 1 << 20

# Cameras write some twenty.
_MOST_ENTRIES = 256

_ORIENTATION, _GPS = 0x0112, 0x8825
_LAT_REF, _LAT, _LON_REF, _LON = 1, 2, 3, 4
_SHORT, _LONG = 3, 4
_UPRIGHT = 1

_BLOCK = re.compile(rb"Exif\x00\x00(?=II\*\x00|MM\x00\*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exif:
    """The two facts of the block that matter here; 1 is upright, 2 to 8 are turned or mirrored."""

    orientation: int = _UPRIGHT
    point: Point | None = None


def read(block: bytes) -> Exif:
    """Read a TIFF block; total: whatever is damaged is as if it were not there."""
    tiff = _Tiff(block[:MOST_BYTES])
    first = dict(tiff.entries(tiff.number(4, _LONG)))
    orientation = tiff.short(first.get(_ORIENTATION))
    return Exif(
        orientation=orientation if orientation in range(1, 9) else _UPRIGHT,
        point=_point(tiff, dict(tiff.entries(tiff.long(first.get(_GPS))))),
    )


def within(data: bytes | mmap.mmap) -> bytes:
    """The first TIFF block after an "Exif" mark, for containers that are not taken apart."""
    found = _BLOCK.search(data)
    return data[found.end() : found.end() + MOST_BYTES] if found else b""


def upright_mark(orientation: int) -> bytes:
    """A TIFF block that says nothing but which side is up; b"" where that is plain."""
    if orientation == _UPRIGHT:
        return b""
    return struct.pack("<2sHLHHHLHHL", b"II", 42, 8, 1, _ORIENTATION, _SHORT, 1, orientation, 0, 0)


@dataclass(frozen=True, slots=True)
class _Entry:
    kind: int
    count: int
    #: Where its four bytes stand: the value itself, or where to find it.
    at: int


class _Tiff:
    """Numbers of a TIFF block; outside of it every number is 0."""

    def __init__(self, block: bytes) -> None:
        self._block = block
        self._order = ">" if block.startswith(b"MM") else "<"
        self._is_tiff = block.startswith((b"II*\x00", b"MM\x00*"))

    def number(self, at: int, kind: int) -> int:
        """One SHORT or LONG."""
        form, size = ("H", 2) if kind == _SHORT else ("L", 4)
        octets = self._block[at : at + size]
        return int(struct.unpack(self._order + form, octets)[0]) if len(octets) == size else 0

    def entries(self, at: int) -> Iterator[tuple[int, _Entry]]:
        """The entries of a directory by their tags."""
        if not self._is_tiff or at == 0:
            return
        for index in range(min(self.number(at, _SHORT), _MOST_ENTRIES)):
            start = at + 2 + 12 * index
            yield (
                self.number(start, _SHORT),
                _Entry(self.number(start + 2, _SHORT), self.number(start + 4, _LONG), start + 8),
            )

    def short(self, entry: _Entry | None) -> int:
        """The value of a SHORT."""
        return self.number(entry.at, _SHORT) if entry and entry.kind == _SHORT else 0

    def long(self, entry: _Entry | None) -> int:
        """The value of a LONG."""
        return self.number(entry.at, _LONG) if entry and entry.kind == _LONG else 0

    def letter(self, entry: _Entry | None) -> bytes:
        """The first letter of a text that fits into its entry."""
        return self._block[entry.at : entry.at + 1].upper() if entry else b""

    def degrees(self, entry: _Entry | None) -> Fraction | None:
        """Degrees, minutes, seconds, each as a fraction."""
        if entry is None or entry.count != 3:  # noqa: PLR2004 (degrees, minutes, seconds)
            return None
        at = self.number(entry.at, _LONG)
        total = Fraction(0)
        for index, unit in enumerate((1, 60, 3600)):
            above = self.number(at + 8 * index, _LONG)
            below = self.number(at + 8 * index + 4, _LONG)
            if not below:
                # Some phones write 0/0 for seconds they put into the minutes.
                if above or not index:
                    return None
                continue
            total += Fraction(above, below) / unit
        return total


def _point(tiff: _Tiff, gps: dict[int, _Entry]) -> Point | None:
    lat, lon = tiff.degrees(gps.get(_LAT)), tiff.degrees(gps.get(_LON))
    if lat is None or lon is None or lat > 90 or lon > 180:  # noqa: PLR2004 (the globe)
        return None
    # Cameras without a fix write zeros.
    if not lat and not lon:
        return None
    south = tiff.letter(gps.get(_LAT_REF)) == b"S"
    west = tiff.letter(gps.get(_LON_REF)) == b"W"
    return Point(
        lat=round(float(-lat if south else lat), 6), lon=round(float(-lon if west else lon), 6)
    )
