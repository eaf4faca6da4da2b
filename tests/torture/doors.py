"""
All doors at once: what citizens, apps and providers hand in, each as it does.

A message has a word of its own in it and a sender of its own, is signed where its provider signs,
and is the same byte for byte when it is sent again. The other direction is answers.py.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import aiohttp
import api_app
import line_server
import meta_webhooks
import open311_site
from gateway_process import Gateway
from load import Crowd, Message, Wire
from telegram_people import DATE, person
from telegram_server import SECRET_HEADER
from telegram_site import SECRET as TELEGRAM_SECRET

from channels.web_visit import TOKEN
from torture.answers import OFFICER_KEY, Answers

#: Clients of each door; SMS come most.
CLIENTS = {
    "sms": 6,
    "mail": 3,
    "web": 3,
    "telegram": 3,
    "line": 3,
    "whatsapp": 3,
    "messenger": 2,
    "instagram": 2,
    "api": 3,
    "open311": 3,
    "officer": 2,
}

# Statuses of a client's mistakes that stand for "later".
_LATER = {408, 409, 425, 429}
_JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One POST."""

    id: str
    path: str
    body: bytes | Mapping[str, str]
    headers: Mapping[str, str] = field(default_factory=dict)

    async def knock(self, session: aiohttp.ClientSession, gateway: Gateway) -> int:
        """See Wire."""
        url = gateway.url + self.path
        try:
            async with session.post(url, data=self.body, headers=self.headers) as response:
                await response.read()
                return _not_for_good(response.status)
        except (aiohttp.ClientError, TimeoutError):
            return 0


@dataclass(slots=True, kw_only=True)
class Form:
    """The citizens' form in one browser: opened once, and sent until the page with the code."""

    id: str
    text: str
    #: A PDF that is sent along.
    paper: bytes = b""
    _cookie: str = ""
    _token: str = ""
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def knock(self, session: aiohttp.ClientSession, gateway: Gateway) -> int:
        """See Wire."""
        try:
            async with self._opening:
                if not self._token:
                    await self._open(session, gateway)
            return await self._send(session, gateway)
        except (aiohttp.ClientError, TimeoutError):
            return 0

    async def _open(self, session: aiohttp.ClientSession, gateway: Gateway) -> None:
        async with session.get(f"{gateway.url}/lapor") as response:
            found = TOKEN.search(await response.text())
            if found:
                self._token, self._cookie = found[1], response.cookies["lapor"].value

    async def _send(self, session: aiohttp.ClientSession, gateway: Gateway) -> int:
        form = aiohttp.FormData(quote_fields=False, default_to_multipart=True)
        form.add_field("token", self._token)
        form.add_field("text", self.text)
        if self.paper:
            form.add_field("files", self.paper, filename="surat.pdf")
        cookie = {"Cookie": f"lapor={self._cookie}"}
        async with session.post(f"{gateway.url}/lapor", data=form, headers=cookie) as response:
            page = await response.text()
            assert response.status != 200 or "<code>" in page
            return _not_for_good(response.status)


class EveryDoor(Crowd):
    """Makes up messages for all channels, the same ones for one seed."""

    def __init__(self, seed: int, answers: Answers) -> None:
        super().__init__(seed)
        self._answers = answers
        self._wires: dict[str, Callable[[int, str, str], Wire]] = {
            "web": lambda _, mark, text: Form(id=mark, text=text),
            "telegram": _telegram,
            "line": self._line,
            "whatsapp": _whatsapp,
            "messenger": _messenger,
            "instagram": _instagram,
            "api": _api,
            "open311": _open311,
            "officer": _officer,
        }

    def say(self, channel: str) -> Message:
        """The next message on this channel."""
        if channel not in self._wires:
            return super().say(channel)
        number = self._next()
        mark = f"{self._name}{number}{channel}"
        text = f"{self._complaint()} {mark}"
        wire = self._wires[channel](number, mark, text)
        return Message(mark=mark, channel=channel, text=text, wires=(wire,))

    def _line(self, number: int, mark: str, text: str) -> Wire:
        source = {"type": "user", "userId": f"U{number:032x}"}
        body = line_server.webhook(self._answers.line.text(text, source=source))
        return Request(id=mark, path="/in/line", body=body, headers=line_server.signed(body))


def _not_for_good(status: int) -> int:
    """The status; one that says "never" would be repeated for ever."""
    assert not 400 <= status < 500 or status in _LATER, f"refused for good: {status}"
    return status


def _telegram(number: int, mark: str, text: str) -> Wire:
    message = {
        "message_id": 1,
        "date": DATE,
        "chat": {"id": number, "type": "private", "first_name": "Warga"},
        "from": person(number),
        "text": text,
    }
    body = json.dumps({"update_id": 880_000_000 + number, "message": message}).encode()
    headers = _JSON | {SECRET_HEADER: TELEGRAM_SECRET}
    return Request(id=mark, path="/in/telegram", body=body, headers=headers)


def _whatsapp(number: int, mark: str, text: str) -> Wire:
    phone = f"62814{number:08}"
    message = meta_webhooks.words(text, **{"id": f"wamid.{mark}", "from": phone})
    contact = {"profile": {"name": "Warga"}, "wa_id": phone, "user_id": f"ID.{number}"}
    return _meta("whatsapp", mark, meta_webhooks.whatsapp(message, contacts=[contact]))


def _messenger(number: int, mark: str, text: str) -> Wire:
    body = meta_webhooks.chat(text, mid=f"m_{mark}", sender=f"20{number:014}")
    return _meta("messenger", mark, body)


def _instagram(number: int, mark: str, text: str) -> Wire:
    body = meta_webhooks.chat(text, kind="instagram", mid=f"m_{mark}", sender=f"30{number:014}")
    return _meta("instagram", mark, body)


def _meta(channel: str, mark: str, body: bytes) -> Wire:
    headers = _JSON | meta_webhooks.signed(body)
    return Request(id=mark, path=f"/in/{channel}", body=body, headers=headers)


def _api(number: int, mark: str, text: str) -> Wire:
    report = {"text": text, "id": mark, "reporter": {"id": f"u-{number}"}}
    headers = _JSON | api_app.shown(Idempotency_Key=f'"{mark}"')
    return Request(id=mark, path=api_app.PATH, body=json.dumps(report).encode(), headers=headers)


def _open311(number: int, mark: str, text: str) -> Wire:
    del number
    form = open311_site.FORM | {"description": text}
    headers = {"Idempotency-Key": f'"{mark}"'}
    path = f"{open311_site.PATH}/requests.json"
    return Request(id=mark, path=path, body=form, headers=headers)


def _officer(number: int, mark: str, text: str) -> Wire:
    found = {"text": text, "author": f"@warga{number}", "system": "uji", "id": mark}
    headers = _JSON | {"X-Secret": OFFICER_KEY}
    return Request(id=mark, path="/in/officer", body=json.dumps(found).encode(), headers=headers)
