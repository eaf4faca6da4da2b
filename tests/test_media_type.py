"""What a file is: its bytes decide, and of claims only the harmless ones count."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.media_type import SIGNATURES, UNKNOWN, media_type, settled_type

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
ZIP, OLE = b"PK\x03\x04....", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
M4A, OGG = b"\x00\x00\x00\x18ftypisom", b"OggS\x00"


@pytest.mark.parametrize(
    ("content", "claimed", "kept"),
    [
        # what the bytes show wins
        (b"\xff\xd8\xff\xe0", "image/png", "image/jpeg"),
        (b"\xff\xd8\xff\xe0", "text/html", "image/jpeg"),
        (b"%PDF-1.7", "application/octet-stream", "application/pdf"),
        # containers: a claim may say which program they are for
        (ZIP, DOCX, DOCX),
        (ZIP, "image/png", "application/zip"),
        (ZIP, "application/xhtml+xml", "application/zip"),
        (ZIP, "application/java-archive", "application/zip"),
        (OLE, "application/msword", "application/msword"),
        (OLE, DOCX, "application/x-ole-storage"),
        (M4A, "audio/mp4", "audio/mp4"),
        (M4A, "audio/mp4; codecs=mp4a", "audio/mp4"),
        (M4A, "", "video/mp4"),
        (OGG, "audio/ogg; codecs=opus", "audio/ogg"),
        # words without a signature
        (b"a,b\n1,2\n", "text/csv", "text/csv"),
        (b"Jalan rusak", "Text/Plain; charset=utf-8", "text/plain"),
        (b"<script>alert(1)</script>", "text/plain", "text/plain"),
        (b"", "text/plain", "text/plain"),
        # what a browser would run or show with its markup is nothing to us
        (b"<script>alert(1)</script>", "text/html", UNKNOWN),
        (b"<svg onload='alert(1)'/>", "image/svg+xml", UNKNOWN),
        (b"<?xml version='1.0'?>", "application/xml", UNKNOWN),
        (b"alert(1)", "text/javascript", UNKNOWN),
        (b"MZ\x90\x00", "text/plain", UNKNOWN),
        (b"\x00\x01\x02", "text/plain", UNKNOWN),
        (b"not a picture", "image/jpeg", UNKNOWN),
        (b"x", "", UNKNOWN),
        (b"x", "\ud800/\x00", UNKNOWN),
    ],
)
def test_the_type_of_a_file_is_settled(content: bytes, claimed: str, kept: str) -> None:
    """The sender's word is heard last, and only where it harms nobody."""
    assert settled_type(content, claimed) == kept


@given(st.binary(), st.text())
def test_any_file_has_a_type(content: bytes, claimed: str) -> None:
    """Always one of a short list, never the claim as it came."""
    kept = settled_type(content, claimed)

    assert kept == kept.strip().lower()
    assert not kept.startswith(("text/html", "image/svg", "application/xhtml"))


def test_no_type_that_is_shown_can_hold_a_script() -> None:
    """What the signatures name is safe to hand to a browser."""
    assert not {name for _, name in SIGNATURES} & {"text/html", "image/svg+xml", "text/xml"}
    assert media_type(b"<!doctype html>") == UNKNOWN
