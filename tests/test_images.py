"""
Pictures lose their metadata and not a pixel.

tests/fixtures/pictures were drawn by ImageMagick (a fractal) and marked by ExifTool with an
invented citizen: GPS -6.2088, 106.8456, orientation 6, XMP, IPTC, comments, a thumbnail's worth
of words. That what is left decodes to the same pixels was seen with ImageMagick's signatures.
"""

import io
import mmap
import struct
import zlib
from pathlib import Path

import exifread
import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.contract import Point
from channels.media_type import media_type
from gateway import exif
from gateway.files import chunks_of
from gateway.image_pieces import Data
from gateway.images import Cleaned, clean

FOLDER = Path(__file__).parent / "fixtures" / "pictures"
NAMES = ("baseline.jpg", "progressive.jpg", "plasma.png", "lossy.webp")
JAKARTA = Point(lat=-6.2088, lon=106.8456)
PRIVATE = (b"Citizen", b"Someone", b"secret words", b"Kamera", b"2026:01:01", b"xpacket", b"GPS")

# A scan: FF 00 is data and FF D0 a restart within it.
SCAN = b"\xff\xda\x00\x04ab" + b"pix\xff\x00els\xff\xd0more"
TABLES = b"\xff\xdb\x00\x04qt\xff\xc0\x00\x04sz"
JFIF = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x48\x00\x48\x00\x00"


def segment(kind: int, content: bytes) -> bytes:
    """A JPEG segment."""
    return bytes((0xFF, kind)) + (len(content) + 2).to_bytes(2, "big") + content


def jpeg(*segments: bytes, scan: bytes = SCAN, end: bytes = b"\xff\xd9") -> bytes:
    """A picture with these segments before its tables."""
    return b"\xff\xd8" + b"".join(segments) + TABLES + scan + end


def chunk(kind: bytes, content: bytes) -> bytes:
    """A PNG chunk."""
    checksum = zlib.crc32(kind + content).to_bytes(4, "big")
    return len(content).to_bytes(4, "big") + kind + content + checksum


