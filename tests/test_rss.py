"""News and agencies' feeds: each entry once, broken ones alone, and no way into our own network."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from doors import Site, door, reading
from gateway_process import Gateway
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger import rows
from listening import listening
from x_site import until_stored, until_troubles

from channels.contract import Point, Refused, Reply, Signal
from channels.rss import Rss
from channels.rss_apart import entries_apart
from channels.rss_entry import plain_text
from channels.rss_feed import NoFeed, entries_of
from channels.rss_http import NotRead
from channels.rss_options import Feed, RssOptions
from channels.rss_state import read_state

KEY = bytes(32)
ITEM = """<item><title>Judul {0}</title><link>https://kabar.example/{0}</link>
<guid>tag-{0}</guid><description>&lt;p&gt;Isi {0}&lt;/p&gt;</description>
<pubDate>Sat, 21 Nov 2026 10:00:00 GMT</pubDate></item>"""
RSS = '<?xml version="1.0"?><rss version="2.0"><channel><title>Kabar</title>{0}</channel></rss>'
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xmlns:georss="http://www.georss.org/georss">
<title>Gempa</title><entry><id>urn:1</id><title>Gempa M 4,1</title>
<link href="https://bmkg.example/1"/><updated>2026-11-21T17:00:00+07:00</updated>
<content type="html">&lt;b&gt;Dirasakan&lt;/b&gt; di Contoh</content>
<georss:point>-6.9 107.6</georss:point></entry></feed>"""


def rss_of(*numbers: int) -> str:
    """A feed, the newest first as feeds are."""
    return RSS.format("".join(ITEM.format(number) for number in numbers))


