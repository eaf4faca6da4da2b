"""
JPEG without metadata: of the application segments only those that decide about colours stay.

A picture ends where it says so; what cameras append (a second picture, a film, a trailer) has
positions in it, too, and goes. ITU-T T.81 annex B, JFIF 1.02, ICC.1 annex B.4.
"""

import re

from gateway import exif
from gateway.image_pieces import MOST_PIECES, Broken, Cut, Data, Piece

_START, _END, _SCAN = 0xD8, 0xD9, 0xDA
_APP0, _APP1, _APP15, _COMMENT = 0xE0, 0xE1, 0xEF, 0xFE
# Without a length: TEM, RST0 to RST7, SOI.
_BARE = {0x01, *range(0xD0, 0xD9)}
_KEPT = {0xE2: b"ICC_PROFILE\x00", 0xEE: b"Adobe"}

_EXIF = b"Exif\x00\x00"
_JFIF = b"JFIF\x00"
# Fill bytes may stand before a marker; FF 00 is a byte of the picture itself.
# Only the last of them is looked for: a file of nothing but fill bytes would cost hours.
_MARKER = re.compile(rb"\xff([^\x00\xff])")
_AFTER_SCAN = re.compile(rb"\xff([^\x00\xd0-\xd7\xff])")


def pieces_of_jpeg(data: Data) -> Cut:
    """Cut it; a picture that ends early is kept as far as it goes, one without a scan is Broken."""
    pieces: list[Piece] = [b"\xff\xd8"]
    found = exif.Exif()
    has_exif = has_scan = False
    at = 2
    for _ in range(MOST_PIECES):
        marker = (_AFTER_SCAN if has_scan else _MARKER).search(data, at)
        if marker is None:
            return _end(pieces, found, has_scan=has_scan)
        kind, start, at = marker[1][0], marker.end() - 2, marker.end()
        if kind == _END:
            return _end([*pieces, b"\xff\xd9"], found, has_scan=has_scan)
        if kind in _BARE:
            continue
        end = at + int.from_bytes(data[at : at + 2], "big")
        if end < at + 2 or end > len(data):
            return _end(pieces, found, has_scan=has_scan)
        if kind == _SCAN:
            has_scan = True
            pieces.append(slice(start, _end_of_scan(data, end)))
            at = end
            continue
        content = slice(at + 2, end)
        if kind == _APP1 and not has_exif and data[content].startswith(_EXIF):
            has_exif = True
            found = exif.read(data[content][len(_EXIF) :])
            pieces += _upright(found.orientation)
        else:
            pieces += _kept(kind, data, slice(start, end), content)
        at = end
    raise Broken


def _end(pieces: list[Piece], found: exif.Exif, *, has_scan: bool) -> Cut:
    if not has_scan:
        raise Broken
    return Cut(pieces=pieces, exif=found)


def _end_of_scan(data: Data, at: int) -> int:
    following = _AFTER_SCAN.search(data, at)
    return following.start() if following else len(data)


def _upright(orientation: int) -> list[Piece]:
    mark = exif.upright_mark(orientation)
    return [_segment(_APP1, _EXIF + mark)] if mark else []


def _kept(kind: int, data: Data, whole: slice, content: slice) -> list[Piece]:
    head = data[content][:14]
    if kind == _APP0 and head.startswith(_JFIF) and len(head) == 14:  # noqa: PLR2004 (JFIF's own)
        return [_segment(_APP0, head[:12] + b"\x00\x00")]  # without its thumbnail
    is_application = _APP0 <= kind <= _APP15
    if kind == _COMMENT or (is_application and not _is_about_colours(kind, head)):
        return []
    return [whole]


def _is_about_colours(kind: int, head: bytes) -> bool:
    return kind in _KEPT and head.startswith(_KEPT[kind])


def _segment(kind: int, content: bytes) -> bytes:
    return bytes((0xFF, kind)) + (len(content) + 2).to_bytes(2, "big") + content
