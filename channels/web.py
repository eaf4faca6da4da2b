"""
The citizen's own door: the form at /lapor and the look-up at /lapor/status, without JavaScript.

The acknowledgement is the page with the case code, shown only after `accept`. A form sent twice, by
a double click or by reloading, is one report: its id stands in the form's signed token.
web_desk answers requests, web_form reads them, web_guard holds tokens and limits, web_pages makes
the pages in pages/. The journal keeps a msgpack `Filing`: multipart bodies differ at every sending.
"""

import time
from collections.abc import Callable, Sequence

import msgspec
from aiohttp.web import AbstractRouteDef

from channels import web_options
from channels.contract import (
    Attachment,
    Channel,
    Ignored,
    Inbox,
    Parsed,
    Refused,
    Reply,
    Simulated,
    Unreadable,
)
from channels.web_desk import Desk
from channels.web_filing import Filing, is_blank
from channels.web_message import message_of
from channels.web_options import WebOptions
from channels.web_visit import visit


class Web(Channel):
    """The web form."""

    name = "web"
    knows_sender = False
    embedded = True
    Options = WebOptions

    def __init__(
        self, options: WebOptions, key: bytes, clock: Callable[[], float] = time.time
    ) -> None:
        self._options = options
        self._key = key
        self._clock = clock

    def parse(self, payload: bytes) -> Parsed:
        """Read a journaled `Filing`."""
        try:
            filing = msgspec.msgpack.decode(payload, type=Filing)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            return Unreadable(reason=f"not a filed web form: {error}"[:200])
        if is_blank(filing.text) and not filing.files:
            return Ignored(reason="an empty form")
        return message_of(filing)

    def routes(self, inbox: Inbox) -> Sequence[AbstractRouteDef]:
        """The form, the look-up and what they are drawn with."""
        return Desk(self._options, self._key, inbox, clock=self._clock).routes()

    def banner(self, public: str) -> Sequence[str]:
        """The address to open."""
        return [f"open {public}/lapor in a browser"]

    async def reply(self, reply: Reply) -> Refused:
        """Refuse: nobody waits behind a form; the citizen comes back with the case code."""
        del reply
        return Refused(
            reason="the web form cannot be answered; the citizen looks the case up by its code"
        )

    def problems(self) -> Sequence[str]:
        """What the settings leave undone."""
        return list(web_options.problems(self._options))

    async def simulate(
        self, text: str, *, sender: str, files: Sequence[Attachment], at: str
    ) -> Simulated:
        """Open the form, fill it in as a browser would, and send it."""
        return await visit(at, text, sender, files)
