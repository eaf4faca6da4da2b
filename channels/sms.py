"""
SMS: the operators' gateways push to us, one request per message or part; we push answers back.

Acknowledged is a 200 after `accept`, with the body the preset wants: "ok"; nothing at all for
Kannel, which would send it to the citizen; ACK/Jasmin. Everything that arrives at all is kept, also
what cannot be read, because most gateways repeat nothing; only an empty request is the caller's
mistake. The journal holds the request itself, so `parse` may learn to read more of it later.
Requests: channels/sms_presets.py; answers: sms_send.py; delivery reports: sms_reports.py.
"""

import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus

import aiohttp
from aiohttp import web
from yarl import URL

from channels import gsm7
from channels.acknowledgement import Acknowledgement
from channels.addresses import e164
from channels.capture import pack, unpack
from channels.contract import (
    Attachment,
    Channel,
    Delivery,
    Inbox,
    Outcome,
    Parsed,
    Reply,
    Simulated,
    Unreadable,
)
from channels.posted import QuickDoor
from channels.problem import problem
from channels.secrets import Guard
from channels.sms_apis import Account, Outgoing
from channels.sms_door import SmsDoor, keep, read_sms
from channels.sms_form import external_id, pairs
from channels.sms_message import read_message
from channels.sms_options import SmsOptions
from channels.sms_presets import PRESETS, Played
from channels.sms_reports import Reports, read_report, report_id
from channels.sms_send import KEPT, SendApi
from channels.sms_text import clean

_SIMULATOR_TIMEOUT = aiohttp.ClientTimeout(total=15)

