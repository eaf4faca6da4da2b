"""
Files that are traps: bombs, slips, links, chimeras, viruses, pages that say they are pictures.

Whatever comes is one file under the digest of its bytes, as large as it came, never unpacked; and
an officer's browser is handed it to save, under a name without a folder, or as a picture that
our own reader took apart. Each goes the whole way: by mail, through the gateway, to page Laporan.
"""

import gzip
import hashlib
import io
import re
import stat
import tarfile
import zipfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import clamd as scanner
import pytest
from clamd import EICAR
from console_site import Site, console_site
from test_console_report_hostile import play, png

from channels.contract import Attachment

LINK = re.compile(r"/console(/report/[^\"?]+/file/[0-9a-f]{64})")
GIF = b"GIF89a/*\x00\x00\x00\x00\x00*/=1;alert(1)//;"
SVG = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"
HTML = b"<!doctype html><script>alert(1)</script>"
PDF = b"%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj\n%%EOF\n"
#: A file that came by mail may be so many times as large within.
BOMB_BYTES = 64 << 20


def zipped(*members: tuple[str, bytes], link: str = "") -> bytes:
    """A zip file; with `link` its first member is a symbolic link that leads there."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            if link:
                info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
            archive.writestr(info, link.encode() if link else content)
    return out.getvalue()


def tarred() -> bytes:
    """A tar file that climbs out of its folder."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        info = tarfile.TarInfo("../../lolos.txt")
        info.size = 5
        archive.addfile(info, io.BytesIO(b"lolos"))
    return out.getvalue()


def traps() -> Iterator[Attachment]:
    """All of them: the name and type a sender gives, and the bytes."""
    bomb = zipped(("bom.txt", bytes(BOMB_BYTES)))
    office = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    for name, kind, content in (
        ("bom.zip", "application/zip", bomb),
        ("bersarang.zip", "application/zip", zipped(("a.zip", zipped(("b.zip", bomb))))),
        ("../../../lolos.zip", "application/zip", zipped(("../../../lolos.txt", b"lolos"))),
        ("tautan.zip", "application/zip", zipped(("a", b""), link="/etc/passwd")),
        ("banyak.zip", "application/zip", zipped(*((str(n), b"") for n in range(65_536)))),
        ("surat.docx", office, zipped(("word/document.xml", b"<x/>" + bytes(BOMB_BYTES)))),
        ("lolos.tar.gz", "application/gzip", tarred()),
        ("bom.gz", "application/gzip", gzip.compress(bytes(BOMB_BYTES))),
        ("gambar.gif", "image/gif", GIF),
        ("foto.png", "image/png", png() + HTML),
        ("foto.jpg", "image/jpeg", b"\xff\xd8\xff\xe0" + HTML),
        ("surat.pdf", "application/pdf", PDF + zipped(("a.html", HTML))),
        ("gambar.svg", "image/svg+xml", SVG),
        ("gambar.png", "image/png", SVG),
        ("gambar.svgz", "image/svg+xml", gzip.compress(SVG)),
        ("halaman.jpg", "image/jpeg", HTML),
        ("halaman.html", "text/html", HTML),
        ("\u202egpj.exe", "image/jpeg", b"MZ\x90\x00" + bytes(60)),
        ("CON", "text/plain", b"nama alat\n"),
    ):
        yield Attachment(name=name, media_type=kind, content=content)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    with scanner.running(tmp_path) as clamd:
        toml = f'[attachments]\nclamd = "unix:{clamd.path}"\n'
        async with console_site(tmp_path, toml) as running:
            yield running


async def test_a_trap_is_one_file_of_its_size(site: Site) -> None:
    """Fifteen and more, one mail each; afterwards every page shows its file or offers it."""
    sent = list(traps())
    assert len(sent) >= 15
    root = site.parts.settings.data_dir / "attachments"
    for number, trap in enumerate(sent):
        sender = f"warga{number}@example.org"
        code = await play(site, "mail", f"Jalan rusak {number}", sender=sender, files=(trap,))
        async with site.desk() as desk:
            addresses = set(LINK.findall(await desk.look(f"/report/{code}")))
            assert len(addresses) == 1, trap.name
            content = await desk.fetch(addresses.pop())
            assert desk.status == 200
            headers = desk.headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in headers["Content-Security-Policy"]
        assert len(content) <= len(trap.content)
        how = headers["Content-Disposition"]
        if how.startswith("attachment"):
            assert headers["Content-Type"] == "application/octet-stream"
            assert content == trap.content
        else:
            # What is shown is a picture without anything after it, or before, or in between.
            assert headers["Content-Type"] in {"image/png", "image/gif", "image/jpeg"}
            assert b"alert" not in content
        assert ".." not in how
        assert "/" not in how.partition("''")[2]
        assert "%E2%80%AE" not in how
    files = [path for path in root.rglob("*") if not path.is_dir()]
    assert {path.name for path in files} >= {
        hashlib.sha256(trap.content).hexdigest() for trap in sent if b"\x89PNG" not in trap.content
    }
    assert len(files) <= len(sent)
    assert all(path.is_file() and not path.is_symlink() for path in files)
    assert all(re.fullmatch("[0-9a-f]{64}", path.name) for path in files)
    assert sum(path.stat().st_size for path in files) <= sum(len(one.content) for one in sent)
    assert not list(root.parent.parent.rglob("*lolos*"))


async def test_a_virus_stays_outside_and_its_report_comes_in(site: Site) -> None:
    """The officer reads what was refused; nothing of the file lies anywhere."""
    virus = Attachment(name="surat.pdf", media_type="application/pdf", content=EICAR)
    code = await play(site, "mail", "Jalan rusak", sender="warga@example.org", files=(virus,))
    async with site.desk() as desk:
        page = await desk.look(f"/report/{code}")
        assert "Jalan rusak" in page
        assert not LINK.findall(page)
    root = site.parts.settings.data_dir / "attachments"
    assert not [path for path in root.rglob("*") if path.is_file()]
