import asyncio
import gzip
import re
from collections.abc import AsyncIterator

import msgspec
import pytest
from web_site import CODE, Inbox, Site, Visitor, running_site, visiting

from channels.contract import Attachment, InboundMessage
from channels.web import Web
from channels.web_filing import Filing
from channels.web_options import WebOptions

WARNED = re.compile(r'name="warned" value="([^"]*)"')
PHOTO = b"\xff\xd8\xff\xe0" + bytes(100)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with running_site() as running:
        yield running


@pytest.fixture
async def visitor(site: Site) -> AsyncIterator[Visitor]:
    async with visiting(site) as somebody:
        yield somebody


@pytest.fixture
async def small() -> AsyncIterator[Visitor]:
    """A visitor of a form with small caps."""
    options = WebOptions(
        max_files=2, max_file_bytes=50_000, max_body_bytes=100_000, max_memory_bytes=1_000_000
    )
    async with running_site(options) as site, visiting(site) as somebody:
        yield somebody


def filed(inbox: Inbox) -> list[Filing]:
    return [msgspec.msgpack.decode(row, type=Filing) for row in inbox.rows.values()]


def cut_short(visitor: Visitor) -> bytes:
    """A form whose closing boundary never comes."""
    return (
        f'--x\r\nContent-Disposition: form-data; name="token"\r\n\r\n{visitor.token}\r\n'
        '--x\r\nContent-Disposition: form-data; name="text"\r\n\r\nsudah ditulis\r\n'
        '--x\r\nContent-Disposition: form-data; name="place"\r\n\r\nJl. Con'
    ).encode()


MULTIPART = {"Content_Type": "multipart/form-data; boundary=x"}


async def test_a_text_alone_is_a_complete_report(visitor: Visitor) -> None:
    """Nothing but the text is required, and the answer shows the case code."""
    page = await visitor.send("Jalan rusak.")

    assert visitor.status == 200
    assert f"<code>{CODE[:-1]}0</code>" in page
    assert f"/lapor/status?kode={CODE[:-1]}0" in page
    assert filed(visitor.site.inbox) == [Filing(text="Jalan rusak.")]


async def test_all_fields_reach_the_message(visitor: Visitor) -> None:
    """Place, date, name, contact, both choices and the files become what the gateway works with."""
    await visitor.send(
        "Air keruh.\r\nTolong.",
        place=" Jl. Contoh 1 ",
        date="2026-01-02",
        name="Budi",
        contact="0812-0000-1234",
        anonymous="1",
        confidential="1",
        files=[("keran.jpg", PHOTO)],
    )

    [payload] = visitor.site.inbox.rows.values()
    assert visitor.site.channel.parse(payload) == InboundMessage(
        sender="+6281200001234",
        text="Air keruh.\nTolong.",
        place="Jl. Contoh 1",
        name="Budi",
        contact="0812-0000-1234",
        anonymous=True,
        confidential=True,
        attachments=(Attachment(name="keran.jpg", media_type="image/jpeg", content=PHOTO),),
        remarks=("tanggal kejadian: 2026-01-02",),
    )


async def test_an_answer_names_the_contact(visitor: Visitor) -> None:
    """Who left a contact reads where an answer may come; one we cannot use is said to be so."""
    known = await visitor.send(contact="siti@example.id")
    await visitor.get()
    strange = await visitor.send(contact="warung Bu Contoh")

    assert "petugas menghubungi Anda lewat siti@example.id" in known
    assert "warung Bu Contoh) tampaknya bukan" in strange


async def test_sending_twice_is_one_report(visitor: Visitor) -> None:
    """A double click or a reload stores one report and shows the same case code twice."""
    token = visitor.token
    pages = await asyncio.gather(
        visitor.send("Dua kali.", token=token, files=[("a.jpg", PHOTO)]),
        visitor.send("Dua kali.", token=token, files=[("a.jpg", PHOTO)]),
    )

    assert pages[0] == pages[1]
    assert len(visitor.site.inbox.rows) == 1


async def test_other_words_under_an_old_token_are_not_lost(visitor: Visitor) -> None:
    """Going back in the browser and writing something else makes a second report."""
    token = visitor.token
    await visitor.send("Yang pertama.", token=token)
    await visitor.send("Yang kedua.", token=token)

    assert [filing.text for filing in filed(visitor.site.inbox)] == ["Yang pertama.", "Yang kedua."]


