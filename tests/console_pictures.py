"""
Takes the pictures of docs/console.md: a running gateway, invented citizens, Debian's Chromium.

    .venv/bin/python tests/console_pictures.py docs/pictures
"""

import asyncio
import io
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from office import DESK, PHONE, Office, office  # noqa: E402 (as pytest would find them)
from PIL import Image  # noqa: E402
from playwright.async_api import Page, expect  # noqa: E402
from public_talk import Said, say  # noqa: E402
from town import Town  # noqa: E402

from gateway.access.person import Role  # noqa: E402
from gateway.build_craft import build_clock  # noqa: E402
from gateway.clock import now_ms  # noqa: E402

HOUR_MS = 3_600_000
SAID = (
    "Lampu jalan di Jl Raya Serang km 14 Cikupa mati sudah tiga minggu, gelap sekali dan rawan",
    "lampu penerangan jalan raya serang km 14 cikupa mati tiga minggu mohon diperbaiki",
    "Sampah menumpuk di belakang pasar Curug sudah seminggu tidak diangkut, baunya menyengat",
    "Kebakaran di gudang dekat pasar Balaraja, ada orang terjebak, tolong segera",
    "Kapan pendaftaran KTP elektronik di kecamatan Panongan dibuka lagi?",
    "Jalan berlubang besar di depan SDN 3 Cisoka, sudah dua motor jatuh. Saya Budi, 0812 0000 1111",
    "Air PDAM di perumahan Citra Raya mati sejak kemarin pagi",
    "Usul: tambah tempat duduk di ruang tunggu puskesmas Tigaraksa",
    "Parkir liar di depan stasiun membuat macet tiap sore",
    "Saluran air di desa Pasir Bolang mampet, banjir kalau hujan",
    "Petugas meminta uang rokok waktu saya mengurus surat pindah",
    "ada yg bisa bantu ga ya",
)
TALK = (
    ("banjir di jalan raya serang, kendaraan tidak bisa lewat", "@warga_satu", 0.2),
    ("hujan deras, banjir lagi di cikupa", "@warga_dua", 0.6),
    ("banjir cikupa sampai lutut, mana pompanya", "@warga_tiga", 0.9),
    ("jalan raya serang banjir, putar balik saja", "@warga_empat", 1.3),
    ("banjir lagi banjir lagi cikupa", "@warga_lima", 1.6),
    ("lampu jalan di curug sudah menyala, terima kasih", "@warga_enam", 5.0),
    ("antre ktp di kecamatan panjang sekali hari ini", "@warga_tujuh", 9.0),
)
SOCIAL = """
[channels.rss]
enabled = true
feeds = [{name = "kabar", url = "http://127.0.0.1:9/feed", private = true}]
"""
PAGES = ("deadlines", "insights", "channels", "people", "trail", "me")


async def take(folder: Path) -> None:
    """Every page once, some also as a phone or in the dark shows them."""
    with tempfile.TemporaryDirectory() as home:
        async with office(Path(home), SOCIAL) as place:
            page = await place.seat()
            await page.goto(f"{place.site.internal}/console")
            await shot(page, folder / "login.png")
            await place.sign_in(page, "ayu", Role.ADMIN)
            await citizens_write(place, page)
            await pages(place, page, folder)


async def citizens_write(place: Office, page: Page) -> None:
    """What comes in on a morning, a few months before it, and talk in public."""
    codes = [await place.site.sms(f"+62800000{i:05}", words) for i, words in enumerate(SAID)]
    await expect(page.locator("#list li[data-row]")).to_have_count(len(codes), timeout=60_000)
    parts = place.site.parts
    talk = [
        Said(at=now_ms() - int(hours * HOUR_MS), text=words, author=who, channel="rss")
        for words, who, hours in TALK
    ]
    await say(parts.store, parts.vault, talk)
    await page.wait_for_timeout(2_000)


async def pages(place: Office, page: Page, folder: Path) -> None:
    """Look at each page and take its picture."""
    base = f"{place.site.internal}/console"
    await page.goto(f"{base}/inbox")
    await shot(page, folder / "inbox.png")
    code = await page.locator("#list li", has_text="Lampu jalan").locator(".code").inner_text()
    await page.goto(f"{base}/report/{code}")
    await shot(page, folder / "report.png")
    await page.emulate_media(color_scheme="dark")
    await shot(page, folder / "report-dark.png")
    await page.emulate_media(color_scheme="light")
    await page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    await page.goto(f"{base}/inbox")
    await shot(page, folder / "inbox-phone.png")
    await page.set_viewport_size({"width": DESK["width"], "height": DESK["height"]})
    await page.goto(f"{base}/watch")
    await shot(page, folder / "watch.png")
    await page.goto(f"{base}/handoff")
    await shot(page, folder / "handoff.png")
    await page.click("[data-open-row] >> nth=0")
    await shot(page, folder / "handoff-case.png")
    parts = place.site.parts
    town = Town(database=parts.store, vault=parts.vault, now=now_ms())
    await town.fill(900, 180)
    await town.watch(build_clock(parts.settings))
    await page.wait_for_timeout(5_000)
    for name in PAGES:
        await page.goto(f"{base}/{name}")
        await shot(page, folder / f"{name}.png")


async def shot(page: Page, path: Path) -> None:
    """What the window shows, once its pictures are there."""
    await page.wait_for_timeout(700)
    taken = Image.open(io.BytesIO(await page.screenshot())).convert("RGB")
    taken.quantize(128, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    asyncio.run(take(target))
