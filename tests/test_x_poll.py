"""Reading X: every page is kept, nothing is lost or taken twice, and no answer ends the reading."""

import asyncio
import json
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from doors import door, reading
from x_server import (
    ACCOUNT,
    CONSUMER_SECRET,
    Fault,
    cut,
    document,
    limited,
    page,
    says,
    serving_x,
)
from x_site import (
    event,
    ledger_of,
    opened,
    options_for,
    rule,
    said,
    texts,
    until_stored,
    until_told,
    until_troubles,
)

from channels.contract import InboundMessage, Secret, Signal, Unreadable
from channels.x_hook import signatures
from channels.x_options import Prices


async def test_mentions_are_read_page_by_page_until_the_known_one(tmp_path: Path) -> None:
    """Three pages become 230 reports; the next reading asks for what is newer, and only that."""
    async with serving_x() as x, door(channel := opened(x), tmp_path) as site:
        posts = [x.mention(f"keluhan {number}") for number in range(230)]
        async with reading(channel, site.inbox):
            ids = await until_stored(site, 230)
            asked = len(x.asked)
            newer = x.mention("satu lagi")
            again = await until_stored(site, 231)
        pages = [query for _, path, query in x.asked if path.endswith("/mentions")]

        assert sorted(ids) == posts
        assert again[-1] == newer
        assert [query.get("pagination_token") for query in pages[:3]] == [
            None,
            "begin100",
            "begin200",
        ]
        assert pages[asked]["since_id"] == posts[-1]
        assert (await ledger_of(site)).place("mentions").since == newer


async def test_a_page_is_taken_in_as_people_wrote_it(tmp_path: Path) -> None:
    """X shows the newest first; the journal has the oldest first."""
    async with serving_x() as x, door(channel := opened(x), tmp_path) as site:
        posts = [x.mention(f"keluhan {number}") for number in range(5)]
        async with reading(channel, site.inbox):
            ids = await until_stored(site, 5)

        assert ids == posts
        assert texts(await said(channel, site))[0] == "@lapor keluhan 0"


async def test_a_stop_between_two_pages_loses_nothing_and_pays_nothing_twice(
    tmp_path: Path,
) -> None:
    """After the stop the walk goes on with the page that was due; `since` had not moved."""
    async with serving_x() as x:
        posts = [x.mention(f"keluhan {number}") for number in range(230)]
        async with door(channel := opened(x, max_pages=1, mentions_every=3600), tmp_path) as site:
            async with reading(channel, site.inbox):
                await until_stored(site, 100)
            between = (await ledger_of(site)).place("mentions")
        async with door(channel := opened(x), tmp_path) as site, reading(channel, site.inbox):
            ids = await until_stored(site, 230)
            after = await until_told(site, lambda ledger: not ledger.place("mentions").token)

    assert (between.since, between.token) == ("", "begin100")
    assert sorted(ids) == posts
    assert after.place("mentions").since == posts[-1]
    assert after.today == x.bill


async def test_what_comes_while_going_back_is_read_afterwards(tmp_path: Path) -> None:
    """A walk over several turns keeps the newest post it began with as the next `since`."""
    async with serving_x() as x, door(channel := opened(x, max_pages=1), tmp_path) as site:
        posts = [x.mention(f"keluhan {number}") for number in range(150)]
        async with reading(channel, site.inbox):
            await until_stored(site, 100)
            late = x.mention("menyusul")
            # The pages have moved by one post under our feet; what comes twice is folded.
            ids = await until_stored(site, 151)

        assert sorted(ids) == [*posts, late]


async def test_a_full_disk_is_waited_for_with_the_page_in_hand(tmp_path: Path) -> None:
    """What cannot be stored moves no cursor, is not asked for again, and is stored later."""
    async with serving_x() as x, door(channel := opened(x), tmp_path) as site:
        x.mention("disk penuh")
        site.full = True
        async with reading(channel, site.inbox):
            await x.rounds(1)
            before = await ledger_of(site)
            site.full = False
            ids = await until_stored(site, 1)
        paid = [query for _, _, query in x.asked if "since_id" not in query]

        assert before.places == {}
        assert len(ids) == len(paid) == 1