@pytest.mark.parametrize("text", ["", "  \n\t ", "\u200b\u00a0\u2028"])
async def test_an_empty_text_is_asked_for_again(visitor: Visitor, text: str) -> None:
    """A form without words comes back with the rest of it still filled in."""
    page = await visitor.send(text, place="Jl. Contoh", anonymous="1")

    assert visitor.status == 422
    assert '<a href="#text">Tulis dulu isi laporan Anda.</a>' in page
    assert 'value="Jl. Contoh"' in page
    assert 'value="1" checked' in page
    assert not visitor.site.inbox.rows


async def test_a_long_text_is_shown_again_whole(visitor: Visitor) -> None:
    """20,000 characters pass; one more is refused, and not one of them is lost."""
    text = "é" * 20_001
    page = await visitor.send(text)
    kept = visitor.text
    await visitor.send(text[:-1])

    assert "Isi laporan terlalu panjang: paling banyak 20.000 karakter." in page
    assert kept == text
    assert [len(filing.text) for filing in filed(visitor.site.inbox)] == [20_000]


async def test_a_full_disk_is_told_and_loses_nothing(visitor: Visitor) -> None:
    """Where the journal cannot store nobody is thanked: 503, the text kept, and once more works."""
    visitor.site.inbox.full = True
    page = await visitor.send("Jembatan retak.", files=[("retak.jpg", PHOTO)])
    kept, status, wait = visitor.text, visitor.status, visitor.headers["Retry-After"]
    visitor.site.inbox.full = False
    await visitor.send(kept)

    assert (status, wait, kept) == (503, "30", "Jembatan retak.")
    assert "belum dapat kami simpan" in page
    assert "Berkas perlu Anda pilih lagi: retak.jpg." in page
    assert visitor.status == 200
    assert len(visitor.site.inbox.rows) == 1


# --- caps ---


async def test_too_big_a_file_is_named(small: Visitor) -> None:
    """A file above the cap is refused by name, with everything else kept."""
    page = await small.send("Ada foto.", files=[("besar.jpg", bytes(60_000))], place="Jl. Contoh")

    assert small.status == 413
    assert "Berkas “besar.jpg” terlalu besar" in page
    assert (small.text, "Jl. Contoh" in page) == ("Ada foto.", True)
    assert not small.site.inbox.rows


async def test_too_many_files_are_refused(small: Visitor) -> None:
    """The number of files has a limit, and the page says which."""
    page = await small.send(files=[(f"{number}.jpg", PHOTO) for number in range(3)])

    assert small.status == 413
    assert "Berkas terlalu banyak: paling banyak 2." in page


async def test_files_at_the_limit_pass(small: Visitor) -> None:
    """A limit is what still fits."""
    await small.send(files=[("a.bin", bytes(50_000)), ("b.bin", bytes(40_000))])

    assert small.status == 200
    assert [len(file.content) for file in filed(small.site.inbox)[0].files] == [50_000, 40_000]


async def test_a_body_over_the_cap_is_read_past(small: Visitor) -> None:
    """The words of a form with too big files are kept, also those that stand behind the files."""
    form = small.filled("Di depan.", files=[("a.bin", bytes(45_000)), ("b.bin", bytes(70_000))])
    form.add_field("place", "Di belakang")
    page = await small.post(form)

    assert small.status == 413
    assert "bersama-sama paling besar" in page
    assert (small.text, "Di belakang" in page) == ("Di depan.", True)


async def test_a_body_without_end_is_cut_off(small: Visitor) -> None:
    """A chunked body that goes on and on is refused after a few times the cap."""

    async def endless() -> AsyncIterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\nawal\r\n'
        yield b'--x\r\nContent-Disposition: form-data; name="files"; filename="f"\r\n\r\n'
        for _ in range(50):
            yield bytes(10_000)

    page = await small.post(endless(), **MULTIPART)

    assert (small.status, small.text) == (413, "awal")
    assert "terlalu besar" in page


async def test_a_compressed_bomb_is_counted_unpacked(small: Visitor) -> None:
    """What counts is what comes out of a compressed body."""
    body = b'--x\r\nContent-Disposition: form-data; name="files"; filename="f"\r\n\r\n' + bytes(
        10**7
    )
    await small.post(gzip.compress(body), Content_Encoding="gzip", **MULTIPART)

    assert small.status == 413


async def test_files_share_the_memory_there_is() -> None:
    """When all forms together hold too much the next one is told to wait, its text kept."""
    options = WebOptions(max_memory_bytes=1000)
    async with running_site(options) as site, visiting(site) as visitor:
        page = await visitor.send("Dengan foto.", files=[("a.jpg", bytes(2000))])
        kept, status = visitor.text, visitor.status
        await visitor.send("Tanpa foto.", files=[("b.jpg", bytes(900))])

    assert (status, kept) == (503, "Dengan foto.")
    assert "kirim dulu tanpa lampiran" in page
    assert visitor.status == 200


