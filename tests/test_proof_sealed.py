"""Promise 5 for who is anonymous: after a run over several channels no byte anywhere holds them."""

import asyncio
import base64
import json
import re
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from urllib.parse import quote

import aiohttp
import pytest
from gateway_process import Gateway
from ledger import central, rows, until_drained, until_recorded
from load import Mail, Sms, post, submit
from telegram_server import TelegramServer, telegram
from test_telegram_proof import connected

from gateway.custody.rewrapping import TABLES
from gateway.ministry import new_pair
from gateway.secrets import Secrets, gateway_key
from gateway.vault import Vault

PHOTO = Path(__file__).parent / "fixtures" / "pictures" / "baseline.jpg"
# What the camera and its owner wrote into the photograph.
WITHIN = ("Someone", "Kamera", "xpacket")

#: Who reports what, and what of them must be found nowhere.
PHONE, LATER = "81200007711", "81200006622"
CHAT = 7_712_345_601
NAMES = ("Kanaripesan", "Kanarisurat", "Kanariformulir", "Kanaritele", "Kanarifoto")
ADDRESS, HOME, SIGNED = "kanari.alamat", "Kanarijalan", "Kanaritertanda"
CONTACT = "kanari.kontak"
NIK = "3603121203900007"
NUMBERS = (PHONE, LATER, str(CHAT), NIK)
SENDERS = (*NUMBERS, *NAMES, ADDRESS, HOME, SIGNED, CONTACT, *WITHIN)


class Citizens:
    """Five people who want to stay anonymous, each on a way of their own."""

    def __init__(self, gateway: Gateway, server: TelegramServer) -> None:
        self._gateway = gateway
        self._server = server
        #: Pages and answers anybody may see.
        self.seen: list[str] = []

    async def report(self) -> None:
        """Say everything, with all that tells who they are."""
        jar = aiohttp.CookieJar(unsafe=True)  # of an address instead of a name
        async with aiohttp.ClientSession(cookie_jar=jar) as session:
            await self._sms(session)
            await self._web(session)
            await self._mail()
            await self._telegram()
            await until_recorded(self._gateway, 5)
            await until_drained(self._gateway)
            await self._look(session)

    async def _sms(self, session: aiohttp.ClientSession) -> None:
        text = f"ANONIM Nama saya {NAMES[0]}, HP 0{PHONE}, NIK {NIK}. Lampu padam di Curug"
        await post(session, self._gateway.url, Sms(id="s1", sender=f"+62{PHONE}", text=text))
        text = f"Jalan rusak di Cisoka. Terima kasih, {SIGNED}"
        await post(session, self._gateway.url, Sms(id="s2", sender=f"+62{LATER}", text=text))
        await until_recorded(self._gateway, 2)
        await post(session, self._gateway.url, Sms(id="s3", sender=f"+62{LATER}", text="ANONIM"))

    async def _web(self, session: aiohttp.ClientSession) -> None:
        async with session.get(f"{self._gateway.url}/lapor") as response:
            token = (await response.text()).partition('name="token" value="')[2].partition('"')[0]
        said = {
            "token": token,
            "text": f"Sampah menumpuk, alamat rumah saya Jl. {HOME} No 5 RT 02",
            "place": "Balaraja",
            "name": NAMES[2],
            "contact": f"{CONTACT}@example.org",
            "anonymous": "on",
        }
        # Warned that the words tell who they are, they send them all the same.
        warning = await self._filled_in(session, said, expected=422)
        warned = warning.partition('name="warned" value="')[2].partition('"')[0]
        await self._filled_in(session, said | {"warned": warned}, expected=200)

    async def _filled_in(
        self, session: aiohttp.ClientSession, said: dict[str, str], *, expected: int
    ) -> str:
        form = aiohttp.FormData(default_to_multipart=True)
        for name, value in said.items():
            form.add_field(name, value)
        photo = PHOTO.read_bytes()
        form.add_field("files", photo, filename=f"{NAMES[4]}.jpg", content_type="image/jpeg")
        async with session.post(f"{self._gateway.url}/lapor", data=form) as response:
            assert response.status == expected
            return await response.text()

    async def _mail(self) -> None:
        content = EmailMessage(policy=SMTP)
        content["From"] = f"{NAMES[1]} <{ADDRESS}@example.org>"
        content["To"], content["Subject"] = "lapor@localhost", "ANONIM pungutan di kantor desa"
        content["Message-ID"] = f"<{ADDRESS}.1@example.org>"
        content.set_content(f"Ada pungutan liar di Kronjo.\n\nHormat saya,\n{NAMES[1]}\n")
        mail = Mail(id="", sender=f"{ADDRESS}@example.org", content=content.as_bytes())
        assert await submit(self._gateway.smtp, mail) == 250

    async def _telegram(self) -> None:
        who = {"id": CHAT, "is_bot": False, "first_name": NAMES[3], "username": NAMES[3]}
        chat = {"id": CHAT, "type": "private", "first_name": NAMES[3], "username": NAMES[3]}
        text = f"ANONIM Saya {NAMES[3]}, air PDAM mati di Tigaraksa"
        await self._server.write(CHAT, chat=chat, text=text, **{"from": who})

    async def _look(self, session: aiohttp.ClientSession) -> None:
        codes = [row[0] for row in central(self._gateway, "select case_code from records")]
        pages = ["/lapor", *(f"/lapor/status?kode={code}" for code in codes)]
        for page in pages:
            async with session.get(f"{self._gateway.url}{page}") as response:
                self.seen.append(f"{await response.text()} {response.headers}")


