"""
What Messenger and Instagram have in common: chats of a page or account, and comments in public.

Items: meta_page.py and meta_comments.py; answers and their windows: meta_send.py; files:
meta_media.py.
"""

import time
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar

from channels.contract import Attachment, Outcome, Parsed, RemoteFile, Reply, Simulated, Sink
from channels.meta_door import MetaDoor
from channels.meta_media import fetch_page_file
from channels.meta_options import MetaOptions
from channels.meta_page import read
from channels.meta_send import LATE_HOURS, WINDOW_HOURS, Manner, PageAnswers


class MetaChats(MetaDoor):
    """A door for a page or an Instagram account."""

    #: What a webhook for this door calls itself.
    kind: ClassVar[str]
    #: How its answers look.
    manner: ClassVar[Manner]

    def __init__(self, options: MetaOptions, key: bytes) -> None:
        super().__init__(options, key)
        self._answers = PageAnswers(self._graph, self.manner)

    def parse(self, payload: bytes) -> Parsed:
        """Read one item."""
        return read(payload, self.kind, self._options.media_hosts)

    async def reply(self, reply: Reply) -> Outcome:
        """Answer while the window is open."""
        return await self._answers.send(reply, self._options)

    def open_until(self, heard_at: datetime) -> datetime | None:
        """A day; a week with Meta's leave."""
        return heard_at + timedelta(hours=LATE_HOURS if self._options.human_agent else WINDOW_HOURS)

    def shown(self, reply: Reply) -> Sequence[str]:
        """In pieces, where it is longer than a message there."""
        return self._answers.texts_of(reply)

    async def fetch(self, file: RemoteFile, sink: Sink) -> Outcome:
        """Get a file from Meta's delivery network, or the words of a mention."""
        return await fetch_page_file(self._graph, file, sink, self._options.media_hosts)

    async def simulate(
        self, text: str, *, sender: str, files: Sequence[Attachment], at: str
    ) -> Simulated:
        """Post one text message as Meta would."""
        if files:
            return Simulated(
                external_id="", answer="not sent: Meta keeps files on its hosts", accepted=False
            )
        now, mid = time.time_ns() // 1_000_000, f"m_{uuid.uuid4().hex}"
        item = {
            "sender": {"id": sender},
            "recipient": {"id": "1000"},
            "timestamp": now,
            "message": {"mid": mid, "text": text},
        }
        entry = {"id": "1000", "time": now, "messaging": [item]}
        return await self._post({"object": self.kind, "entry": [entry]}, mid, at)
