"""Answers over Telegram: in parts, with buttons, and what each way to fail means."""

import json
import socket

import pytest
from telegram_people import Failure, flood
from telegram_server import MOST_FILE_BYTES, TOKEN, telegram
from telegram_site import opened

from channels.contract import (
    Button,
    Outcome,
    Receipt,
    Refused,
    RemoteFile,
    Reply,
    TooLarge,
    TryLater,
    Uncertain,
)
from channels.windows import pack_address

HERE = pack_address("1", message="7")
GROUP = pack_address("-1007200000001", message="7", thread="3")


def reply(text: str = "Laporan Anda sudah kami terima.", to: str = HERE, **more: object) -> Reply:
    """An answer of the gateway."""
    return Reply(id="abc", to=to, text=text, **more)  # type: ignore[arg-type]  # one test, one field


async def answered(*failures: Failure, to: str = HERE, **options: object) -> Outcome:
    """What becomes of an answer when sendMessage ends like this."""
    async with telegram() as server:
        server.fail("sendMessage", *failures)
        hangs = any(failure.hangs for failure in failures)
        channel = opened(server, **({"timeout": 0.5} if hangs else {}), **options)
        outcome = await channel.reply(reply(to=to))
        await channel.close()
    assert TOKEN.partition(":")[2] not in str(outcome)
    return outcome


# --- what is sent -------------------------------------------------------------------------------


async def test_an_answer_goes_to_the_chat_and_the_message_it_answers() -> None:
    """In a group also into the topic; a message deleted meanwhile holds nothing up."""
    async with telegram() as server:
        channel = opened(server)
        first = await channel.reply(reply())
        second = await channel.reply(reply(to=GROUP))
        await channel.close()
    here, group = server.asked("sendMessage")

    assert (first, second) == (
        Receipt(reference="m1"),
        Receipt(reference="m1"),
    )
    assert (here["chat_id"], here["text"]) == ("1", "Laporan Anda sudah kami terima.")
    assert json.loads(here["reply_parameters"]) == {
        "message_id": 7,
        "allow_sending_without_reply": True,
    }
    assert (group["chat_id"], group["message_thread_id"]) == ("-1007200000001", "3")


