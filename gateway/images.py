"""
Pictures without what they tell about the citizen, and not a pixel changed.

Cameras write into a picture where it was taken, when, with which device, and often a small copy of
it from before it was cropped. Where it was taken is read first, for the report has use for it. The
same picture gives the same pieces every time, and cleaning them again changes nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from channels.contract import Point
from channels.media_type import UNKNOWN
from gateway import exif
from gateway.image_heif import pieces_of_heif
from gateway.image_jpeg import pieces_of_jpeg
from gateway.image_pieces import Broken, Cut, Data, Piece
from gateway.image_png import pieces_of_png
from gateway.image_webp import pieces_of_webp

_CUTTERS: Mapping[str, Callable[[Data], Cut]] = {
    "image/jpeg": pieces_of_jpeg,
    "image/png": pieces_of_png,
    "image/webp": pieces_of_webp,
    "image/heic": pieces_of_heif,
    "image/avif": pieces_of_heif,
}
# Its metadata is woven in: positions all over the file would change with it.
_TIFF = "image/tiff"


#: In the remark of a picture that may still tell who took it, and where.
WITH_METADATA = "kept with its metadata"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    """What to keep of a file, as what, and where it was taken."""

    pieces: Sequence[Piece]
    media_type: str
    point: Point | None = None
    remarks: tuple[str, ...] = ()


def clean(data: Data, media_type: str) -> Cleaned:
    """
    Take metadata out of a picture; other files stay as they are.

    A picture that cannot be taken apart may hold anything: it is kept, as a file nobody's program
    opens by itself, and said to be damaged.
    """
    whole = [slice(0, len(data))]
    if media_type == _TIFF:
        found = exif.read(data[: exif.MOST_BYTES])
        remark = f"a picture {WITH_METADATA}: {media_type}"
        return Cleaned(pieces=whole, media_type=media_type, point=found.point, remarks=(remark,))
    if media_type not in _CUTTERS:
        return Cleaned(pieces=whole, media_type=media_type)
    try:
        cut = _CUTTERS[media_type](data)
    except Broken:
        remark = f"a damaged picture {WITH_METADATA}: {media_type}"
        return Cleaned(pieces=whole, media_type=UNKNOWN, remarks=(remark,))
    return Cleaned(pieces=cut.pieces, media_type=media_type, point=cut.exif.point)
