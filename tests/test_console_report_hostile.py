"""On page Laporan what citizens send is text and nothing else, whatever it is and however sent."""

import asyncio
import re
import struct
import zlib
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path

import msgspec
import pytest
from console_site import OFFICER, Site, console_site

from channels.contract import Attachment
from forwarder.routing import everything_to
from gateway import work
from gateway.access.person import Person, Role
from gateway.revise import revise
from normalizer.record import Record, StoredFile

DLH = Person(id=4, login="dlh", name="Dina", role=Role.OFFICER, agency="Dinas Lingkungan Hidup")
WARGA = "warga@example.org"
CORPUS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "'-alert(1)-'",
    "</textarea><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "{{ 7*7 }}{% raw %}",
    '<a href="javascript:alert(1)">klik</a>',
    "<style>*{display:none}</style>",
    "<base href=//jahat.example>",
    "<meta http-equiv=refresh content=0;url=//jahat.example>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "\u202egnp.exe <!-- ]]> -->",
    "<x data-copy=jahat data-key=a data-live id=told>",
)
#: What none of our own pages has.
ALIVE = re.compile(
    r"<[^>]*\son\w+=|<(?:style|base|iframe|object|embed)\b|<[^>]*http-equiv"
    r"|javascript:[^\"]*\">|<x ",
    re.IGNORECASE,
)