@dataclass(kw_only=True)
class Paper:
    """A newspaper's server: what it says, and what it was asked."""

    url: str = ""
    body: bytes = rss_of(2, 1).encode()
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"ETag": '"one"'})
    media_type: str = "application/rss+xml"
    asked: list[dict[str, str]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        """The feed, or 304 where the client has it."""
        self.asked.append(dict(request.headers))
        if request.headers.get("If-None-Match") == self.headers.get("ETag", "none"):
            return web.Response(status=304)
        return web.Response(
            body=self.body, status=self.status, content_type=self.media_type, headers=self.headers
        )

    async def until_asked(self, count: int) -> None:
        """Wait for so many requests in all."""
        for _ in range(12_000):
            if len(self.asked) >= count:
                return
            await asyncio.sleep(0.005)
        raise AssertionError(f"{count} requests do not come, only {len(self.asked)}")


@asynccontextmanager
async def printing() -> AsyncIterator[Paper]:
    """A newspaper on a free port; /away leads to another host of its own."""
    paper = Paper()

    async def elsewhere(request: web.Request) -> web.Response:
        raise web.HTTPFound(request.query["to"])

    app = web.Application()
    app.add_routes([web.get("/feed", paper.handle), web.get("/moved", elsewhere)])
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    async with listening(runner) as paper.url:
        yield paper


def opened(*feeds: Feed, **more: Any) -> Rss:  # noqa: ANN401 (options)
    """The channel with these feeds."""
    return Rss(RssOptions(feeds=feeds, **more), KEY)


def feed(paper: Paper, name: str = "kabar", **more: Any) -> Feed:  # noqa: ANN401 (options)
    """A feed in our own network, read all the time."""
    told: dict[str, Any] = {"url": f"{paper.url}/feed", "every": 0.01, "private": True}
    return Feed(name=name, **(told | more))


async def signals(channel: Rss, site: Site) -> list[Signal]:
    """What every row of the journal means."""
    found = [channel.parse(payload) for payload in await site.payloads()]
    assert all(isinstance(one, Signal) for one in found)
    return [one for one in found if isinstance(one, Signal)]


async def test_each_entry_is_a_signal_oldest_first(tmp_path: Path) -> None:
    """Title, words without HTML, paper, address and time."""
    async with printing() as paper, door(channel := opened(feed(paper)), tmp_path) as site:
        async with reading(channel, site.inbox):
            await until_stored(site, 2)
        first, second = await signals(channel, site)

        assert (first.title, second.title) == ("Judul 1", "Judul 2")
        assert (first.text, first.author, first.source) == ("Isi 1", "Kabar", "kabar")
        assert first.url == "https://kabar.example/1"
        assert first.posted_at is not None
        assert first.posted_at.isoformat() == "2026-11-21T10:00:00+00:00"


async def test_atom_and_a_place_are_read_too(tmp_path: Path) -> None:
    """An agency's earthquakes have coordinates."""
    async with printing() as paper, door(channel := opened(feed(paper)), tmp_path) as site:
        paper.body, paper.media_type = ATOM.encode(), "application/atom+xml"
        async with reading(channel, site.inbox):
            await until_stored(site, 1)
        [quake] = await signals(channel, site)

        assert (quake.title, quake.text) == ("Gempa M 4,1", "Dirasakan di Contoh")
        assert quake.point == Point(lat=-6.9, lon=107.6)
        assert quake.posted_at is not None
        assert quake.posted_at.isoformat() == "2026-11-21T10:00:00+00:00"


async def test_a_feed_that_did_not_change_is_not_sent_again(tmp_path: Path) -> None:
    """Its ETag is shown, also after a restart; a 304 stores nothing."""
    async with printing() as paper:
        for _ in range(2):
            channel = opened(feed(paper))
            async with door(channel, tmp_path) as site, reading(channel, site.inbox):
                await until_stored(site, 2)
                await paper.until_asked(len(paper.asked) + 3)
        async with door(channel, tmp_path) as site:
            stored = await site.external_ids()
            state = read_state(await site.inbox.cursor("kabar"))

    shown = [headers.get("If-None-Match") for headers in paper.asked]
    assert shown[0] is None
    assert set(shown[1:]) == {'"one"'}
    assert len(stored) == 2
    assert (state.etag, state.entries) == ('"one"', 2)


async def test_last_modified_serves_as_well(tmp_path: Path) -> None:
    """A paper without ETag is shown its own date."""
    async with printing() as paper, door(channel := opened(feed(paper)), tmp_path) as site:
        paper.headers = {"Last-Modified": "Sat, 21 Nov 2026 10:00:00 GMT"}
        async with reading(channel, site.inbox):
            await until_stored(site, 2)
            await paper.until_asked(len(paper.asked) + 2)

        assert paper.asked[-1]["If-Modified-Since"] == "Sat, 21 Nov 2026 10:00:00 GMT"


async def test_an_entry_is_one_however_often_it_is_printed(tmp_path: Path) -> None:
    """The id of an entry within its feed is its key; two feeds may use the same one."""
    async with printing() as paper:
        channel = opened(feed(paper), feed(paper, "lain"))
        async with door(channel, tmp_path) as site, reading(channel, site.inbox):
            await until_stored(site, 4)
            paper.headers = {"ETag": '"two"'}
            paper.body = rss_of(3, 2, 1).replace("Judul 1", "Judul satu").encode()
            await until_stored(site, 6)
            await paper.until_asked(len(paper.asked) + 4)
            ids = await site.external_ids()

    assert len(ids) == 6
    assert sum(id_.startswith("kabar.") for id_ in ids) == 3


async def test_another_address_under_the_same_name_is_another_feed(tmp_path: Path) -> None:
    """The ETag of one address is not shown to another."""
    async with printing() as paper:
        for path in ("/feed", "/feed?baru"):
            channel = opened(feed(paper, url=paper.url + path, every=3600))
            async with door(channel, tmp_path) as site, reading(channel, site.inbox):
                await until_stored(site, 2)
                await paper.until_asked(1 + (path != "/feed"))

    assert [headers.get("If-None-Match") for headers in paper.asked] == [None, None]


async def test_a_full_disk_is_waited_for(tmp_path: Path) -> None:
    """What cannot be stored moves no state: the feed is read again."""
    async with printing() as paper, door(channel := opened(feed(paper)), tmp_path) as site:
        site.full = True
        async with reading(channel, site.inbox):
            await paper.until_asked(2)
            site.full = False
            await until_stored(site, 2)

        assert paper.asked[1].get("If-None-Match") is None


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"status": 404}, "answered 404"),
        ({"status": 500}, "answered 500"),
        ({"body": b"<html><body>Selamat</body></html>"}, "what came is no feed"),
        ({"body": b"\x89PNG\r\n\x1a\n" + bytes(100)}, "what came is no feed"),
        ({"body": b""}, "what came is no feed"),
        ({"body": b"x" * 3_000}, "larger than 2000 bytes"),
    ],
)  # fmt: skip
async def test_a_broken_feed_is_told_and_stops_no_other(
    tmp_path: Path, change: dict[str, Any], why: str
) -> None:
    """One is away, the other is read; when the first is well, the trouble is taken back."""
    async with printing() as bad, printing() as good:
        channel = opened(feed(bad, "rusak"), feed(good, "baik"), max_bytes=2_000)
        before = dict(vars(bad))
        vars(bad).update(change)
        async with door(channel, tmp_path) as site, reading(channel, site.inbox):
            await until_stored(site, 2)
            await until_troubles(site, 1)
            vars(bad).update(before)
            await until_stored(site, 4)
            await until_troubles(site, 2)
            troubles = site.troubles

    assert troubles[0] == ("away", f"feed rusak: {why}")
    assert troubles[-1] == (None, "")


