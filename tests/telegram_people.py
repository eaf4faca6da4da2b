"""
The people behind Telegram's stand-in: what they write waits here, and what they get arrives here.

A test makes them write (`say`, `press`, `push`), lets the next calls of a method fail (`fail`), and
reads what bots did (`calls`, `sent`). telegram_server.py is the Bot API on top.
"""

import asyncio
import json
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

DATE = 1_795_303_000
PATIENCE = 60.0

JSON = dict[str, Any]


def person(number: int, **more: object) -> JSON:
    """Somebody who writes to the bot."""
    return {"id": number, "is_bot": False, "first_name": "Warga", "last_name": str(number), **more}


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """How a call ends instead of well; status 0: the connection breaks after it was carried out."""

    status: int
    description: str = ""
    parameters: Mapping[str, int] = field(default_factory=dict)
    #: A body that is not Telegram's, such as a proxy's page.
    body: str = ""
    #: Carried out, and then nothing is said.
    hangs: bool = False


def flood(seconds: int) -> Failure:
    """429 as Telegram says it."""
    return Failure(
        status=429,
        description=f"Too Many Requests: retry after {seconds}",
        parameters={"retry_after": seconds},
    )


class People:
    """Everybody who writes to the bot."""

    def __init__(self) -> None:
        #: What is unconfirmed: (update id, chat, bytes).
        self.queue: deque[tuple[int, int, bytes]] = deque()
        #: Every call of a bot: method and parameters.
        self.calls: list[tuple[str, JSON]] = []
        #: What citizens got: the messages as Telegram would show them.
        self.sent: list[JSON] = []
        self.failures: defaultdict[str, deque[Failure]] = defaultdict(deque)
        self.changed = asyncio.Condition()
        self._update_id = 880_000_000
        self._message_id: defaultdict[int, int] = defaultdict(int)

    async def say(self, text: str, sender: int = 1, **more: Any) -> JSON:  # noqa: ANN401 (as `write`)
        """A private message; gives it back as Telegram sends it."""
        return await self.write(sender, text=text, **more)

    async def write(self, sender: int = 1, chat: JSON | None = None, **content: object) -> JSON:
        """A message with any content in any chat."""
        where = chat or {"id": sender, "type": "private", "first_name": "Warga"}
        message = {
            "message_id": self.next_message(where["id"]),
            "date": DATE,
            "chat": where,
            "from": person(sender),
            **content,
        }
        await self.push({"message": message})
        return message

    async def press(self, message: JSON, data: str, sender: int = 1) -> JSON:
        """Somebody presses a button below a message of the bot."""
        callback = {
            "id": str(4_000_000_000 + self._update_id),
            "from": person(sender),
            "message": message,
            "chat_instance": "-1",
            "data": data,
        }
        await self.push({"callback_query": callback})
        return callback

    async def push(self, update: JSON | bytes, chat: int | None = None) -> int:
        """Queue an update, also one that is broken; bytes stay as they are."""
        self._update_id += 1
        if isinstance(update, bytes):
            raw = update.replace(b"%d", str(self._update_id).encode())
        else:
            raw = json.dumps({"update_id": self._update_id, **update}).encode()
            chat = chat if chat is not None else _chat_of(update)
        self.queue.append((self._update_id, chat or 0, raw))
        async with self.changed:
            self.changed.notify_all()
        self._post_soon()
        return self._update_id

    def restart_numbers(self, first: int) -> None:
        """After a week of silence updates are counted from anywhere."""
        self._update_id = first - 1

    def next_message(self, chat: int) -> int:
        """The next message id of a chat."""
        self._message_id[chat] += 1
        return self._message_id[chat]

    def fail(self, method: str, *failures: Failure) -> None:
        """Let the next calls of a method end like this, one after the other."""
        self.failures[method].extend(failures)

    def asked(self, method: str) -> list[JSON]:
        """The parameters of every call of a method."""
        return [told for name, told in self.calls if name == method]

    async def until(self, method: str, count: int = 1) -> list[JSON]:
        """Wait until a method was called so often."""
        await self._wait(lambda: len(self.asked(method)) >= count, f"{method} is not called")
        return self.asked(method)

    async def until_sent(self, count: int = 1) -> list[JSON]:
        """Wait until citizens got so many messages."""
        await self._wait(lambda: len(self.sent) >= count, "nothing more is sent")
        return self.sent

    async def until_confirmed(self) -> None:
        """Wait until no update is left."""
        await self._wait(lambda: not self.queue, "updates are not confirmed")

    async def _wait(self, true: Callable[[], bool], otherwise: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not true():
            assert time.monotonic() < deadline, f"{otherwise}: {self.calls[-5:]}"
            await asyncio.sleep(0.01)

    def _post_soon(self) -> None:
        """Something waits; a bot that polls comes by itself."""


def _chat_of(update: JSON) -> int:
    for content in update.values():
        if isinstance(content, dict):
            chat = content.get("chat") or content.get("message", {}).get("chat") or {}
            return int(chat.get("id", 0))
    return 0
