"""The state machine of the dialog by itself: what follows from a message and what is remembered."""

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from normalizing import NOON, RULES, report, said

from channels.contract import Attachment, InboundMessage, Point
from normalizer.codes import spell
from normalizer.dialog import hear, is_plain, question_after, turn
from normalizer.dialog_talk import (
    PATIENCE,
    WITHDRAWN,
    Asked,
    Begin,
    Change,
    Conversation,
    Decision,
    Discard,
    Forget,
    Hold,
    Known,
    Say,
    Topic,
)
from normalizer.normalize import normalize
from normalizer.record import Place, PlaceCandidate, Record

CODE, OTHER = spell(123_456_789_012), spell(1 << 35)
MINE = Known(
    record_id="r1",
    case_code=CODE,
    state="diterima",
    received_at=NOON - timedelta(minutes=5),
    own=True,
)
THEIRS = replace(MINE, record_id="r2", case_code=OTHER, own=False)
PHOTO = InboundMessage(
    sender="x",
    text="",
    attachments=(Attachment(name="a.jpg", media_type="image/jpeg", content=b"x"),),
)
PIN = InboundMessage(sender="x", text="", point=Point(lat=-6.2, lon=106.5))
CHAT = Conversation(chat=True)
WISHES: tuple[tuple[Topic, Begin], ...] = (
    ("anonymous", Begin(anonymous=True)),
    ("confidential", Begin(confidential=True)),
    ("hidden", Begin(anonymous=True, confidential=True)),
)


def decided(message: InboundMessage | str, talk: Conversation = CHAT) -> Decision:
    heard = hear(said(message) if isinstance(message, str) else message)
    return turn(heard, talk, NOON, RULES)


def asked(topic: Topic, *, ago: timedelta = timedelta(minutes=1), choices: int = 0) -> Conversation:
    question = Asked(topic=topic, report=MINE, asked_at=NOON - ago, choices=choices)
    return replace(CHAT, question=question, newest=MINE)


def recorded(text: str) -> Record:
    return normalize(report(said(text)), RULES, ())


# --- reports -----------------------------------------------------------------------------------


@pytest.mark.parametrize("talk", [CHAT, Conversation(), replace(CHAT, newest=MINE)])
def test_a_plain_text_is_a_report_at_once(talk: Conversation) -> None:
    """Whoever reported something a moment ago and reports again has two reports."""
    heard = hear(said("Lampu jalan mati di Flamboyan"))

    assert is_plain(heard)
    assert turn(heard, talk, NOON, RULES) == Begin()


@pytest.mark.parametrize("message", [PHOTO, PIN])
def test_a_photo_or_place_waits_for_its_words_and_not_for_ever(message: InboundMessage) -> None:
    """In a chat; elsewhere each message stands for itself."""
    assert decided(message) == Hold()
    assert decided(message, replace(CHAT, waited=True)) == Begin()
    assert decided(message, Conversation()) == Begin()


def test_a_photo_belongs_to_words_of_the_last_ten_minutes() -> None:
    """Later it is the beginning of something else."""
    fresh = replace(CHAT, newest=MINE)
    old = replace(CHAT, newest=replace(MINE, received_at=NOON - timedelta(minutes=11)))

    assert decided(PHOTO, fresh) == Change(report=MINE, role="add", say="added", once=True)
    assert decided(PHOTO, old) == Hold()


@pytest.mark.parametrize(("topic", "begin"), WISHES)
def test_a_wish_counts_for_the_report_that_follows_within_an_hour(
    topic: Topic, begin: Begin
) -> None:
    """ANONIM was said before there was a report."""
    wish = Asked(topic=topic, asked_at=NOON - timedelta(minutes=59))
    old = replace(wish, asked_at=NOON - timedelta(minutes=61))

    assert decided("Pungli di kantor camat", replace(CHAT, question=wish)) == begin
    assert decided("Pungli di kantor camat", replace(CHAT, question=old)) == Begin()


def test_words_end_the_wait_of_a_photo_and_kirim_does_too() -> None:
    """Everything that waits joins the report."""
    talk = replace(CHAT, waiting=True)

    assert decided("Jalan rusak di Curug", talk) == Begin()
    assert decided("Kirim", talk) == Begin()
    assert decided("Kirim") == Say(sentence="status_without_code")