@pytest.fixture
async def reported(gateway: Gateway, tmp_path: Path) -> AsyncIterator[tuple[Gateway, Citizens]]:
    """Everything was said, recorded, forwarded and answered; the gateway still runs."""
    private, public = new_pair()
    (tmp_path / "ministry.key").write_text(private)
    (tmp_path / "ministry.pub").write_text(public)
    async with telegram() as server:
        connected(gateway, server, "polling")
        gateway.settings["identity"] = {
            "share": True,
            "ministry_key": str(tmp_path / "ministry.pub"),
        }
        gateway.settings["log"] = {"level": "debug", "format": "json"}
        async with gateway:
            citizens = Citizens(gateway, server)
            await citizens.report()
            yield gateway, citizens


def forms(needle: str) -> Iterator[tuple[str, bytes]]:
    """Every way in which a few bytes may be written down."""
    words = [needle]
    if needle.isdecimal():
        words += [needle[::-1], "-".join(re.findall("....?", needle))]
    for word in words:
        raw = word.encode()
        yield "plain", raw
        yield "UTF-16", word.encode("utf-16-le")
        yield "UTF-16", word.encode("utf-16-be")
        yield "hex", raw.hex().encode()
        yield "URL", "".join(f"%{byte:02x}" for byte in raw).encode()
        yield "URL", quote(word).encode()
        if word.isdecimal():
            yield "number", int(word).to_bytes(8, "big").lstrip(b"\0")
        for shift in range(3):  # base64 of something in which the word stands anywhere
            spelled = base64.b64encode(b"\0" * shift + raw)
            yield "base64", spelled[4 if shift else 0 : -4]
            yield "base64", base64.urlsafe_b64encode(b"\0" * shift + raw)[4 if shift else 0 : -4]


FORMS = [
    (needle, form, pattern if form == "base64" else pattern.lower())
    for needle in SENDERS
    for form, pattern in forms(needle)
    if len(pattern) > 4
]


def found_in(content: bytes | str) -> list[tuple[str, str]]:
    """Who is found in some bytes, and how they were written."""
    raw = content.encode() if isinstance(content, str) else content
    lower = raw.lower()
    return [
        (needle, form)
        for needle, form, pattern in FORMS
        if pattern in (raw if form == "base64" else lower)
    ]


def leaks(home: Path) -> dict[str, list[tuple[str, str]]]:
    """The files below a folder in which somebody is found."""
    found = {
        str(path.relative_to(home)): found_in(path.read_bytes()) + found_in(path.name)
        for path in home.rglob("*")
        if path.is_file()
    }
    return {name: leak for name, leak in found.items() if leak}


