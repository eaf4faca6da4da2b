"""
What people, providers and strangers do at the doors of an office of canaries, well and badly.

Answers to whoever proved nothing are kept: they are strangers, and are to be told nothing.
"""

import asyncio
import json
import random
from base64 import b64encode
from collections import Counter
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

import aiohttp
from gateway_process import Gateway
from load import Mail, submit

from channels.web_visit import TOKEN
from torture.canary_wires import FORM, Door, doors
from torture.canary_words import Canaries, Person

ANSWER_SECONDS = 120.0
#: Commands of a dialog; words of somebody stand behind two of them.
ORDERS = ("STATUS {}", "TAMBAH {}", "BATAL", "HAPUS", "BANTUAN")
KINDS = {"type", "object", "field", "form"}


class Public:
    """Everybody, in one round after the other."""

    def __init__(self, gateway: Gateway, canaries: Canaries) -> None:
        self._gateway = gateway
        self._canaries = canaries
        self._chance = random.Random(canaries.seed)  # noqa: S311 (can be repeated)
        self._number = 0
        #: Those whose report was taken as it was meant.
        self.heard: list[Person] = []
        #: Answers to strangers.
        self.told: list[str] = []
        self.statuses: Counter[int] = Counter()

    async def visit(self) -> None:
        """Every door once, in every form."""
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        jar = aiohttp.CookieJar(unsafe=True)  # of an address instead of a name
        async with aiohttp.ClientSession(timeout=timeout, cookie_jar=jar) as session:
            self._session = session
            for door in doors():
                await self._at(door)
            await self._with_form()
            await self._with_sms()
            await self._as_strangers()
        await self._with_mail()
        await self._with_bad_mail()

    async def bugs(self, *words: str) -> None:
        """Reports whose reader stumbles over them, see canary_bugs.py; and a request likewise."""
        async with aiohttp.ClientSession() as self._session:
            door = doors()[0]
            for word in words:
                who = self._canaries.person(door.name)
                await self._knock(door, door.written(who, f"{word} {who.text}", self._id()))
            who = self._canaries.person("officer")
            headers = {"X-Kutu": who.text, "X-Secret": self._canaries.secrets["door_officer"]}
            await self._post("/in/officer", who.text.encode(), headers, stranger=True)

    # --- requests ------------------------------------------------------------------------------

    async def _at(self, door: Door) -> None:
        good, bad = self._canaries.person(door.name), self._canaries.person(door.name)
        body = door.written(good, good.text, self._id())
        assert await self._knock(door, body) < 300, door.name
        await self._knock(door, body)
        self.heard.append(good)
        await self._knock(door, door.written(bad, bad.text, self._id()), secret="")
        await self._knock(door, door.written(bad, bad.text, self._id()), self._canaries.other())
        for twist in (_cut, _twisted, self._torn):
            await self._knock(door, twist(door.written(bad, bad.text, self._id())))
        for order in ORDERS[:4]:
            text = order.format(bad.story)
            await self._knock(door, door.written(bad, text, self._id()))

    async def _knock(self, door: Door, body: bytes, secret: str | None = None) -> int:
        shown = self._canaries.secrets[door.secret] if secret is None else secret
        proven, headers = door.proven(body, shown)
        headers = {"Content-Type": door.kind, **headers}
        return await self._post(door.path, proven, headers, stranger=secret is not None)

    async def _post(
        self,
        path: str,
        body: bytes | aiohttp.FormData = b"",
        headers: dict[str, str] | None = None,
        *,
        stranger: bool = False,
    ) -> int:
        url = self._gateway.url + path
        async with self._session.post(url, data=body, headers=headers) as answer:
            text = await answer.text()
            self.statuses[answer.status] += 1
            # A page shows its own visitor what was typed.
            if stranger or (answer.status >= 400 and answer.content_type != "text/html"):
                self.told.append(f"{path} {answer.status} {text} {answer.headers}")
            return answer.status

    async def _with_sms(self) -> None:
        who, secret = self._canaries.person("sms"), self._canaries.secrets["door_sms"]
        sent = f"from=%2B62{who.phone}&id=s{self._id()}"
        shown = {"X-Secret": secret, "Content-Type": FORM}
        for body in (
            f"{sent}&text={who.story}&udh=050003070201",
            f"{sent}&text={who.story}&udh=zz{who.name}",
            f"{sent}&text={who.story}&charset={who.name}",
            f"{sent}&words={who.story}",
            f"{sent}&text={who.story * 40_000}",
        ):
            await self._post("/in/sms", body.encode(), shown)
        await self._post(f"/in/sms/kannel?{sent}&text={who.story}&coding=9", b"", shown)
        await self._post("/in/sms/dlr", f"{sent}&reply={who.story}".encode(), shown)

    async def _with_form(self) -> None:
        who, file = self._canaries.person("web"), self._canaries.other()
        page = await self._get("/lapor")
        found = TOKEN.search(page)
        assert found, page[:200]
        said = {"text": who.text, "place": "Balaraja", "name": who.name}
        said["contact"] = f"{who.mail} {who.account}"
        for token in (found[1], self._canaries.other()):
            form = aiohttp.FormData(default_to_multipart=True)
            for name, value in {"token": token, **said}.items():
                form.add_field(name, value)
            form.add_field("files", b"isi surat", filename=f"{file}.txt")
            await self._post("/lapor", form)
        self.heard.append(who)

    # --- mail ----------------------------------------------------------------------------------

    async def _with_mail(self) -> None:
        good, bad = self._canaries.person("mail"), self._canaries.person("mail")
        for who, broken in ((good, False), (bad, True)):
            content = EmailMessage(policy=SMTP)
            content["From"] = f"{who.name} <{who.mail}>"
            content["To"], content["Subject"] = "lapor@localhost", f"Laporan {who.account}"
            content["Message-ID"] = f"<{self._id()}@example.org>"
            content.set_content(who.text)
            name = f"{self._canaries.other()}.txt"
            content.add_attachment(b"isi", maintype="text", subtype="plain", filename=name)
            wire = content.as_bytes()
            if broken:
                wire = wire.replace(b"text/plain", f"tulisan/{who.name}\xff;=".encode("latin-1"))
                wire = self._torn(wire[: len(wire) * 2 // 3])
            code = await submit(self._gateway.smtp, Mail(id="", sender=who.mail, content=wire))
            self.statuses[code] += 1
        self.heard.append(good)

    async def _with_bad_mail(self) -> None:
        who, guessed = self._canaries.person("mail"), self._canaries.other()
        host, port = self._gateway.smtp.split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        for line in (
            f"EHLO {who.story}",
            f"{who.story} {who.phone}",
            f"MAIL FROM:<{who.mail}> {who.story}=1",
            f"MAIL FROM:<{who.mail}>",
            f"RCPT TO:<{who.name}@elsewhere.example>",
            f"AUTH PLAIN {b64encode(guessed.encode()).decode()}",
            f"VRFY {who.mail}",
            f"RCPT TO:<{'x' * 70_000}{who.story}>",
        ):
            writer.write(line.encode() + b"\r\n")
        writer.write_eof()
        async with asyncio.timeout(ANSWER_SECONDS):
            await reader.read()
        writer.close()
        await writer.wait_closed()

    # --- strangers -----------------------------------------------------------------------------

    async def _as_strangers(self) -> None:
        who, word = self._canaries.person("web"), self._canaries.other()
        for path in (
            f"/{word}?from={who.phone}",
            f"/in/sms/{word}?text={who.story}",
            f"/in/whatsapp?hub.mode=subscribe&hub.verify_token={word}&hub.challenge=1",
            f"/in/x?crc_token={who.mailbox}",
            f"/api/v1/reports/{word}",
            f"/open311/v2/requests.json?jurisdiction_id={word}",
            f"/open311/v2/requests/{word}.json",
            "/open311/v2/requests.xml",
            "/open311/v2/discovery.json",
            "/api/v1/topics",
            "/lapor/status",
            "/metrics",
            "/console",
        ):
            self.told.append((await self._get(path)).replace(word, ""))
        await self._post("/lapor/status", f"kode={word}".encode(), {"Content-Type": FORM})
        await self._post("/central/updates/ministry", who.text.encode(), stranger=True)
        login = {"login": who.mailbox, "password": word}
        url = f"{self._gateway.internal_url}/console/enter"
        async with self._session.post(url, data=login) as answer:
            self.told.append(await answer.text())

    async def _get(self, path: str) -> str:
        async with self._session.get(self._gateway.url + path) as answer:
            self.statuses[answer.status] += 1
            return await answer.text()

    def _torn(self, body: bytes) -> bytes:
        """A piece is gone, a piece comes twice, and some bytes are others."""
        content, chance = bytearray(body), self._chance
        for _ in range(3):
            start = chance.randrange(len(content))
            piece = content[start : start + chance.randrange(1, 40)]
            match chance.randrange(3):
                case 0:
                    del content[start : start + len(piece)]
                case 1:
                    content[start:start] = piece
                case _:
                    content[start : start + 1] = bytes([chance.randrange(256)])
        return bytes(content)

    def _id(self) -> str:
        self._number += 1
        return f"k{self._number:05}"


def _cut(body: bytes) -> bytes:
    return body[: len(body) * 2 // 3]


def _twisted(body: bytes) -> bytes:
    """Every text is a list of it, or its field has another name."""
    try:
        content = json.loads(body)
    except ValueError:
        return body.replace(b"text=", b"words=").replace(b"description=", b"words=")
    return json.dumps(_listed(content)).encode()


def _listed(content: Any) -> Any:  # noqa: ANN401 (any JSON)
    match content:
        case dict():
            # What says which kind of message it is stays, or nobody would look any further.
            return {key: one if key in KINDS else _listed(one) for key, one in content.items()}
        case list():
            return [_listed(one) for one in content]
        case str():
            return [content]
        case _:
            return content
