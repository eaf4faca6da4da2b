"""
Telegram: a bot, heard by long polling or by a webhook, answered through the Bot API.

Acknowledged is, by webhook, a 200 after `accept`, and by polling the next offset, which is asked
for after `accept`. Telegram repeats the rest for a day. The journal holds each update as it came.
Receiving: telegram_poll.py, telegram_hook.py; what an update says: telegram_read.py; answering:
telegram_send.py; the library python-telegram-bot: telegram_api.py.
Wire format: https://core.telegram.org/bots/api
"""

import asyncio
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING

import msgspec
from aiohttp import web

from channels import telegram_options
from channels.body import read_body
from channels.contract import (
    Attachment,
    Channel,
    Delivery,
    Inbox,
    NotStored,
    Outcome,
    Parsed,
    RemoteFile,
    Reply,
    Simulated,
    Sink,
    TryLater,
    Unreadable,
)
from channels.problem import problem
from channels.telegram_courtesy import Courtesies
from channels.telegram_files import Fetcher
from channels.telegram_hook import Keeper
from channels.telegram_key import Bot, arrival, bot_of, packed, unpacked
from channels.telegram_options import TelegramOptions
from channels.telegram_pace import Pace
from channels.telegram_poll import Poller
from channels.telegram_read import read
from channels.telegram_send import Sender, texts_of
from channels.telegram_simulate import play
from channels.telegram_weather import Weather

if TYPE_CHECKING:
    from channels.telegram_api import Api

# A message of 4096 characters with every entity it can have is far below this.
_LARGEST_BODY = 1 << 20
_RETRY_SECONDS = 5
_NO_TOKEN = TryLater(reason="no token is set", wait=60.0, trouble="bad_credentials")