async def test_a_form_that_ends_early_keeps_what_came(visitor: Visitor) -> None:
    """A form cut short on its way is not filed; what arrived of it is shown again."""
    page = await visitor.post(cut_short(visitor), **MULTIPART)

    assert (visitor.status, visitor.text) == (400, "sudah ditulis")
    assert "rusak di jalan" in page
    assert not visitor.site.inbox.rows


async def test_a_lying_length_files_nothing(visitor: Visitor) -> None:
    """A body shorter than its Content-Length never becomes a report."""
    body = cut_short(visitor)
    head = (
        f"POST /lapor HTTP/1.1\r\nHost: {visitor.site.host}\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\n"
        f"Content-Length: {len(body) + 500}\r\n\r\n"
    )
    host, port = visitor.site.host.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(head.encode() + body)
    writer.write_eof()
    await reader.read()
    writer.close()
    await writer.wait_closed()

    assert not visitor.site.inbox.rows


async def test_a_slow_form_is_answered() -> None:
    """Who takes longer than the limit gets a page, not a hanging connection."""
    stalled = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\npelan\r\n--x\r\n'
        await stalled.wait()

    async with running_site(WebOptions(upload_seconds=0.2)) as site, visiting(site) as visitor:
        await visitor.post(slow(), **MULTIPART)

    assert (visitor.status, visitor.text) == (408, "pelan")


async def test_too_many_parts_are_refused(visitor: Visitor) -> None:
    """A form with more parts than any browser sends is refused."""
    form = visitor.filled("Banyak bagian.")
    for number in range(200):
        form.add_field(f"field{number}", "x")
    await visitor.post(form)

    assert (visitor.status, visitor.text) == (413, "Banyak bagian.")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/x-www-form-urlencoded", b"text=halo"),
        ("application/json", b'{"text": "halo"}'),
        ("multipart/form-data", b"--x\r\n"),
        ("multipart/form-data; boundary=" + "x" * 200, b"--x\r\n"),
        ("multipart/form-data; boundary=x", b""),
        ("multipart/form-data; boundary=x", b"\x00" * 1000),
        ("multipart/form-data; boundary=x", b"--x\r\n" + b"A" * 40_000 + b"\r\n\r\n"),
    ],
)
async def test_what_is_no_form_gets_the_form(visitor: Visitor, kind: str, body: bytes) -> None:
    """A body that is no multipart form is answered with a page a person can go on with."""
    page = await visitor.post(body, Content_Type=kind)

    assert visitor.status == 400
    assert 'name="token"' in page


async def test_broken_compression_is_a_bad_request(visitor: Visitor) -> None:
    """A body that claims to be gzip and is not is answered, not crashed upon."""
    await visitor.post(b"no gzip at all", Content_Encoding="gzip", **MULTIPART)

    assert visitor.status == 400


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "C:\\boot.ini", "/dev/null", "CON", "a" * 4096, 'x"y.png', "..."]
)
async def test_a_file_name_is_only_a_word(visitor: Visitor, name: str) -> None:
    """No file name is refused, and none is more than text cut at 255 characters."""
    form = (
        f'--x\r\nContent-Disposition: form-data; name="token"\r\n\r\n{visitor.token}\r\n'
        '--x\r\nContent-Disposition: form-data; name="text"\r\n\r\nAda berkas.\r\n'
        f'--x\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n'
        "Content-Type: image/png\r\n\r\nisi\r\n--x--\r\n"
    )
    await visitor.post(form.encode(), **MULTIPART)

    [filing] = filed(visitor.site.inbox)
    assert [file.content for file in filing.files] == [b"isi"]
    assert filing.files[0].name == name.partition('"')[0][:255]


async def test_bytes_that_are_no_text_do_not_matter(visitor: Visitor) -> None:
    """NUL and broken UTF-8 become the replacement character in every field."""
    form = (
        f'--x\r\nContent-Disposition: form-data; name="token"\r\n\r\n{visitor.token}\r\n'
    ).encode() + (
        b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\na\x00b\xffc\xed\xa0\x80\r\n'
        b'--x\r\nContent-Disposition: form-data; name="files"; filename="\x00\xff.png"\r\n\r\n1\r\n'
        b"--x--\r\n"
    )
    await visitor.post(form, **MULTIPART)

    [filing] = filed(visitor.site.inbox)
    assert filing.text == "a\ufffdb\ufffdc\ufffd\ufffd\ufffd"
    assert filing.files[0].name == "\ufffd\ufffd.png"