def opened(gateway: Gateway) -> Iterator[tuple[str, bytes]]:
    """Everything that whoever has the database and the gateway key can read."""
    vault = Vault(gateway_key(Secrets({}), gateway.data_dir, may_create=False).value)
    columns = {
        "journal": "payload",
        "reporters": "identity",
        "decisions": "before",
        "users": "totp",
    }
    with closing(sqlite3.connect(gateway.data_dir / "gateway.db")) as database:
        for table in TABLES:
            source, column = table, columns.get(table, "document")
            if table == "outbox":
                source, column = "outbox join outbox_bodies using (id)", "body"
            sql = f"select {column}, data_key from {source} where data_key is not null"
            for ciphertext, data_key in database.execute(sql):
                yield table, vault.open(ciphertext, data_key)


def test_the_search_finds_what_is_there() -> None:
    """A search that finds nothing anywhere would prove nothing."""
    for hiding in (
        PHONE,
        PHONE[::-1],
        base64.b64encode(f"nomor +62{PHONE}, halo".encode()).decode(),
        f"a{PHONE}".encode("utf-16-le"),
        PHONE.encode().hex().upper(),
        json.dumps({"x": f"0{PHONE}"}),
    ):
        assert PHONE in {needle for needle, _ in found_in(hiding)}
    assert {needle for needle, _ in found_in(PHOTO.read_bytes())} == set(WITHIN)


async def test_no_byte_anywhere_holds_who_is_anonymous(
    reported: tuple[Gateway, Citizens], tmp_path: Path
) -> None:
    """No table, log, export, page, backup or attachment; the ministry alone can tell."""
    gateway, citizens = reported
    _, metrics = await gateway.get("/metrics")
    exported = await gateway.command("export", "--sealed")
    told = [await gateway.command(*words) for words in (("export", "--format", "csv"), ("status",))]
    backup = await gateway.command("backup", str(gateway.home / "backup.tar"))
    parked = await gateway.command("parked", "list")
    await gateway.stop()
    (tmp_path / "export.jsonl").write_text(exported.stdout)
    key = str(tmp_path / "ministry.key")
    unsealed = await gateway.command_alone("unseal", str(tmp_path / "export.jsonl"), "--key", key)
    persons = [json.loads(line) for line in unsealed.stdout.splitlines()]
    inside = {needle for needle, _ in found_in(unsealed.stdout)}
    outputs = [metrics, exported.stdout, backup.stdout, parked.stdout]
    outputs += [one.stdout + one.stderr for one in told]

    assert exported.stdout.count("\n") == 5
    assert leaks(gateway.home) == {}
    assert [found_in(output) for output in outputs if found_in(output)] == []
    assert [found_in(page) for page in citizens.seen if found_in(page)] == []
    assert {one["channel"] for one in persons} == {"sms", "mail", "web", "telegram"}
    assert inside == set(SENDERS) - set(WITHIN)


async def test_the_gateway_key_opens_the_way_back_alone_and_not_even_that_after_retention(
    reported: tuple[Gateway, Citizens],
) -> None:
    """Nothing sealed with it tells who somebody was, but how to answer them; in the end nothing."""
    gateway, _ = reported
    await gateway.stop()
    holding = {table for table, plain in opened(gateway) if found_in(plain)}
    close = (
        "update records set state = 'selesai', updated_at = updated_at - 31 * 86400000;"
        "update outbox set settled_at = settled_at - 91 * 86400000;"
        "update journal set received_at = received_at - 91 * 86400000 where id in"
        " (select journal_id from work where record_id is null)"
    )
    ids = rows(gateway, "select pseudonym from records")
    with closing(sqlite3.connect(gateway.data_dir / "gateway.db")) as database:
        database.executescript(close)
    looked = await gateway.command("retain", "--dry-run", "--json")
    erased = await gateway.command("retain")
    left = {table for table, plain in opened(gateway) if found_in(plain)}

    assert holding <= {"reporters", "outbox"}
    assert "reporters" in holding
    assert json.loads(looked.stdout)["return addresses of anonymous"] == 5
    assert erased.returncode == 0
    assert left == set()
    assert not set(ids) & set(rows(gateway, "select pseudonym from records"))


async def test_what_central_stores_held_before_is_blanked(
    reported: tuple[Gateway, Citizens],
) -> None:
    """Who was anonymous only with their second message has no name in the store's history."""
    gateway, _ = reported
    await asyncio.sleep(0)
    history = central(gateway, "select record_id, revision, document from record_revisions")
    later = central(gateway, "select record_id from records where revision > 1")

    assert len(later) == 1
    assert [revision for id_, revision, _ in history if (id_,) in later] == [2]