class Telegram(Channel):
    """The Telegram door."""

    name = "telegram"
    ids_tell = True
    chats = True
    Options = TelegramOptions
    example_sender = "7000000001"
    fetches = True

    def __init__(self, options: TelegramOptions, key: bytes) -> None:
        del key  # nothing of ours travels through Telegram and must come back
        self._options = options
        self._guard = options.guard
        self._bot = _bot(options)
        self._courtesies = Courtesies(options)
        self._changed = asyncio.Event()
        #: The settings with which Telegram last told us who we are.
        self._known: TelegramOptions | None = None
        self._keeper: Keeper | None = None
        self._opening = asyncio.Lock()
        self._opened: Api | None = None
        self._fetcher = Fetcher(self._api, options.api_url)
        self._sender = Sender(
            self._api,
            Pace(
                overall=options.overall_per_second,
                private=options.private_per_second,
                group=options.group_per_minute,
            ),
        )

    def reload(self, options: TelegramOptions) -> None:
        """Take a new token, new secrets and networks while running."""
        self._options = self._courtesies.options = options
        self._guard = options.guard
        self._bot = _bot(options)
        if self._opened and options.token:
            self._opened.use(options.bot_token)
        if self._keeper:
            self._keeper.options = options
        self._changed.set()

    # --- in ---

    def routes(self, inbox: Inbox) -> Sequence[web.AbstractRouteDef]:
        """/in/telegram, where Telegram posts to; none where we poll."""
        if self._options.mode == "polling":
            return ()

        async def receive(request: web.Request) -> web.Response:
            if not (self._options.is_guarded and self._guard.admits(request, "", b"")):
                return problem(HTTPStatus.FORBIDDEN)
            raw = await read_body(request, _LARGEST_BODY)
            if raw is None:
                return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            seen = arrival(raw, self._bot)
            delivery = Delivery(external_id=seen.external_id, payload=packed(raw, self._bot))
            try:
                accepted = await inbox.accept((delivery,))
            except NotStored:
                return problem(HTTPStatus.SERVICE_UNAVAILABLE, wait=_RETRY_SECONDS)
            self._courtesies.note((seen,), accepted)
            return web.Response()

        return [web.post("/in/telegram", receive)]

    async def listen(self, inbox: Inbox) -> None:
        """Look after the webhook, if there is one; show what a citizen sees at once."""
        weather = Weather(inbox, self._changed)
        api = await self._entrusted(weather)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._courtesies.run(api))
            if not self.pulls():
                self._keeper = Keeper(
                    api=api, weather=weather, hello=self._hello, options=self._options
                )
                group.create_task(self._keeper.run())

    def pulls(self) -> bool:
        """Where no webhook was chosen."""
        return self._options.mode == "polling"

    async def pull(self, inbox: Inbox) -> None:
        """Poll."""
        weather = Weather(inbox, self._changed)
        api = await self._entrusted(weather)
        poller = Poller(
            api=api,
            inbox=inbox,
            weather=weather,
            hello=self._hello,
            bot=lambda: self._bot,
            arrived=self._courtesies.note,
            seconds=self._options.poll_seconds,
        )
        await poller.run()

    async def _entrusted(self, weather: Weather) -> "Api":
        """The API once there is a token."""
        while self._options.token is None:
            await weather.bad(_NO_TOKEN)
        return await self._api()

    async def _hello(self) -> TryLater | None:
        """Learn our own name, which group messages are read by, and put up the menu."""
        options = self._options
        if self._known is options:
            return None
        api = await self._api()
        name = await api.username()
        if isinstance(name, TryLater):
            return name
        self._bot = Bot(id=self._bot.id, username=name)
        self._known = options
        if options.menu:
            await api.set_menu(options.menu)
        return None

    # --- what it says ---

    def parse(self, payload: bytes) -> Parsed:
        """Read a journaled update."""
        try:
            raw, bot = unpacked(payload)
        except ValueError as error:
            return Unreadable(reason=f"not an update we wrote down: {error}")
        known = bot.username or self._options.username.removeprefix("@")
        return read(raw, Bot(id=bot.id, username=known))

    # --- out ---

    async def reply(self, reply: Reply) -> Outcome:
        """Send an answer to the chat it belongs to."""
        return await self._sender.send(reply) if self._options.token else _NO_TOKEN

    def shown(self, reply: Reply) -> Sequence[str]:
        """In pieces, where it is longer than a message there."""
        return texts_of(reply)

    async def fetch(self, file: RemoteFile, sink: Sink) -> Outcome:
        """Ask where a file lies, and get it from there."""
        return await self._fetcher.fetch(file, sink) if self._options.token else _NO_TOKEN

    async def close(self) -> None:
        """Let go of the connections to Telegram."""
        if self._opened:
            await self._opened.close()

    async def _api(self) -> "Api":
        """The Bot API, opened when it is first needed; there must be a token."""
        async with self._opening:
            if self._opened is None:
                # In a thread: the library takes a moment to load, and others are being served.
                self._opened = await asyncio.to_thread(_open, self._options)
                self._opened.use(self._options.bot_token)
        return self._opened

    # --- set-up ---

    def banner(self, public: str) -> Sequence[str]:
        """Where to write to, or what to tell Telegram."""
        if self._options.mode == "webhook":
            return [f"{public}/in/telegram is the webhook for Telegram"]
        name = self._bot.username
        return [f"write to https://t.me/{name}"] if name else []

    def status(self, cursors: Mapping[str, str]) -> Sequence[str]:
        """How far updates were read, where they are polled."""
        try:
            offset = msgspec.json.decode(cursors.get("", ""), type=dict[str, int])["offset"]
        except (msgspec.MsgspecError, KeyError):
            return ()
        return [f"updates read up to {offset - 1}"]

    def problems(self) -> Sequence[str]:
        """What the settings leave undone."""
        return telegram_options.problems(self._options)

    async def simulate(
        self, text: str, *, sender: str, files: Sequence[Attachment], at: str
    ) -> Simulated:
        """Post one message to the webhook; what is polled, and files, only Telegram can bring."""
        options = self._options
        if options.mode == "polling" or files:
            why = "files lie at Telegram" if files else "with mode = polling only Telegram can send"
            return Simulated(external_id="", answer=f"not sent: {why}", accepted=False)
        secret = options.secrets[0].value if options.secrets else ""
        return await play(text, sender=sender, bot=_bot(options), secret=secret, at=at)


def _bot(options: TelegramOptions) -> Bot:
    return bot_of(options.bot_token, options.username)


def _open(options: TelegramOptions) -> "Api":
    from channels.telegram_api import Api  # noqa: PLC0415 (10 MB that only this channel needs)

    return Api(options.bot_token, options.api_url, options.timeout)