async def test_an_empty_page_is_no_error(tmp_path: Path) -> None:
    """Without news X sends no `data` at all; that costs nothing and is no trouble."""
    async with serving_x() as x, door(channel := opened(x, rules=(rule(),)), tmp_path) as site:
        async with reading(channel, site.inbox):
            await x.rounds(6)

        assert await site.payloads() == []
        assert site.troubles == []
        assert x.bill == 0


async def test_errors_beside_data_drop_nothing(tmp_path: Path) -> None:
    """A deleted post that somebody answers is named in `errors`; the answer is a report."""
    async with serving_x() as x, door(channel := opened(x), tmp_path) as site:
        x.mention("lihat di atas", referenced_tweets=[{"type": "replied_to", "id": "1"}])
        async with reading(channel, site.inbox):
            await until_stored(site, 1)
        [message] = await said(channel, site)

        assert isinstance(message, InboundMessage)
        assert message.remarks == ("answers post 1, which X did not show",)
        assert site.troubles == []


async def test_what_a_post_refers_to_comes_with_it(tmp_path: Path) -> None:
    """Author, pictures, place and the post that is answered are joined by id, and kept."""
    async with serving_x() as x, door(channel := opened(x), tmp_path) as site:
        above = x.post("Lampu mati di Jl. Contoh", author="8")
        x.media["3_1"] = {"media_key": "3_1", "type": "photo", "url": "https://pbs.twimg.com/a.jpg"}
        x.places["p"] = {
            "id": "p",
            "full_name": "Pasar Contoh",
            "geo": {"bbox": [107, -7, 107, -7]},
        }
        x.mention(
            "betul",
            referenced_tweets=[{"type": "replied_to", "id": above}],
            attachments={"media_keys": ["3_1"]},
            geo={"place_id": "p"},
        )
        x.mention("tanpa apa pun", author="9")
        del x.users["9"]
        async with reading(channel, site.inbox):
            await until_stored(site, 2)
        first, second = await said(channel, site)
        kept = json.loads((await site.payloads())[1])

        assert isinstance(first, InboundMessage)
        assert isinstance(second, InboundMessage)
        assert (first.name, first.sender, first.context) == (
            "Warga 7",
            "7",
            "Lampu mati di Jl. Contoh",
        )
        assert first.source_url.startswith("https://x.com/warga7/status/")
        assert [file.key for file in first.remote] == ["https://pbs.twimg.com/a.jpg"]
        assert (first.place, first.point is not None) == ("Pasar Contoh", True)
        # Of an author X does not show there is still the number.
        assert (second.name, second.sender) == ("", "9")
        assert "includes" not in kept


async def test_one_bad_post_parks_alone(tmp_path: Path) -> None:
    """A post without id, and one that is no object, take nobody along."""
    posts: list[Any] = [
        {"id": "1990000000000000003", "text": "tiga", "author_id": "7"},
        {"text": "tanpa nomor"},
        "kata",
        {"id": "1990000000000000001", "text": "sat\ud83d", "author_id": "7"},
    ]
    async with serving_x() as x, door(channel := opened(x), tmp_path) as site:
        x.faults.append(document({"data": posts, "meta": {"result_count": 4}}))
        async with reading(channel, site.inbox):
            await until_stored(site, 4)
        kinds = [type(one) for one in await said(channel, site)]

        assert kinds == [InboundMessage, Unreadable, Unreadable, InboundMessage]
        assert (await ledger_of(site)).place("mentions").since == "1990000000000000003"


async def test_a_post_that_comes_both_ways_is_one(tmp_path: Path) -> None:
    """Pushed first, polled later, found by a rule as well: one row, under the post's own id."""
    async with serving_x() as x, door(channel := opened(x, rules=(rule(),)), tmp_path) as site:
        x.mention("banjir di Jl. Contoh")
        body = event(x.posts[0], ACCOUNT)
        headers = signatures([Secret(CONSUMER_SECRET)]).sign(body)
        status, _ = await site.post("/in/x", body, headers)
        async with reading(channel, site.inbox):
            await until_told(site, lambda ledger: bool(ledger.place("rule banjir").since))
            await until_told(site, lambda ledger: bool(ledger.place("mentions").since))

        assert status == 200
        assert await site.external_ids() == [x.posts[0]["id"]]


