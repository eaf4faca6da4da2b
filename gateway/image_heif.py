"""
HEIC and AVIF without what they tell: the metadata is overwritten where it stands.

Positions of everything are woven into such a file, so nothing may move: the bytes of Exif and XMP
items become zeros, which readers take for no metadata. The picture's turn is a property of its own
(irot) and stays. ISO/IEC 14496-12, 8.11 (meta, iloc, iinf) and 23008-12, annex A.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from gateway import exif
from gateway.image_pieces import Broken, Cut, Data, Piece

# Boxes of one level, items of a picture: what has more was made to keep somebody busy.
_MOST = 10_000
_TELLING = (b"Exif", b"mime", b"uri ")


@dataclass(frozen=True, slots=True)
class _Box:
    kind: bytes
    start: int
    stop: int


def pieces_of_heif(data: Data) -> Cut:
    """The picture with zeros for metadata; Broken where that cannot be told for sure."""
    told = exif.read(exif.within(data))
    try:
        spans = sorted(_telling(data))
    except (struct.error, IndexError, OverflowError) as exc:
        raise Broken from exc
    if not any(box.kind == b"meta" for box in _boxes(data, 0, len(data))):
        raise Broken
    pieces: list[Piece] = []
    at = 0
    for start, stop in spans:
        if start < at or stop > len(data):
            raise Broken
        pieces += (slice(at, start), bytes(stop - start))
        at = stop
    return Cut(pieces=[*pieces, slice(at, len(data))], exif=exif.Exif(point=told.point))


def _telling(data: Data) -> Iterator[tuple[int, int]]:
    """Where metadata stands, as positions in the file."""
    for box in _boxes(data, 0, len(data)):
        if box.kind == b"uuid":
            yield box.start, box.stop
        elif box.kind == b"meta":
            inside = {one.kind: one for one in _boxes(data, box.start + 4, box.stop)}
            items = _items(data, inside[b"iinf"]) if b"iinf" in inside else set()
            if items and b"iloc" in inside:
                idat = inside.get(b"idat")
                yield from _places(data, inside[b"iloc"], items, idat.start if idat else 0)


def _boxes(data: Data, start: int, stop: int) -> Iterator[_Box]:
    for _ in range(_MOST):
        if start + 8 > stop:
            return
        size, kind = struct.unpack(">L4s", data[start : start + 8])
        head = 8
        if size == 1:
            (size,) = struct.unpack(">Q", data[start + 8 : start + 16])
            head = 16
        end = stop if size == 0 else start + size
        if end > stop or end < start + head:
            raise Broken
        yield _Box(kind, start + head, end)
        start = end
    raise Broken


def _items(data: Data, iinf: _Box) -> set[int]:
    """The numbers of items that are metadata."""
    version = data[iinf.start]
    found = set()
    for box in _boxes(data, iinf.start + (6 if version == 0 else 8), iinf.stop):
        wide = data[box.start] > 2  # noqa: PLR2004 (version 3: numbers of 32 bits)
        form = ">LH4s" if wide else ">HH4s"
        start = box.start + 4
        number, _, kind = struct.unpack(form, data[start : start + struct.calcsize(form)])
        if kind in _TELLING:
            found.add(number)
    return found


def _places(data: Data, iloc: _Box, wanted: set[int], idat: int) -> Iterator[tuple[int, int]]:
    """Where the bytes of these items are."""
    version, sizes = data[iloc.start], data[iloc.start + 4 : iloc.start + 6]
    widths = (sizes[0] >> 4, sizes[0] & 15, sizes[1] >> 4, sizes[1] & 15 if version else 0)
    offset_size, length_size, base_size, index_size = widths
    wide = version > 1
    reader = _Reader(data, iloc.start + 6, iloc.stop)
    for _ in range(min(reader.number(4 if wide else 2), _MOST)):
        number = reader.number(4 if wide else 2)
        method = reader.number(2) & 15 if version else 0
        reader.number(2)  # in which file: this one
        base = reader.number(base_size)
        for _ in range(min(reader.number(2), _MOST)):
            reader.number(index_size)
            start = base + reader.number(offset_size) + (idat if method == 1 else 0)
            length = reader.number(length_size)
            if number in wanted:
                yield start, start + length if length else len(data)


class _Reader:
    """Numbers one behind the other, within bounds."""

    def __init__(self, data: Data, at: int, stop: int) -> None:
        self._data, self._at, self._stop = data, at, stop

    def number(self, size: int) -> int:
        """The next one, of so many bytes."""
        if self._at + size > self._stop:
            raise Broken
        octets = self._data[self._at : self._at + size]
        self._at += size
        return int.from_bytes(octets)