# --- questions ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("Lampu jalan mati sudah seminggu", ("where", 0)),
        ("Lampu jalan mati di Flamboyan", None),
        ("Bagaimana cara membuat KTP?", None),
        ("goblok semua", ("what", 0)),
        ("\U0001f621", ("what", 0)),
        ("Kebakaran!", ("where", 0)),
        ("Pungli", ("where", 0)),
    ],
)
def test_a_report_raises_at_most_one_question(
    text: str, question: tuple[Topic, int] | None
) -> None:
    """What it is about where nothing says so, else where it is, and nothing where all is said."""
    assert question_after(recorded(text), RULES) == question


def test_a_name_that_several_places_have_is_asked_about_with_numbers() -> None:
    """Nine at the most, for one digit answers."""
    places = tuple(
        PlaceCandidate(code=str(n), name=f"Sukamaju {n}", level="desa") for n in range(12)
    )
    record = recorded("Jalan rusak di Sukamaju")
    unclear = msgspec.structs.replace(record, place=Place(name="Sukamaju", candidates=places))
    clear = msgspec.structs.replace(record, place=Place(name="Sukamaju", code="36.03"))

    assert question_after(unclear, RULES) == ("where", 9)
    assert question_after(clear, RULES) is None


def test_a_number_answers_a_numbered_question_and_no_other() -> None:
    """A number that was not offered is told which ones were; without a question it is help."""
    talk = asked("where", choices=3)

    assert decided("2", talk) == Change(report=MINE, role="choice", say="place_added", closes=True)
    assert decided("4", talk) == Say(sentence="choose", given="3")
    assert decided("2", asked("where")) == Say(sentence="help")
    assert decided("2") == Say(sentence="help")


@pytest.mark.parametrize(
    ("message", "decision"),
    [
        ("Jl. Mawar", Change(report=MINE, role="place", say="place_added", closes=True)),
        (PIN, Change(report=MINE, role="add", say="place_added", closes=True)),
        (PHOTO, Change(report=MINE, role="add", say="added", once=True)),
        ("tidak tahu", Say(sentence="kept", closes=True)),
        ("tolong cepat", Change(report=MINE, role="add", say="added")),
        ("Sampah menumpuk di Jl. Mawar", Begin()),
        ("Sampah " * 30, Begin()),
    ],
)
def test_where_has_many_answers(message: InboundMessage | str, decision: Decision) -> None:
    """A place, a pin, a photo, no idea, a word of hurry; a complaint is a report of its own."""
    assert decided(message, asked("where")) == decision


@pytest.mark.parametrize("topic", ["what", "words", "more"])
def test_what_was_missing_is_whatever_comes_next(topic: Topic) -> None:
    """A photo's words, or an addition that was announced."""
    later = topic == "more"
    added = Change(report=MINE, role="add", say="added", closes=True, comment=later)

    assert decided("Jalan longsor di Kampung Baru " * 3, asked(topic)) == added


@pytest.mark.parametrize("topic", ["where", "what", "words", "more", "solved", "answer"])
def test_no_question_stays_open_for_ever(topic: Topic) -> None:
    """An answer that comes too late is a report."""
    late = asked(topic, ago=PATIENCE[topic] + timedelta(seconds=1))

    assert decided("Jl. Mawar", replace(late, newest=None)) == Begin()


def test_is_it_solved_is_answered_in_a_few_words() -> None:
    """By YA and TIDAK as well; a long text is a report."""
    talk = asked("solved")
    passed_on = replace(MINE, state="selesai")
    told = replace(talk, question=replace(talk.question, report=passed_on))  # type: ignore[type-var]

    assert decided("Belum, masih gelap", told) == Change(
        report=passed_on, role="unsolved", say="unsolved", closes=True, comment=True
    )
    assert decided("ya", told) == Change(
        report=passed_on, role="solved", say="solved", closes=True, comment=True
    )
    assert decided("Sampah menumpuk di Jl. Mawar sejak Senin", told) == Begin()


# --- commands ----------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [f"ANONIM {OTHER}", f"BATAL {OTHER}", f"TAMBAH {OTHER}"])
def test_a_report_of_somebody_else_is_never_changed(text: str) -> None:
    """Its public status and a polite word."""
    talk = replace(CHAT, named=THEIRS, newest=MINE)

    assert decided(text, talk) == Say(sentence="not_yours", report=THEIRS)