@pytest.mark.parametrize("letter", ["a", "😢", "👍🏽", "é", "👩\u200d👩\u200d👧"])
async def test_a_long_answer_is_split_at_safe_borders(letter: str) -> None:
    """No part is above 4096 UTF-16 units, no word and no emoji is cut, nothing is lost."""
    words = [letter * (number % 7 + 1) for number in range(1000)]
    async with telegram() as server:
        channel = opened(server, private_per_second=100.0)
        outcome = await channel.reply(reply(" ".join(words)))
        await channel.close()
    parts = [message["text"] for message in server.sent]

    assert isinstance(outcome, Receipt)
    assert len(parts) > 1
    assert max(len(part.encode("utf-16-le")) // 2 for part in parts) <= 4096
    assert " ".join(parts).split() == words


async def test_only_the_first_part_answers_and_only_the_last_has_buttons() -> None:
    """So the citizen sees one answer."""
    async with telegram() as server:
        channel = opened(server, private_per_second=100.0)
        await channel.reply(reply("kata " * 1000, buttons=(Button(label="Batal", says="BATAL"),)))
        await channel.close()
    first, last = server.asked("sendMessage")

    assert ("reply_parameters" in first, "reply_markup" in first) == (True, False)
    assert ("reply_parameters" in last, "reply_markup" in last) == (False, True)


async def test_buttons_say_what_they_stand_for() -> None:
    """An inline keyboard, two in a row; the location among them asks for its key."""
    labels = {"Kirim": "KIRIM", "Anonim": "ANONIM 7K3M9QW2X", "Lokasi": "", "Batal": "BATAL"}
    buttons = tuple(Button(label=label, says=says) for label, says in labels.items())
    async with telegram() as server:
        channel = opened(server)
        await channel.reply(reply(buttons=buttons))
        await channel.close()
    (told,) = server.asked("sendMessage")

    assert json.loads(told["reply_markup"]) == {
        "inline_keyboard": [
            [
                {"text": "Kirim", "callback_data": "KIRIM"},
                {"text": "Anonim", "callback_data": "ANONIM 7K3M9QW2X"},
            ],
            [
                {"text": "Lokasi", "callback_data": "/lokasi"},
                {"text": "Batal", "callback_data": "BATAL"},
            ],
        ]
    }


async def test_the_location_alone_is_a_key_that_sends_it() -> None:
    """A question where something is needs one touch."""
    async with telegram() as server:
        channel = opened(server)
        await channel.reply(reply(buttons=(Button(label="Kirim lokasi"),)))
        await channel.close()
    (told,) = server.asked("sendMessage")
    keyboard = json.loads(told["reply_markup"])

    assert keyboard["keyboard"] == [[{"text": "Kirim lokasi", "request_location": True}]]
    assert keyboard["one_time_keyboard"] is True


async def test_nobody_is_asked_for_a_location_in_a_group() -> None:
    """Telegram does not allow it; the other buttons stay."""
    buttons = (Button(label="Lokasi"), Button(label="Batal", says="BATAL"))
    async with telegram() as server:
        channel = opened(server)
        await channel.reply(reply(to=GROUP, buttons=buttons))
        await channel.reply(reply(to=GROUP, buttons=buttons[:1]))
        await channel.close()
    first, second = server.asked("sendMessage")

    assert json.loads(first["reply_markup"]) == {
        "inline_keyboard": [[{"text": "Batal", "callback_data": "BATAL"}]]
    }
    assert "reply_markup" not in second


async def test_a_button_telegram_would_refuse_is_left_out() -> None:
    """More than 64 bytes would cost the whole answer."""
    buttons = (Button(label="Panjang", says="é" * 33), Button(label="Batal", says="BATAL"))
    async with telegram() as server:
        channel = opened(server)
        await channel.reply(reply(buttons=buttons))
        await channel.close()
    (told,) = server.asked("sendMessage")

    assert "Panjang" not in told["reply_markup"]


# --- what failing means -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("failure", "outcome"),
    [
        (flood(7), TryLater(reason="flood control", wait=7.0, trouble="throttled")),
        (
            Failure(status=401, description="Unauthorized"),
            TryLater(
                reason="Telegram does not know the token", wait=60.0, trouble="bad_credentials"
            ),
        ),
        (
            Failure(status=403, description="Forbidden: bot was blocked by the user"),
            Refused(reason="the person blocked the bot or sent it away", unreachable=True),
        ),
        (
            Failure(status=403, description="Forbidden: user is deactivated"),
            Refused(reason="the person blocked the bot or sent it away", unreachable=True),
        ),
        (
            Failure(status=403, description="Forbidden: bot was kicked from the supergroup chat"),
            Refused(reason="the person blocked the bot or sent it away", unreachable=True),
        ),
        (
            Failure(status=400, description="Bad Request: chat not found"),
            Refused(reason="the chat cannot be written to", unreachable=True),
        ),
        (
            Failure(status=400, description="Bad Request: message text is empty"),
            Refused(reason="refused: message text is empty"),
        ),
        (
            Failure(status=400, description='Bad Request: unsupported start tag "jalan rusak"'),
            Refused(reason="refused"),
        ),
        (
            Failure(status=500, description="Internal Server Error"),
            TryLater(reason="Telegram has an error of its own"),
        ),
        (
            Failure(status=502, body="<html>Bad Gateway</html>"),
            TryLater(reason="something other than Telegram answered"),
        ),
        (
            Failure(status=403, body="<html>Situs diblokir</html>"),
            TryLater(reason="something other than Telegram answered"),
        ),
        (
            Failure(status=200, body="<html>Selamat datang</html>"),
            Uncertain(reason="an answer that is no JSON"),
        ),
        (Failure(status=1, hangs=True), Uncertain(reason="no answer: ReadTimeout")),
    ],
    ids=lambda value: value.description or value.body if isinstance(value, Failure) else "",
)
async def test_each_failure_becomes_its_outcome(failure: Failure, outcome: Outcome) -> None:
    """Try again, never, or nobody knows: as Telegram's documentation means it."""
    assert await answered(failure) == outcome


