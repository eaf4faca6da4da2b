"""Requests to a provider: what came back, and whether anything happened."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web
from multidict import CIMultiDict
from sms_gateway import serving

from channels.contract import Outcome, Receipt, Refused, TryLater, Uncertain
from channels.provider_http import Answer, Caller, outcome_of

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

DATE = "Sun, 01 Mar 2026 12:00:00 GMT"


@contextlib.asynccontextmanager
async def caller(timeout: float = 20.0, most_bytes: int = 1 << 20) -> AsyncIterator[Caller]:  # noqa: ASYNC109 (an option)
    """A caller that is closed at the end."""
    opened = Caller(timeout=timeout, most_bytes=most_bytes)
    try:
        yield opened
    finally:
        await opened.close()


@contextlib.asynccontextmanager
async def raw_server(serve: Serve) -> AsyncIterator[str]:
    """A server that writes its own bytes."""
    at_work = 0
    at_rest = asyncio.Condition()

    async def closing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal at_work
        at_work += 1
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await serve(reader, writer)
        writer.close()
        at_work -= 1
        async with at_rest:
            at_rest.notify_all()

    server = await asyncio.start_server(closing, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        async with at_rest:
            await asyncio.wait_for(at_rest.wait_for(lambda: at_work == 0), 60)


async def asked(method: str, url: str, *, timeout: float = 20.0) -> Answer | TryLater | Uncertain:  # noqa: ASYNC109 (an option)
    """One call."""
    async with caller(timeout=timeout) as calling:
        return await calling.call(method, url)


def answer(status: int, **headers: str) -> Answer:
    """An answer without a body."""
    named = CIMultiDict({name.replace("_", "-"): value for name, value in headers.items()})
    return Answer(status=status, headers=named, body=b"")


async def test_a_request_is_sent_as_it_is_meant() -> None:
    """Method, query, headers and each kind of body arrive; headers of the caller win."""
    seen: list[tuple[str, str, str, bytes]] = []

    async def record(request: web.Request) -> web.Response:
        type_ = request.headers.get("Content-Type", "")
        seen.append((request.method, request.path_qs, type_, await request.read()))
        return web.json_response({"ok": True}, status=201)

    async with serving([web.route("*", "/x", record)]) as url, caller() as calling:
        came = await calling.call("GET", f"{url}/x?a=1", query={"b": "2&3"})
        await calling.call("POST", f"{url}/x", json={"text": "é"})
        await calling.call("POST", f"{url}/x", form={"text": "a b"})
        await calling.call("PUT", f"{url}/x", body=b"<a/>", headers={"content-type": "text/xml"})
        await calling.call("POST", f"{url}/x", json=[], headers={"content-type": "a/b"})

    assert isinstance(came, Answer)
    assert (came.status, came.json(), came.is_success) == (201, {"ok": True}, True)
    assert came.headers["content-type"] == "application/json; charset=utf-8"
    assert seen == [
        ("GET", "/x?a=1&b=2%263", "", b""),
        ("POST", "/x", "application/json", b'{"text": "\\u00e9"}'),
        ("POST", "/x", "application/x-www-form-urlencoded", b"text=a+b"),
        ("PUT", "/x", "text/xml", b"<a/>"),
        ("POST", "/x", "a/b", b"[]"),
    ]


async def test_redirects_are_answers() -> None:
    """Where a provider points is not where we go."""
    visited: list[str] = []

    async def elsewhere(request: web.Request) -> web.Response:
        visited.append(request.path)
        raise web.HTTPFound("/b")

    async with serving([web.get("/{any}", elsewhere)]) as url:
        came = await asked("GET", f"{url}/a")

    assert isinstance(came, Answer)
    assert came.status == 302
    assert outcome_of(came) == Refused(reason="answered 302")
    assert visited == ["/a"]


async def test_cookies_are_not_kept() -> None:
    """No call knows of an earlier one."""
    shown: list[str] = []

    async def set_cookie(request: web.Request) -> web.Response:
        shown.append(request.headers.get("Cookie", ""))
        return web.Response(headers={"Set-Cookie": "who=1; Path=/"})

    async with serving([web.get("/", set_cookie)]) as url, caller() as calling:
        await calling.call("GET", url)
        await calling.call("GET", url)

    assert shown == ["", ""]


async def test_a_page_of_html_is_no_json() -> None:
    """What stands before a provider answers with pages; that is an answer, not an exception."""

    async def page(request: web.Request) -> web.Response:
        del request
        return web.Response(status=502, text="<html>Bad gateway", content_type="text/html")

    async with serving([web.post("/", page)]) as url:
        came = await asked("POST", url)

    assert isinstance(came, Answer)
    assert came.json() is None
    assert outcome_of(came) == TryLater(reason="answered 502")


async def test_a_huge_answer_is_cut() -> None:
    """Its status is known; half a body is no JSON."""
    most = 1000

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            while True:
                await response.write(b"1" * 4096)
        return response

    async with serving([web.get("/", endless)]) as url, caller(most_bytes=most) as calling:
        came = await calling.call("GET", url)

    assert isinstance(came, Answer)
    assert (came.status, came.body, came.is_whole) == (200, b"1" * most, False)
    assert came.json() is None


async def test_an_answer_of_just_the_cap_is_whole() -> None:
    """The cap counts."""

    async def exact(request: web.Request) -> web.Response:
        del request
        return web.Response(body=b"1234")

    async with serving([web.get("/", exact)]) as url, caller(most_bytes=4) as calling:
        came = await calling.call("GET", url)

    assert isinstance(came, Answer)
    assert came.json() == 1234


async def test_nothing_has_left_without_a_connection(free_port: int) -> None:
    """A provider that is down can be asked again at once."""
    came = await asked("POST", f"http://127.0.0.1:{free_port}/")

    assert came == TryLater(reason="no connection: ClientConnectorError")


@pytest.mark.parametrize("url", ["", "no url", "ftp://127.0.0.1/", "http://", "http://127.0.0.1:x"])
async def test_what_is_no_address_is_asked_nothing(url: str) -> None:
    """A wrong setting is told as such, and quotes nothing."""
    came = await asked("POST", url)

    assert isinstance(came, TryLater)
    assert came.reason.startswith("no request could be made: ")


async def test_a_header_that_would_forge_another_is_not_sent() -> None:
    """A line break in a token ends the call before it begins."""
    async with caller() as calling:
        came = await calling.call(
            "GET", "http://127.0.0.1/", headers={"Authorization": "a\r\nb: c"}
        )

    assert isinstance(came, TryLater)


@pytest.mark.parametrize("method", ["GET", "PUT", "POST"])
async def test_a_connection_that_breaks_before_an_answer_is_uncertain(method: str) -> None:
    """The request left, and no library repeats it behind our back, idempotent or not."""
    connections = 0

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        del writer
        connections += 1
        await reader.readuntil(b"\r\n\r\n")

    async with raw_server(hang_up) as url:
        came = await asked(method, url)

    assert came == Uncertain(reason="no answer: BrokenError")
    assert connections == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_no_connection_is_used_twice(method: str) -> None:
    """The other side may close a kept one just as we write to it."""
    connections = 0

    async def polite(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            await writer.drain()

    async with raw_server(polite) as url, caller() as calling:
        await calling.call(method, url)
        await calling.call(method, url)

    assert connections == 2


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nhalf",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
        b"SSH-2.0-OpenSSH_9.6\r\n",
    ],
    ids=["short body", "short chunk", "broken gzip", "no HTTP"],
)
async def test_half_an_answer_is_uncertain(said: bytes) -> None:
    """It arrived over there; what came back says too little."""

    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(said)
        await writer.drain()

    async with raw_server(half) as url:
        came = await asked("GET", url)

    assert isinstance(came, Uncertain)


async def test_an_answer_that_never_comes_is_uncertain() -> None:
    """Silence ends with the timeout."""
    released = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        del writer
        await reader.readuntil(b"\r\n\r\n")
        await released.wait()

    async with raw_server(silent) as url:
        came = await asked("POST", url, timeout=0.2)
        released.set()

    assert isinstance(came, Uncertain)


async def test_an_answer_byte_by_byte_does_not_outlast_the_timeout() -> None:
    """The time counts from the first byte to the last, not from one to the next."""
    written = 0

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            writer.write(b".")
            written += 1
            await writer.drain()
            await asyncio.sleep(0.02)

    async with raw_server(drip) as url:
        came = await asked("GET", url, timeout=0.4)

    assert isinstance(came, Uncertain)
    assert 0 < written < 100


async def test_a_caller_can_be_used_after_it_was_closed() -> None:
    """`close` is harmless at any time."""

    async def ok(request: web.Request) -> web.Response:
        del request
        return web.Response()

    async with serving([web.get("/", ok)]) as url, caller() as calling:
        await calling.close()
        await calling.call("GET", url)
        await calling.close()
        came = await calling.call("GET", url)

    assert isinstance(came, Answer)


@pytest.mark.parametrize(
    ("told", "wait"),
    [
        ("120", 120.0),
        ("0", 0.0),
        ("1.5", 1.5),
        ("99999999999999", 86400.0),
        ("9" * 400, 86400.0),
        ("Sun, 01 Mar 2026 12:02:00 GMT", 120.0),
        ("Sunday, 01-Mar-26 12:02:00 GMT", 120.0),
        ("Sun Mar  1 12:02:00 2026", 120.0),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0.0),
        ("Tue, 01 Mar 2067 12:00:00 GMT", 86400.0),
        ("Sun, 01 Mar 99999 12:00:00 GMT", None),
        ("soon", None),
        ("-1", None),
        ("1e3", None),
        ("٣", None),
        ("", None),
    ],
)
def test_retry_after_is_read_in_both_forms(told: str, wait: float | None) -> None:
    """Seconds or a date; the past is now, more than a day is a day, garbage is nothing."""
    assert answer(429, Retry_After=told, Date=DATE).wait == wait


def test_a_date_needs_the_providers_clock() -> None:
    """Our own clock may be wrong by hours, so a date alone says nothing."""
    assert answer(429, Retry_After="Sun, 01 Mar 2026 12:02:00 GMT").wait is None
    assert answer(429).wait is None


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe\xfd", b"[" * 100_000, b"1" * 5000])
def test_any_body_can_be_asked_for_json(body: bytes) -> None:
    """None, where it is none."""
    assert Answer(status=200, headers={}, body=body).json() is None


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, Receipt(reference="m1")),
        (204, Receipt(reference="m1")),
        (301, Refused(reason="answered 301")),
        (400, Refused(reason="answered 400")),
        (401, TryLater(reason="answered 401", wait=60, trouble="bad_credentials")),
        (402, TryLater(reason="answered 402", wait=900, trouble="no_credit")),
        (403, Refused(reason="answered 403")),
        (404, Refused(reason="answered 404")),
        (408, TryLater(reason="answered 408")),
        (409, Refused(reason="answered 409")),
        (410, Refused(reason="answered 410")),
        (425, TryLater(reason="answered 425")),
        (429, TryLater(reason="answered 429", wait=60, trouble="throttled")),
        (500, TryLater(reason="answered 500")),
        (503, TryLater(reason="answered 503")),
    ],
)
def test_what_a_status_means(status: int, outcome: Outcome) -> None:
    """Done, later or never; what stops everybody is trouble of the channel."""
    assert outcome_of(answer(status), "m1") == outcome


def test_who_asks_us_to_wait_is_given_the_time() -> None:
    """Retry-After goes before our own wait."""
    assert outcome_of(answer(429, Retry_After="7")) == TryLater(
        reason="answered 429", wait=7, trouble="throttled"
    )
    assert outcome_of(answer(503, Retry_After="30")) == TryLater(reason="answered 503", wait=30)