async def test_an_edit_names_the_version_we_hold(tmp_path: Path) -> None:
    """We saw the second and the third version of a post: the third replaces the second."""
    async with serving_x() as x, door(channel := opened(x), tmp_path) as site:
        first, second, third = (str(1_990_000_000_000_000_100 + number) for number in range(3))
        x.mention("Jalan", id=second, edit_history_tweet_ids=[first, second])
        async with reading(channel, site.inbox):
            await until_stored(site, 1)
            x.posts.clear()
            x.mention("Jalan rusak", id=third, edit_history_tweet_ids=[first, second, third])
            await until_stored(site, 2)
        before, after = await said(channel, site)

        assert isinstance(before, InboundMessage)
        assert isinstance(after, InboundMessage)
        assert (before.edits, after.edits) == (first, second)


async def test_hits_of_a_rule_are_signals_and_reports_where_the_rule_says_so(
    tmp_path: Path,
) -> None:
    """The monitor gets what nobody sent us; `report = true` makes complaints of it."""
    rules = (rule("banjir"), rule("longsor", report=True))
    async with serving_x() as x, door(channel := opened(x, rules=rules), tmp_path) as site:
        flood, slide = x.post("banjir di sini"), x.post("longsor di sana")
        async with reading(channel, site.inbox):
            ids = await until_stored(site, 2)
        by_id = dict(zip(ids, await said(channel, site), strict=True))

        assert isinstance(by_id[f"signal.{flood}"], Signal)
        assert isinstance(by_id[slide], InboundMessage)


async def test_a_signal_can_still_become_a_report(tmp_path: Path) -> None:
    """What one rule only watches and another reports is in the journal as both."""
    rules = (rule("banjir"), rule("jembatan", report=True))
    async with serving_x() as x, door(channel := opened(x, rules=rules), tmp_path) as site:
        post = x.post("banjir dekat jembatan")
        async with reading(channel, site.inbox):
            ids = await until_stored(site, 2)

        assert sorted(ids) == [post, f"signal.{post}"]


async def test_an_edited_post_is_no_second_signal(tmp_path: Path) -> None:
    """The monitor shows a post once, however often its author changes it."""
    async with serving_x() as x, door(channel := opened(x, rules=(rule(),)), tmp_path) as site:
        first, second = "1990000000000000100", "1990000000000000101"
        x.post("banjir", id=first)
        async with reading(channel, site.inbox):
            await until_stored(site, 1)
            x.posts.clear()
            x.post("banjir!", id=second, edit_history_tweet_ids=[first, second])
            await until_told(site, lambda ledger: ledger.place("rule banjir").since == second)

        assert await site.external_ids() == [f"signal.{first}"]


async def test_the_first_reading_goes_back_a_day_and_no_further(tmp_path: Path) -> None:
    """Nobody gets a receipt for what they wrote months before we came."""
    async with serving_x() as x, door(channel := opened(x, rules=(rule(),)), tmp_path) as site:
        x.mention("lama banjir", created_at="2020-01-01T00:00:00.000Z")
        new = x.mention("baru")
        async with reading(channel, site.inbox):
            await until_stored(site, 1)
            await x.rounds(4)
        begun = {path for _, path, query in x.asked if "start_time" in query}

        assert await site.external_ids() == [new]
        assert len(begun) == 2


async def test_a_since_that_is_too_old_is_given_up_and_told(tmp_path: Path) -> None:
    """After a week off X refuses the old place: what it still shows is read, the rest is a gap."""
    async with serving_x() as x, door(channel := opened(x, rules=(rule(),)), tmp_path) as site:
        old = x.post("banjir lama")
        async with reading(channel, site.inbox):
            await until_told(site, lambda ledger: ledger.place("rule banjir").since == old)
            x.oldest_since = int(old) + 10
            new = x.post("banjir baru", id=str(int(old) + 20))
            await until_told(site, lambda ledger: ledger.place("rule banjir").since == new)
        ids = await site.external_ids()
        gap = (await said(channel, site))[ids.index(f"gap.rule banjir.{old}")]

        assert f"signal.{new}" in ids
        assert getattr(gap, "reason", "") == (
            f"not looked at: rule banjir, some posts after {old}: too old for X to show all"
        )
        assert site.troubles == []


