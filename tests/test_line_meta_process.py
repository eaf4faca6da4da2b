"""Four doors end to end: signed webhook, real process, record, receipt at the provider."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

import aiohttp
import line_server
import meta_server
import meta_webhooks
import pytest
from gateway_process import Gateway
from ledger import central, rows, until_drained, until_recorded

TEXT = "Café di Jl. Melati 1/2 berisik, lampu jalan juga padam 😢"
PATIENCE = 60.0


@dataclass(kw_only=True)
class Provider:
    """One provider with its webhook, and where its people find our answers."""

    name: str
    url: str
    #: One signed webhook with this text: headers and body.
    webhook: Callable[[str], tuple[dict[str, str], bytes]]
    #: What people got so far.
    heard: Callable[[], list[str]]
    #: Take our token away, or give it back.
    revoke: Callable[[bool], None]


def line(platform: line_server.LinePlatform) -> Provider:
    """LINE."""

    def webhook(text: str) -> tuple[dict[str, str], bytes]:
        body = line_server.webhook(platform.text("TEKS"))
        body = body.replace(b"TEKS", json.dumps(text).strip('"').replace("/", "\\/").encode())
        return line_server.signed(body), body

    def revoke(is_revoked: bool) -> None:  # noqa: FBT001 (its only word)
        platform.token = "renewed" if is_revoked else line_server.TOKEN

    return Provider(
        name="line",
        url=platform.url,
        webhook=webhook,
        heard=lambda: [sent.text for sent in platform.sent],
        revoke=revoke,
    )


def meta(platform: meta_server.MetaPlatform, name: str) -> Provider:
    """One of Meta's."""

    def webhook(text: str) -> tuple[dict[str, str], bytes]:
        if name == "whatsapp":
            contact = {"profile": {"name": "Ann", "username": "ann.x"}, "user_id": "ID.777000111"}
            message = meta_webhooks.words(text, **{"from": None})
            body = meta_webhooks.whatsapp(message, contacts=[contact])
        else:
            body = meta_webhooks.chat(text, kind="page" if name == "messenger" else "instagram")
        return meta_webhooks.signed(body), body

    def revoke(is_revoked: bool) -> None:  # noqa: FBT001 (its only word)
        platform.token = "renewed" if is_revoked else meta_server.TOKEN

    return Provider(
        name=name,
        url=platform.url,
        webhook=webhook,
        heard=lambda: [sent.text for sent in platform.sent],
        revoke=revoke,
    )


@pytest.fixture(params=["line", "messenger", "instagram", "whatsapp"])
async def provider(request: pytest.FixtureRequest) -> AsyncIterator[Provider]:
    """Each of the four in turn; WhatsApp's people show no telephone number."""
    async with AsyncExitStack() as stack:
        if request.param == "line":
            platform = await stack.enter_async_context(line_server.LinePlatform().serving())
            yield line(platform)
        else:
            graph = await stack.enter_async_context(meta_server.MetaPlatform().serving())
            yield meta(graph, request.param)


@pytest.fixture
async def site(gateway: Gateway, provider: Provider) -> AsyncIterator[Gateway]:
    """The real gateway with this channel, answering at this provider."""
    is_line = provider.name == "line"
    gateway.settings = {
        "channels": {
            provider.name: {
                "enabled": True,
                "secrets": ["door_secret"],
                "access_token": "door_token",
                "api_url": provider.url,
            }
        }
    }
    gateway.env = {
        "LAPOR_DOOR_SECRET": line_server.SECRET if is_line else meta_server.SECRET,
        "LAPOR_DOOR_TOKEN": line_server.TOKEN if is_line else meta_server.TOKEN,
    }
    async with gateway:
        yield gateway


async def posted(site: Gateway, name: str, headers: dict[str, str], body: bytes) -> tuple[int, str]:
    """Status and body the provider hears."""
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session,
        session.post(f"{site.url}/in/{name}", data=body, headers=headers) as answer,
    ):
        return answer.status, await answer.text()


async def until(true: Callable[[], bool], what: str) -> None:
    """Wait for something no event tells of."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.05)


def records(site: Gateway) -> list[tuple[str, str]]:
    """Channel and text of every record in the central store."""
    return central(site, "select channel, text from records")


async def test_a_complaint_becomes_a_record_and_its_receipt_comes_back(
    site: Gateway, provider: Provider
) -> None:
    """
    The same webhook ten times at once and once more after a restart is one record, one receipt.

    The body is escaped as providers do; its words arrive as the citizen wrote them.
    """
    headers, body = provider.webhook(TEXT)
    answers = await asyncio.gather(*(posted(site, provider.name, headers, body) for _ in range(10)))
    await until(lambda: bool(provider.heard()), f"no receipt came:\n{site.log}")
    await until_drained(site)
    await site.stop()
    await site.start()
    again = await posted(site, provider.name, headers, body)
    await until_drained(site)
    (code,) = central(site, "select case_code from records")

    assert {status for status, _ in (*answers, again)} == {200}
    assert records(site) == [(provider.name, TEXT)]
    assert len(provider.heard()) == 1
    assert code[0] in provider.heard()[0]


async def test_no_stranger_gets_anything_in(site: Gateway, provider: Provider) -> None:
    """Without, with a wrong, and with another body's signature: 403, no hint, no row."""
    headers, body = provider.webhook(TEXT)
    (name,) = headers
    answers = [
        await posted(site, provider.name, {}, body),
        await posted(site, provider.name, {name: "sha256=00"}, body),
        await posted(site, provider.name, headers, body.replace(b"Jl.", b"Gg.")),
    ]
    document = {"type": "about:blank", "title": "Forbidden", "status": 403}

    assert [status for status, _ in answers] == [403] * 3
    assert [json.loads(text) for _, text in answers] == [document] * 3
    assert rows(site, "select count(*) from journal") == [(0,)]


