"""Promise 5 against canaries: secrets, senders and words through every door and every fault."""

import asyncio
import json
import os
import sqlite3
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from urllib.parse import quote

import aiohttp
import aiohttp.web
import pytest
from fault_server import FaultServer, Request, answer
from gateway_process import Gateway
from ledger import central, rows, until_recorded
from load import Mail, submit
from sms_gateway import serving

PATIENCE = 60.0

# Words that occur nowhere else. What is secret must be found nowhere outside of its own file.
SECRETS = {
    "sms_secret": "kanari-rahasia-sms",
    "sms_password": "kanari-rahasia-kirim",
    "mail_password": "kanari-rahasia-relai",
    "store_secret": "whsec_" + b64encode(b"kanari-rahasia-pusat-0123456789").decode(),
}
GUESSED = "kanari-tebakan"
PHONE = "81200007766"
ADDRESS = "kanari.pengirim"
NAME = "Kanari Pelapor"
CONTACT = "kanari.kontak"
SENDERS = (PHONE, ADDRESS, NAME, CONTACT)
WORDS = {
    "sms": "kanaripesansingkat",
    "part": "kanaripotongan",
    "mail": "kanarisurat",
    "subject": "kanarijudul",
    "web": "kanariformulir",
    "place": "kanarilokasi",
    "file": "kanariberkas",
    "unreadable": "kanaritakterbaca",
    "refused": "kanariditolak",
    "path": "kanarijalur",
    "smtp": "kanariperintah",
}
# The columns of central.db a citizen's words may stand in; docs/storage.md tells them.
READABLE = {
    "text",
    "clean_text",
    "title",
    "place",
    "attachments",
    "type",
    "topic",
    "urgency",
    "flags",
}