async def test_a_page_x_has_forgotten_is_found_again(tmp_path: Path) -> None:
    """After a 400 for the next page the walk goes on below the last post; nothing is paid twice."""
    async with serving_x() as x, door(channel := opened(x), tmp_path) as site:
        posts = [x.mention(f"keluhan {number}") for number in range(230)]
        x.faults.extend([None, says(400, "invalid-request")])
        async with reading(channel, site.inbox):
            ids = await until_stored(site, 230)
            ledger = await until_told(site, lambda it: bool(it.place("mentions").since))
        untils = [query["until_id"] for _, _, query in x.asked if "until_id" in query]

        assert sorted(ids) == posts
        assert untils == [posts[130]]
        assert ledger.today == x.bill
        assert site.troubles == []


async def test_a_query_x_refuses_is_told_and_stops_no_other(tmp_path: Path) -> None:
    """A rule with a mistake in it is a trouble with its name; mentions go on."""
    rules = (rule("salah", query="x" * 512),)
    async with serving_x() as x, door(channel := opened(x, rules=rules), tmp_path) as site:

        async def picky(request: Any) -> Any:  # noqa: ANN401 (aiohttp's)
            bad = says(400, "invalid-request")
            return await (bad if "search" in request.path else document({"meta": {}}))(request)

        x.faults.extend([picky] * 12)
        async with reading(channel, site.inbox):
            await x.until(lambda: not x.faults)
            await until_troubles(site, 1)

        # Told once, not again with each probe.
        assert site.troubles[0] == ("conflict", "rule salah: X refuses this query")
        assert len(site.troubles) <= 2
        assert sum(path.endswith("/mentions") for _, path, _ in x.asked) >= 3


# --- bad weather --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "trouble"),
    [
        (says(401), "bad_credentials"),
        (document({"errors": [{"code": 89, "message": "Expired token."}]}, 401), "bad_credentials"),
        (says(402), "no_credit"),
        (page(b"<html>pay</html>", 402), "no_credit"),
        (says(403, "client-forbidden"), "bad_credentials"),
        (says(403, "usage-capped"), "no_credit"),
        (says(429, "usage-capped"), "no_credit"),
        (says(404, "resource-not-found"), "bad_credentials"),
        (says(503), "away"),
        (page(b"<html>Over capacity</html>"), "away"),
        (page(b"<html>200 and HTML</html>", 200), "away"),
        (page(b'{"data":[{"id":"1', 200, "application/json"), "away"),
        (page(b"[]", 200, "application/json"), "away"),
        (page(b"[" * 100_000, 200, "application/json"), "away"),
        (cut, "away"),
    ],
)  # fmt: skip
async def test_every_refusal_is_told_and_reading_resumes_without_a_restart(
    tmp_path: Path, fault: Fault, trouble: str
) -> None:
    """Three times refused, then well again: the post is read, and the trouble is taken back."""
    async with serving_x() as x, door(channel := opened(x), tmp_path) as site:
        x.mention("menunggu")
        x.faults.extend([fault] * 3)
        async with reading(channel, site.inbox):
            await until_stored(site, 1)

        assert [kind for kind, _ in site.troubles] == [trouble, None]
        assert len(x.asked) >= 4


async def test_one_key_may_be_bad_without_the_other(tmp_path: Path) -> None:
    """A bearer token that was revoked stops the rules; mentions have the user's keys."""
    options: dict[str, Any] = {"rules": (rule(),), "bearer_token": Secret("revoked"), "probe": 60.0}
    async with serving_x() as x, door(channel := opened(x, **options), tmp_path) as site:
        async with reading(channel, site.inbox):
            await x.rounds(4)
            x.mention("tetap dibaca")
            await until_stored(site, 1)

        assert site.troubles == [("bad_credentials", "rule banjir: answered 401")]