async def test_a_revoked_token_is_told_and_nothing_is_lost(
    site: Gateway, provider: Provider
) -> None:
    """`status` says bad credentials, other channels go on, the receipt waits."""
    provider.revoke(True)  # noqa: FBT003 (its only word)
    await posted(site, provider.name, *provider.webhook(TEXT))
    form = {"from": "+6281200000001", "text": "Jalan rusak", "id": "s1"}
    async with aiohttp.ClientSession() as session:
        await session.post(f"{site.url}/in/sms", data=form)
    await until_recorded(site, 2)
    told = ""
    deadline = time.monotonic() + PATIENCE
    while "bad_credentials" not in told:
        assert time.monotonic() < deadline, f"status does not tell:\n{told}\n{site.log}"
        told = (await site.command("status", "--json")).stdout
    sms = rows(site, "select state from outbox where target = 'channel:sms'")
    door = rows(site, "select state from outbox where target = ?", f"channel:{provider.name}")

    assert provider.heard() == []
    assert (sms, door) == ([("delivered",)], [("pending",)])


# --- news of our answers ------------------------------------------------------------------------


@pytest.fixture
async def graph() -> AsyncIterator[meta_server.MetaPlatform]:
    """Meta."""
    async with meta_server.MetaPlatform().serving() as platform:
        yield platform


async def started(gateway: Gateway, platform: meta_server.MetaPlatform, name: str) -> None:
    """The real gateway with one of Meta's channels."""
    section = {"enabled": True, "secrets": ["door_secret"], "access_token": "door_token"}
    gateway.settings = {"channels": {name: {**section, "api_url": platform.url}}}
    gateway.env = {
        "LAPOR_DOOR_SECRET": meta_server.SECRET,
        "LAPOR_DOOR_TOKEN": meta_server.TOKEN,
    }
    await gateway.start()


async def told(gateway: Gateway, name: str, body: bytes) -> None:
    """Post a webhook with news, and wait until it was read."""
    before = rows(gateway, "select count(*) from work where state = 'ignored'")[0][0]
    status, _ = await posted(gateway, name, meta_webhooks.signed(body), body)
    sql = "select count(*) from work where state = 'ignored'"
    await until(lambda: rows(gateway, sql)[0][0] > before, "the news were not read")

    assert status == 200


def answer_of(gateway: Gateway, name: str) -> tuple[str, str | None]:
    """State of the one answer on this channel, and what is known of its way."""
    sql = "select state, feedback from outbox where target = ?"
    (found,) = rows(gateway, sql, f"channel:{name}")
    return found[0], found[1]


async def test_a_late_status_never_lowers_what_is_known(
    gateway: Gateway, graph: meta_server.MetaPlatform
) -> None:
    """`read` comes first and without `delivered`; `sent` and `failed` after it change nothing."""
    await started(gateway, graph, "whatsapp")
    body = meta_webhooks.whatsapp(meta_webhooks.words("Jalan rusak"))
    await posted(gateway, "whatsapp", meta_webhooks.signed(body), body)
    await until(lambda: bool(graph.sent), f"no receipt came:\n{gateway.log}")
    await until_drained(gateway)
    known = []
    for state in ("read", "sent", "delivered", "failed"):
        news = meta_webhooks.status(graph.sent[0], state)
        await told(gateway, "whatsapp", meta_webhooks.whatsapp(statuses=[news]))
        known.append(answer_of(gateway, "whatsapp"))
    await gateway.stop()

    assert [state for state, _ in known] == ["delivered"] * 4
    assert all(feedback and feedback.startswith("delivered: ") for _, feedback in known)


@pytest.mark.parametrize("name", ["whatsapp", "messenger"])
async def test_an_answer_in_doubt_is_settled_by_the_news_of_it(
    gateway: Gateway, graph: meta_server.MetaPlatform, name: str
) -> None:
    """Meta took the receipt and never said so: a status, or an echo, shows that it arrived."""
    graph.weather.append(meta_server.Weather(status=0, done=True))
    await started(gateway, graph, name)
    if name == "whatsapp":
        body = meta_webhooks.whatsapp(meta_webhooks.words("Jalan rusak"))
    else:
        body = meta_webhooks.chat("Jalan rusak")
    await posted(gateway, name, meta_webhooks.signed(body), body)
    await until(lambda: bool(graph.sent), f"no receipt came:\n{gateway.log}")
    await until(lambda: answer_of(gateway, name)[0] == "uncertain", "it is in no doubt")
    news = (
        meta_webhooks.whatsapp(statuses=[meta_webhooks.status(graph.sent[0], "delivered")])
        if name == "whatsapp"
        else meta_webhooks.echo(graph.sent[0])
    )
    await told(gateway, name, news)
    state, _ = answer_of(gateway, name)
    await gateway.stop()

    assert state == "delivered"
    assert len(graph.sent) == 1
