"""What a Telegram update says, beyond what the recorded ones in fixtures/telegram show."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram_people import DATE, person
from telegram_server import BOT
from telegram_site import heard, opened

from channels.contract import Ignored, InboundMessage, Parsed, Secret, Unreadable
from channels.telegram import Telegram
from channels.telegram_key import Bot, arrival, update_number
from channels.telegram_options import TelegramOptions
from channels.telegram_text import piece, without

GROUP = {"id": -1007200000001, "type": "supergroup", "title": "Warga Contoh"}
PRIVATE = {"id": 1, "type": "private"}
JSON = dict[str, object]
CHANNEL = opened(None)


def message(**content: object) -> JSON:
    """A private message."""
    return {"message_id": 7, "date": DATE, "chat": PRIVATE, "from": person(1), **content}


def parsed(update: JSON, channel: Telegram | None = None, bot: Bot | None = None) -> Parsed:
    """What an update says."""
    raw = json.dumps({"update_id": 9, **update}).encode()
    payload = heard(raw, bot) if bot else heard(raw)
    return (channel or CHANNEL).parse(payload)


def text(**content: object) -> InboundMessage:
    """What a private message says."""
    found = parsed({"message": message(**content)})
    assert isinstance(found, InboundMessage), found
    return found


def mention(words: str, name: str, kind: str = "mention", **more: object) -> JSON:
    """A text that names somebody, with its entity."""
    before = words[: words.index(name)]
    offset, length = (len(part.encode("utf-16-le")) // 2 for part in (before, name))
    entity = {"type": kind, "offset": offset, "length": length, **more}
    return {"text": words, "entities": [entity]}


# --- keys ---------------------------------------------------------------------------------------


def test_a_message_and_its_edits_have_one_key() -> None:
    """Edits are new versions of the same (chat, message), and two of them are two."""
    first = json.dumps({"update_id": 1, "message": message(text="a")}).encode()
    edits = [
        json.dumps({"update_id": number, "edited_message": message(text="b")}).encode()
        for number in (2, 3)
    ]
    bot = Bot(id="7")
    keys = [arrival(raw, bot).external_id for raw in (first, *edits)]
    said_ = opened(None).parse(heard(edits[0], bot))

    assert keys == ["b7.c1.m7", "b7.c1.m7.u2", "b7.c1.m7.u3"]
    assert isinstance(said_, InboundMessage)
    assert said_.edits == keys[0]


def test_another_bot_has_other_messages() -> None:
    """It counts the messages of the same person from 1 again."""
    raw = json.dumps({"update_id": 1, "message": message(text="a")}).encode()

    assert arrival(raw, Bot(id="7")).external_id != arrival(raw, Bot(id="8")).external_id


def test_ids_beyond_32_bits_are_read() -> None:
    """Users and chats have up to 52 bits."""
    big = (1 << 52) - 1
    found = text(chat={"id": big, "type": "private"}, **{"from": person(big)}, text="x")

    assert (found.sender, found.return_address) == (str(big), f'{{"to":"{big}","message":"7"}}')


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        (b'{"update_id":5,"message":{', 5),
        (b'{"update_id" : 5 ,', 5),
        (b'{"update_id":5}', 5),
        (b'{"update_id":-5}', None),
        (b'{"update_id":"5"}', None),
        (b"{}", None),
    ],
)
def test_the_number_of_a_broken_update_is_found(raw: bytes, number: int | None) -> None:
    """So that a poller gets past it."""
    assert update_number(raw) == number


# --- whom it is for -----------------------------------------------------------------------------


def in_group(**content: object) -> Parsed:
    """What a message in a group says to the bot."""
    return parsed({"message": message(chat=GROUP, **content)})


@pytest.mark.parametrize(
    ("words", "rest"),
    [
        ("@lapor_contoh_bot jalan rusak", "jalan rusak"),
        ("jalan rusak @Lapor_Contoh_Bot", "jalan rusak"),
        ("Halo @lapor_contoh_bot jalan rusak", "Halo jalan rusak"),
        ("😢👍🏽 @lapor_contoh_bot jalan 😢 rusak", "😢👍🏽 jalan 😢 rusak"),
    ],
)
def test_the_bots_name_is_no_part_of_the_complaint(words: str, rest: str) -> None:
    """Whatever case it is in and wherever it stands; emoji are two units to Telegram."""
    name = next(word for word in words.split() if word.startswith("@"))
    found = in_group(**mention(words, name))

    assert isinstance(found, InboundMessage)
    assert found.text == rest


def test_a_mention_by_hand_counts_as_well() -> None:
    """Telegram marks a bot without @ in a text with its user."""
    found = in_group(**mention("Lapor, jalan rusak", "Lapor", "text_mention", user=BOT))

    assert isinstance(found, InboundMessage)


@pytest.mark.parametrize(
    "content",
    [
        {"text": "jalan rusak"},
        {"text": "kata @lapor_contoh_bot tanpa tanda"},
        mention("@orang_lain jalan rusak", "@orang_lain"),
        mention("/status@bot_lain X", "/status@bot_lain", "bot_command"),
        {"photo": [{"file_id": "A"}]},
        {"text": "ya", "reply_to_message": {"message_id": 1, "from": person(2), "text": "?"}},
    ],
)
def test_talk_between_others_is_not_read(content: JSON) -> None:
    """A group is full of messages that are none of our business."""
    assert in_group(**content) == Ignored(reason="talk in a group that is not for the bot")


def test_a_photograph_with_the_bots_name_below_it_is_for_us() -> None:
    """A caption has entities of its own."""
    named = mention("@lapor_contoh_bot ini", "@lapor_contoh_bot")
    caption = {"caption": named["text"], "caption_entities": named["entities"]}
    found = in_group(photo=[{"file_id": "A"}], **caption)

    assert isinstance(found, InboundMessage)
    assert (found.text, found.remote[0].key) == ("ini", "A")


def test_before_our_name_is_known_any_bots_name_is_taken_for_it() -> None:
    """A message too many is better than a complaint passed over."""
    update: JSON = {"message": message(chat=GROUP, **mention("@x_bot rusak", "@x_bot"))}
    unknown = parsed(update, bot=Bot(id="7"))
    configured = parsed(update, opened(None, username="@y_bot"), Bot(id="7"))

    assert isinstance(unknown, InboundMessage)
    assert isinstance(configured, Ignored)


@pytest.mark.parametrize(
    ("words", "heard_as"),
    [
        ("/start", "/start"),
        ("/start dari_brosur", "/start"),
        ("/START@lapor_contoh_bot", "/start"),
        ("/bantuan", "/bantuan"),
        ("/status 7K3M9QW2X", "/status 7K3M9QW2X"),
        ("/status@lapor_contoh_bot 7K3M9QW2X", "/status 7K3M9QW2X"),
        ("/lapor jalan rusak", "jalan rusak"),
        ("/lapor", "/lapor"),
    ],
)
def test_commands_arrive_as_the_dialog_knows_them(words: str, heard_as: str) -> None:
    """Without the bot's name, and without what only opens the talk."""
    entity = {"type": "bot_command", "offset": 0, "length": len(words.split(maxsplit=1)[0])}

    assert text(text=words, entities=[entity]).text == heard_as