async def test_new_keys_are_tried_at_once(tmp_path: Path) -> None:
    """After a reload nobody waits for the slow probe."""
    async with (
        serving_x() as x,
        door(
            channel := opened(x, access_token_secret=Secret("old"), probe=600.0), tmp_path
        ) as site,
    ):
        x.mention("kunci baru")
        async with reading(channel, site.inbox):
            await until_troubles(site, 1)
            channel.reload(options_for(x))
            await until_stored(site, 1)

        assert [kind for kind, _ in site.troubles] == ["bad_credentials", None]


async def test_probing_bad_keys_grows_slower(tmp_path: Path) -> None:
    """Revoked keys are no storm: each wait is twice the one before."""
    async with serving_x() as x, door(channel := opened(x, probe=0.05), tmp_path) as site:
        x.faults.extend([says(401)] * 5)
        async with reading(channel, site.inbox):
            await x.until(lambda: len(x.times) >= 6)
        waits = [after - before for before, after in pairwise(x.times[:5])]

        # A slow machine only adds to them.
        assert all(wait > 0.9 * 0.05 * 2**number for number, wait in enumerate(waits))


@pytest.mark.parametrize(
    "fault",
    [limited(), limited(reset=0), limited(reset=time.time() - 5), page(b"<html>slow</html>", 429)],
)
async def test_a_limit_is_never_met_by_a_storm(tmp_path: Path, fault: Fault) -> None:
    """429 without a reset, or with one in the past: one request, then a second of silence."""
    async with serving_x() as x, door(channel := opened(x), tmp_path) as site:
        x.faults.append(fault)
        async with reading(channel, site.inbox):
            await until_troubles(site, 1)
            await asyncio.sleep(0.9)

        assert len(x.asked) == 1
        assert [kind for kind, _ in site.troubles] == ["throttled"]


async def test_a_limit_is_waited_for_by_the_clock_of_x(tmp_path: Path) -> None:
    """X says two seconds; that our clock is an hour behind does not matter."""
    async with serving_x() as x, door(channel := opened(x), tmp_path) as site:
        ahead = time.time() + 3600
        x.faults.append(limited(reset=ahead + 2, date=ahead))
        async with reading(channel, site.inbox):
            await until_troubles(site, 2)

        assert 1.0 <= x.times[1] - x.times[0] < 4
        assert [kind for kind, _ in site.troubles] == ["throttled", None]


async def test_the_last_request_of_a_window_is_the_last(tmp_path: Path) -> None:
    """`remaining: 0` is heeded before X has to say 429."""
    async with serving_x() as x, door(channel := opened(x), tmp_path) as site:
        x.remaining = 3
        async with reading(channel, site.inbox):
            await x.rounds(3)
            await asyncio.sleep(0.3)

        assert len(x.asked) == 3
        assert site.troubles == []


async def test_without_any_key_nothing_is_asked(tmp_path: Path) -> None:
    """A section without secrets waits for them quietly; `check` tells what is missing."""
    names = ("bearer_token", "consumer_key", "consumer_secret", "access_token")
    nothing: dict[str, Any] = dict.fromkeys(names)
    async with serving_x() as x, door(channel := opened(x, **nothing), tmp_path) as site:
        async with reading(channel, site.inbox):
            await asyncio.sleep(0.05)
            channel.reload(options_for(x))
            await x.rounds(1)

        assert any("nothing can be read" in problem for problem in opened(x, **nothing).problems())


async def test_without_the_four_keys_mentions_cost_as_other_posts_do(tmp_path: Path) -> None:
    """The cheap price is for the owner alone; the sum we keep is the one X asks for."""
    keys: dict[str, Any] = {"consumer_key": None, "user_id": ACCOUNT}
    async with serving_x() as x, door(channel := opened(x, **keys), tmp_path) as site:
        x.mention("mahal")
        async with reading(channel, site.inbox):
            await until_stored(site, 1)

        assert (await ledger_of(site)).today == x.bill == 15_000
        assert Prices().mention < Prices().post