async def test_send_plays_a_citizen(site: Site) -> None:
    """`lapor-gateway send web` goes through the form like a browser and tells the case code."""
    photo = Attachment(name="jalan.jpg", media_type="image/jpeg", content=PHOTO)
    played = await site.channel.simulate(
        "Jalan rusak.", sender="budi@example.id", files=[photo], at=site.url
    )

    assert (played.accepted, played.answer) == (True, f"200 OK, kode {CODE[:-1]}0")
    [(external_id, payload)] = site.inbox.rows.items()
    assert played.external_id == external_id
    assert site.channel.parse(payload) == InboundMessage(
        sender="budi@example.id",
        text="Jalan rusak.",
        contact="budi@example.id",
        attachments=(photo,),
    )


async def test_send_tells_a_refusal(site: Site) -> None:
    """What the page objects to is what `send` prints."""
    played = await site.channel.simulate(" ", sender="", files=(), at=site.url)

    assert (played.accepted, played.external_id) == (False, "")
    assert played.answer == "422 Unprocessable Entity, Tulis dulu isi laporan Anda."


async def test_send_works_where_cookies_want_https() -> None:
    """Behind an https address `send` still reaches the gateway by plain loopback."""
    async with running_site(WebOptions(public_url="https://lapor.example.id")) as site:
        played = await site.channel.simulate("Halo.", sender="", files=(), at=site.url)

    assert played.accepted


async def test_the_same_report_costs_one_turn() -> None:
    """A repeated click is not counted against the address it comes from."""
    options = WebOptions(reports_per_hour=1)
    async with running_site(options) as site, visiting(site) as visitor:
        token = visitor.token
        first = await visitor.send("Satu.", token=token)
        again = await visitor.send("Satu.", token=token)

    assert first == again


def test_the_channel_needs_no_files_but_its_own() -> None:
    """Constructing the channel opens nothing and connects to nothing."""
    assert Web(WebOptions(), bytes(32)).listening_on() == ()


# --- who stays anonymous and tells who they are ------------------------------------------------

TELLING = "Nama saya Ani Wulandari, HP 0812-0000-0001. Jalan rusak."


async def test_who_is_anonymous_and_tells_who_they_are_is_warned_before_it_is_sent(
    visitor: Visitor,
) -> None:
    """By its kind, beside what they wrote; nothing is filed yet and nothing typed is lost."""
    page = await visitor.send(
        TELLING, anonymous="1", place="Curug", files=[("a.jpg", PHOTO)], lang="id"
    )

    assert visitor.status == 422
    assert "tulisan Anda memuat nomor telepon, nama" in page
    assert "Berkas perlu Anda pilih lagi: a.jpg." in page
    assert visitor.text == TELLING
    assert 'value="Curug"' in page
    assert page.count("0812-0000-0001") == 1  # in the field alone
    assert filed(visitor.site.inbox) == []


async def test_what_is_sent_a_second_time_is_meant_so(visitor: Visitor) -> None:
    """No citizen is held up twice for the same thing."""
    await visitor.send(TELLING, anonymous="1")
    warned = WARNED.findall(visitor.page)
    page = await visitor.send(TELLING, anonymous="1", warned=warned[0], files=[("a.jpg", PHOTO)])

    assert warned == ["name,phone"]
    assert visitor.status == 200
    assert "<code>" in page
    (filing,) = filed(visitor.site.inbox)
    assert (filing.text, len(filing.files)) == (TELLING, 1)


async def test_a_corrected_form_is_sent_and_a_new_hint_is_warned_of(visitor: Visitor) -> None:
    """What was taken out holds up nothing; what was put in was not warned of."""
    await visitor.send(TELLING, anonymous="1")
    await visitor.send(f"{TELLING} Surel ani@example.org", anonymous="1", warned="name,phone")
    again = visitor.status
    warned = WARNED.findall(visitor.page)
    await visitor.send("Jalan rusak.", anonymous="1", warned=warned[0])

    assert (again, warned) == (422, ["email,name,phone"])
    assert visitor.status == 200


async def test_nobody_else_is_warned(visitor: Visitor) -> None:
    """Who gives a name, and who is anonymous and tells nothing of themselves."""
    await visitor.send(TELLING)
    named = visitor.status
    await visitor.get()
    await visitor.send("Pak Lurah Sutrisno minta uang.", anonymous="1", name="Ani")

    assert (named, visitor.status) == (200, 200)


async def test_who_asks_for_it_in_their_words_is_warned_as_well(visitor: Visitor) -> None:
    """The box is not the only way to stay anonymous."""
    await visitor.send(f"{TELLING} Mohon rahasiakan nama saya.")

    assert visitor.status == 422
