"""
A real headless Chromium, spoken to by the DevTools protocol over a websocket.

Just enough of it for the tests: open a page in a given size and colour scheme, with or without
JavaScript, type, click, attach files, read, take a picture.
https://chromedevtools.github.io/devtools-protocol/
"""

import asyncio
import base64
import contextlib
import itertools
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import peers

# No sandbox, because tests may run as root; the rest keeps the browser from calling home.
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
)
LISTENING = re.compile(rb"DevTools listening on (ws://\S+)")
START_SECONDS = 60
ANSWER_SECONDS = 60


class Screen(NamedTuple):
    """A size in CSS pixels; what is taller than wide is a phone."""

    width: int
    height: int

    @property
    def is_phone(self) -> bool:
        """Whether it is held upright."""
        return self.width < self.height


PHONE, DESK = Screen(390, 844), Screen(1280, 900)


@asynccontextmanager
async def running_chromium(home: Path) -> "AsyncIterator[Browser]":
    """A browser with an empty profile under `home`; the test is skipped where there is none."""
    program = peers.need("chromium")
    process = await asyncio.create_subprocess_exec(
        str(program),
        *FLAGS,
        f"--user-data-dir={home}",
        "about:blank",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr
    try:
        async with asyncio.timeout(START_SECONDS):
            while not (found := LISTENING.search(await process.stderr.readline())):
                assert not process.stderr.at_eof(), "chromium ended before it listened"
        talk = asyncio.create_task(_discard(process.stderr))
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(found[1].decode(), max_msg_size=0) as socket,
        ):
            browser = Browser(socket)
            reading = asyncio.create_task(browser.read())
            yield browser
            reading.cancel()
        talk.cancel()
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def _discard(stream: asyncio.StreamReader) -> None:
    while await stream.read(65536):
        pass


class Browser:
    """The open program; `page` gives one tab."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._events: dict[tuple[str, str], asyncio.Future[Any]] = {}

    async def page(self, screen: Screen, *, dark: bool = False, scripts: bool = False) -> "Page":
        """Open an empty tab on a screen of this size, without JavaScript unless asked for."""
        target = await self.ask("Target.createTarget", url="about:blank")
        attached = await self.ask(
            "Target.attachToTarget", targetId=target["targetId"], flatten=True
        )
        page = Page(self, attached["sessionId"])
        await page.ask("Page.enable")
        await page.ask("Emulation.setScriptExecutionDisabled", value=not scripts)
        await page.ask(
            "Emulation.setDeviceMetricsOverride",
            width=screen.width,
            height=screen.height,
            deviceScaleFactor=2 if screen.is_phone else 1,
            mobile=screen.is_phone,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await page.ask("Emulation.setEmulatedMedia", features=[scheme])
        return page

    async def ask(self, method: str, session: str = "", **params: object) -> Any:  # noqa: ANN401 (JSON)
        """One command and its answer."""
        number = next(self._numbers)
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        message: dict[str, object] = {"id": number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        await self._socket.send_json(message)
        async with asyncio.timeout(ANSWER_SECONDS):
            return await answer

    def event(self, session: str, name: str) -> asyncio.Future[Any]:
        """The next event of this name in this tab."""
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._events[session, name] = future
        return future

    async def read(self) -> None:
        """Hand what the browser says to whoever waits for it."""
        async for frame in self._socket:
            said = json.loads(frame.data)
            if "id" in said:
                answer = self._answers.pop(said["id"])
                if "error" in said:
                    answer.set_exception(RuntimeError(str(said["error"])))
                else:
                    answer.set_result(said["result"])
            else:
                waiting = self._events.pop((said.get("sessionId", ""), said["method"]), None)
                if waiting and not waiting.done():
                    waiting.set_result(said["params"])


class Page:
    """One tab. Selectors are CSS; `evaluate` works also where the page's own scripts do not."""

    def __init__(self, browser: Browser, session: str) -> None:
        self._browser = browser
        self._session = session

    async def ask(self, method: str, **params: object) -> Any:  # noqa: ANN401 (JSON)
        """One command to this tab."""
        return await self._browser.ask(method, self._session, **params)

    async def go(self, url: str) -> None:
        """Open an address and wait until the page has loaded."""
        async with self._loading():
            await self.ask("Page.navigate", url=url)

    async def reload(self) -> None:
        """Load the page again, sending a form again where the page was the answer to one."""
        async with self._loading():
            await self.ask("Page.reload")

    async def evaluate(self, script: str) -> Any:  # noqa: ANN401 (JSON)
        """The value of a JavaScript expression."""
        answer = await self.ask("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    async def text(self, selector: str) -> str:
        """The words a person sees there."""
        found = await self.evaluate(f"document.querySelector({json.dumps(selector)})?.innerText")
        assert found is not None, f"nothing matches {selector}"
        return str(found)

    async def value(self, selector: str) -> str:
        """What stands in a field."""
        return str(await self.evaluate(f"document.querySelector({json.dumps(selector)}).value"))

    async def type(self, selector: str, text: str) -> None:
        """Put the cursor into a field and type."""
        await self.evaluate(f"document.querySelector({json.dumps(selector)}).focus()")
        await self.ask("Input.insertText", text=text)

    async def edit(self, command: str) -> None:
        """What a key of the system does where the cursor is: "selectAll", "cut", "paste"."""
        await self.ask("Input.dispatchKeyEvent", type="rawKeyDown", commands=[command])

    async def click(self, selector: str) -> None:
        """Press what is there with the mouse."""
        x, y = await self.evaluate(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            "e.scrollIntoView({block: 'center', behavior: 'instant'});"
            "const r = e.getBoundingClientRect(); return [r.x + r.width/2, r.y + r.height/2] })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            await self.ask(
                "Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1
            )

    async def follow(self, selector: str) -> None:
        """Press a link or button and wait for the page behind it."""
        async with self._loading():
            await self.click(selector)

    async def attach(self, selector: str, *files: Path) -> None:
        """Choose files."""
        root = await self.ask("DOM.getDocument")
        node = await self.ask("DOM.querySelector", nodeId=root["root"]["nodeId"], selector=selector)
        await self.ask("DOM.setFileInputFiles", files=list(map(str, files)), nodeId=node["nodeId"])

    async def picture(self, path: Path) -> None:
        """Write a PNG of the whole page."""
        layout = await self.ask("Page.getLayoutMetrics")
        clip = {**layout["cssContentSize"], "scale": 1}
        shot = await self.ask("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        await asyncio.to_thread(path.write_bytes, base64.b64decode(shot["data"]))

    @asynccontextmanager
    async def _loading(self) -> AsyncIterator[None]:
        loaded = self._browser.event(self._session, "Page.loadEventFired")
        yield
        async with asyncio.timeout(ANSWER_SECONDS):
            await loaded
