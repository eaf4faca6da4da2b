"""What the cutters of pictures share: pieces to keep, and when a picture is no picture."""

import mmap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from gateway.exif import Exif

#: A picture in memory or on disk.
Data: TypeAlias = bytes | mmap.mmap
#: A span of the original, or bytes written anew.
Piece: TypeAlias = slice | bytes

# A camera's picture has hundreds at most; looking at more would cost seconds.
MOST_PIECES = 100_000


class Broken(Exception):
    """The picture cannot be taken apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A picture without its metadata, and what of that we care for."""

    pieces: Sequence[Piece]
    exif: Exif
