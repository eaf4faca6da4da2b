"""Page Laporan on the whole gateway: what an officer sees of a case, and what they do about it."""

import asyncio
import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path

import pytest
from console_site import ADMIN, OFFICER, Desk, Site, console_site, token_of

from forwarder.ports import Row
from gateway.access.person import Person, Role

CITIZEN = "+6281200000001"
WORDS = "Saya Ani Wulandari, HP 081200000001. Lampu jalan di Flamboyan padam sejak Senin"
VIEWER = Person(id=3, login="tono", name="Tono", role=Role.VIEWER)
DLH = Person(id=4, login="dlh", name="Dina", role=Role.OFFICER, agency="Dinas Lingkungan Hidup")
PEOPLE = (OFFICER, ADMIN, VIEWER, DLH)
TAGS = re.compile(r"<[^>]+>")


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    quiet = '[notices]\nfold = 0.1\nquiet_from = "00:00"\nquiet_until = "00:00"\n'
    async with console_site(tmp_path, quiet, people=PEOPLE) as running:
        yield running


def read(page: str) -> str:
    """The words of a page."""
    return unescape(" ".join(TAGS.sub(" ", page).split()))


def fields(page: str) -> dict[str, str]:
    """What every form on the page carries."""
    found = re.findall(r'name="(stand|made|once)" value="([^"]*)"', page)
    return dict(found)


async def rows(site: Site, sql: str) -> list[Row]:
    return await site.parts.store.read(lambda tx: tx.all(sql))


async def deeds(site: Site) -> list[str]:
    return [f"{row[0]}: {row[1]}" for row in await rows(site, "select who, what from audit")]


async def test_the_words_are_shown_beside_what_was_made_of_them(site: Site) -> None:
    code = await site.sms(CITIZEN, WORDS)
    async with site.desk() as desk:
        page = read(await desk.look(f"/report/{code}"))
        assert desk.status == 200
        assert "Lampu jalan di" in page
        assert "Dinas Perhubungan" in page
        assert "aturan" in page


async def case_codes(site: Site) -> list[str]:
    """Every case, oldest first."""
    found = await rows(site, "select case_code from records order by received_at, number")
    return [row[0] for row in found]


async def test_personal_data_is_hidden_until_it_is_asked_for(site: Site) -> None:
    code = await site.sms(CITIZEN, WORDS)
    async with site.desk() as desk:
        assert "081200000001" not in await desk.look(f"/report/{code}")
        assert "081200000001" in await desk.look(f"/report/{code}?plain=1")
    noted = await deeds(site)
    assert f"rini: looked at case {code}" in noted
    assert f"rini: looked at the personal data in the words of case {code}" in noted


@pytest.mark.parametrize("person", [VIEWER, DLH])
async def test_who_may_not_know_identities_cannot_ask(site: Site, person: Person) -> None:
    code = await site.sms(CITIZEN, f"{WORDS}. Sampah menumpuk di TPS liar dan tidak diangkut")
    async with site.desk() as officer:
        await officer.look(f"/report/{code}")
        await officer.send(f"/report/{code}/transfer", agency=DLH.agency, **fields(officer.page))
    async with site.desk(person) as desk:
        page = await desk.look(f"/report/{code}?plain=1")
        assert desk.status == 200
        assert "081200000001" not in page
        await desk.send(f"/report/{code}/reveal", csrf=token_of(person), reason="ingin")
        assert desk.status == 403


async def test_another_agencys_case_is_not_there(site: Site) -> None:
    code = await site.sms(CITIZEN, WORDS)
    async with site.desk(DLH) as desk:
        await desk.look(f"/report/{code}")
        assert desk.status == 404
        await desk.fetch(f"/report/{code}/live")
        assert desk.status == 404
        await desk.send(f"/report/{code}/alarm", csrf=token_of(DLH), stand="1.0")
        assert desk.status == 404