def test_a_topic_of_a_forum_is_answered_in() -> None:
    """A thread that is none (a plain reply) is left out."""
    topic = text(text="x", message_thread_id=5, is_topic_message=True)
    plain = text(text="x", message_thread_id=5)

    assert topic.return_address == '{"to":"1","message":"7","thread":"5"}'
    assert plain.return_address == '{"to":"1","message":"7"}'


# --- what it answers ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("author", "context"),
    [(person(2), "Selokan mampet"), (person(1), ""), (BOT, ""), (None, "Selokan mampet")],
    ids=["another", "own", "ours", "channel"],
)
def test_the_words_of_another_post_are_kept_as_context(author: JSON | None, context: str) -> None:
    """Those of the bot and one's own are known already."""
    quoted: JSON = {"message_id": 5, "date": DATE, "chat": GROUP, "text": "Selokan mampet"}
    if author:
        quoted["from"] = author
    found = text(text="ini juga", reply_to_message=quoted)

    assert found.context == context


def test_a_quote_is_more_exact_than_the_post_it_is_from() -> None:
    """Somebody picked out what they mean."""
    quoted = {"message_id": 5, "from": person(2), "text": "Panjang sekali, selokan mampet"}
    found = text(text="ini", reply_to_message=quoted, quote={"text": "selokan mampet"})

    assert found.context == "selokan mampet"