def png(*chunks: bytes) -> bytes:
    """A picture with these chunks."""
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def tiff(
    order: str = ">",
    orientation: int | None = 6,
    *,
    lat: tuple[int, ...] = (6, 1, 12, 1, 31, 1),
    lon: tuple[int, ...] = (106, 1, 50, 1, 44, 1),
    refs: bytes = b"SE",
) -> bytes:
    """An EXIF block with an orientation and a GPS directory."""
    entries = [] if orientation is None else [(0x0112, 3, 1, orientation)]
    first = 8
    gps = first + 2 + 12 * (len(entries) + 1) + 4
    values = gps + 2 + 12 * 4 + 4
    entries.append((0x8825, 4, 1, gps))
    block = struct.pack(f"{order}2sHL", b"MM" if order == ">" else b"II", 42, first)
    block += struct.pack(f"{order}H", len(entries))
    for tag, kind, count, value in entries:
        form = "HH" if kind == 3 else "L"
        pair = (value, 0) if kind == 3 else (value,)
        block += struct.pack(f"{order}HHL{form}", tag, kind, count, *pair)
    block += struct.pack(f"{order}LH", 0, 4)
    for tag, kind, count, at in ((2, 5, 3, values), (4, 5, 3, values + 24)):
        letter = refs[tag // 2 - 1 : tag // 2]
        block += struct.pack(f"{order}HHL4s", tag - 1, 2, 2, letter)
        block += struct.pack(f"{order}HHLL", tag, kind, count, at)
    return block + struct.pack(f"{order}L6L6L", 0, *lat, *lon)


def cleaned(data: Data) -> tuple[bytes, Cleaned]:
    """What is left of a picture."""
    result = clean(data, media_type(data[:16]))
    return b"".join(chunks_of(data, result.pieces)), result


# --- real pictures -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_nothing_of_the_citizen_is_left_in_a_picture(name: str) -> None:
    """No place, time, device, name or comment; the place was read before."""
    picture = (FOLDER / name).read_bytes()
    left, result = cleaned(picture)

    assert result.point == JAKARTA
    assert result.remarks == ()
    assert [word for word in PRIVATE if word in picture]
    assert [word for word in PRIVATE if word in left] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_stays_upright(name: str) -> None:
    """A reader that is not ours finds the orientation, and no other tag."""
    left, _ = cleaned((FOLDER / name).read_bytes())
    if name.endswith("webp"):
        left = left[left.index(b"EXIF") + 8 :]
    tags = exifread.process_file(io.BytesIO(left), details=False)

    assert {tag: value.values for tag, value in tags.items()} == {"Image Orientation": [6]}


@pytest.mark.parametrize("name", NAMES)
def test_the_place_is_read_as_others_read_it(name: str) -> None:
    """ExifRead sees the same point in the original, where it understands the container."""
    picture = (FOLDER / name).read_bytes()
    tags = exifread.process_file(io.BytesIO(picture), details=False)
    theirs = exifread.utils.get_gps_coords(tags)

    if name.endswith("webp"):
        assert theirs is None
    else:
        assert theirs == pytest.approx((JAKARTA.lat, JAKARTA.lon), abs=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_cleaning_again_changes_nothing(name: str) -> None:
    """The same picture has the same digest, however often it passes."""
    left, _ = cleaned((FOLDER / name).read_bytes())

    assert cleaned(left)[0] == left


@pytest.mark.parametrize("name", NAMES)
def test_a_file_on_disk_is_cut_like_one_in_memory(name: str) -> None:
    """And is let go of afterwards."""
    path = FOLDER / name
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        left, result = cleaned(data)

    assert left == cleaned(path.read_bytes())[0]
    assert result.point == JAKARTA


@pytest.mark.parametrize("name", NAMES)
def test_any_part_of_a_picture_can_be_cut(name: str) -> None:
    """An upload that broke off anywhere is cleaned as far as it goes, or said to be damaged."""
    picture = (FOLDER / name).read_bytes()
    for length in range(16, len(picture), 7):
        left, result = cleaned(picture[:length])

        if not result.remarks:
            assert [word for word in PRIVATE if word in left] == []
        else:
            assert result.remarks[0].startswith("a damaged picture kept with its metadata: ")
            assert result.media_type == "application/octet-stream"
            assert left == picture[:length]


@given(st.sampled_from(NAMES), st.data())
def test_no_damage_raises(name: str, data: st.DataObject) -> None:
    """Bytes turned around anywhere give a cut picture or a damaged one."""
    picture = bytearray((FOLDER / name).read_bytes())
    for at in data.draw(st.lists(st.integers(12, len(picture) - 1), max_size=8)):
        picture[at] = data.draw(st.integers(0, 255))
    left, _ = cleaned(bytes(picture))

    assert len(left) <= len(picture) + 64


@given(st.binary(), st.sampled_from(["image/jpeg", "image/png", "image/webp", "image/heic"]))
def test_any_bytes_are_cut(content: bytes, kind: str) -> None:
    """Whatever is called a picture gives an answer and never an exception."""
    result = clean(content, kind)

    assert len(b"".join(chunks_of(content, result.pieces))) <= len(content) + 64


# --- JPEG --------------------------------------------------------------------------------------


def test_a_plain_jpeg_is_not_changed() -> None:
    """Tables, scan and density stay as they are, byte for byte."""
    assert cleaned(jpeg(JFIF))[0] == jpeg(JFIF)


def test_colours_stay() -> None:
    """The colour profile and Adobe's transform decide what is seen."""
    profile, adobe = segment(0xE2, b"ICC_PROFILE\x00\x01\x01..."), segment(0xEE, b"Adobe\x00d....")

    assert cleaned(jpeg(profile, adobe))[0] == jpeg(profile, adobe)


@pytest.mark.parametrize(
    "metadata",
    [
        segment(0xE1, b"http://ns.adobe.com/xap/1.0/\x00<x:xmpmeta/>"),
        segment(0xE1, b"http://ns.adobe.com/xmp/extension/\x00..."),
        segment(0xE2, b"MPF\x00MM..."),
        segment(0xED, b"Photoshop 3.0\x008BIM"),
        segment(0xE4, b"maker's own"),
        segment(0xEF, b"?"),
        segment(0xE0, b"JFXX\x00\x10thumbnail"),
        segment(0xFE, b"di rumah saya"),
        segment(0xE1, b"Exif\x00\x00" + tiff(orientation=1)),
        segment(0xE1, b"Exif\x00\x00"),
        segment(0xE1, b""),
        b"\xff\xff\xff" + segment(0xFE, b"after fill bytes"),
        b"garbage" + segment(0xFE, b"between segments"),
        b"\xff\x01\xff\xd8",
    ],
)
def test_what_is_no_picture_goes(metadata: bytes) -> None:
    """XMP, IPTC, comments, thumbnails, makers' segments, garbage."""
    assert cleaned(jpeg(JFIF, metadata))[0] == jpeg(JFIF)


def test_a_comment_between_two_scans_goes() -> None:
    """A progressive picture has segments between its scans."""
    comment = segment(0xFE, b"di rumah saya")

    assert cleaned(jpeg(scan=SCAN + comment + TABLES + SCAN))[0] == jpeg(scan=SCAN + TABLES + SCAN)


def test_a_jfif_thumbnail_goes() -> None:
    """It may show what was cropped away."""
    with_thumbnail = segment(0xE0, b"JFIF\x00\x01\x01\x00\x00\x48\x00\x48\x01\x01RGB")

    assert cleaned(jpeg(with_thumbnail))[0] == jpeg(JFIF)


def test_what_follows_the_picture_goes() -> None:
    """Motion photos carry a film with its own place behind the picture."""
    assert cleaned(jpeg() + b"MotionPhoto_Data....ftypmp42" + jpeg())[0] == jpeg()


def test_only_the_orientation_is_written_anew() -> None:
    """In the place of the old block, in our own words."""
    mark = (
        b"II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00"
        + bytes(4)
    )
    picture = jpeg(JFIF, segment(0xE1, b"Exif\x00\x00" + tiff()))

    assert cleaned(picture)[0] == jpeg(JFIF, segment(0xE1, b"Exif\x00\x00" + mark))


@pytest.mark.parametrize(
    "picture",
    [
        b"\xff\xd8\xff",
        jpeg(scan=b""),
        b"\xff\xd8" + TABLES,
        b"\xff\xd8\xff\xe1\xff\xffExif\x00\x00",
        b"\xff\xd8\xff\xe1\x00\x01",
        b"\xff\xd8" + segment(0xFE, b"") * 100_001 + jpeg()[2:],
    ],
    ids=["start", "no scan", "no end", "beyond the end", "no length", "endless"],
)
def test_a_jpeg_without_a_picture_is_damaged(picture: bytes) -> None:
    """It is kept whole, as a file that no browser opens, and the officer is told."""
    left, result = cleaned(picture)

    assert left == picture
    assert result.media_type == "application/octet-stream"
    assert result.remarks == ("a damaged picture kept with its metadata: image/jpeg",)


def test_a_jpeg_that_ends_early_is_still_a_picture() -> None:
    """Half a photo shows half of it; its metadata stood before."""
    picture = jpeg(segment(0xFE, b"di rumah saya"), scan=SCAN[:-4], end=b"")
    left, result = cleaned(picture)

    assert left == jpeg(scan=SCAN[:-4], end=b"")
    assert result.media_type == "image/jpeg"


# --- PNG, WebP, and those that cannot be cut -----------------------------------------------------


@pytest.mark.parametrize("kind", [b"tEXt", b"zTXt", b"iTXt", b"tIME", b"eXIf", b"caBX", b"prVt"])
def test_png_words_and_times_go(kind: bytes) -> None:
    """Before the picture and after it; what a private chunk tells, nobody knows."""
    frame = chunk(b"IHDR", b"....")
    pixels, end = chunk(b"IDAT", b"...."), chunk(b"IEND", b"")
    words = chunk(kind, b"di rumah saya")

    left, _ = cleaned(png(words, frame, words, pixels, words, end) + b"trailer")

    assert left == png(frame, pixels, end)


def test_png_colours_stay() -> None:
    """Profile, gamma, transparency, animation: all that decides what is seen."""
    chunks = [
        chunk(kind, b"..")
        for kind in (b"IHDR", b"sRGB", b"iCCP", b"tRNS", b"acTL", b"IDAT", b"fdAT", b"IEND")
    ]

    assert cleaned(png(*chunks))[0] == png(*chunks)


def test_an_apple_png_stays() -> None:
    """CgBI is of no standard, and the picture cannot be read without it."""
    chunks = [chunk(kind, b"..") for kind in (b"CgBI", b"IHDR", b"IDAT", b"IEND")]

    assert cleaned(png(*chunks))[0] == png(*chunks)


def test_a_simple_webp_is_not_changed() -> None:
    """No flags, nothing to take out."""
    picture = b"RIFF" + (14).to_bytes(4, "little") + b"WEBPVP8 \x01\x00\x00\x00p\x00"

    assert cleaned(picture)[0] == picture


def box(kind: bytes, content: bytes) -> bytes:
    """A box of an ISO media file."""
    return (len(content) + 8).to_bytes(4, "big") + kind + content


def heif(brand: bytes, *, wide: bool) -> tuple[bytes, bytes]:
    """A picture of three items (pixels, Exif, XMP in `idat`), and the same with zeros for two."""
    version = 2 if wide else 1
    size = 4 if wide else 2

    def made(metadata: bytes, xmp: bytes) -> bytes:
        entries = b"".join(
            box(b"infe", bytes([3 if wide else 2, 0, 0, 0]) + n.to_bytes(size, "big") + b"\0\0" + k)
            for n, k in ((1, b"hvc1"), (2, b"Exif"), (3, b"mime"))
        )
        iinf = box(b"iinf", bytes(4) + (3).to_bytes(2, "big") + entries)

        def iloc(start: int) -> bytes:
            rows = b"".join(
                n.to_bytes(size, "big")
                + method.to_bytes(2, "big")
                + bytes(2)
                + (1).to_bytes(2, "big")
                + at.to_bytes(4, "big")
                + length.to_bytes(4, "big")
                for n, method, at, length in (
                    (1, 0, start, 6),
                    (2, 0, start + 6, len(metadata)),
                    (3, 1, 2, len(xmp)),
                )
            )
            head = bytes([version, 0, 0, 0, 0x44, 0x00]) + (3).to_bytes(size, "big")
            return box(b"iloc", head + rows)

        idat = box(b"idat", b"ok" + xmp)
        head = box(b"ftyp", brand + bytes(4) + b"mif1")
        start = len(head) + len(box(b"meta", bytes(4) + iinf + iloc(0) + idat)) + 8
        meta = box(b"meta", bytes(4) + iinf + iloc(start) + idat)
        return head + meta + box(b"mdat", b"pixels" + metadata + b"more")

    metadata, xmp = b"\x00\x00\x00\x06Exif\x00\x00" + tiff(), b"<x:xmpmeta>Someone</x:xmpmeta>"
    return made(metadata, xmp), made(bytes(len(metadata)), bytes(len(xmp)))


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize(("brand", "kind"), [(b"heic", "image/heic"), (b"avif", "image/avif")])
def test_the_metadata_of_a_heic_is_overwritten_where_it_stands(
    brand: bytes, kind: str, *, wide: bool
) -> None:
    """Nothing moves, for positions are woven into such a file; the place was read before."""
    picture, expected = heif(brand, wide=wide)
    left, result = cleaned(picture)

    assert left == expected
    assert cleaned(left)[0] == left
    assert (result.media_type, result.remarks) == (kind, ())
    assert result.point == Point(lat=-6.208611, lon=106.845556)


def test_a_heic_that_cannot_be_taken_apart_is_no_picture() -> None:
    """It may hold anything."""
    picture = b"\x00\x00\x00\x18ftypheic....meta....mdat" + tiff() + b"pixels"
    left, result = cleaned(picture)

    assert left == picture
    assert result.remarks == ("a damaged picture kept with its metadata: image/heic",)


def test_a_tiff_is_kept_and_said_to_be_whole() -> None:
    """Scanners make them."""
    left, result = cleaned(tiff("<"))

    assert left == tiff("<")
    assert result.remarks == ("a picture kept with its metadata: image/tiff",)
    assert result.point == Point(lat=-6.208611, lon=106.845556)


def test_other_files_are_not_touched() -> None:
    """A PDF, a film, a sound."""
    assert cleaned(b"%PDF-1.7 Exif\x00\x00" + tiff()) == (
        b"%PDF-1.7 Exif\x00\x00" + tiff(),
        Cleaned(pieces=[slice(0, 15 + len(tiff()))], media_type="application/pdf"),
    )


# --- EXIF --------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_and_place_are_read(order: str, orientation: int) -> None:
    """In both byte orders."""
    assert exif.read(tiff(order, orientation)) == exif.Exif(
        orientation=orientation, point=Point(lat=-6.208611, lon=106.845556)
    )


@pytest.mark.parametrize(
    ("lat", "lon", "refs", "point"),
    [
        ((6, 1, 0, 1, 0, 1), (106, 1, 0, 1, 0, 1), b"NW", Point(lat=6, lon=-106)),
        ((6, 1, 0, 1, 0, 1), (106, 1, 0, 1, 0, 1), b"sw", Point(lat=-6, lon=-106)),
        ((65, 10, 0, 1, 0, 1), (1065, 10, 30, 1, 0, 0), b"SE", Point(lat=-6.5, lon=107)),
        ((0, 1, 0, 1, 0, 1), (0, 1, 0, 1, 0, 1), b"NE", None),
        ((0, 0, 0, 0, 0, 0), (0, 0, 0, 0, 0, 0), b"NE", None),
        ((91, 1, 0, 1, 0, 1), (106, 1, 0, 1, 0, 1), b"NE", None),
        ((6, 1, 0, 1, 0, 1), (181, 1, 0, 1, 0, 1), b"NE", None),
        ((6, 1, 5, 0, 0, 1), (106, 1, 0, 1, 0, 1), b"NE", None),
        ((4294967295, 4294967295, 0, 1, 0, 1), (106, 1, 0, 1, 0, 1), b"NE", Point(lat=1, lon=106)),
    ],
)
def test_only_a_place_on_the_globe_is_one(
    lat: tuple[int, ...], lon: tuple[int, ...], refs: bytes, point: Point | None
) -> None:
    """Fractions by zero, degrees off the globe and a camera without a fix name no place."""
    assert exif.read(tiff(lat=lat, lon=lon, refs=refs)).point == point


@pytest.mark.parametrize("orientation", [None, 0, 9, 65535])
def test_an_orientation_out_of_range_is_upright(orientation: int | None) -> None:
    """Nothing is turned for a number that means nothing."""
    assert exif.read(tiff(orientation=orientation)).orientation == 1


@given(st.binary())
def test_any_block_is_read(block: bytes) -> None:
    """Whatever it holds, an answer and never an exception."""
    assert exif.read(block).orientation in range(1, 9)
    assert exif.read(b"II*\x00" + block).orientation in range(1, 9)


@given(st.integers(0, 255), st.data())
def test_any_damage_to_a_block_is_survived(value: int, data: st.DataObject) -> None:
    """Pointers and counts may say anything."""
    block = bytearray(tiff())
    block[data.draw(st.integers(4, len(block) - 1))] = value
    point = exif.read(bytes(block)).point

    assert point is None or (abs(point.lat) <= 90 and abs(point.lon) <= 180)


def test_chained_directories_cost_nothing() -> None:
    """A general reader needs half a minute for these 32 kB; here only two directories are read."""
    entries = 2000
    span = 2 + 12 * entries
    block = bytearray(b"MM\x00\x2a" + struct.pack(">I", 8) + bytes(4 * entries + span + 64))
    for index in range(entries):
        struct.pack_into(">H", block, 8 + 4 * index, entries)
        struct.pack_into(">I", block, 8 + 4 * index + span, 8 + 4 * index + 4)

    assert exif.read(bytes(block)) == exif.Exif()