async def test_an_answer_is_shown_and_sent_and_stands_in_the_track(site: Site) -> None:
    code = await site.sms(CITIZEN, WORDS)
    async with site.desk() as desk:
        page = await desk.look(f"/report/{code}")
        shown = await desk.send(
            f"/report/{code}/preview", text="Lampu diganti besok pagi.", **fields(page)
        )
        assert "Jawaban petugas atas laporan" in read(shown)
        assert not await rows(site, "select id from notices")
        page = await desk.send(
            f"/report/{code}/reply", text="Lampu diganti besok pagi.", **fields(page)
        )
        assert desk.status == 200
        assert "Jawaban petugas: Ditindaklanjuti" in read(page)
        assert "Lampu diganti besok pagi." in page


async def test_an_empty_answer_comes_back(site: Site) -> None:
    code = await site.sms(CITIZEN, WORDS)
    async with site.desk() as desk:
        page = await desk.look(f"/report/{code}")
        page = await desk.send(f"/report/{code}/reply", text="  ", **fields(page))
        assert desk.status == 422
        assert "Jawaban masih kosong" in page


async def test_two_officers_see_each_other_and_the_slower_one_loses_no_words(site: Site) -> None:
    code = await site.sms(CITIZEN, WORDS)
    async with site.desk() as rini, site.desk(ADMIN) as ayu:
        first = await rini.look(f"/report/{code}")
        second = await ayu.look(f"/report/{code}")
        assert "Rini juga membuka" in second
        assert "Ayu juga membuka" in await rini.look(f"/report/{code}")
        await rini.send(f"/report/{code}/reply", text="Sudah dijadwalkan.", **fields(first))
        page = await ayu.send(f"/report/{code}/reply", text="Kami cek dulu ya.", **fields(second))
        assert ayu.status == 409
        assert "Kami cek dulu ya." in page
        meanwhile = read(page[page.index("Yang terjadi sementara itu") :])
        assert "Sudah dijadwalkan." in meanwhile
        await ayu.send(f"/report/{code}/reply", text="Kami cek dulu ya.", **fields(page))
        assert ayu.status == 200
    assert len(await rows(site, "select id from timeline where kind = 'answer'")) == 2


async def test_an_open_page_hears_of_the_case_and_of_who_comes(site: Site) -> None:
    code = await site.sms(CITIZEN, WORDS)
    async with (
        site.desk() as rini,
        site.desk(ADMIN) as ayu,
        rini.session.get(f"{site.internal}/console/report/{code}/live") as stream,
    ):
        assert stream.headers["Content-Type"] == "text/event-stream"
        await ayu.look(f"/report/{code}")
        async with asyncio.timeout(15):
            while f"case:{code}".encode() not in await stream.content.readline():
                pass
        assert "Rini juga membuka" in await ayu.look(f"/report/{code}")
    async with asyncio.timeout(15):
        while await rows(site, "select login from presences where login = 'rini'"):  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_who_reported_is_shown_once_and_noted_with_its_reason(site: Site) -> None:
    code = await site.sms(CITIZEN, WORDS)
    async with site.desk() as desk:
        page = await desk.look(f"/report/{code}")
        assert CITIZEN not in page
        page = await desk.send(f"/report/{code}/reveal", reason="", **fields(page))
        assert desk.status == 422
        page = await desk.send(f"/report/{code}/reveal", reason="menjemput bukti", **fields(page))
        assert CITIZEN in page
        assert desk.headers["Cache-Control"] == "no-store"
        assert CITIZEN not in await desk.look(f"/report/{code}")
    assert f"rini: revealed who reported case {code}: menjemput bukti" in await deeds(site)


async def test_flags_are_tightened_by_who_may_approve(site: Site) -> None:
    code = await site.sms(CITIZEN, WORDS)
    async with site.desk() as officer:
        await officer.look(f"/report/{code}")
        await officer.send(f"/report/{code}/tighten", anonymous="1", reason="takut")
        assert officer.status == 403
    async with site.desk(ADMIN) as admin:
        await admin.look(f"/report/{code}")
        page = await admin.send(f"/report/{code}/tighten", anonymous="1", reason="takut")
        assert "Anonim" in page
        assert "081200000001" not in await admin.look(f"/report/{code}?plain=1")


