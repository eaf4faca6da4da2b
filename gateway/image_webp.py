"""
WebP without metadata: picture, frames, transparency and colour profile stay.

RIFF sizes and the flags in VP8X must agree with what is left.
https://developers.google.com/speed/webp/docs/riff_container
"""

from gateway import exif
from gateway.image_pieces import MOST_PIECES, Broken, Cut, Data, Piece

_HEAD = 12
_KEPT = (b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP")
_PICTURE = (b"VP8 ", b"VP8L", b"ANMF")
_HAS_EXIF, _HAS_XMP = 0x08, 0x04
_MARK = b"Exif\x00\x00"


def pieces_of_webp(data: Data) -> Cut:
    """Cut it; one whose chunks do not fit into the file is Broken."""
    kept: list[slice] = []
    found: exif.Exif | None = None
    at, last = _HEAD, min(8 + int.from_bytes(data[4:8], "little"), len(data))
    while at + 8 <= last:
        kind, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        end = at + 8 + length
        if end > len(data) or len(kept) > MOST_PIECES:
            raise Broken
        if kind == b"EXIF" and found is None:
            found = exif.read(data[at + 8 : end].removeprefix(_MARK))
        elif kind in _KEPT:
            kept.append(slice(at, end))
        at = end + length % 2
    if not any(_kind(data, span) in _PICTURE for span in kept):
        raise Broken
    return _joined(data, kept, found or exif.Exif())


def _kind(data: Data, span: slice) -> bytes:
    return data[span.start : span.start + 4]


def _joined(data: Data, kept: list[slice], found: exif.Exif) -> Cut:
    pieces: list[Piece] = []
    size = 4
    mark = b""
    for span in kept:
        size += span.stop - span.start
        if _kind(data, span) == b"VP8X":
            # Without this chunk a picture has no place for a mark.
            mark = exif.upright_mark(found.orientation)
            pieces.append(_flagged(data[span], has_exif=bool(mark)))
        else:
            pieces.append(span)
        if size % 2:
            pieces.append(b"\x00")
            size += 1
    if mark:
        pieces.append(b"EXIF" + len(mark).to_bytes(4, "little") + mark)
        size += 8 + len(mark)
    return Cut(pieces=[b"RIFF" + size.to_bytes(4, "little") + b"WEBP", *pieces], exif=found)


def _flagged(chunk: bytes, *, has_exif: bool) -> bytes:
    flags = chunk[8:9]
    if not flags:
        raise Broken
    kept = flags[0] & ~(_HAS_EXIF | _HAS_XMP) | (_HAS_EXIF if has_exif else 0)
    return chunk[:8] + bytes((kept,)) + chunk[9:]