@asynccontextmanager
async def rude_relay() -> AsyncIterator[str]:
    """A mail server that quotes everything it refuses."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 relay.example.org\r\n")
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"RCPT":
                writer.write(b"450 4.2.1 not now, " + line.strip() + b" of " + NAME.encode())
                writer.write(b"\r\n")
            elif verb == b"EHLO":
                writer.write(b"250-relay.example.org\r\n250 AUTH PLAIN LOGIN\r\n")
            else:
                writer.write(b"235 ok\r\n" if verb == b"AUTH" else b"250 ok\r\n")
        writer.close()

    server = await asyncio.start_server(converse, "127.0.0.1", 0)
    try:
        host, port = server.sockets[0].getsockname()
        yield f"{host}:{port}"
    finally:
        server.close()


async def rude_send_api(request: aiohttp.web.Request) -> aiohttp.web.Response:
    """An SMS gateway that fails and quotes the whole request."""
    form = await request.post()
    return aiohttp.web.Response(status=500, text=f"{dict(form)} {dict(request.headers)}")


async def rude_store(server: FaultServer, request: Request, writer: asyncio.StreamWriter) -> None:
    """A central store that refuses a record and quotes all of it."""
    del server
    problem = {"title": request.body.decode(), "detail": f"{PHONE} {request.headers}"}
    body = json.dumps(problem).encode()
    writer.write(answer(422, body, Content_Type="application/problem+json"))


@pytest.fixture
async def talkative(gateway: Gateway, tmp_path: Path) -> AsyncIterator[Gateway]:
    """A gateway at log level debug, between peers that quote everything."""
    for name, value in SECRETS.items():
        (tmp_path / name).write_text(value)
        gateway.env[f"LAPOR_{name.upper()}_FILE"] = str(tmp_path / name)
    routes = [aiohttp.web.post("/send", rude_send_api)]
    async with (
        serving(routes) as send_api,
        rude_relay() as relay,
        FaultServer(health=rude_store) as store,
    ):
        gateway.settings = {
            "log": {"level": "debug", "format": "json"},
            "outbox": {"base": 0.05, "cap": 0.3},
            "central": {
                "central": {"kind": "sqlite"},
                "ministry": {
                    "kind": "http",
                    "url": store.url,
                    "allow_private": True,
                    "secrets": ["store_secret"],
                },
            },
            "pipeline": {"part_timeout": 1.0},
            "channels": {
                "sms": {
                    "secrets": ["sms_secret"],
                    "send_url": f"{send_api}/send",
                    "username": "gateway",
                    "password": "sms_password",
                },
                "mail": {
                    "relay": relay,
                    "relay_username": "gateway",
                    "relay_password": "mail_password",
                },
            },
        }
        async with gateway:
            yield gateway


class Citizens:
    """Everything a citizen, a provider or a stranger may send; answers are kept to be searched."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self.answers: list[str] = []
        self.statuses: list[int] = []

    async def visit_every_door(self) -> None:
        """Good messages through all doors, then all the ways we know to get an error."""
        async with aiohttp.ClientSession() as session:
            self._session = session
            await self._sms()
            await self._bad_sms()
            await self._web()
            await self._strange_requests()
        await self._mail()
        await self._bad_mail()

    async def _post(self, path: str, *, secret: str = "", **request: object) -> str:
        headers = {"X-Secret": secret or SECRETS["sms_secret"]}
        url = f"{self._gateway.url}{path}"
        async with self._session.post(url, headers=headers, **request) as response:  # type: ignore[arg-type]
            text = await response.text()
            self.statuses.append(response.status)
            # A page shows its own visitor what was typed; a problem document quotes nobody.
            if response.status >= 400 and response.content_type != "text/html":
                self.answers.append(f"{text} {response.headers}")
            return text

    async def _sms(self) -> None:
        form = {"from": f"+62{PHONE}", "text": f"Lampu padam {WORDS['sms']}", "id": "s1"}
        await self._post("/in/sms", data=form)
        await self._post("/in/sms", data=form)
        part = {"from": f"+62{PHONE}", "text": f"Jalan {WORDS['part']}", "id": "s2"}
        await self._post("/in/sms", data=part | {"udh": "050003070201"})
        status = {"from": f"+62{PHONE}", "text": f"STATUS {WORDS['refused'][:6]}123", "id": "s3"}
        await self._post("/in/sms", data=status)

    async def _bad_sms(self) -> None:
        form = {"from": f"+62{PHONE}", "text": WORDS["refused"], "id": "s4"}
        unreadable = {"from": f"+62{PHONE}", "words": WORDS["unreadable"], "id": "s5"}
        await self._post("/in/sms", secret=GUESSED, data=form)
        await self._post("/in/sms", data=unreadable)
        await self._post(f"/in/sms/kannel?from={PHONE}&text={WORDS['unreadable']}&coding=9&id=s6")
        await self._post("/in/sms", data=b'{"from": "' + PHONE.encode() + b'", "text": ')
        await self._post("/in/sms", json={"from": PHONE, "text": [WORDS["unreadable"]], "id": "7"})
        await self._post("/in/sms", data=form | {"id": "s8", "udh": f"zz{WORDS['unreadable']}"})
        await self._post("/in/sms", data=form | {"text": WORDS["refused"] * 10_000})
        await self._post("/in/sms/dlr", data={"reply": WORDS["refused"], "from": PHONE})

    async def _web(self) -> None:
        async with self._session.get(f"{self._gateway.url}/lapor") as response:
            page = await response.text()
        token = page.partition('name="token" value="')[2].partition('"')[0]
        said = {"text": f"Banjir {WORDS['web']}", "place": WORDS["place"], "name": NAME}
        said["contact"] = f"{CONTACT}@example.org"
        form = aiohttp.FormData(default_to_multipart=True)
        for name, value in {"token": token, **said}.items():
            form.add_field(name, value)
        form.add_field("files", b"isi " + WORDS["file"].encode(), filename=f"{WORDS['file']}.txt")
        await self._post("/lapor", data=form)
        again = {"token": GUESSED, **said, "text": WORDS["refused"]}
        await self._post("/lapor", data=again)
        await self._post(f"/lapor/status?kode={WORDS['refused']}", data={"kode": WORDS["refused"]})

    async def _strange_requests(self) -> None:
        await self._post(f"/{WORDS['path']}?from={PHONE}", data=WORDS["path"])
        await self._post(f"/in/sms/{WORDS['path']}", data={"from": PHONE})
        host, port = self._gateway.public.split(":")
        for request in (
            f"{WORDS['path']} /{PHONE} HTTP/9.9\r\n\r\n",
            f"POST /in/sms HTTP/1.1\r\nHost: {WORDS['path']}\r\nContent-Length: x{PHONE}\r\n\r\n",
            f"GET /{WORDS['path']} HTTP/1.1\r\n{WORDS['path']}\r\n\r\n",
            f"POST /in/sms HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\nfrom={PHONE}",
        ):
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(request.encode())
            writer.write_eof()
            async with asyncio.timeout(PATIENCE):
                answer = (await reader.read()).decode()
            # Of bytes that are no HTTP at all aiohttp shows the sender his own: no leak.
            if not answer.startswith("HTTP/1.0 400"):
                self.answers.append(answer)
            writer.close()
            await writer.wait_closed()

    async def _mail(self) -> None:
        content = EmailMessage(policy=SMTP)
        content["From"] = f"{NAME} <{ADDRESS}@example.org>"
        content["To"], content["Subject"] = "lapor@localhost", f"Laporan {WORDS['subject']}"
        content["Message-ID"] = "<m1@example.org>"
        content.set_content(f"Sampah {WORDS['mail']}")
        content.add_attachment(
            b"isi", maintype="text", subtype="plain", filename=f"{WORDS['file']}.txt"
        )
        wires = [content.as_bytes(), f"Subject: {WORDS['unreadable']}\r\n\xff\x00".encode()]
        for wire in wires:
            mail = Mail(id="", sender=f"{ADDRESS}@example.org", content=wire)
            self.statuses.append(await submit(self._gateway.smtp, mail))

    async def _bad_mail(self) -> None:
        host, port = self._gateway.smtp.split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        for line in (
            f"EHLO {WORDS['smtp']}",
            f"{WORDS['smtp']} {PHONE}",
            f"MAIL FROM:<{ADDRESS}@example.org> {WORDS['smtp']}=1",
            f"MAIL FROM:<{ADDRESS}@example.org>",
            f"RCPT TO:<{WORDS['smtp']}@elsewhere.example>",
            f"AUTH PLAIN {b64encode(GUESSED.encode()).decode()}",
            f"VRFY {ADDRESS}",
            f"RCPT TO:<{'x' * 70_000}{WORDS['smtp']}>",
        ):
            writer.write(line.encode() + b"\r\n")
        writer.write_eof()
        async with asyncio.timeout(PATIENCE):
            await reader.read()
        writer.close()
        await writer.wait_closed()