@pytest.mark.parametrize(
    ("origin", "context"),
    [
        ({"type": "user", "sender_user": person(2)}, "diteruskan dari Warga 2"),
        ({"type": "hidden_user", "sender_user_name": ""}, "diteruskan dari orang lain"),
        ({"type": "chat", "sender_chat": GROUP}, "diteruskan dari Warga Contoh"),
        ({"type": "channel", "chat": {"id": -9}}, "diteruskan dari sebuah kanal"),
        ({"type": "besok"}, "diteruskan dari orang lain"),
    ],
)  # fmt: skip
def test_a_forwarded_message_keeps_where_it_was_first(origin: JSON, context: str) -> None:
    """It was not seen by who sends it, and an officer must know."""
    assert text(text="x", forward_origin=origin).context == context


# --- what it holds ------------------------------------------------------------------------------


def test_files_without_a_size_are_asked_for() -> None:
    """GetFile will tell."""
    found = text(document={"file_id": "D"})

    assert [(file.key, file.bytes) for file in found.remote] == [("D", None)]
    assert found.remarks == ()


def test_a_size_without_end_is_a_large_file() -> None:
    """JSON has integers no float can hold; the message is read all the same."""
    said = text(document={"file_id": "f", "file_unique_id": "u", "file_size": 10**400})

    assert said.remote == ()
    assert said.remarks == ("file not fetched: document, 1000000000 MB",)


@pytest.mark.parametrize(("size", "is_fetched"), [(20 << 20, True), ((20 << 20) + 1, False)])
def test_twenty_mebibytes_is_the_most_a_bot_may_fetch(size: int, *, is_fetched: bool) -> None:
    """Above it the words are safe and the missing file is visible."""
    found = text(caption="Rekaman", video={"file_id": "V", "file_size": size})

    assert bool(found.remote) == is_fetched
    assert bool(found.remarks) != is_fetched
    assert found.text == "Rekaman"


def test_the_largest_photograph_is_taken_wherever_it_stands() -> None:
    """Telegram sends several sizes; nothing says that the last one is the largest."""
    sizes = [
        {"file_id": "B", "width": 800, "height": 600},
        {"file_id": "A", "width": 90, "height": 60},
    ]

    assert [file.key for file in text(photo=sizes).remote] == ["B"]


@pytest.mark.parametrize(("lat", "lon"), [(91, 0), (0, -181)])
def test_a_place_that_cannot_be_is_no_point(lat: float, lon: float) -> None:
    """It would be a point of no map; the message is read without it."""
    location = {"latitude": lat, "longitude": lon}

    assert text(text="di sini", location=location).point is None


@pytest.mark.parametrize(
    "kind",
    ["new_chat_members", "left_chat_member", "pinned_message", "forum_topic_created",
     "migrate_to_chat_id", "video_chat_started", "message_auto_delete_timer_changed"],
)  # fmt: skip
def test_notices_are_no_messages(kind: str) -> None:
    """Telegram tells of the chat itself in the same form."""
    assert parsed({"message": message(**{kind: {}})}) == Ignored(reason="a notice about the chat")