async def test_two_broken_feeds_are_one_line(tmp_path: Path) -> None:
    """The first by name of the two, and how many more."""
    async with printing() as paper:
        paper.status = 503
        channel = opened(feed(paper, "a"), feed(paper, "b"))
        async with door(channel, tmp_path) as site, reading(channel, site.inbox):
            await until_troubles(site, 1)
            await paper.until_asked(6)
            [(kind, detail)] = site.troubles

    assert kind == "away"
    assert detail.startswith("feed ")


async def test_a_feed_in_our_own_network_must_be_marked(tmp_path: Path) -> None:
    """Without `private` no socket is opened to it: not directly, not by a redirect."""
    async with printing() as paper:
        channel = opened(feed(paper, private=False))
        async with door(channel, tmp_path) as site, reading(channel, site.inbox):
            await until_troubles(site, 1)
            [(kind, detail)] = site.troubles

    assert kind == "away"
    assert detail == "feed kabar: the address leads into a private network (private = false)"
    assert paper.asked == []


async def test_redirects_are_followed_to_the_feed(tmp_path: Path) -> None:
    """A paper that moved is found; a circle is given up."""
    async with printing() as paper:
        moved = feed(paper, url=f"{paper.url}/moved?to=/feed")
        circle = feed(paper, "lingkaran", url=f"{paper.url}/moved?to=/moved%3Fto%3D/moved")
        channel = opened(moved, circle)
        async with door(channel, tmp_path) as site, reading(channel, site.inbox):
            await until_stored(site, 2)
            await until_troubles(site, 1)

            assert site.troubles[0][0] == "away"


async def test_a_paper_that_asks_for_patience_gets_it(tmp_path: Path) -> None:
    """Retry-After is heeded, also where the feed is to be read more often."""
    async with printing() as paper, door(channel := opened(feed(paper)), tmp_path) as site:
        paper.status, paper.headers = 429, {"Retry-After": "600"}
        async with reading(channel, site.inbox):
            await until_troubles(site, 1)
            await asyncio.sleep(0.2)

        assert len(paper.asked) == 1


# --- taking a feed apart ------------------------------------------------------------------------


def test_feedparser_never_gets_a_text_it_could_open(tmp_path: Path) -> None:
    """Bytes that look like a file name or an address are no feed, not a file and not a request."""
    secret = tmp_path / "secret.xml"
    secret.write_text(rss_of(1))
    for body in (str(secret), f"file://{secret}", "http://127.0.0.1:1/x"):
        with pytest.raises(NoFeed):
            entries_of(body.encode(), {}, "kabar", 10)