async def test_a_broken_connection_leaves_it_open_whether_the_citizen_has_it() -> None:
    """The message had left; only a person may decide to send it again."""
    assert isinstance(await answered(Failure(status=0)), Uncertain)


async def test_what_cannot_have_left_is_tried_again() -> None:
    """Nobody listens there: no citizen can have got anything."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        channel = opened(None, api_url=f"http://127.0.0.1:{unused.getsockname()[1]}")
        outcome = await channel.reply(reply())
        await channel.close()

    assert outcome == TryLater(reason="no connection: ConnectError")


async def test_a_message_that_was_sent_and_is_told_back_strangely_is_sent_once() -> None:
    """The citizen has it, so trying again would repeat it."""
    strange = '{"ok":true,"result":{"message_id":5,"date":99999999999999,"chat":{"id":1}}}'

    assert await answered(Failure(status=200, body=strange)) == Receipt()


async def test_without_a_token_answers_wait() -> None:
    """Nothing is thrown away for a forgotten setting."""
    outcome = await opened(None, token=None).reply(reply())

    assert isinstance(outcome, TryLater)
    assert outcome.trouble == "bad_credentials"


@pytest.mark.parametrize(("to", "text"), [("", "x"), ("siapa", "x"), ("0", "x"), (HERE, " \n")])
async def test_an_answer_to_nobody_or_without_words_is_refused(to: str, text: str) -> None:
    """A person must look."""
    assert isinstance(await opened(None).reply(reply(text, to=to)), Refused)


async def test_a_group_that_moved_is_followed_and_remembered() -> None:
    """At once to the new id, and from then on without asking; old addresses stay good."""
    async with telegram() as server:
        server.moved = {-5: -1007200000009}
        channel = opened(server)
        outcomes = [await channel.reply(reply(to=pack_address("-5", message="7")))]
        outcomes += [await channel.reply(reply(to=pack_address("-5")))]
        await channel.close()
    chats = [told["chat_id"] for told in server.asked("sendMessage")]

    assert outcomes == [
        Receipt(reference="m1"),
        Receipt(reference="m2"),
    ]
    assert chats == ["-5", "-1007200000009", "-1007200000009"]
    assert "reply_parameters" not in server.sent[0]["asked"]


async def test_a_part_that_left_is_not_sent_again() -> None:
    """Flood control in the middle of a long answer: it goes on where it stopped."""
    async with telegram() as server:
        channel = opened(server, private_per_second=100.0)
        long = reply("satu " * 800 + "dua " * 800)
        server.fail("sendMessage", Failure(status=500), Failure(status=500))
        outcomes = [await channel.reply(long) for _ in range(3)]
        server.fail("sendMessage", Failure(status=500))
        await channel.reply(long)
        await channel.close()

    assert [type(outcome) for outcome in outcomes] == [TryLater, TryLater, Receipt]
    assert len(server.sent) == 2
    assert len(server.asked("sendMessage")) == 5


async def test_flood_control_closes_the_lane_for_everybody() -> None:
    """While Telegram wants us to wait nothing is asked, and nobody's place is lost."""
    async with telegram() as server:
        server.fail("sendMessage", flood(60))
        channel = opened(server)
        first = await channel.reply(reply())
        other = await channel.reply(reply(to=pack_address("2")))
        await channel.close()

    assert len(server.asked("sendMessage")) == 1
    assert isinstance(first, TryLater)
    assert isinstance(other, TryLater)
    assert (other.trouble, 55 < (other.wait or 0) <= 60) == ("throttled", True)


# --- files --------------------------------------------------------------------------------------


class Sink:
    """Takes so many bytes."""

    def __init__(self, most: int = 1 << 30) -> None:
        self.content = b""
        self.chunks = 0
        self._most = most

    async def write(self, chunk: bytes, /) -> None:
        """Keep a piece."""
        self.content += chunk
        self.chunks += 1
        if len(self.content) > self._most:
            raise TooLarge