async def test_the_same_is_joined_by_its_code_and_parted_again(site: Site) -> None:
    one = await site.sms(CITIZEN, WORDS)
    two = await site.sms("+6281200000002", "Sampah menumpuk di pasar Cikupa sudah seminggu")
    async with site.desk() as desk:
        page = await desk.look(f"/report/{one}")
        page = await desk.send(f"/report/{one}/join", other="AAAAAAAAA", **fields(page))
        assert desk.status == 422
        page = await desk.send(f"/report/{one}/join", other=two.lower(), **fields(page))
        assert f"/console/report/{two}" in page
        assert "2 laporan dari 2 pengirim" in read(page)
        page = await desk.send(f"/report/{one}/part", **fields(page))
        assert "Belum ada yang melaporkan" in page


async def test_what_only_sounds_alike_is_told_apart(site: Site) -> None:
    one = await site.sms(CITIZEN, "Lampu jalan depan balai desa Sukamulya padam sejak Senin")
    two = await site.sms("+6281200000002", "Lampu jalan dekat balai desa Sukamulya mati, gelap")
    async with site.desk() as desk:
        page = await desk.look(f"/report/{one}")
        assert f'id="likely-{two}"' in page
        page = await desk.send(f"/report/{one}/differ", other=two, **fields(page))
        assert f'id="likely-{two}"' not in page
        assert f'id="likely-{one}"' not in await desk.look(f"/report/{two}")


async def test_an_emergency_and_a_transfer_are_made_here(site: Site) -> None:
    code = await site.sms(CITIZEN, WORDS)
    async with site.desk() as desk:
        page = await desk.look(f"/report/{code}")
        page = await desk.send(f"/report/{code}/transfer", agency="Dinas Ngarang", **fields(page))
        assert desk.status == 422
        assert "Dinas Ngarang" in page
        page = await desk.send(f"/report/{code}/transfer", agency=DLH.agency, **fields(page))
        assert f"Diteruskan ke {DLH.agency}" in read(page)
        page = await desk.send(f"/report/{code}/alarm", **fields(page))
        assert "Dijadikan keadaan darurat" in page
        page = await desk.send(f"/report/{code}/alarm", **fields(page))
        assert desk.status == 422
        assert "sudah dijadikan keadaan darurat" in page


async def test_a_case_is_held_with_a_reason(site: Site) -> None:
    code = await site.sms(CITIZEN, WORDS)
    async with site.desk(ADMIN) as desk:
        await desk.look(f"/report/{code}")
        page = await desk.send(f"/report/{code}/hold", reason="diminta pengadilan")
        assert "Lepas tahanan" in page
        page = await desk.send(f"/report/{code}/release", reason="sudah selesai")
        assert "Tahan dari penghapusan" in page


async def test_every_form_works_without_a_script_and_says_what_it_is(site: Site) -> None:
    code = await site.sms(CITIZEN, WORDS)
    async with site.desk(ADMIN) as desk:
        page = await desk.look(f"/report/{code}?template=dicek")
        assert "sedang mengecek ke lokasi" in page
        assert "built-in method" not in page
        assert not re.search(r"\son\w+=|\sstyle=|javascript:", page)
        posted = re.findall(
            r'<form method="post" action="([^"]+)"[^>]*>(.*?)</form>', page, re.DOTALL
        )
        assert posted
        assert all('name="csrf"' in body for _, body in posted)
        labelled = re.findall(r'<label[^>]* for="([^"]+)"', page)
        assert labelled
        assert [one for one in labelled if f'id="{one}"' not in page] == []


async def test_what_was_derived_is_accepted_or_corrected_in_place(site: Site) -> None:
    code = await site.sms(CITIZEN, WORDS)
    async with site.desk() as desk:
        page = await desk.look(f"/report/{code}")
        stale = fields(page)
        page = await desk.send(f"/report/{code}/correct", task="topic", value="sampah", **stale)
        assert desk.status == 200
        assert '<option value="sampah" selected>' in page
        page = await desk.send(f"/report/{code}/correct", task="topic", value="pju", **stale)
        assert desk.status == 409
        page = await desk.send(f"/report/{code}/correct", task="topic", value="x", **fields(page))
        assert desk.status == 422
        page = await desk.send(f"/report/{code}/correct", task="state", value="x", **fields(page))
        assert desk.status == 422
        soon = {"task": "urgency", "value": "segera"} | fields(page)
        page = await desk.send(f"/report/{code}/correct", **soon)
        assert desk.status == 200
        page = await desk.send(f"/report/{code}/accept", **fields(page))
        assert desk.status == 200
        assert page.count('class="tag good">petugas') == 4