def canaries() -> Iterator[str]:
    """Every word that must stay inside, also as it looks in a URL."""
    for word in (*SECRETS.values(), GUESSED, *SENDERS, *WORDS.values()):
        yield word
        if quote(word) != word:
            yield quote(word)


def found_in(content: str | bytes) -> list[str]:
    """The canaries in some text."""
    raw = content.encode() if isinstance(content, str) else content
    return [word for word in canaries() if word.encode().lower() in raw.lower()]


@pytest.fixture
async def visited(talkative: Gateway) -> tuple[Gateway, Citizens]:
    """Everything has been sent, read, recorded, refused by the peers and tried again."""
    citizens = Citizens(talkative)
    await citizens.visit_every_door()
    await until_recorded(talkative, 6)
    deadline = time.monotonic() + PATIENCE
    tried = "select count(*) from outbox where attempts > 1 and target = 'channel:{}'"
    while not all(rows(talkative, tried.format(name))[0][0] for name in ("sms", "mail")):
        assert time.monotonic() < deadline, rows(talkative, "select target, state from outbox")
        await asyncio.sleep(0.05)
    return talkative, citizens


async def test_no_canary_leaves_the_gateway_where_it_should_not(
    visited: tuple[Gateway, Citizens],
) -> None:
    """
    No secret, sender, name or word of a citizen is in logs, metrics, errors or gateway.db.

    Also not when a message is unreadable, a secret wrong, or a peer quotes all it was given.
    """
    gateway, citizens = visited
    _, metrics = await gateway.get("/metrics")
    _, ready = await gateway.get("/health/ready")
    status = await gateway.command("status", "--json")
    parked = await gateway.command("parked", "list")
    process = Path("/proc") / str(gateway.pid)
    inside = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
    await gateway.stop()
    files = {file.name: file.read_bytes() for file in gateway.data_dir.glob("gateway.db*")}

    assert {200, 403, 413, 404} <= set(citizens.statuses)
    assert found_in(gateway.log) == []
    assert found_in(metrics) == []
    assert found_in(ready + status.stdout + status.stderr + parked.stdout + parked.stderr) == []
    assert [answer for answer in citizens.answers if found_in(answer)] == []
    assert found_in(inside) == []
    assert "gateway.db" in files
    assert {name: found_in(content) for name, content in files.items() if found_in(content)} == {}


async def test_the_journal_on_disk_is_sealed_while_the_process_lives(
    visited: tuple[Gateway, Citizens],
) -> None:
    """A copy of database and log taken at any moment shows nobody's number and no word."""
    gateway, _ = visited
    gateway.kill()
    files = {file.name: file.read_bytes() for file in gateway.data_dir.glob("gateway.db*")}

    assert "gateway.db-wal" in files
    assert {name: found_in(content) for name, content in files.items() if found_in(content)} == {}


async def test_the_central_store_learns_words_and_not_who_said_them(
    visited: tuple[Gateway, Citizens],
) -> None:
    """central.db holds no sender, and words only in the columns that are there to be read."""
    gateway, _ = visited
    await gateway.stop()
    content = b"".join(file.read_bytes() for file in gateway.data_dir.glob("central.db*"))
    with closing(sqlite3.connect(gateway.central_db)) as database:
        database.row_factory = sqlite3.Row
        records = [dict(row) for row in database.execute("select * from records")]
    holding = {
        column
        for record in records
        for column, value in record.items()
        if set(found_in(str(value))) & set(WORDS.values())
    }

    assert [word for word in SENDERS if word.encode().lower() in content.lower()] == []
    assert [word for word in SECRETS.values() if word.encode() in content] == []
    assert holding <= READABLE
    assert {"text", "clean_text"} <= holding
    assert central(gateway, "select count(*) from records where text like ?", f"%{WORDS['sms']}%")


async def test_what_is_stored_is_its_owners_alone(visited: tuple[Gateway, Citizens]) -> None:
    """No other user of the machine may read any file of the data folder."""
    gateway, _ = visited
    open_to_others = [
        str(path.relative_to(gateway.home))
        for path in gateway.data_dir.rglob("*")
        if path.is_file() and path.stat().st_size and path.stat().st_mode & 0o077
    ]

    assert gateway.data_dir.stat().st_mode & 0o077 == 0
    assert open_to_others == []
    assert os.access(gateway.data_dir / "gateway.key", os.R_OK)
