"""Answers on X: only where X allows one, without links, and the truth about each."""

import asyncio
import time
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from doors import door, reading
from x_server import (
    ACCOUNT,
    FIRST_ID,
    PICTURE,
    FakeX,
    Fault,
    cut,
    document,
    hang,
    limited,
    page,
    says,
    serving_x,
)
from x_site import KEY, opened, said, until_stored

from channels.contract import (
    InboundMessage,
    Outcome,
    Receipt,
    Refused,
    RemoteFile,
    Reply,
    Secret,
    TooLarge,
    TryLater,
    Uncertain,
)
from channels.provider_http import Answer
from channels.windows import pack_address
from channels.x import X
from channels.x_answers import until_reset
from channels.x_options import XOptions

CODE = "7K3M9QW2X"
RECEIPT = f"Laporan Anda sudah kami terima. Kode: {CODE}."


async def replied(x: FakeX, to: str, text: str = RECEIPT, **options: Any) -> Outcome:  # noqa: ANN401 (options)
    """The outcome of one answer."""
    channel = opened(x, **options)
    try:
        return await channel.reply(Reply(id="r1", to=to, text=text, case_code=CODE))
    finally:
        await channel.close()


def by_post(post: str, may: str = "mention") -> str:
    """The return address of a post."""
    return pack_address(post, by="post", may=may)


async def test_a_mention_is_answered_below_it(tmp_path: Path) -> None:
    """The return address a mention brings leads to a reply; the signature of OAuth is right."""
    async with serving_x() as x, door(channel := opened(x), tmp_path) as site:
        post = x.mention("jalan berlubang: 50% rusak & gelap")
        async with reading(channel, site.inbox):
            await until_stored(site, 1)
        [message] = await said(channel, site)
        assert isinstance(message, InboundMessage)
        assert message.return_address
        outcome = await channel.reply(
            Reply(id="r1", to=message.return_address, text=RECEIPT, case_code=CODE)
        )

        assert outcome == Receipt(reference=str(FIRST_ID + 2))
        assert x.replies == [{"text": RECEIPT, "to": post}]


async def test_a_quote_of_ours_is_answered_too() -> None:
    """Who quotes us has summoned us as well."""
    async with serving_x() as x:
        ours = x.post("Pemeliharaan pipa", author=ACCOUNT)
        quote = x.post("masih bocor", referenced_tweets=[{"type": "quoted", "id": ours}])

        assert await replied(x, by_post(quote, "quote")) == Receipt(reference=str(FIRST_ID + 3))


@pytest.mark.parametrize("address", [by_post("19", ""), "19", pack_address("19", by="fax")])
async def test_nobody_is_answered_who_did_not_name_us(address: str) -> None:
    """Refused here, with a reason an officer can act on, before it costs anything."""
    async with serving_x() as x:
        outcome = await replied(x, address)

    assert outcome == Refused(
        reason="X lets us answer only posts that name or quote us: write to the author elsewhere",
        unreachable=True,
    )
    assert x.asked == []


async def test_an_answer_goes_without_its_links() -> None:
    """A link would cost twenty times as much; nothing but links is refused."""
    async with serving_x() as x:
        to = by_post(x.mention("halo"))
        await replied(x, to, f"Lihat https://lapor.example/{CODE} atau lapor.go.id. Kode: {CODE}")
        only = await replied(x, to, "https://lapor.example/x")

        assert x.replies[0]["text"] == f"Lihat atau . Kode: {CODE}"
        assert x.bill == 10_000
        assert only == Refused(reason="nothing is left of the answer without its links")


async def test_links_go_along_where_the_office_wants_them() -> None:
    """`links = true` is a decision about money."""
    async with serving_x() as x:
        await replied(x, by_post(x.mention("halo")), f"https://a.example {CODE}", links=True)

        assert x.replies[0]["text"] == f"https://a.example {CODE}"
        assert x.bill == 200_000


async def test_a_long_answer_is_cut_with_its_code() -> None:
    """X would refuse 281 characters."""
    async with serving_x() as x:
        long = "Terima kasih atas laporan Anda mengenai jalan rusak. " * 8 + f"Kode: {CODE}"

        assert isinstance(await replied(x, by_post(x.mention("halo")), long), Receipt)
        assert x.replies[0]["text"].endswith(CODE)


