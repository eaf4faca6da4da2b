"""
R8: the providers that carry our answers, behind a proxy that spoils every other exchange.

A citizen must not hear the same twice. So an answer whose own answer was lost is not sent again but
waits for news and is then a person's, except where the provider knows our keys (LINE).
"""

import asyncio
import random
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import aiohttp
import line_server
import meta_server
import meta_webhooks
from aiohttp import web
from gateway_process import Gateway
from ledger import assert_proven, rows
from load import AGAIN_SECONDS
from sms_gateway import SendApiPeer, serving

from torture.case import Case, Chamber, Finding
from torture.proxy import TROUBLES, FaultProxy
from torture.weighing import QUICK, gateway_in, until

YEAR = 365 * 24 * 3600
CHATS = ("line", "whatsapp", "messenger", "instagram")
#: What the SMS provider says for some requests each, before it takes anything.
ILL: tuple[tuple[int, dict[str, str]], ...] = (
    (500, {}),
    (429, {}),
    (429, {"Retry-After": str(YEAR)}),
    (429, {"Retry-After": "Fri, 31 Dec 2100 00:00:00 GMT"}),
    (503, {"Retry-After": "-5"}),
    (503, {"Retry-After": "9" * 400}),
)
STATES = "select state, count(*) from outbox where target like 'channel:%' group by state"


@dataclass(slots=True)
class Telephones(SendApiPeer):
    """An SMS provider that is ill at first."""

    #: Ids of the answers it took on, each time it did.
    taken: list[str] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        """Two requests for each illness, then well."""
        spell = len(self.asked) // 2
        self.status, self.headers = ILL[spell] if spell < len(ILL) else (202, {})
        answer = await SendApiPeer.handle(self, request)
        if answer.status == 202:
            self.taken.append(self.asked[-1][2]["id"])
        return answer


async def cut_off(chamber: Chamber) -> Finding:
    """Five providers at once; each answer arrives once at the most, and each has an end."""
    chance = random.Random(chamber.seed)  # noqa: S311 (a line that can be repeated)
    each = chamber.pick(short=6, quick=12, full=100)
    async with AsyncExitStack() as stack:
        open_ = stack.enter_async_context
        peer = Telephones()
        line = await open_(line_server.LinePlatform().serving())
        meta = await open_(meta_server.MetaPlatform().serving())
        urls = {"sms": await open_(serving(peer.routes())), "line": line.url}
        urls |= dict.fromkeys(("whatsapp", "messenger", "instagram"), meta.url)
        proxies = {
            name: await open_(FaultProxy(to=urlsplit(url).port or 0)) for name, url in urls.items()
        }
        for proxy in proxies.values():
            for _ in range(each):
                proxy.troubles += ("none", chance.choice(TROUBLES))
        gateway = await open_(gateway_in(chamber, outbox={**QUICK, "uncertain_wait": 1.0}))
        _connect(gateway, proxies)
        await gateway.start()
        async with asyncio.TaskGroup() as group:
            for name in urls:
                group.create_task(_say(gateway, name, each, line))
        await until(lambda: _settled(gateway) == each * len(urls), "answers do not come to an end")
        states = dict(rows(gateway, STATES))
        await gateway.stop()
        await assert_proven(gateway)
    heard = Counter((sent.to, sent.text) for sent in line.sent)
    heard.update((sent.to, sent.text) for sent in meta.sent)
    heard.update((id_, "sms") for id_ in peer.taken)
    twice = heard.total() - len(heard)
    delivered = states.get("delivered", 0)
    spoilt = sum(proxy.met.total() - proxy.met["none"] for proxy in proxies.values())
    return Finding(
        figure=f"{each * len(urls)} answers: {delivered} delivered, {states.get('parked', 0)} in "
        f"doubt and parked; {len(heard)} heard by citizens, {twice} twice; {spoilt} exchanges "
        f"spoilt, {len(peer.asked) - len(peer.taken)} refused",
        passed=not twice
        and 0 < delivered <= len(heard)
        and delivered + states.get("parked", 0) == each * len(urls)
        # The SMS provider was ill, and was asked again after it.
        and len(peer.asked) > 2,
    )


def _connect(gateway: Gateway, proxies: dict[str, FaultProxy]) -> None:
    channels: dict[str, object] = {"sms": {"send_url": f"{proxies['sms'].url}/send"}}
    for name in CHATS:
        kind = "line" if name == "line" else "meta"
        channels[name] = {
            "enabled": True,
            "secrets": [f"{kind}_secret"],
            "access_token": f"{kind}_token",
            "api_url": proxies[name].url,
        }
    # One answer to each message and nothing else: what is counted here are answers.
    gateway.settings |= {"channels": channels, "pipeline": {"questions": False}}
    gateway.env = {
        "LAPOR_LINE_SECRET": line_server.SECRET,
        "LAPOR_LINE_TOKEN": line_server.TOKEN,
        "LAPOR_META_SECRET": meta_server.SECRET,
        "LAPOR_META_TOKEN": meta_server.TOKEN,
    }


async def _say(gateway: Gateway, name: str, each: int, platform: line_server.LinePlatform) -> None:
    """So many people write once each."""
    async with aiohttp.ClientSession() as session:
        for number in range(each):
            text = f"Lampu jalan padam di jalan Melati nomor {number}"
            data, headers = _request(name, text, number, platform)
            while True:
                async with session.post(
                    f"{gateway.url}/in/{name}", data=data, headers=headers
                ) as answer:
                    if answer.status == 200:
                        break
                await asyncio.sleep(AGAIN_SECONDS)


def _request(
    name: str, text: str, number: int, platform: line_server.LinePlatform
) -> tuple[bytes | dict[str, str], dict[str, str]]:
    """One person's webhook."""
    if name == "sms":
        return {"from": f"+62812000{number:05}", "text": text, "id": f"s{number}"}, {}
    if name == "line":
        source = {"type": "user", "userId": f"U{number:032x}"}
        body = line_server.webhook(platform.text(text, source=source))
        return body, line_server.signed(body)
    if name == "whatsapp":
        body = meta_webhooks.whatsapp(meta_webhooks.words(text))
        # Another person: another number and another id.
        body = body.replace(meta_server.PHONE.encode(), b"62812%08d" % number)
        body = body.replace(meta_server.USER.encode(), b"ID.%09d" % number)
    else:
        body = meta_webhooks.chat(text, kind="page" if name == "messenger" else "instagram")
        body = body.replace(meta_server.PERSON.encode(), b"3%015d" % number)
    return body, meta_webhooks.signed(body)


def _settled(gateway: Gateway) -> int:
    states = dict(rows(gateway, STATES))
    return int(states.get("delivered", 0) + states.get("parked", 0))


CASES = (Case(number="R8", what="providers, exchanges cut off", run=cut_off),)