async def fetched(
    *failures: Failure, content: bytes = b"\x89PNG" * 100_000, most: int = 1 << 30
) -> tuple[Outcome, Sink]:
    """A file fetched while getFile ends like this."""
    async with telegram() as server:
        server.files = {"AgACfoto": ("photos/file_1.jpg", content)}
        server.fail("getFile", *failures)
        channel = opened(server)
        sink = Sink(most)
        try:
            outcome = await channel.fetch(RemoteFile(key="AgACfoto"), sink)
        finally:
            await channel.close()
    assert TOKEN.partition(":")[2] not in str(outcome)
    return outcome, sink


async def test_a_file_is_fetched_in_pieces() -> None:
    """GetFile tells where it lies, and its bytes go to the sink as they come."""
    content = bytes(range(256)) * 4000
    outcome, sink = await fetched(content=content)

    assert isinstance(outcome, Receipt)
    assert sink.content == content
    assert sink.chunks > 1


async def test_what_the_gateway_does_not_keep_is_not_fetched_to_its_end() -> None:
    """The sink's cap passes through."""
    with pytest.raises(TooLarge):
        await fetched(most=1000)


@pytest.mark.parametrize(
    ("failure", "outcome"),
    [
        (
            Failure(status=400, description="Bad Request: file is too big"),
            Refused(reason="refused: file is too big"),
        ),
        (
            Failure(
                status=400,
                description="Bad Request: wrong file_id or the file is temporarily unavailable",
            ),
            TryLater(reason="temporarily unavailable"),
        ),
        (
            Failure(status=401),
            TryLater(
                reason="Telegram does not know the token", wait=60.0, trouble="bad_credentials"
            ),
        ),
        (flood(3), TryLater(reason="flood control", wait=3.0, trouble="throttled")),
        (Failure(status=500), TryLater(reason="Telegram has an error of its own")),
    ],
    ids=["too_big", "away", "token", "flood", "500"],
)
async def test_a_file_that_does_not_come_is_tried_again_or_refused(
    failure: Failure, outcome: Outcome
) -> None:
    """Too large is never; the rest may be better the next time."""
    assert (await fetched(failure))[0] == outcome


async def test_a_broken_connection_is_no_doubt_where_nothing_changes() -> None:
    """Asking again for a file does no harm."""
    assert isinstance((await fetched(Failure(status=0)))[0], TryLater)


async def test_a_file_above_what_bots_may_fetch_is_refused() -> None:
    """Where the message did not tell its size, getFile does."""
    outcome, _ = await fetched(content=bytes(MOST_FILE_BYTES + 1))

    assert outcome == Refused(reason="refused: file is too big")


async def test_a_file_this_bot_never_had_is_given_up() -> None:
    """Telegram says the same of a file that is away for a moment; not for half an hour."""
    async with telegram() as server:
        channel = opened(server)
        outcomes = [await channel.fetch(RemoteFile(key="lain"), Sink()) for _ in range(15)]
        await channel.close()

    assert {type(outcome) for outcome in outcomes[:14]} == {TryLater}
    assert outcomes[14] == Refused(reason="Telegram does not give the file")


async def test_a_file_that_is_gone_is_no_secret_told() -> None:
    """Whatever the file server answers, the address with the token in it is not repeated."""
    async with telegram() as server:
        server.files = {"AgACfoto": ("photos/file_1.jpg", b"x")}
        channel = opened(server)
        server.files["AgACfoto"] = ("photos/file_1.jpg", b"x")
        where = await (await channel._api()).file_url("AgACfoto")  # noqa: SLF001
        server.token = "7000000001:another-invented-token"
        outcome = await channel.fetch(RemoteFile(key="AgACfoto"), Sink())
        await channel.close()

    assert isinstance(where, str)
    assert TOKEN in where
    assert TOKEN not in str(outcome)


async def test_the_library_writes_no_address_into_the_log(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Httpx tells of each request with its URL, at a level that must stay silent."""
    async with telegram() as server:
        server.files = {"AgACfoto": ("photos/file_1.jpg", b"x")}
        server.fail("sendMessage", Failure(status=200, body="<html>x"), Failure(status=502))
        channel = opened(server)
        for _ in range(3):
            await channel.reply(reply())
        await channel.fetch(RemoteFile(key="AgACfoto"), Sink())
        await channel.close()
    written = "".join(capfd.readouterr())

    assert TOKEN not in written
    assert "/bot7000000001" not in written