@pytest.mark.parametrize(
    ("update", "reason"),
    [
        ({"message": message(dice={})}, "a dice"),
        ({"message": message()}, "a message without content"),
        ({"message": message(text="x", is_automatic_forward=True)}, "a channel post"),
        ({"my_chat_member": {"new_chat_member": {"status": "member"}}}, "the bot was let in"),
        ({"my_chat_member": None}, "the bot was let in"),
        ({"callback_query": {"id": "1", "from": person(1)}}, "a button that says nothing"),
        (
            {"callback_query": {"id": "1", "from": BOT, "data": "x",
                                "message": {"message_id": 1, "chat": PRIVATE}}},
            "another bot",
        ),
    ],
)  # fmt: skip
def test_what_is_nothing_for_us_is_ignored(update: JSON, reason: str) -> None:
    """With the reason an operator reads."""
    assert parsed(update) == Ignored(reason=reason)


def test_times_that_cannot_be_are_none() -> None:
    """Messages that are too old to be told in full have the date 0."""
    assert [text(text="x", date=date).sent_at for date in (0, -1, 1 << 60)] == [None] * 3


def test_a_refusal_to_read_quotes_nothing() -> None:
    """The reason goes into logs and lists; the content does not."""
    found = parsed({"message": {"message_id": "rahasia", "chat": PRIVATE}})

    assert isinstance(found, Unreadable)
    assert "rahasia" not in found.reason


@given(offset=st.integers(-5, 40), length=st.integers(-5, 40), words=st.text(max_size=20))
def test_entities_that_lead_nowhere_do_no_harm(offset: int, length: int, words: str) -> None:
    """Any offsets over any text, also through the middle of an emoji."""
    entity = {"type": "bot_command", "offset": offset, "length": length}

    assert len(piece(words, offset, length)) <= len(words)
    assert len(without(words, [(offset, length)])) <= len(words) + 1
    assert isinstance(text(text="x" + words, entities=[entity]), InboundMessage)


# --- settings -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({"token": Secret("invented")}, "token: a bot token has digits"),
        ({"secrets": (Secret("mit Umlaut ä"),)}, "secrets: Telegram takes"),
        ({"secrets": (Secret("a" * 257),)}, "secrets: Telegram takes"),
        ({"secrets": (Secret("a"), Secret("b"), Secret("c"))}, "secrets must be one"),
        ({"username": "bot spasi"}, "username: "),
        ({"public_url": "lapor.example"}, "public_url: must be"),
        ({"api_url": "ftp://x"}, "api_url: must be"),
        ({"menu": {"Status": "x"}}, "menu: "),
        ({"menu": {"status": ""}}, "menu: "),
        ({"allow": ("nowhere",)}, "nowhere"),
    ],
)
def test_settings_that_say_nothing_are_refused(told: JSON, sentence: str) -> None:
    """The sentence names the key and never the secret."""
    with pytest.raises(ValueError, match=sentence) as refused:
        TelegramOptions(**told)  # type: ignore[arg-type]  # one test, one setting

    assert "invented" not in str(refused.value)
    assert "Umlaut" not in str(refused.value)


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        ({}, "no token"),
        ({"mode": "webhook"}, "neither secrets nor allow"),
        ({"mode": "webhook"}, "no public_url"),
        ({"mode": "webhook", "public_url": "http://lapor.example"}, "not https"),
        ({"secrets": (Secret("a"), Secret("b"))}, "two secrets"),
    ],
)
def test_check_tells_what_is_left_undone(told: JSON, problem: str) -> None:
    """Before citizens find out."""
    channel = Telegram(TelegramOptions(**told), bytes(32))  # type: ignore[arg-type]  # as above

    assert any(problem in sentence for sentence in channel.problems())


def test_a_complete_section_has_no_problems() -> None:
    """A token is all a poller needs."""
    assert opened(None).problems() == []
    assert opened(None, username="@lapor_contoh_bot").banner("http://x") == [
        "write to https://t.me/lapor_contoh_bot"
    ]


def test_status_tells_nothing_before_the_first_page() -> None:
    """A cursor that is not there, or not ours."""
    assert [opened(None).status(told) for told in ({}, {"": "x"}, {"": "{}"})] == [(), (), ()]