async def test_help_for_two_people_is_not_the_same_text() -> None:
    """X refuses words it has seen from us: help, the same for everybody, gets a mark."""
    async with serving_x() as x:
        channel = opened(x)
        outcomes = []
        for number in range(2):
            to = by_post(x.mention(f"bantuan {number}"))
            reply = Reply(id=f"r{number}", to=to, text="Tulis keluhan Anda. " * 20)
            outcomes.append(await channel.reply(reply))
        await channel.close()

        assert all(isinstance(outcome, Receipt) for outcome in outcomes)
        assert x.replies[0]["text"][:-6] == x.replies[1]["text"][:-6]


async def test_the_same_answer_again_is_uncertain_not_doubled() -> None:
    """X says it has these words already: they may be ours from before a crash."""
    async with serving_x() as x:
        to = by_post(x.mention("halo"))
        await replied(x, to)
        again = await replied(x, to)

        assert again == MAYBE
        assert len(x.replies) == 1


async def test_without_keys_answers_are_kept() -> None:
    """An office that only reads answers nobody, and may do so later."""
    async with serving_x() as x:
        channel = opened(x, access_token=None)
        outcome = await channel.reply(Reply(id="r1", to=by_post("19"), text=RECEIPT))

    assert channel.keeps()
    assert outcome == Receipt(reference="kept: there are no keys to write with")
    assert not opened(x).keeps()


NOT_ALLOWED = Refused(reason="X does not let us answer this post: answered 403", unreachable=True)
MAYBE = Uncertain(reason="X says that these very words were posted before")
NO_KEY = TryLater(reason="answered 403", wait=0.01, trouble="bad_credentials")
IN_IT = Refused(reason="answered 200 with an error in it")
OLD_DUPLICATE = {"errors": [{"code": 187, "message": "Status is a duplicate."}]}
ENROLL = {"reason": "client-not-enrolled", "registration_url": "https://developer.x.com"}


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (says(401), TryLater(reason="answered 401", wait=0.01, trouble="bad_credentials")),
        (says(402), TryLater(reason="answered 402", wait=900, trouble="no_credit")),
        (says(403, "usage-capped"), TryLater(reason="answered 403", wait=900, trouble="no_credit")),
        (says(429, "usage-capped"), TryLater(reason="answered 429", wait=900, trouble="no_credit")),
        (says(403, "client-forbidden", **ENROLL), NO_KEY),
        (says(403, "oauth1-permissions"), NO_KEY),
        (says(403, "client-forbidden"), NOT_ALLOWED),
        (says(403), NOT_ALLOWED),
        (document(OLD_DUPLICATE, 403), MAYBE),
        (says(404), Refused(reason="the post is gone: answered 404", unreachable=True)),
        (says(400), Refused(reason="answered 400")),
        (says(409), Refused(reason="answered 409")),
        (limited(), TryLater(reason="answered 429", wait=60, trouble="throttled")),
        (limited(reset=0), TryLater(reason="answered 429", wait=1, trouble="throttled")),
        (page(b"<html>no</html>", 403), NOT_ALLOWED),
        (page(b"<html>busy</html>", 503), TryLater(reason="answered 503")),
        (page(b"", 201), Receipt()),
        (document({"errors": [{"title": "x"}]}, 200), IN_IT),
        (cut, Uncertain(reason="no answer: BrokenError")),
    ],
)  # fmt: skip
async def test_each_answer_of_x_becomes_the_right_outcome(fault: Fault, expected: Outcome) -> None:
    """Wait for the channel, try again, never, or nobody knows; and each request left once."""
    async with serving_x() as x:
        to = by_post(x.mention("halo"))
        x.faults.append(fault)

        assert await replied(x, to) == expected
        assert len(x.asked) == 1


async def test_no_connection_is_tried_again() -> None:
    """Nothing has left, so nothing is uncertain."""
    async with serving_x() as x:
        pass
    outcome = await replied(x, by_post("19"))

    assert isinstance(outcome, TryLater)
    assert outcome.trouble is None


async def test_an_answer_nobody_confirms_is_uncertain() -> None:
    """X took the request and said nothing in time."""
    async with serving_x() as x:
        to = by_post(x.mention("halo"))
        x.faults.append(hang)

        assert isinstance(await replied(x, to, timeout=0.2), Uncertain)


