"""
X: we read mentions and the hits of keyword rules, X pushes events to /in/x; we answer by replies.

Nothing is acknowledged where we pull: the place up to which was read moves in the commit of the
page. A webhook is acknowledged with 200 after the commit. Mentions are reports; hits of a rule are
signals for the monitor unless the rule says otherwise. Reading costs money: x_money, x_poll.
What the journal holds: x_items. What a post means: x_post. Refusals of X: x_answers.
Wire format: https://docs.x.com/x-api
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec
from aiohttp.web import AbstractRouteDef
from yarl import URL

from channels import media, x_options
from channels.contract import (
    Attachment,
    Channel,
    Cursor,
    Inbox,
    NotStored,
    Outcome,
    Parsed,
    Receipt,
    Refused,
    RemoteFile,
    Reply,
    Simulated,
    Sink,
    Uncertain,
)
from channels.x_answers import outcome_of_writing
from channels.x_hook import Hook, signatures
from channels.x_items import read
from channels.x_money import READS, WRITES, read_ledger, read_written, statement, utc_day
from channels.x_options import XOptions
from channels.x_reply import compose
from channels.x_simulate import post_a_mention

if TYPE_CHECKING:
    from channels.x_api import XApi
    from channels.x_poll import Poller

_MEDIA_HOSTS = ("pbs.twimg.com", "video.twimg.com")


class X(Channel):
    """The X door."""

    name = "x"
    ids_tell = True
    Options = XOptions
    example_sender = "900000000000000001"
    fetches = True

    def __init__(
        self, options: XOptions, key: bytes, clock: Callable[[], float] = time.time
    ) -> None:
        del key
        self._options = options
        self._clock = clock
        self._signed = signatures(options.hook_secrets)
        self._api: XApi | None = None
        self._poller: Poller | None = None
        #: Where spending is written down; None in a process that receives nothing.
        self._inbox: Inbox | None = None
        self._paying = asyncio.Lock()
        self._unwritten = 0

    def reload(self, options: XOptions) -> None:
        """Take new keys, rules, budgets and prices while running, and try them at once."""
        self._options = options
        self._signed = signatures(options.hook_secrets)
        if self._api:
            self._api.renew(options)
        if self._poller:
            self._poller.renew(options)

    # --- in ---

    def parse(self, payload: bytes) -> Parsed:
        """Read a journaled post, direct message or other event."""
        return read(payload)

    def routes(self, inbox: Inbox) -> Sequence[AbstractRouteDef]:
        """The webhook of the Account Activity API and the X Activity API."""
        self._inbox = inbox
        return Hook(inbox, lambda: self._signed).routes()

    def pulls(self) -> bool:
        """Yes: mentions come by being asked for."""
        return True

    async def pull(self, inbox: Inbox) -> None:
        """Read mentions and rules until cancelled."""
        # tweepy is loaded by those who read, not by every process that knows this channel.
        from channels.x_poll import Poller  # noqa: PLC0415 (see above)

        self._inbox = self._inbox or inbox
        self._poller = Poller(self._options, self._opened(), inbox, self._clock)
        await self._poller.run()

    async def fetch(self, file: RemoteFile, sink: Sink) -> Outcome:
        """Get a picture or video of a post."""
        if self._options.media_url:
            base = URL(self._options.media_url)
            url = base.join(URL(file.key).relative())
            return await media.download(str(url), sink, hosts=(), trusted=True)
        return await media.download(file.key, sink, hosts=_MEDIA_HOSTS)

    # --- out ---

    def keeps(self) -> bool:
        """Without the four keys."""
        return not self._options.can_write

    def shown(self, reply: Reply) -> Sequence[str]:
        """What is left of it in a post; as it is where X does not let us answer."""
        options = self._options
        letter = compose(reply, options.prices, links=options.links, dm=options.dm)
        return (reply.text if isinstance(letter, Refused) else letter.text,)

    async def reply(self, reply: Reply) -> Outcome:
        """Reply to the post or message, once, where X allows it."""
        options = self._options
        letter = compose(reply, options.prices, links=options.links, dm=options.dm)
        if isinstance(letter, Refused):
            return letter
        if self.keeps():
            return Receipt(reference="kept: there are no keys to write with")
        api = self._opened()
        write = api.write_to if letter.by == "dm" else api.answer
        outcome = outcome_of_writing(
            await write(letter.to, letter.text), self._clock(), options.probe
        )
        if isinstance(outcome, Receipt | Uncertain):
            await self._pay(letter.price)
        return outcome

    async def _pay(self, price: int) -> None:
        """Write down what an answer has cost; a full disk only delays it."""
        async with self._paying:
            self._unwritten += price
            if self._inbox is None:
                return
            known = read_written(await self._inbox.cursor(WRITES)).on(utc_day(self._clock()))
            paid = msgspec.structs.replace(known, spent=known.spent + self._unwritten)
            cursor = Cursor(name=WRITES, value=msgspec.json.encode(paid).decode())
            try:
                await self._inbox.accept((), cursor)
            except NotStored:
                return
            self._unwritten = 0

    def _opened(self) -> "XApi":
        from channels.x_api import XApi  # noqa: PLC0415 (as in pull)

        if self._api is None:
            self._api = XApi(self._options)
        return self._api

    async def close(self) -> None:
        """Let go of connections."""
        if self._api:
            await self._api.close()

    # --- set-up ---

    def status(self, cursors: Mapping[str, str]) -> Sequence[str]:
        """How far everything was read, what it cost, and what was not looked at."""
        ledger = read_ledger(cursors.get(READS, ""))
        return statement(self._options, ledger, read_written(cursors.get(WRITES, "")))

    def problems(self) -> Sequence[str]:
        """What the settings leave undone."""
        return x_options.problems(self._options)

    async def simulate(
        self, text: str, *, sender: str, files: Sequence[Attachment], at: str
    ) -> Simulated:
        """Name us in a post, as the webhook tells it."""
        if files:
            answer = "not sent: pictures of a post are fetched from X itself"
            return Simulated(external_id="", answer=answer, accepted=False)
        return await post_a_mention(
            text,
            sender=sender,
            account=self._options.account,
            now=self._clock(),
            signed=self._signed,
            at=at,
        )
