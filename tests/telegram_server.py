"""
Telegram on 127.0.0.1: a Bot API server and the people behind it, as protocols/02-telegram.md says.

Bots are served below /bot<token>/ and /file/bot<token>/. Updates queue until an offset beyond them
was asked for, or until the webhook answered 2xx; webhook updates go out one at a time per chat and
are repeated. Times are shortened by `second`. What a test does with it: telegram_people.py.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import aiohttp
from aiohttp import web
from listening import listening
from telegram_people import DATE, JSON, Failure, People

TOKEN = "7000000001:invented-token-of-a-test"
BOT = {"id": 7000000001, "is_bot": True, "first_name": "Lapor", "username": "lapor_contoh_bot"}
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
MOST_FILE_BYTES = 20 * 1024 * 1024


@dataclass(slots=True)
class Hook:
    """A webhook as a bot set it."""

    url: str
    secret: str = ""
    max_connections: int = 40
    last_error_date: int = 0
    last_error_message: str = ""


class TelegramServer(People):
    """The Bot API for one bot."""

    def __init__(self, *, second: float = 0.01) -> None:
        super().__init__()
        self.second = second
        self.token = TOKEN
        self.hook: Hook | None = None
        self.blocked: set[int] = set()
        self.moved: dict[int, int] = {}
        #: File id: path and content.
        self.files: dict[str, tuple[str, bytes]] = {}
        self.url = ""
        self._poller = 0
        self._posting: set[int] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()

    # --- the server ------------------------------------------------------------------------------

    def app(self) -> web.Application:
        """Everything a bot may ask for."""
        app = web.Application(client_max_size=64 << 20)
        app.router.add_route("*", "/bot{token}/{method}", self._call)
        app.router.add_get("/file/bot{token}/{path:.+}", self._file)
        return app

    def stop(self) -> None:
        """Let everybody go who waits."""
        self._stopping.set()
        for task in self._tasks:
            task.cancel()

    async def _call(self, request: web.Request) -> web.StreamResponse:
        method, token = request.match_info["method"], request.match_info["token"]
        if ":" not in token:
            return refusal(404, "Not Found")
        if token != self.token:
            return refusal(401, "Unauthorized")
        told = await _parameters(request)
        self.calls.append((method, told))
        failure = self.failures[method].popleft() if self.failures[method] else None
        if failure and failure.status and not failure.hangs:
            return _failed(failure)
        answer = getattr(self, f"_{_snake(method)}", None)
        response = await answer(told) if answer else refusal(404, "Not Found")
        if failure and failure.hangs:
            await self._stopping.wait()
        if failure and not failure.status:
            assert request.transport
            request.transport.abort()
        return response

    async def _file(self, request: web.Request) -> web.Response:
        if request.match_info["token"] != self.token:
            return web.Response(status=401)
        known = dict(self.files.values())
        content = known.get(request.match_info["path"])
        self.calls.append(("file", {"path": request.match_info["path"]}))
        return web.Response(status=404) if content is None else web.Response(body=content)

    # --- receiving -------------------------------------------------------------------------------

    async def _get_me(self, _: JSON) -> web.Response:
        return result(BOT)

    async def _get_updates(self, told: JSON) -> web.Response:
        if self.hook:
            return refusal(409, "Conflict: can't use getUpdates method while webhook is active")
        self._poller += 1
        me, offset = self._poller, int(told.get("offset", 0))
        limit, seconds = int(told.get("limit", 100)), int(told.get("timeout", 0))
        async with self.changed:
            self.changed.notify_all()  # ends the poll of another bot process
            self._confirm(offset)
            with suppress(TimeoutError):
                async with asyncio.timeout(min(seconds, 50) * self.second):
                    await self.changed.wait_for(lambda: self.queue or me != self._poller)
        if me != self._poller:
            return refusal(409, "Conflict: terminated by other getUpdates request")
        page = b",".join(raw for _, _, raw in list(self.queue)[:limit])
        return web.Response(
            body=b'{"ok":true,"result":[' + page + b"]}", content_type="application/json"
        )

    def _confirm(self, offset: int) -> None:
        if offset < 0:
            while len(self.queue) > -offset:
                self.queue.popleft()
            return
        # An offset far beyond the end of the queue is one of earlier times: nothing is confirmed.
        if self.queue and offset <= self.queue[-1][0] + 10:
            while self.queue and self.queue[0][0] < offset:
                self.queue.popleft()

    async def _set_webhook(self, told: JSON) -> web.Response:
        self.hook = Hook(
            url=told.get("url", ""),
            secret=told.get("secret_token", ""),
            max_connections=int(told.get("max_connections", 40)),
        )
        self._post_soon()
        return result(True)  # noqa: FBT003 (Telegram's answer)

    async def _delete_webhook(self, told: JSON) -> web.Response:
        self.hook = None
        if told.get("drop_pending_updates") in ("true", True):
            self.queue.clear()
        return result(True)  # noqa: FBT003 (as above)

    async def _get_webhook_info(self, _: JSON) -> web.Response:
        hook = self.hook or Hook(url="")
        told: JSON = {
            "url": hook.url,
            "has_custom_certificate": False,
            "pending_update_count": len(self.queue),
            "max_connections": hook.max_connections,
        }
        if hook.last_error_date:
            told |= {
                "last_error_date": hook.last_error_date,
                "last_error_message": hook.last_error_message,
            }
        return result(told)

    def _post_soon(self) -> None:
        """One update per chat is on its way; the others of that chat wait for its 2xx."""
        if not self.hook:
            return
        for chat in {chat for _, chat, _ in self.queue} - self._posting:
            self._posting.add(chat)
            task = asyncio.create_task(self._post(chat))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _post(self, chat: int) -> None:
        wait = self.second
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session:
            while waiting := [update for update in self.queue if update[1] == chat]:
                hook = self.hook
                if hook is None:
                    break
                told = await self._posted(session, hook, waiting[0][2])
                if told is None:
                    with suppress(ValueError):
                        self.queue.remove(waiting[0])
                    wait = self.second
                    continue
                wait = min(wait * 2, 60 * self.second)
                await asyncio.sleep(min(told, 3600) * self.second if told else wait)
        self._posting.discard(chat)

    async def _posted(self, session: aiohttp.ClientSession, hook: Hook, raw: bytes) -> float | None:
        """None: taken. Else the seconds the other side asked for, or 0."""
        headers = {"Content-Type": "application/json"}
        if hook.secret:
            headers[SECRET_HEADER] = hook.secret
        try:
            async with session.post(hook.url, data=raw, headers=headers) as response:
                if response.ok:
                    return None
                hook.last_error_message = f"Wrong response from the webhook: {response.status}"
                wait = float(response.headers.get("Retry-After", 0))
        except (aiohttp.ClientError, TimeoutError):
            hook.last_error_message, wait = "Connection refused", 0.0
        hook.last_error_date += DATE if not hook.last_error_date else 1
        return wait

    # --- sending ---------------------------------------------------------------------------------

    async def _send_message(self, told: JSON) -> web.Response:
        chat, text = int(told["chat_id"]), told.get("text", "")
        if chat in self.moved:
            moved = {"migrate_to_chat_id": self.moved[chat]}
            return refusal(400, "Bad Request: group chat was upgraded to a supergroup chat", moved)
        if chat in self.blocked:
            return refusal(403, "Forbidden: bot was blocked by the user")
        if not text:
            return refusal(400, "Bad Request: message text is empty")
        if len(text.encode("utf-16-le")) > 2 * 4096:
            return refusal(400, "Bad Request: message is too long")
        message: JSON = {
            "message_id": self.next_message(chat),
            "date": DATE,
            "chat": {"id": chat, "type": "private" if chat > 0 else "supergroup"},
            "from": BOT,
            "text": text,
        }
        self.sent.append(message | {"asked": told})
        return result(message)

    async def _edit_message_text(self, told: JSON) -> web.Response:
        for message in self.sent:
            place = (str(message["chat"]["id"]), str(message["message_id"]))
            if place == (told.get("chat_id"), told.get("message_id")):
                message["text"] = told["text"]
                return result({key: message[key] for key in message if key != "asked"})
        return refusal(400, "Bad Request: message to edit not found")

    async def _answer_callback_query(self, _: JSON) -> web.Response:
        return result(True)  # noqa: FBT003 (as above)

    async def _send_chat_action(self, _: JSON) -> web.Response:
        return result(True)  # noqa: FBT003 (as above)

    async def _set_my_commands(self, _: JSON) -> web.Response:
        return result(True)  # noqa: FBT003 (as above)

    async def _get_file(self, told: JSON) -> web.Response:
        if told["file_id"] not in self.files:
            return refusal(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        path, content = self.files[told["file_id"]]
        if len(content) > MOST_FILE_BYTES:
            return refusal(400, "Bad Request: file is too big")
        told = {"file_id": told["file_id"], "file_unique_id": "u", "file_size": len(content)}
        return result(told | {"file_path": path})


@asynccontextmanager
async def telegram(*, second: float = 0.01, port: int = 0) -> AsyncIterator[TelegramServer]:
    """A running server; `second` is how long a second of Telegram's lasts."""
    server = TelegramServer(second=second)
    runner = web.AppRunner(server.app(), access_log=None, shutdown_timeout=1)
    async with listening(runner, port) as server.url:
        try:
            yield server
        finally:
            server.stop()


def result(value: object) -> web.Response:
    """An answer that is well."""
    return web.json_response({"ok": True, "result": value})


def refusal(
    status: int, description: str, parameters: Mapping[str, int] | None = None
) -> web.Response:
    """An answer that is not."""
    told: JSON = {"ok": False, "error_code": status, "description": description}
    headers = {}
    if parameters:
        told["parameters"] = dict(parameters)
        if "retry_after" in parameters:
            headers["Retry-After"] = str(parameters["retry_after"])
    return web.json_response(told, status=status, headers=headers)


def _failed(failure: Failure) -> web.Response:
    if failure.body:
        return web.Response(status=failure.status, text=failure.body, content_type="text/html")
    return refusal(failure.status, failure.description, failure.parameters)


async def _parameters(request: web.Request) -> JSON:
    """The parameters in any form Telegram takes."""
    told: JSON = dict(request.query)
    if request.content_type == "application/json":
        return told | dict(await request.json())
    return told | {name: str(value) for name, value in (await request.post()).items()}


def _snake(method: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in method)
