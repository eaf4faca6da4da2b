"""
An answer by LINE: by the reply token while it is young, which is free, else by a counted push.

A reply token works once and for about a minute. A push may be repeated for a day under its retry
key, which comes from the reply's id, so it is never sent twice. What LINE cannot tell us: whether
the citizen has blocked us; a push to them is answered like any other.
API: https://developers.line.biz/en/reference/messaging-api/#messages
"""

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from uuid import UUID, uuid5

from channels.contract import Button, Outcome, Receipt, Refused, Reply, Trouble, TryLater, Uncertain
from channels.line_options import LineOptions
from channels.pieces import pieces, utf16
from channels.provider_http import Answer, Caller, outcome_of
from channels.windows import unpack_address

KEPT = Receipt(reference="kept: no access token is configured")

# Younger than this a token is used; LINE promises no age, about a minute was seen.
TOKEN_SECONDS = 50.0
# One call ends within this, and so does a second one with a token that was young enough for it.
CALL_SECONDS = 10.0

# UUIDv5 namespace of retry keys; never change it: LINE knows the keys of the last day.
_RETRY_KEYS = UUID("0a6b3a0e-3f0e-5b64-9a5e-7f2f0f6c1b1e")

_LONGEST_TEXT = 5000
_MOST_MESSAGES = 5
_MOST_BUTTONS = 13
_LONGEST_LABEL = 20

Alarm = Callable[[Trouble | None], None]


class Answers:
    """Sends answers; `alarm` hears when the month's pushes are used up, and when no more."""

    def __init__(self, options: LineOptions, alarm: Alarm) -> None:
        self.options = options
        self._alarm = alarm
        self._is_spent = False
        self._caller = Caller(timeout=CALL_SECONDS)

    async def send(self, reply: Reply) -> Outcome:
        """Answer by the way that is open now."""
        if self.options.access_token is None:
            return KEPT
        way = unpack_address(reply.to)
        messages = _messages(reply)
        age = _age(way, reply.now)
        if age is not None and age < TOKEN_SECONDS:
            outcome = await self._by_token(way["token"], messages, age)
            if outcome is not None:
                return outcome
        if not way["to"]:
            return Refused(reason="the reply token is too old", unreachable=True)
        return await self._push(way["to"], messages, str(uuid5(_RETRY_KEYS, reply.id)))

    async def close(self) -> None:
        """Let go of the connections."""
        await self._caller.close()

    async def _by_token(self, token: str, messages: list[object], age: float) -> Outcome | None:
        """Answer with the token; None where LINE takes it no more."""
        answer = await self._call("reply", {"replyToken": token, "messages": messages})
        if not _is_unclear(answer) or age + CALL_SECONDS >= TOKEN_SECONDS:
            return None if _is_used_up(answer) else _judge(answer)
        # It works once: asked again LINE either does it now or says that it was done before.
        again = await self._call("reply", {"replyToken": token, "messages": messages})
        return Receipt() if _is_used_up(again) else _judge(again)

    async def _push(self, to: str, messages: list[object], key: str) -> Outcome:
        answer = await self._call("push", {"to": to, "messages": messages}, key)
        if isinstance(answer, Uncertain):
            return TryLater(reason=answer.reason)  # the retry key makes that safe
        if isinstance(answer, TryLater):
            return answer
        if answer.status == HTTPStatus.CONFLICT:
            return Receipt(reference=answer.headers.get("x-line-accepted-request-id", ""))
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS and "monthly limit" in _said(answer):
            self._is_spent = True
            self._alarm("no_credit")
            # Not TryLater with a trouble: answers by token are free and must not wait for a month.
            return Refused(reason="the month's push messages are used up", unreachable=True)
        if answer.is_success and self._is_spent:
            self._is_spent = False
            self._alarm(None)
        return _judge(answer)

    async def _call(
        self, verb: str, body: dict[str, object], key: str = ""
    ) -> Answer | TryLater | Uncertain:
        headers = credentials(self.options) | ({"X-Line-Retry-Key": key} if key else {})
        url = f"{self.options.api_url.rstrip('/')}/v2/bot/message/{verb}"
        return await self._caller.call("POST", url, headers=headers, json=body)


def credentials(options: LineOptions) -> dict[str, str]:
    """The header that says who we are."""
    token = options.access_token
    return {"Authorization": f"Bearer {token.value}"} if token else {}


# --- what is sent -------------------------------------------------------------------------------


def texts_of(reply: Reply) -> list[str]:
    """An answer in as many messages as it takes."""
    return pieces(reply.text, _LONGEST_TEXT, size=utf16, most=_MOST_MESSAGES)


def _messages(reply: Reply) -> list[object]:
    texts = texts_of(reply)
    messages: list[dict[str, object]] = [{"type": "text", "text": text} for text in texts]
    if messages and reply.buttons:
        items = [_item(button) for button in reply.buttons[:_MOST_BUTTONS]]
        messages[-1]["quickReply"] = {"items": items}
    return list(messages)


def _item(button: Button) -> dict[str, object]:
    label = button.label[:_LONGEST_LABEL]
    if not button.says:
        return {"type": "action", "action": {"type": "location", "label": label}}
    action = {"type": "message", "label": label, "text": button.says}
    return {"type": "action", "action": action}


def _age(way: dict[str, str], now: datetime | None) -> float | None:
    """Seconds since the token came; None without a token or a clock."""
    if now is None or not way.get("token") or not way.get("at", "").isdecimal():
        return None
    return now.timestamp() - int(way["at"]) / 1000


# --- what came of it ----------------------------------------------------------------------------


def _is_unclear(answer: Answer | TryLater | Uncertain) -> bool:
    """Whether LINE may have sent it all the same."""
    if isinstance(answer, Answer):
        return answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return isinstance(answer, Uncertain)


def _is_used_up(answer: Answer | TryLater | Uncertain) -> bool:
    return (
        isinstance(answer, Answer)
        and answer.status == HTTPStatus.BAD_REQUEST
        and "reply token" in _said(answer)
    )


def _judge(answer: Answer | TryLater | Uncertain) -> Outcome:
    if not isinstance(answer, Answer):
        return answer
    if answer.status == HTTPStatus.FORBIDDEN:
        return TryLater(reason="answered 403", wait=60.0, trouble="bad_credentials")
    # Of a person who does not exist LINE says that it failed to send.
    if answer.status == HTTPStatus.BAD_REQUEST and "failed to send" in _said(answer):
        return Refused(reason="LINE failed to send", unreachable=True)
    return outcome_of(answer, _reference(answer))


def _said(answer: Answer) -> str:
    told = answer.json()
    message = told.get("message") if isinstance(told, dict) else None
    return message.lower() if isinstance(message, str) else ""


def _reference(answer: Answer) -> str:
    return answer.headers.get("x-line-request-id", "")