def test_entities_are_neither_fetched_nor_multiplied() -> None:
    """A file by way of an entity stays outside, and a billion laughs stay a few."""
    bomb = (
        '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;"><!ENTITY e SYSTEM "file:///etc/passwd">]>'
    )
    laughs = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9))
    deep = f'<!DOCTYPE x [<!ENTITY l0 "ha">{laughs}]>'
    for doctype, entity in ((bomb, "&e;"), (bomb, "&b;"), (deep, "&l9;")):
        body = rss_of(1).replace("<rss", f"{doctype}<rss", 1).replace("Judul 1", f"Judul {entity}")
        for entry in entries_of(body.encode(), {}, "kabar", 10):
            assert "root:" not in entry.title
            assert len(entry.title) <= 2_000


@pytest.mark.parametrize("hostile", ["<", "<a>"])
async def test_a_feed_that_would_take_hours_is_given_up(hostile: str) -> None:
    """A megabyte of nothing but beginnings: it is told as a feed that does not come."""
    body = rss_of(1).replace("Judul 1", hostile * 400_000).encode()
    with pytest.raises(NotRead, match="takes too long"):
        await entries_apart(body, {}, "kabar", 10, most_seconds=1)


@pytest.mark.parametrize("half", ["&#xD83D;", "&#x00dfff;", "&#55296;", "&#057343;"])
async def test_half_an_emoji_costs_no_feed(half: str) -> None:
    """It is replaced, and everything else is read."""
    entries = await entries_apart(
        rss_of(2, 1).replace("Judul 1", f"Banjir {half} 😢").encode(), {}, "kabar", 10
    )

    assert [entry.title for entry in entries] == ["Banjir \N{REPLACEMENT CHARACTER} 😢", "Judul 2"]


async def test_whoever_is_stopped_leaves_no_process_behind() -> None:
    """A gateway that stops does not wait for a feed."""
    body = ("<" * 1_000_000).encode()
    reading = asyncio.create_task(entries_apart(body, {}, "kabar", 10))
    await asyncio.sleep(0)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading


def test_a_long_feed_is_taken_from_its_new_end() -> None:
    """`max_entries` keeps the newest."""
    entries = entries_of(rss_of(5, 4, 3, 2, 1).encode(), {}, "kabar", 2)

    assert [entry.title for entry in entries] == ["Judul 4", "Judul 5"]


def test_an_entry_without_id_is_known_by_its_address_or_its_words() -> None:
    """Papers leave out what they should not."""
    bare = RSS.format("<item><title>Satu</title></item><item><title>Dua</title></item>")
    keys = {entry.delivery().external_id for entry in entries_of(bare.encode(), {}, "kabar", 10)}
    linked = RSS.format("<item><title>Satu</title><link>https://a.example</link></item>")
    changed = linked.replace("Satu", "Satu lagi")
    one, same = (entries_of(body.encode(), {}, "kabar", 10)[0] for body in (linked, changed))

    assert len(keys) == 2
    assert one.delivery().external_id == same.delivery().external_id


def test_a_broken_feed_gives_what_can_be_read() -> None:
    """Half a document and a wrong encoding are usual."""
    cut = rss_of(2, 1)[:-60].encode()
    latin = rss_of(1).replace("Judul", "Café").encode("latin-1")

    assert [entry.title for entry in entries_of(cut, {}, "kabar", 10)][-1] == "Judul 2"
    assert entries_of(latin, {}, "kabar", 10)[0].title.startswith("Caf")


@settings(max_examples=60)
@given(st.binary(max_size=400), st.integers(0, 500), st.integers(0, 60))
def test_any_bytes_are_a_feed_or_none(junk: bytes, start: int, length: int) -> None:
    """Whatever a server sends, there are entries or the word that there are none."""
    whole = rss_of(2, 1).encode()
    for body in (junk, whole[:start] + junk + whole[start + length :]):
        with contextlib.suppress(NoFeed):
            for entry in entries_of(body, {"Content-Type": "text/xml"}, "kabar", 10):
                assert entry.delivery().payload


