"""
PNG without metadata: the chunks that make the picture and its colours stay, words and times go.

Third edition of the PNG specification, chapter 11; of private chunks nobody knows what they tell.
"""

import re
import zlib

from gateway import exif
from gateway.image_pieces import MOST_PIECES, Broken, Cut, Data, Piece

_SIGNATURE = 8
_KIND = re.compile(rb"[A-Za-z]{4}")
_KEPT = re.compile(
    # Upper case: no picture without it. The others: colours, transparency, size, animation.
    rb"[A-Z].{3}|tRNS|cHRM|gAMA|iCCP|sBIT|sRGB|cICP|mDCV|cLLI|bKGD|hIST|pHYs|sPLT|acTL|fcTL|fdAT"
)
_MOST_EXIF = exif.MOST_BYTES


def pieces_of_png(data: Data) -> Cut:
    """Cut it; a picture that ends early is kept as far as it goes, one without pixels is Broken."""
    pieces: list[Piece] = [slice(0, _SIGNATURE)]
    found = exif.Exif()
    has_exif = has_pixels = False
    at = _SIGNATURE
    for _ in range(MOST_PIECES):
        kind = data[at + 4 : at + 8]
        if not _KIND.fullmatch(kind):
            break
        length = int.from_bytes(data[at : at + 4], "big")
        end = min(at + 12 + length, len(data))
        has_pixels |= kind == b"IDAT"
        if kind == b"eXIf" and not has_exif:
            has_exif = True
            found = exif.read(data[at + 8 : at + 8 + min(length, _MOST_EXIF)])
            pieces += _upright(found.orientation)
        elif _KEPT.fullmatch(kind):
            pieces.append(slice(at, end))
        at = end
        if kind == b"IEND":
            break
    else:
        raise Broken
    if not has_pixels:
        raise Broken
    return Cut(pieces=pieces, exif=found)


def _upright(orientation: int) -> list[Piece]:
    content = exif.upright_mark(orientation)
    if not content:
        return []
    checksum = zlib.crc32(b"eXIf" + content).to_bytes(4, "big")
    return [len(content).to_bytes(4, "big") + b"eXIf" + content + checksum]
