"""
An answer by WhatsApp, planned by the clock before anything is sent.

Within 24 hours of the person's last message anything may be said; later only a template that Meta
approved, where one is configured. 200 means taken, not arrived: that comes as a status, which
brings our reply's id back, also after a request whose answer never came. One person may get about
one message in six seconds. API:
https://developers.facebook.com/docs/whatsapp/cloud-api/reference/messages
"""

import asyncio
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from channels.contract import Button, Outcome, Refused, Reply
from channels.meta_graph import KEPT, Graph, judge
from channels.meta_options import WhatsappOptions
from channels.pieces import cut, utf16
from channels.provider_http import Answer
from channels.windows import unpack_address, within

WINDOW_HOURS = 24.0

_LONGEST_TEXT = 4096
# With buttons, and in a template, the text is bounded more closely.
_LONGEST_CARD = 1024
_MOST_BUTTONS = 3
_MOST_ROWS = 10
_LONGEST_TITLE = 20
_REMEMBERED = 10_000
_LOCATION = {"type": "location_request_message", "action": {"name": "send_location"}}


class WhatsappAnswers:
    """Sends answers, to each person in their turn."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        #: When the next message to a person may go, by the loop's clock.
        self._next: dict[str, float] = {}

    async def send(self, reply: Reply, options: WhatsappOptions) -> Outcome:
        """Answer while it is allowed, else by template."""
        if options.access_token is None:
            return KEPT
        content = plan(reply, options)
        if content is None:
            return Refused(reason="window closed: the person wrote too long ago", unreachable=True)
        way = unpack_address(reply.to)
        phone = way.get("phone", "")
        recipient = {"to": phone} if phone else {"recipient": way["to"]}
        await self._turn(phone or way["to"], options.pair_seconds)
        answer = await self._graph.post(
            f"{quote(way.get('number', 'me'), safe='')}/messages",
            {
                "messaging_product": "whatsapp",
                "recipient_type": "individual",
                **recipient,
                **content,
                "biz_opaque_callback_data": reply.id,
            },
        )
        return judge(answer, _message_id(answer))

    async def _turn(self, person: str, pause: float) -> None:
        """Wait until this person may be sent the next message."""
        now = asyncio.get_running_loop().time()
        if len(self._next) >= _REMEMBERED:
            self._next = {who: when for who, when in self._next.items() if when > now}
        turn = max(self._next.get(person, now), now)
        self._next[person] = turn + pause
        if turn > now:
            await asyncio.sleep(turn - now)


def plan(reply: Reply, options: WhatsappOptions) -> dict[str, object] | None:
    """What may be sent now; None where nothing may."""
    is_known = reply.heard_at is not None and reply.now is not None
    if not is_known or within(reply.heard_at, reply.now, WINDOW_HOURS):
        return _free(reply)
    return _template(reply, options) if options.template else None


def _free(reply: Reply) -> dict[str, object]:
    choices = [button for button in reply.buttons if button.says]
    is_short = utf16(reply.text) <= _LONGEST_CARD
    if choices and is_short:
        return _interactive(reply.text, _choices(choices))
    if reply.buttons and is_short:
        return _interactive(reply.text, _LOCATION)
    text = text_of(reply)
    return {"type": "text", "text": {"body": text, "preview_url": False}}


def text_of(reply: Reply) -> str:
    """An answer, cut where it is longer than a message there."""
    return cut(reply.text, _LONGEST_TEXT, size=utf16)


def _interactive(text: str, asked: Mapping[str, object]) -> dict[str, object]:
    return {"type": "interactive", "interactive": {**asked, "body": {"text": text}}}


def _choices(buttons: Sequence[Button]) -> dict[str, object]:
    """Buttons up to three, a list of up to ten above that."""
    named = [{"id": button.says, "title": button.label[:_LONGEST_TITLE]} for button in buttons]
    if len(named) <= _MOST_BUTTONS:
        replies = [{"type": "reply", "reply": choice} for choice in named]
        return {"type": "button", "action": {"buttons": replies}}
    sections = [{"title": "Pilihan", "rows": named[:_MOST_ROWS]}]
    return {"type": "list", "action": {"button": "Pilih", "sections": sections}}


def _template(reply: Reply, options: WhatsappOptions) -> dict[str, object]:
    # A parameter of a template may hold no line break.
    text = cut(" ".join(reply.text.split()), _LONGEST_CARD, size=utf16)
    body = {"type": "body", "parameters": [{"type": "text", "text": text}]}
    template = {
        "name": options.template,
        "language": {"code": options.template_language},
        "components": [body],
    }
    return {"type": "template", "template": template}


def _message_id(answer: object) -> str:
    told = answer.json() if isinstance(answer, Answer) else None
    messages = told.get("messages") if isinstance(told, dict) else None
    first = messages[0] if isinstance(messages, list) and messages else None
    message_id = first.get("id") if isinstance(first, dict) else None
    return message_id if isinstance(message_id, str) else ""