@pytest.mark.parametrize(
    "text", ["ANONIM", "BATAL", "TAMBAH x: lampu mati juga", "HAPUS YA", "Belum"]
)
def test_who_typed_an_address_into_a_form_commands_nothing(text: str) -> None:
    """It becomes a report that a person reads; a status may be asked by anybody."""
    form = Conversation(known_sender=False, newest=replace(MINE, own=False))

    assert decided(text, form) == Begin()
    assert decided(f"STATUS {CODE}", replace(form, named=THEIRS)) == Say(
        sentence="status", report=THEIRS
    )


def test_erasing_needs_the_question_before_it() -> None:
    """HAPUS YA out of nowhere asks; so does one by mail that proves nobody."""
    ask = Say(sentence="erase_ask", asks=Asked(topic="erase", asked_at=NOON))
    sure = replace(CHAT, question=Asked(topic="erase", asked_at=NOON))

    assert decided("HAPUS") == decided("HAPUS YA") == ask
    assert decided("HAPUS YA", sure) == decided("ya", sure) == Forget()
    assert decided("HAPUS YA", replace(sure, proven=False)) == ask
    assert decided("BATAL", sure) == Say(sentence="kept", closes=True)
    assert decided("tidak", sure) == Say(sentence="kept", closes=True)


def test_taking_back_what_waits_makes_no_report() -> None:
    """BATAL while a photo waits is about the photo."""
    assert decided("BATAL", replace(CHAT, waiting=True, newest=MINE)) == Discard()


def test_a_withdrawn_report_takes_no_addition() -> None:
    """A text long enough is a report of its own, else its state is told."""
    gone = replace(MINE, state=WITHDRAWN)
    talk = replace(CHAT, named=gone)

    assert decided(f"TAMBAH {CODE} ya", talk) == Say(sentence="status_own", report=gone)
    assert isinstance(decided(f"TAMBAH {CODE} masih rusak sampai sekarang", talk), Begin)


def test_an_answer_in_the_thread_is_an_addition() -> None:
    """To one's own report that stands; a stranger's thread is no way in."""
    about = replace(CHAT, about=MINE)

    assert decided("Sekarang tiangnya roboh juga", about) == Change(
        report=MINE, role="add", say="added", comment=True
    )
    assert decided("Sekarang tiangnya roboh juga", replace(CHAT, about=THEIRS)) == Begin()


def test_a_photo_or_a_place_in_the_thread_is_an_addition_too() -> None:
    """And where the thread's report was asked about, words answer its question first."""
    about = replace(CHAT, about=MINE)
    where = replace(asked("where"), about=MINE)

    assert decided(PHOTO, about) == Change(report=MINE, role="add", say="added", once=True)
    assert decided("Jl. Mawar", where) == Change(
        report=MINE, role="place", say="place_added", closes=True
    )


def test_signs_right_after_a_report_belong_to_it() -> None:
    """Anger needs no receipt of its own; alone it does."""
    angry = "\U0001f621\U0001f621"

    assert decided(angry, replace(CHAT, newest=MINE)) == Change(report=MINE, role="add")
    assert decided(angry) == Begin(remark="no words, only signs")


def test_an_addition_to_nothing_is_a_report_or_a_question_back() -> None:
    """Whoever has reported nothing yet and names no code."""
    assert decided("TAMBAH tiangnya juga miring") == Begin()
    assert decided("TAMBAH") == Say(sentence="status_without_code")


# --- whatever comes ----------------------------------------------------------------------------

TEXTS = st.one_of(
    st.text(max_size=80),
    st.sampled_from(
        ("ANONIM", "BATAL", "HAPUS YA", "1", "9", "ya", "tidak", "belum", "kirim", "P")
    ),
    st.sampled_from(("Jl. Mawar", "TAMBAH x y z", f"TAMBAH {CODE} a b c", f"BATAL {OTHER}")),
)
KNOWN = st.none() | st.sampled_from(
    [MINE, THEIRS, replace(MINE, state=WITHDRAWN), replace(MINE, state="selesai")]
)
QUESTIONS = st.none() | st.builds(
    Asked,
    topic=st.sampled_from(list(PATIENCE)),
    report=KNOWN,
    asked_at=st.sampled_from([NOON, NOON - timedelta(days=2)]),
    choices=st.integers(0, 9),
)
CONVERSATIONS = st.builds(
    Conversation,
    chat=st.booleans(),
    known_sender=st.booleans(),
    proven=st.booleans(),
    newest=KNOWN.filter(lambda known: known is None or known.own),
    named=KNOWN,
    about=KNOWN,
    original_waits=st.booleans(),
    question=QUESTIONS,
    waiting=st.booleans(),
    waited=st.booleans(),
)
MESSAGES = st.builds(
    InboundMessage,
    sender=st.just("x"),
    text=TEXTS,
    edits=st.sampled_from(["", "m1"]),
    withdrawn=st.booleans(),
    point=st.none() | st.just(Point(lat=-6.2, lon=106.5)),
    attachments=st.sampled_from([(), PHOTO.attachments]),
)