async def test_a_place_is_typed_and_found_in_the_gazetteer(site: Site) -> None:
    """What fits one is taken, what fits several is offered, what fits none is said; undone too."""
    code = await site.sms(CITIZEN, WORDS)
    correct = f"/report/{code}/correct"

    async def typed(desk: Desk, named: str) -> str:
        page = await desk.look(f"/report/{code}")
        return await desk.send(correct, task="place", named=named, **fields(page))

    async with site.desk() as desk, site.desk(VIEWER) as viewer:
        page = await typed(desk, "bencongan, kelapa dua")
        assert desk.status == 200
        assert '<span class="code soft">36.03.28.1002</span>' in page
        page = await desk.send(f"/report/{code}/undo", **fields(page))
        assert "36.03.28.1002" not in page.partition('id="place"')[2].partition("</section>")[0]

        page = await typed(desk, "<b>Kelapa Dua")
        assert (desk.status, "<b>Kelapa" in page) == (422, False)
        page = await typed(desk, "Kelapa Dua")
        assert desk.status == 422
        assert "pilih salah satu" in page
        offered = re.findall(r'name="value" value="(36[\d.]+)"( autofocus)?', page)
        assert ("36.03.28", " autofocus") in offered
        assert "36.03.28.1001" in dict(offered)
        assert 'value="Kelapa Dua"' in page
        page = await desk.send(correct, task="place", value="36.03.28", **fields(page))
        assert desk.status == 200
        assert '<span class="code soft">36.03.28</span>' in page
        assert f"rini: corrected: place 36.03.28 ({code})" in await deeds(site)

        page = await typed(desk, "Antah Berantah")
        assert desk.status == 422
        assert "Tidak ada desa" in page
        page = await desk.send(correct, task="place", value="99.99.99", **fields(page))
        assert desk.status == 422
        assert "named-place" not in await viewer.look(f"/report/{code}")


async def test_the_last_decision_is_taken_back_on_the_page(site: Site) -> None:
    """By who made it, and once."""
    code = await site.sms(CITIZEN, WORDS)
    async with site.desk() as rini, site.desk(ADMIN) as ayu:
        page = await rini.look(f"/report/{code}")
        was = re.search(r'<option value="(\w+)" selected>', page.partition('id="value-topic"')[2])
        assert was
        page = await rini.send(
            f"/report/{code}/correct", task="topic", value="sampah", **fields(page)
        )
        assert f"/report/{code}/undo" in page
        page = await ayu.look(f"/report/{code}")
        assert f"/report/{code}/undo" not in page
        await ayu.send(f"/report/{code}/undo", **fields(page))
        assert ayu.status == 422
        page = await rini.look(f"/report/{code}")
        page = await rini.send(f"/report/{code}/undo", **fields(page))
        assert rini.status == 200
        assert f'<option value="{was[1]}" selected>' in page
        assert f"/report/{code}/undo" not in page


async def test_a_second_person_approves_what_was_asked_of_this_case(tmp_path: Path) -> None:
    toml = "[identity]\ntwo_persons = true\n"
    async with console_site(tmp_path, toml, people=PEOPLE) as site:
        code = await site.sms(CITIZEN, WORDS)
        other = await site.sms("+6281200000002", "Sampah menumpuk di pasar Cikupa")
        async with site.desk() as rini, site.desk(ADMIN) as ayu:
            page = await rini.look(f"/report/{code}")
            page = await rini.send(f"/report/{code}/reveal", reason="menjemput bukti")
            assert "Permintaan dicatat" in page
            page = await rini.send(f"/report/{code}/reveal", reason="menjemput bukti")
            assert rini.status == 422
            assert CITIZEN not in page
            page = await ayu.look(f"/report/{code}")
            assert "Setujui permintaan rini (menjemput bukti)" in page
            await ayu.send(f"/report/{other}/approve", number="1")
            assert ayu.status == 404
            await ayu.send(f"/report/{code}/approve", number="1")
            assert ayu.status == 200
            assert CITIZEN in await rini.send(f"/report/{code}/reveal", reason="menjemput bukti")
