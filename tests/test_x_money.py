"""What reading X may cost: never more than the budgets, and what was not looked at is told."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from doors import door, reading
from hypothesis import given
from hypothesis import strategies as st
from x_server import FakeX, serving_x
from x_site import ledger_of, opened, rule, said, until_stored, until_told

from channels.contract import Cursor, Ignored, Reply
from channels.windows import pack_address
from channels.x import X
from channels.x_money import READS, WRITES, Ledger, Place, Written, left, read_ledger, statement
from channels.x_options import Prices, Rule, XOptions

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC).timestamp()
DAY = 24 * 3600


class Noon:
    """A clock that stands at noon until it is moved."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        """Seconds since 1970."""
        return self.now


def written_today(x: FakeX, number: int, words: str) -> list[str]:
    """Posts of so many people, a little before noon."""
    at = "2026-11-21T11:00:00.000Z"
    people = range(number)
    return [x.mention(f"{words} {one}", author=str(one + 10), created_at=at) for one in people]


async def test_the_bill_never_exceeds_the_budget_of_the_day(tmp_path: Path) -> None:
    """500 mentions by 500 people, and half a dollar: what we count is what X charges, below it."""
    clock = Noon()
    options = {"daily_usd": 0.5, "mentions_usd": 0.5}
    async with serving_x() as x, door(channel := opened(x, clock, **options), tmp_path) as site:
        written_today(x, 500, "keluhan")
        async with reading(channel, site.inbox):
            ledger = await until_told(site, lambda it: bool(it.place("mentions").gap))
            asked = len(x.asked)
            await x.until(lambda: len(x.asked) == asked)

        assert 0.3 * 1e6 < x.bill <= 0.5 * 1e6
        assert ledger.today == ledger.month == x.bill


async def test_what_is_not_looked_at_is_one_record_without_anything_private(
    tmp_path: Path,
) -> None:
    """The gap names source, day and range; `status` shows it; the next day it is looked at."""
    clock = Noon()
    options = {"daily_usd": 0.5, "mentions_usd": 0.5}
    async with serving_x() as x, door(channel := opened(x, clock, **options), tmp_path) as site:
        posts = written_today(x, 60, "keluhan")
        async with reading(channel, site.inbox):
            ledger = await until_told(site, lambda it: bool(it.place("mentions").gap))
            lines = channel.status({READS: await site.inbox.cursor(READS)})
            clock.now += DAY
            await until_stored(site, len(posts) + 1)
            after = await until_told(site, lambda it: not it.place("mentions").token)
        gaps = [one for one in await said(channel, site) if isinstance(one, Ignored)]
        oldest = ledger.place("mentions").oldest
        range_ = f"posts after the first and before {oldest}"
        told = f"mentions, {range_}: the budget of 2026-11-21 is used up"

        assert gaps == [Ignored(reason=f"not looked at: {told}")]
        assert f"mentions: not looked at: {told}" in lines
        assert sorted(await site.external_ids()) == sorted([*posts, "gap.mentions.2026-11-21"])
        assert (after.day, after.place("mentions").missed) == ("2026-11-22", "")
        assert after.month == x.bill


async def test_rules_leave_mentions_their_part(tmp_path: Path) -> None:
    """A rule that finds without end spends what is its own; mentions are still read."""
    clock = Noon()
    options = {
        "daily_usd": 1.0,
        "mentions_usd": 0.5,
        "rules": (rule(daily_usd=100.0), rule("longsor")),
        "mentions_every": 0.05,
    }
    async with serving_x() as x, door(channel := opened(x, clock, **options), tmp_path) as site:
        for one in range(300):
            x.post(f"banjir {one}", author=str(one + 1000), created_at="2026-11-21T11:00:00.000Z")
        async with reading(channel, site.inbox):
            await until_told(site, lambda it: bool(it.place("rule banjir").gap))
            paid = (await ledger_of(site)).today
            [mention] = written_today(x, 1, "tetap dibaca")
            await until_told(site, lambda it: it.place("mentions").since == mention)

        assert paid <= 0.5 * 1e6
        assert mention in await site.external_ids()


async def test_each_rule_has_a_budget_of_its_own(tmp_path: Path) -> None:
    """One rule that is used up waits for midnight; another goes on."""
    clock = Noon()
    rules = (rule("banjir", daily_usd=0.3), rule("longsor", daily_usd=0.3))
    async with (
        serving_x() as x,
        door(channel := opened(x, clock, rules=rules), tmp_path) as site,
    ):
        for one in range(60):
            x.post(f"banjir {one}", author=str(one + 1000), created_at="2026-11-21T11:00:00.000Z")
        async with reading(channel, site.inbox):
            ledger = await until_told(site, lambda it: bool(it.place("rule banjir").gap))
            slide = x.post("longsor", created_at="2026-11-21T11:30:00.000Z")
            await until_told(site, lambda it: it.place("rule longsor").since == slide)

        assert ledger.place("rule banjir").today <= 0.3 * 1e6
        assert "gap.rule banjir.2026-11-21" in await site.external_ids()


async def test_what_was_spent_survives_a_restart(tmp_path: Path) -> None:
    """A process that starts again knows what the day has cost, and has told the gap already."""
    clock = Noon()
    options: dict[str, Any] = {"daily_usd": 0.5, "mentions_usd": 0.5}
    async with serving_x() as x:
        written_today(x, 100, "keluhan")
        for _ in range(3):
            channel = opened(x, clock, **options)
            async with door(channel, tmp_path) as site, reading(channel, site.inbox):
                await until_told(site, lambda it: bool(it.place("mentions").gap))
        async with door(opened(x, clock, **options), tmp_path) as site:
            gaps = [id_ for id_ in await site.external_ids() if id_.startswith("gap.")]

    assert x.bill <= 0.5 * 1e6
    assert gaps == ["gap.mentions.2026-11-21"]


async def test_the_cap_of_the_month_ends_reading_and_counts_answers(tmp_path: Path) -> None:
    """Answers are never held back for money, but what they cost is missing for reading."""
    clock = Noon()
    options = {"monthly_usd": 0.2, "daily_usd": 0.2, "mentions_usd": 0.2, "mentions_every": 3600}
    async with serving_x() as x, door(channel := opened(x, clock, **options), tmp_path) as site:
        first = x.mention("satu", created_at="2026-11-21T11:00:00.000Z")
        for number in range(15):
            to = pack_address(first, by="post", may="mention")
            await channel.reply(Reply(id=f"r{number}", to=to, text="Terima kasih"))
        async with reading(channel, site.inbox):
            ledger = await until_told(site, lambda it: bool(it.place("mentions").gap))
        lines = channel.status({READS: "", WRITES: await site.inbox.cursor(WRITES)})

        assert len(x.replies) == 15
        assert ledger.place("mentions").gap == "gap.mentions.2026-11"
        assert [path for _, path, _ in x.asked if "mentions" in path] == []
        assert lines == ["spent 0.150 of 0.20 USD in 2026-11"]


async def test_answers_are_paid_with_links_at_their_price(tmp_path: Path) -> None:
    """What is written is counted as X charges it: 0.01, with a link 0.20, a message 0.015."""
    clock = Noon()
    options = {"links": True, "dm": True}
    async with serving_x() as x, door(channel := opened(x, clock, **options), tmp_path) as site:
        post = x.mention("satu")
        to = pack_address(post, by="post", may="mention")
        for number, text in enumerate(("Terima kasih", "Lihat https://contoh.example/x")):
            await channel.reply(Reply(id=f"r{number}", to=to, text=text))
        await channel.reply(Reply(id="r9", to=pack_address("7", by="dm"), text="Halo"))
        written = msgspec.json.decode(await site.inbox.cursor(WRITES), type=Written)

        assert written == Written(month="2026-11", spent=225_000)
        assert written.spent == x.bill


async def test_status_tells_both_sums(tmp_path: Path) -> None:
    """Reading and answering of the month stand in one line."""
    clock = Noon()
    async with serving_x() as x, door(channel := opened(x, clock), tmp_path) as site:
        post = x.mention("satu", created_at="2026-11-21T11:00:00.000Z")
        async with reading(channel, site.inbox):
            await until_told(site, lambda it: it.place("mentions").since == post)
        to = pack_address(post, by="post", may="mention")
        await channel.reply(Reply(id="r", to=to, text="Terima kasih"))
        cursors = {name: await site.inbox.cursor(name) for name in (READS, WRITES)}

        assert channel.status(cursors) == [
            "spent 0.021 of 100.00 USD in 2026-11",
            "of it 0.011 of 5.00 on 2026-11-21",
            f"mentions: read up to {post}, 0.011 that day",
        ]


async def test_a_full_disk_forgets_no_answer_that_was_paid(tmp_path: Path) -> None:
    """What could not be written down is added to the next answer."""
    clock = Noon()
    async with serving_x() as x, door(channel := opened(x, clock), tmp_path) as site:
        to = pack_address(x.mention("satu"), by="post", may="mention")
        site.full = True
        await channel.reply(Reply(id="r1", to=to, text="Satu"))
        site.full = False
        await channel.reply(Reply(id="r2", to=to, text="Dua"))
        written = msgspec.json.decode(await site.inbox.cursor(WRITES), type=Written)

        assert written.spent == x.bill == 20_000


# --- the sums -----------------------------------------------------------------------------------

OPTIONS = XOptions(rules=(Rule(name="a", query="a"), Rule(name="b", query="b")))


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["mentions", "rule a", "rule b"]),
            st.integers(0, 3_000_000),
            st.integers(0, 2),
        ),
        max_size=30,
    )
)
def test_no_order_of_reading_exceeds_a_budget(steps: list[tuple[str, int, int]]) -> None:
    """Whoever spends only what is left stays within every budget, and mentions keep theirs."""
    ledger, day = Ledger().on("2026-11-20"), 20
    for source, wanted, days in steps:
        day += days
        ledger = ledger.on(f"2026-11-{min(day, 30):02}")
        money, _ = left(OPTIONS, ledger, source, 0)
        ledger = ledger.after(source, ledger.place(source), max(0, min(wanted, money)))
        rules = ledger.place("rule a").today + ledger.place("rule b").today

        assert ledger.today <= 5_000_000
        assert ledger.month <= 100_000_000
        assert rules <= 3_000_000
        assert max(ledger.place("rule a").today, ledger.place("rule b").today) <= 1_000_000


def test_a_clock_that_is_set_back_buys_nothing_twice() -> None:
    """Yesterday again is not a new day."""
    ledger = Ledger().on("2026-11-21").after("mentions", Place(), 1_000)

    assert ledger.on("2026-11-20") == ledger
    assert ledger.on("2026-11-22").today == 0
    assert ledger.on("2026-11-22").month == 1_000
    assert ledger.on("2026-12-01").month == 0


def test_a_cursor_nobody_can_read_begins_anew() -> None:
    """A damaged cursor reads again what the journal then folds."""
    assert read_ledger("{broken") == Ledger()
    assert statement(OPTIONS, read_ledger(""), Written()) == []


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"daily_usd": 0.05, "mentions_usd": 0.05}, "one page of mentions, which may cost 0.125"),
        ({"daily_usd": 1.0, "mentions_usd": 2.0}, "a part of daily_usd"),
        ({"rules": [{"name": "a", "query": "a", "daily_usd": 0.2}]}, "which may cost 0.250"),
        ({"rules": [{"name": "a", "query": "a"}, {"name": "a", "query": "b"}]}, "the same name"),
        ({"rules": [{"name": "A b", "query": "a"}]}, "small letters"),
        ({"rules": [{"name": "a", "query": "a" * 513}]}, "1 to 512 characters"),
        ({"rules": [{"name": "a", "query": "a", "every": 0}]}, "every must be above 0"),
        ({"prices": {"post": -1}}, "none may be below 0"),
        ({"user_id": "lapor"}, "the account's number"),
        ({"probe": 0}, "must be above 0"),
        ({"first_hours": 200}, "at most 160"),
        ({"api_url": "ftp://x"}, "http or https"),
    ],
)  # fmt: skip
def test_settings_that_buy_nothing_are_refused(options: dict[str, Any], sentence: str) -> None:
    """A budget below one page, a rule without words: the start ends with a sentence."""
    with pytest.raises(msgspec.ValidationError, match=sentence):
        msgspec.convert(options, XOptions)


async def test_reading_goes_on_with_the_cursor_of_an_older_version(tmp_path: Path) -> None:
    """Fields the cursor does not have yet are as new; nothing is read twice."""
    async with serving_x() as x, door(channel := opened(x), tmp_path) as site:
        old = x.mention("lama")
        value = msgspec.json.encode({"places": {"mentions": {"since": old}}}).decode()
        await site.inbox.accept((), Cursor(name=READS, value=value))
        async with reading(channel, site.inbox):
            new = x.mention("baru")
            await until_stored(site, 1)

        assert await site.external_ids() == [new]


def test_prices_may_be_nothing() -> None:
    """A test account pays nothing, and is read all the same."""
    free = Prices(mention=0, post=0, user=0)

    assert XOptions(prices=free).worst_found == 0
    assert isinstance(X(XOptions(prices=free), bytes(32)), X)