def png(comment: bytes = b"") -> bytes:
    """A small picture, with a comment in it where one is given."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        crc = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", crc)

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0))
    text = chunk(b"tEXt", b"Comment\0" + comment) if comment else b""
    pixels = chunk(b"IDAT", zlib.compress(b"\0" + b"\xff\0\0" * 2 + b"\0" + b"\0\xff\0" * 2))
    return b"\x89PNG\r\n\x1a\n" + head + text + pixels + chunk(b"IEND", b"")


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    telegram = '[channels.telegram]\nenabled = true\nmode = "webhook"\nallow = ["127.0.0.0/8"]\n'
    toml = f"{telegram}[pipeline]\nquiet_time = 0.1\n"
    async with console_site(tmp_path, toml, people=(OFFICER, DLH)) as running:
        yield running


async def play(
    site: Site, channel: str, text: str, *, sender: str, files: tuple[Attachment, ...] = ()
) -> str:
    """Somebody writes; the case code of the newest report."""
    at = site.parts.channels[channel].listening_on()[0] if channel == "mail" else site.url
    played = await site.parts.channels[channel].simulate(text, sender=sender, files=files, at=at)
    assert played.accepted, played.answer
    async with asyncio.timeout(30):
        while True:
            await site.settled()
            found = await site.parts.store.read(
                lambda tx: tx.all(
                    "select case_code from records where channel = :channel"
                    " order by number desc limit 1",
                    channel=channel,
                )
            )
            if found:
                return str(found[0][0])
            await asyncio.sleep(0.05)


def alive(page: str) -> list[str]:
    """What of a page could do something that is not ours."""
    found = [one for one in CORPUS if "<" in one and one in page]
    scripts = page.count("<script") - page.count('<script src="/console/static/')
    return found + ALIVE.findall(page) + ["script"] * scripts


@pytest.mark.parametrize("channel", ["sms", "mail", "telegram", "web"])
async def test_hostile_words_are_shown_as_words(site: Site, channel: str) -> None:
    senders = {"sms": "+6281200000009", "mail": WARGA, "telegram": "81", "web": ""}
    text = "Lampu jalan mati di Cikupa. " + " ".join(CORPUS)
    code = await play(site, channel, text, sender=senders[channel])
    async with site.desk() as desk:
        for address in (
            f"/report/{code}",
            f"/report/{code}?plain=1&words=all",
            f"/report/{code}?lang=en",
        ):
            page = await desk.look(address)
            assert desk.status == 200
            assert alive(page) == []
            assert "onerror=alert(1)&gt;" in page or channel == "web"
            assert "alert(1)" in unescape(page)
            assert ">49<" not in page
            assert "script-src 'self'" in desk.headers["Content-Security-Policy"]


async def test_hostile_names_of_files_and_their_contents_do_nothing(site: Site) -> None:
    name = '"><script>alert(1)</script>.html'
    files = (
        Attachment(name=name, media_type="text/html", content=b"<script>alert(1)</script>"),
        Attachment(name="a.svg", media_type="image/svg+xml", content=b"<svg onload='alert(1)'/>"),
        Attachment(name="foto.png", media_type="image/png", content=png(b"<script>")),
        Attachment(name="bukan.png", media_type="image/png", content=b"<html><script>1</script>"),
    )
    code = await play(
        site, "mail", "Jalan rusak di Cikupa", sender="warga@example.org", files=files
    )
    async with site.desk() as desk:
        page = await desk.look(f"/report/{code}")
        assert alive(page) == []
        addresses = dict.fromkeys(re.findall(r"/console(/report/[^\"?]+/file/[0-9a-f]{64})", page))
        assert len(addresses) == 4
        shown = []
        for address in addresses:
            content = await desk.fetch(address)
            assert desk.status == 200
            assert desk.headers["X-Content-Type-Options"] == "nosniff"
            assert "sandbox" in desk.headers["Content-Security-Policy"]
            how = desk.headers["Content-Disposition"]
            if how.startswith("inline"):
                shown.append((desk.headers["Content-Type"], content))
            else:
                assert desk.headers["Content-Type"] == "application/octet-stream"
            assert "<" not in how
            await desk.fetch(f"{address}?save=1")
            assert desk.headers["Content-Disposition"].startswith("attachment")
    assert shown == [("image/png", png())]


async def test_files_are_kept_to_their_case_and_its_agency(site: Site) -> None:
    files = (Attachment(name="foto.png", media_type="image/png", content=png()),)
    code = await play(
        site, "mail", "Lampu jalan mati di Cikupa", sender="warga@example.org", files=files
    )
    other = await play(site, "sms", "Jembatan ambruk di Curug", sender="+6281200000008")
    async with site.desk() as desk, site.desk(DLH) as agency:
        page = await desk.look(f"/report/{code}")
        [address] = dict.fromkeys(re.findall(r"/console(/report/[^\"?]+/file/[0-9a-f]{64})", page))
        assert await desk.fetch(address) == png()
        await desk.fetch(address.replace(code, other))
        assert desk.status == 404
        await agency.fetch(address)
        assert agency.status == 404

        [path] = [
            one
            for one in (site.parts.settings.data_dir / "attachments").glob("*/*")
            if one.is_file()
        ]
        path.unlink()
        await desk.fetch(address)
        assert desk.status == 404
        path.mkdir()  # as a share that went away answers: with an error
        await desk.fetch(address)
        assert desk.status == 503


async def test_a_very_large_case_comes_in_pages(site: Site) -> None:
    """Fifty thousand characters, two hundred files: the page stays one that can be read."""
    code = await play(site, "sms", "Lampu jalan mati di Cikupa", sender="+6281200000008")

    def grown(record: Record) -> Record:
        files = tuple(
            StoredFile(sha256=f"{number:064x}", media_type="image/jpeg", bytes=9, name=f"{number}")
            for number in range(200)
        )
        text = "Jalan rusak parah. " * 2_700
        return msgspec.structs.replace(record, text=text, attachments=files, privacy_spans=())

    vault = site.parts.vault
    await site.parts.store.write(
        lambda tx: revise(
            tx,
            vault,
            str(tx.all("select record_id from records where case_code = :code", code=code)[0][0]),
            grown,
            centrals=everything_to("central"),
            now=1,
        )
    )
    async with site.desk() as desk:
        page = await desk.look(f"/report/{code}")
        assert page.count("Jalan rusak parah.") < 400
        assert page.count("<img") == 12
        assert "1 dari 17" in page
        assert 'href="?words=all' in page
        last = await desk.look(f"/report/{code}?files=99")
        assert "17 dari 17" in last
        whole = await desk.look(f"/report/{code}?words=all")
        assert whole.count("Jalan rusak parah.") >= 2_700


async def test_a_cluster_of_thousands_is_counted_and_paged(site: Site) -> None:
    text = "Listrik padam total di seluruh Cikupa sejak tadi malam belum menyala"
    code = await play(site, "sms", text, sender="+6281200000008")
    columns = (
        "record_id, revision, case_code, channel, external_id, received_at, updated_at, pseudonym,"
        " state, document, data_key, number, cluster"
    )
    copy = f"""
        with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000)
        insert into records ({columns})
        select record_id || '-' || i, 1, 'X' || i, 'sms', 'x' || i, received_at + i, updated_at,
            'p' || i, state, document, data_key, -i, record_id
        from records, n where case_code = '{code}'
    """
    await site.parts.store.write(lambda tx: tx.run(copy))
    async with site.desk() as desk:
        page = await desk.look(f"/report/{code}")
        assert desk.status == 200
        assert "3.001 laporan dari 3.001 pengirim" in page
        assert page.count('id="kin-') == 20
        assert "1 dari 151" in page
        assert "151 dari 151" in await desk.look(f"/report/{code}?kin=151")
    assert (await site.parts.store.read(work.backlog)).waiting == 0
