"""
An answer by Messenger or Instagram, planned by the clock before anything is sent.

Within 24 hours of the person's last word anything may be said. Later, up to seven days, only a
person of the office may answer, under the tag HUMAN_AGENT and with Meta's leave; otherwise the
answer is refused here, so that the gateway finds another way. A public comment is answered in
private, once, within seven days. There is no idempotency key: a long answer goes in pieces, and
when a later piece fails it is in doubt, never sent again from the start.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from channels.contract import Button, Outcome, Receipt, Refused, Reply, Uncertain
from channels.meta_graph import KEPT, Graph, judge
from channels.meta_options import PageOptions
from channels.pieces import pieces
from channels.provider_http import Answer
from channels.windows import unpack_address, within

WINDOW_HOURS = 24.0
LATE_HOURS = 7 * 24.0

_MOST_PIECES = 3
_MOST_BUTTONS = 13
_LONGEST_LABEL = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How one of the two wants to be spoken to."""

    longest: int
    size: Callable[[str], int]
    #: Whether echoes bring back what a message carries as metadata.
    echoes_metadata: bool


class PageAnswers:
    """Sends the answers of a page or an Instagram account."""

    def __init__(self, graph: Graph, manner: Manner) -> None:
        self._graph = graph
        self._manner = manner

    async def send(self, reply: Reply, options: PageOptions) -> Outcome:
        """Answer while it is allowed."""
        if options.access_token is None:
            return KEPT
        way = unpack_address(reply.to)
        envelope = plan(reply, way, human_agent=options.human_agent)
        if isinstance(envelope, Refused):
            return envelope
        path = f"{quote(options.send_as or way.get('page', 'me'), safe='')}/messages"
        outcome: Outcome = Receipt()
        for number, message in enumerate(self._messages(reply)):
            answer = await self._graph.post(path, envelope | {"message": message})
            outcome = judge(answer, _message_id(answer))
            if not isinstance(outcome, Receipt):
                return _in_part(outcome) if number else outcome
        return outcome

    def texts_of(self, reply: Reply) -> list[str]:
        """An answer in as many messages as it takes; a public comment is answered by one."""
        most = 1 if "comment" in unpack_address(reply.to) else _MOST_PIECES
        return pieces(reply.text, self._manner.longest, size=self._manner.size, most=most)

    def _messages(self, reply: Reply) -> Sequence[dict[str, object]]:
        manner, texts = self._manner, self.texts_of(reply)
        messages: list[dict[str, object]] = [{"text": text} for text in texts]
        buttons = [_quick_reply(button) for button in reply.buttons if button.says]
        if messages and buttons:
            messages[-1]["quick_replies"] = buttons[:_MOST_BUTTONS]
        if messages and manner.echoes_metadata:
            messages[-1]["metadata"] = reply.id
        return messages


def plan(reply: Reply, way: dict[str, str], *, human_agent: bool) -> dict[str, object] | Refused:
    """To whom and under which title an answer may go now; or why not."""
    is_known = reply.heard_at is not None and reply.now is not None
    is_late = is_known and not within(reply.heard_at, reply.now, WINDOW_HOURS)
    is_too_late = is_known and not within(reply.heard_at, reply.now, LATE_HOURS)
    if comment := way.get("comment"):
        if is_too_late:
            return Refused(reason="the comment is older than seven days", unreachable=True)
        return {"recipient": {"comment_id": comment}}
    recipient: dict[str, object] = {"recipient": {"id": way["to"]}}
    if not is_late:
        return recipient | {"messaging_type": "RESPONSE"}
    if human_agent and not is_too_late:
        return recipient | {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
    return Refused(reason="window closed: the person wrote too long ago", unreachable=True)


def _quick_reply(button: Button) -> dict[str, object]:
    title = button.label[:_LONGEST_LABEL]
    return {"content_type": "text", "title": title, "payload": button.says}


def _message_id(answer: object) -> str:
    told = answer.json() if isinstance(answer, Answer) else None
    message_id = told.get("message_id") if isinstance(told, dict) else None
    return message_id if isinstance(message_id, str) else ""


def _in_part(outcome: Outcome) -> Outcome:
    reason = getattr(outcome, "reason", "")
    return Uncertain(reason=f"only the beginning arrived: {reason}")