_Receive = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Sms(Channel):
    """The SMS door."""

    name = "sms"
    embedded = True
    Options = SmsOptions
    example_sender = "+6280000000001"

    def __init__(self, options: SmsOptions, key: bytes) -> None:
        self._options = options
        self._guard = Guard(options.secrets, options.secret_in, options.allow)
        self._reports = Reports(options.dlr_url, key)
        self._api = SendApi(_account(options))

    def reload(self, options: SmsOptions) -> None:
        """Take new secrets, networks and the send account while running."""
        self._guard = Guard(options.secrets, options.secret_in, options.allow)
        self._api.account = _account(options)

    # --- in ---

    def routes(self, inbox: Inbox) -> Sequence[web.AbstractRouteDef]:
        """/in/sms for the chosen preset, /in/sms/<preset> for each, /in/sms/dlr for reports."""
        doors: dict[str, _Receive] = {
            path: door.receive for path, door in self._doors(inbox).items()
        }
        doors["/in/sms/dlr"] = self._report_door(inbox)
        return [
            route
            for path, receive in doors.items()
            # A HEAD must not leave a message behind.
            for route in (web.get(path, receive, allow_head=False), web.post(path, receive))
        ]

    def quick(self, inbox: Inbox) -> Mapping[str, QuickDoor]:
        """The doors of messages; a report is looked at more closely."""
        return {path: door.quick() for path, door in self._doors(inbox).items()}

    def _doors(self, inbox: Inbox) -> dict[str, SmsDoor]:
        names: dict[str, str] = {"/in/sms": self._options.preset}
        names |= {f"/in/sms/{name}": name for name in PRESETS}
        return {
            path: SmsDoor(inbox, name, self._options.fields, lambda: self._guard)
            for path, name in names.items()
        }

    def _report_door(self, inbox: Inbox) -> _Receive:
        answer = Acknowledgement(PRESETS[self._options.preset].acknowledgement)

        async def receive(request: web.Request) -> web.StreamResponse:
            body = await read_sms(request)
            if body is None:
                return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            query = request.raw_path.partition("?")[2]
            headers = {"content-type": request.headers.get("Content-Type", "")}
            fields, _ = pairs((query, headers, body))
            if not (self._guard.is_allowed(request.remote) and self._reports.is_ours(fields)):
                return problem(HTTPStatus.FORBIDDEN)
            payload = pack(f"dlr?{query}", headers, body)
            return await keep(
                inbox,
                Delivery(external_id=report_id(fields), payload=payload),
                answer.to(request),
            )

        return receive

    def banner(self, public: str) -> Sequence[str]:
        """A line to paste."""
        message = "-d from=+6280000000001 -d 'text=Jalan rusak' -d id=coba-1"
        return [f"curl {message} {public}/in/sms"]

    # --- what it says ---

    def parse(self, payload: bytes) -> Parsed:
        """Read a request again, with the settings of today."""
        try:
            capture = unpack(payload)
        except ValueError as error:
            return Unreadable(reason=f"not a request we wrote down: {error}")
        name, _, query = capture.target.partition("?")
        raw = (query, capture.headers, capture.body)
        if name == "dlr":
            return read_report(pairs(raw)[0])
        if name not in PRESETS:
            return Unreadable(reason="no preset of this name")
        return read_message(
            PRESETS[name].read(raw, self._options.fields),
            country=self._options.default_country,
            own=self._options.sender,
        )

    # --- out ---

    def keeps(self) -> bool:
        """Without a send API."""
        return not self._api.account.url

    async def reply(self, reply: Reply) -> Outcome:
        """Send from the number the citizen wrote to, in at most `max_segments` SMS."""
        if self.keeps():
            return KEPT
        number, _, ours = reply.to.partition(" ")
        address = self._reports.address(reply.id, for_kannel=self._options.preset == "kannel")
        return await self._api.send(
            Outgoing(
                id=reply.id,
                to=number,
                sender=ours or self._options.sender,
                text=self._fitting(reply.text),
                report_url=address,
            )
        )

    def _fitting(self, text: str) -> str:
        """A gateway would cut what is too long without a word."""
        return gsm7.shorten(gsm7.typewritten(clean(text)), self._options.max_segments)

    def cost(self, text: str) -> int:
        """The SMS it takes."""
        return gsm7.segments(self._fitting(text))

    def shown(self, reply: Reply) -> Sequence[str]:
        """One text, however many SMS carry it: a telephone puts them together again."""
        return (self._fitting(reply.text),)

    def reach(self, contact: str) -> str | None:
        """Any telephone number."""
        return e164(contact, self._options.default_country)

    async def close(self) -> None:
        """Let go of the connection to the send API."""
        await self._api.close()

    # --- set-up ---

    def problems(self) -> Sequence[str]:
        """What an operator should know before citizens do."""
        told = self._options
        found = {
            "no send_url: answers to citizens stay in the outbox and are not sent": (
                not told.send_url
            ),
            "neither secrets nor allow: whoever reaches the address can post messages": (
                not told.secrets and not told.allow
            ),
            "no dlr_url: nobody will know whether an answer reached its telephone": (
                bool(told.send_url and not told.dlr_url)
            ),
            "two secrets are valid: take the old one out once the provider uses the new one": (
                len(told.secrets) > 1
            ),
        }
        return [sentence for sentence, is_so in found.items() if is_so]

    async def simulate(
        self, text: str, *, sender: str, files: Sequence[Attachment], at: str
    ) -> Simulated:
        """Post one request as the provider of the chosen preset would."""
        if files:
            return Simulated(external_id="", answer="not sent: SMS has no files", accepted=False)
        preset, names = PRESETS[self._options.preset], self._options.fields
        played = Played(
            id=str(uuid.uuid4()), sender=sender, receiver=self._options.sender, text=clean(text)
        )
        query, unsigned, body = preset.play(played, names)
        lower = {name.lower(): value for name, value in unsigned.items()}
        key = external_id(preset.read((query, lower, body), names))
        query, signature = self._guard.sign(query, body)
        url = URL(f"{at.rstrip('/')}/in/sms?{query}", encoded=True)
        answer = await _post(url, {**unsigned, **signature}, body)
        return Simulated(external_id=key, answer=answer, accepted=answer.startswith("200 "))


async def _post(url: URL, headers: Mapping[str, str], body: bytes) -> str:
    try:
        async with (
            aiohttp.ClientSession(timeout=_SIMULATOR_TIMEOUT) as session,
            session.post(url, data=body, headers=headers) as response,
        ):
            return f"{response.status} {response.reason}"
    except (aiohttp.ClientError, TimeoutError) as error:
        return f"no answer: {type(error).__name__}"


def _account(options: SmsOptions) -> Account:
    return Account(
        preset=options.preset,
        url=options.send_url,
        username=options.username,
        password=options.password,
        names=options.send_fields,
    )