async def test_direct_messages_are_answered_where_wanted() -> None:
    """`dm = true`, and only to who wrote one; up to 10,000 characters, links and all."""
    async with serving_x() as x:
        to = pack_address("7", by="dm")
        off = await replied(x, to)
        on = await replied(x, to, "Lihat https://a.example " * 20, dm=True)

        assert off == Refused(
            reason="direct messages are switched off (dm = false)", unreachable=True
        )
        assert on == Receipt(reference=str(FIRST_ID + 1))
        assert x.direct == [("7", "Lihat https://a.example " * 20)]


async def test_keys_no_header_can_carry_send_nothing() -> None:
    """A secret file with a line break in it is told, not sent."""
    async with serving_x() as x:
        outcome = await replied(x, by_post("19"), consumer_key=Secret("a\nb\r\n"))

    assert isinstance(outcome, TryLater | Refused | Receipt)
    assert all("\n" not in path for _, path, _ in x.asked)


# --- waiting ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reset", "date", "expected"),
    [
        ("1000900", 1_000_000, 900),
        ("1000000", 1_000_000, 1),
        ("999000", 1_000_000, 1),
        ("1000900", None, 400),  # our own clock, half a thousand ahead
        (None, 1_000_000, 60),
        ("soon", 1_000_000, 60),
        ("-5", 1_000_000, 60),
        ("9" * 400, 1_000_000, 86_400),
    ],
)
def test_the_wait_is_that_of_xs_own_clock(
    reset: str | None, date: float | None, expected: float
) -> None:
    """From its Date to its reset; at least a second, at most a day, a minute if it says nothing."""
    headers = {} if date is None else {"Date": formatdate(date, usegmt=True)}
    headers |= {} if reset is None else {"x-rate-limit-reset": reset}

    assert until_reset(Answer(status=429, headers=headers, body=b""), 1_000_500) == expected


# --- pictures -----------------------------------------------------------------------------------


class Basket:
    """Takes bytes, up to a size."""

    def __init__(self, most: int = 1 << 20) -> None:
        self.content = b""
        self._most = most

    async def write(self, chunk: bytes, /) -> None:
        """Keep them."""
        if len(self.content) + len(chunk) > self._most:
            raise TooLarge
        self.content += chunk


async def test_pictures_are_fetched() -> None:
    """A picture's address leads to its bytes; through a proxy of one's own if there is one."""
    async with serving_x() as x:
        basket = Basket()
        outcome = await opened(x).fetch(
            RemoteFile(key="https://pbs.twimg.com/media/contoh.jpg?name=orig"), basket
        )

        assert outcome == Receipt(reference="image/jpeg")
        assert basket.content == PICTURE
        assert x.asked[-1] == ("GET", "/media/contoh.jpg", {"name": "orig"})


@pytest.mark.parametrize(
    "address",
    [
        "https://127.0.0.1/x",
        "http://pbs.twimg.com/x",
        "https://pbs.twimg.com.evil.example/x",
        "file:///etc/passwd",
        "x",
    ],
)
async def test_only_files_of_x_are_fetched(address: str) -> None:
    """An address in a post is somebody's word; only X's own hosts are asked."""
    channel = X(XOptions(), KEY)

    assert isinstance(await channel.fetch(RemoteFile(key=address), Basket()), Refused)


async def test_a_picture_that_is_too_large_says_so() -> None:
    """The gateway's cap passes through."""
    async with serving_x() as x:
        with pytest.raises(TooLarge):
            await opened(x).fetch(RemoteFile(key="https://pbs.twimg.com/media/a.jpg"), Basket(5))


async def test_answers_may_be_written_side_by_side(tmp_path: Path) -> None:
    """Twenty answers at once are twenty replies, and every cent of them is counted."""
    async with serving_x() as x, door(channel := opened(x, time.time), tmp_path) as site:
        posts = [x.mention(f"halo {number}") for number in range(20)]
        replies = [
            Reply(id=post, to=by_post(post), text=f"Kode: {post}", case_code=post) for post in posts
        ]
        outcomes = await asyncio.gather(*map(channel.reply, replies))
        lines = channel.status({"writes": await site.inbox.cursor("writes")})

        assert all(isinstance(outcome, Receipt) for outcome in outcomes)
        assert lines[0].startswith("spent 0.200 of")
