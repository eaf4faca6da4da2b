"""
WhatsApp: the Cloud API pushes messages and statuses to us; we answer within a day, or by template.

Acknowledged is a 200 for a whole batch after `accept` (meta_door.py); Meta comes again for seven
days. Items: whatsapp_read.py; answers: whatsapp_send.py; files: whatsapp_media.py.
"""

import time
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from channels import whatsapp_read
from channels.contract import Attachment, Outcome, Parsed, RemoteFile, Reply, Simulated, Sink
from channels.meta_door import MetaDoor
from channels.meta_options import MetaOptions, WhatsappOptions
from channels.whatsapp_media import WhatsappFiles
from channels.whatsapp_send import WINDOW_HOURS, WhatsappAnswers, text_of


class Whatsapp(MetaDoor):
    """The WhatsApp door."""

    name = "whatsapp"
    ids_tell = True
    chats = True
    Options = WhatsappOptions
    example_sender = "+6280000000003"

    def __init__(self, options: MetaOptions, key: bytes) -> None:
        super().__init__(options, key)
        self._answers = WhatsappAnswers(self._graph)
        self._files = WhatsappFiles(self._graph)

    def parse(self, payload: bytes) -> Parsed:
        """Read one item."""
        return whatsapp_read.read(payload)

    async def reply(self, reply: Reply) -> Outcome:
        """Answer while the window is open, later by template."""
        return await self._answers.send(reply, self._options)

    def shown(self, reply: Reply) -> Sequence[str]:
        """As one message."""
        return (text_of(reply),)

    def open_until(self, heard_at: datetime) -> datetime | None:
        """A day, where there is no template for later."""
        return None if self._options.template else heard_at + timedelta(hours=WINDOW_HOURS)

    async def fetch(self, file: RemoteFile, sink: Sink) -> Outcome:
        """Get a photo, a voice message or a document."""
        return await self._files.fetch(file, sink, self._options.media_hosts)

    def problems(self) -> Sequence[str]:
        """What the settings leave undone."""
        told = "no template: who wrote more than a day ago can not be answered here"
        return [*super().problems(), *([] if self._options.template else [told])]

    async def simulate(
        self, text: str, *, sender: str, files: Sequence[Attachment], at: str
    ) -> Simulated:
        """Post one text message as Meta would."""
        if files:
            return Simulated(
                external_id="", answer="not sent: Meta keeps files on its hosts", accepted=False
            )
        number, wamid = sender.removeprefix("+"), f"wamid.{uuid.uuid4().hex}"
        message = {
            "from": number,
            "id": wamid,
            "timestamp": str(int(time.time())),
            "type": "text",
            "text": {"body": text},
        }
        value = {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "6280000000000", "phone_number_id": "1000"},
            "contacts": [{"profile": {"name": "Warga"}, "wa_id": number}],
            "messages": [message],
        }
        entry = {"id": "1000", "changes": [{"field": "messages", "value": value}]}
        return await self._post(
            {"object": "whatsapp_business_account", "entry": [entry]}, wamid, at
        )