@given(st.text(max_size=200))
def test_plain_text_holds_nothing_that_cannot_be_stored(markup: str) -> None:
    """Any markup becomes words."""
    assert "\x00" not in plain_text(f"<p>{markup}</p><script>x</script>")


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ("<p>Satu</p><p class='a>b'>Dua &amp; <b>tiga</b></p>", "Satu\nDua & tiga"),
        ("Judul<br/>isi<!-- <p>bukan --> &lt;b&gt;", "Judul\nisi <b>"),
        ("<style>p {}</style>a<script>if (a < b) {}</script >b<template>c", "ab"),
        ("3 < 4 dan 5 > 4", "3 < 4 dan 5 > 4"),
        ("a <![x> b <!doctype html> c <?php ?> d", "a b c d"),
        ("<a " * 6_000 + "<p>akhir", "<a " * 6_000 + "\nakhir"),
        ('<a b=">"' * 2_400 + "akhir", '<a b=">"' * 2_400 + "akhir"),
        ("<" + "a" * 19_000, "<" + "a" * 19_000),
    ],
)
def test_markup_becomes_words(markup: str, words: str) -> None:
    """Also markup that keeps html.parser busy for seconds, or that it dies of."""
    assert plain_text(markup) == words.replace(" \n", "\n")


# --- the rest -----------------------------------------------------------------------------------


async def test_a_feed_is_not_answered() -> None:
    """Nobody waits there, and nobody can be played."""
    channel = opened()

    assert isinstance(await channel.reply(Reply(id="r", to="x", text="y")), Refused)
    assert not (await channel.simulate("x", sender="", files=(), at="http://127.0.0.1:1")).accepted


def test_problems_and_status_are_told() -> None:
    """No feeds at all, and feeds anybody can change on the way."""
    open_feed = Feed(name="kabar", url="http://kabar.example/x")

    assert opened().problems() == ["no feeds: nothing is read"]
    assert opened(open_feed).problems() == [
        "feed kabar: http, anybody on the way can change what it says"
    ]
    assert opened(open_feed).status({"kabar": '{"entries":3}'}) == ["feed kabar: 3 entries so far"]
    assert opened(open_feed).status({"kabar": "broken"}) == ["feed kabar: 0 entries so far"]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Feed(name="A", url="https://a.example"),
        lambda: Feed(name="a", url="ftp://a.example"),
        lambda: Feed(name="a", url="https://a.example", every=0),
        lambda: RssOptions(timeout=0),
        lambda: RssOptions(
            feeds=(Feed(name="a", url="https://a"), Feed(name="a", url="https://b"))
        ),
    ],
)
def test_settings_that_say_nothing_are_refused(wrong: Callable[[], object]) -> None:
    """The start ends with a sentence."""
    with pytest.raises(ValueError, match=r"."):
        wrong()


class FeedGateway(Gateway):
    """A gateway that reads one feed."""

    feed_url = ""

    def _write_settings(self) -> None:
        super()._write_settings()
        told = (
            f'\n[[channels.rss.feeds]]\nname = "kabar"\nurl = "{self.feed_url}"\nprivate = true\n'
        )
        with (self.config_dir / "gateway.toml").open("a") as file:
            file.write(told)


async def test_an_article_is_a_signal_of_the_running_gateway(tmp_path: Path) -> None:
    """From the newspaper's server to the monitor's table, and into `status`."""
    (tmp_path / "home").mkdir()
    async with printing() as paper:
        gateway = FeedGateway(tmp_path / "home", {"channels": {"rss": {"enabled": True}}})
        gateway.feed_url = f"{paper.url}/feed"
        async with gateway:
            found: list[tuple[Any, ...]] = []
            while len(found) < 2:
                await asyncio.sleep(0.05)
                found = rows(gateway, "select channel, source from signals")
            status = await gateway.command("status")

    assert found == [("rss", "kabar")] * 2
    assert "rss: feed kabar: 2 entries so far" in status.stdout