@settings(max_examples=500)
@given(MESSAGES, CONVERSATIONS)
def test_every_message_is_decided_on_and_strangers_change_nothing(
    message: InboundMessage, talk: Conversation
) -> None:
    """Whatever is remembered; only one's own reports are changed, and only known senders erase."""
    decision = decided(message, talk)

    assert isinstance(decision, Begin | Hold | Change | Say | Discard | Forget)
    if isinstance(decision, Change):
        assert decision.report.own
    if isinstance(decision, Forget):
        assert talk.known_sender
        assert talk.proven


# --- news of a case ---------------------------------------------------------------------------


def test_the_office_s_question_is_answered_by_what_comes_next() -> None:
    """Within a day whatever it says; later a complaint is a report of its own again."""
    answer = Change(report=MINE, role="add", say="answered", closes=True, comment=True)
    long = "Di depan warung, sampah menumpuk di Jl. Mawar sejak Senin dan belum diangkut"

    assert decided(long, asked("answer")) == answer
    assert decided("RT 3", asked("answer", ago=timedelta(days=3))) == answer
    assert decided(long, asked("answer", ago=timedelta(days=3))) == Begin()


def test_in_the_thread_of_the_question_any_answer_is_one() -> None:
    """However late it comes."""
    late = asked("answer", ago=timedelta(days=3))

    decision = decided("Di depan warung, sampah menumpuk sejak Senin", replace(late, about=MINE))

    assert decision == Change(report=MINE, role="add", say="answered", closes=True, comment=True)


@pytest.mark.parametrize(
    ("topic", "ago"), [("solved", timedelta(minutes=11)), ("answer", timedelta(hours=25))]
)
def test_a_photo_long_after_the_news_is_a_new_report(topic: Topic, ago: timedelta) -> None:
    """Nobody's next report may end up in a closed case."""
    talk = replace(
        asked(topic, ago=ago), newest=replace(MINE, received_at=NOON - timedelta(days=9))
    )

    assert decided(PHOTO, talk) == Hold()


@pytest.mark.parametrize(
    ("text", "role"),
    [
        (f"SELESAI {CODE}", "solved"),
        (f"belum {CODE}", "unsolved"),
        (f"Belum {CODE}, masih gelap", "unsolved"),
        (f"SOLVED {CODE}", "solved"),
        (f"UNSOLVED {CODE}", "unsolved"),
    ],
)
def test_a_verdict_may_name_its_case(text: str, role: str) -> None:
    """As the buttons do; of somebody else's case nobody but its sender decides."""
    closed = replace(MINE, state="selesai")
    decision = decided(text, replace(CHAT, named=closed, newest=None))

    assert decision == Change(report=closed, role=role, say=role, comment=True)  # type: ignore[arg-type]
    assert decided(text, replace(CHAT, named=THEIRS)) == Say(sentence="not_yours", report=THEIRS)
    assert decided(text, replace(CHAT, named=None)) == Say(sentence="status_unknown", given=CODE)


@pytest.mark.parametrize("text", ["Belum ada lampu di jalan kami", "Selesai hujan jalan banjir"])
def test_a_complaint_that_begins_like_a_verdict_is_a_complaint(text: str) -> None:
    """There is no code in it."""
    assert decided(text, CHAT) == Begin()


@pytest.mark.parametrize("text", ["BERHENTI", "stop", "Berhenti kabar", "/stop"])
def test_who_wants_no_news_says_so(text: str) -> None:
    """In one word."""
    assert decided(text, CHAT) == Say(sentence="stopped", silences=True)


def test_who_wants_news_again_says_so_and_everybody_else_gets_help() -> None:
    """A bot's first message is /start."""
    assert decided("MULAI", replace(CHAT, silent=True)) == Say(sentence="resumed", silences=False)
    assert decided("/start", CHAT) == Say(sentence="help")


@pytest.mark.parametrize("text", ["Bus berhenti sembarangan", "Stop pungli di pasar"])
def test_a_complaint_about_stopping_is_a_complaint(text: str) -> None:
    """Only the word by itself silences us."""
    assert decided(text, CHAT) == Begin()
