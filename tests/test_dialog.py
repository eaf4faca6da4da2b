"""What a message is: a command, a part of a longer one, or a report."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from normalizing import said

from channels.contract import Attachment, InboundMessage, Part, Point
from normalizer.codes import check_symbol, find_case_code, read_case_code, spell
from normalizer.dialog_commands import command_of
from normalizer.dialog_parts import complete, join
from normalizer.report import Command

CODE = spell(123_456_789_012)


def part(number: int, text: str, total: int = 3) -> InboundMessage:
    return InboundMessage(
        sender="+6281200000001",
        text=text,
        sent_at=datetime(2026, 3, 2, 5, number, tzinfo=UTC),
        attachments=(Attachment(name=f"{number}.jpg", media_type="image/jpeg", content=b"x"),),
        part=Part(reference="7", number=number, total=total),
    )


@pytest.mark.parametrize(
    "text",
    [
        f"STATUS {CODE}",
        f"status {CODE.lower()}",
        f"Status: {CODE[:4]}-{CODE[4:8]}-{CODE[8]}",
        f"/status {CODE[:4]} {CODE[4:8]} {CODE[8]}",
        f"#status={CODE}",
        f"cek status laporan {CODE}?",
        f"check status {CODE}!",
        f"Status laporan saya dengan kode {CODE} bagaimana ya",
        CODE,
        f" {CODE.lower()}. ",
    ],
)
def test_a_citizen_may_ask_for_a_status_in_many_ways(text: str) -> None:
    """Case, hyphens, blanks and leading signs do not matter, and a code alone is enough."""
    assert command_of(said(text)) == Command(name="status", case_code=CODE)


@pytest.mark.parametrize("text", ["STATUS", "status?", "/status", "Status laporan saya?"])
def test_status_without_a_code_is_still_a_question(text: str) -> None:
    """Who has no code at hand is asking about their own reports."""
    assert command_of(said(text)) == Command(name="status")


@pytest.mark.parametrize("typed", ["AB12CD34", "0000000A", "12345678901"])
def test_a_mistyped_code_is_a_status_question_about_no_case(typed: str) -> None:
    """The answer can name what was typed instead of recording a report that says nothing."""
    assert command_of(said(f"STATUS {typed}")) == Command(name="status", given=typed)


@pytest.mark.parametrize(
    "text", ["BANTUAN", "bantuan!", "Help", "/help", "INFO", "?", "??", "LAPOR", "#lapor"]
)
def test_help_is_given_to_whoever_asks_or_says_only_the_keyword(text: str) -> None:
    """Indonesian or English, with or without a slash."""
    assert command_of(said(text)) == Command(name="help")


@pytest.mark.parametrize("text", ["", "   ", "\n", "...", "!"])
def test_a_message_without_a_word_gets_help(text: str) -> None:
    """There is nothing to record in it."""
    assert command_of(said(text)) == Command(name="help")


@pytest.mark.parametrize(
    "text",
    [
        "Status jalan di desa kami rusak, kapan diperbaiki?",
        "status tanah sengketa di RT 05",
        "Status tanah",
        "Statusnya masih diproses sejak tahun lalu",
        "Bantuan sosial belum cair",
        "Info jalan rusak di Sukamaju",
        "help us, the street is flooded",
        "KEBAKARAN",
        "081234567",
        "lapor pak jalan rusak",
    ],
)
def test_a_sentence_that_begins_like_a_command_is_a_report(text: str) -> None:
    """Only what leaves no doubt is a command: a lost report is worse than a missed command."""
    assert command_of(said(text)) is None


def test_a_photo_or_a_place_alone_is_a_report() -> None:
    """Nothing is refused for its form."""
    photo = Attachment(name="a.jpg", media_type="image/jpeg", content=b"x")
    pinned = InboundMessage(sender="", text="", point=Point(lat=-6.2, lon=106.5))

    assert command_of(InboundMessage(sender="", text="info", attachments=(photo,))) is None
    assert command_of(pinned) is None


def test_the_new_words_of_a_mail_count_and_else_its_subject() -> None:
    """A command may stand above quoted history, or in the subject of an empty mail."""
    quoting = InboundMessage(sender="", text="help\n> Kode: 1", matter="help")
    by_subject = InboundMessage(sender="", text="", title=f"STATUS {CODE}")

    assert command_of(quoting) == Command(name="help")
    assert command_of(by_subject) == Command(name="status", case_code=CODE)


def test_parts_are_put_together_by_number_in_any_order_and_once() -> None:
    """Texts join without a blank, for operators cut inside words; the first send time counts."""
    parts = [part(3, "diperbaiki"), part(1, "Jalan ru"), part(2, "sak tolong "), part(2, "again")]

    whole = join(parts)

    assert complete(parts)
    assert whole.text == "Jalan rusak tolong diperbaiki"
    assert whole.sent_at == datetime(2026, 3, 2, 5, 1, tzinfo=UTC)
    assert [file.name for file in whole.attachments] == ["1.jpg", "2.jpg", "3.jpg"]
    assert whole.part is None
    assert whole.remarks == ()


@pytest.mark.parametrize(
    ("present", "text", "remark"),
    [
        ({1: "a", 3: "c"}, "a[…]c", "incomplete: part 2 of 3 is missing"),
        ({3: "c"}, "[…]c", "incomplete: parts 1 and 2 of 3 are missing"),
        ({1: "a", 2: "b"}, "ab[…]", "incomplete: part 3 of 3 is missing"),
    ],
)
def test_a_missing_part_is_marked_where_it_is_missing(
    present: dict[int, str], text: str, remark: str
) -> None:
    """The rest becomes a report, and the officer sees what is not there."""
    parts = [part(number, words) for number, words in present.items()]

    whole = join(parts)

    assert not complete(parts)
    assert (whole.text, whole.remarks) == (text, (remark,))


def test_many_missing_parts_are_counted_not_listed() -> None:
    """A long message of which one part arrived gets a short remark."""
    remark = join([part(2, "b", total=255)]).remarks

    assert remark == ("incomplete: 254 of 255 parts are missing",)


def test_a_message_that_came_whole_stays_as_it_is() -> None:
    """Joining one message without parts changes nothing."""
    whole = said("Lampu jalan mati")

    assert complete([whole])
    assert join([whole]) == whole
    assert not complete([])


def test_a_code_survives_the_ways_people_type_it() -> None:
    """O is 0, I and L are 1; blanks, hyphens and case do not count; a wrong symbol shows."""
    code = spell(1 << 35)
    typed = code.lower().replace("0", "o").replace("1", "l")
    wrong = code[:3] + ("A" if code[3] != "A" else "B") + code[4:]

    assert read_case_code(f" {typed[:3]}-{typed[3:6]} {typed[6:]} ") == code
    assert read_case_code(wrong) == ""
    assert read_case_code("") == ""
    assert find_case_code(f"kode saya {code}, terima kasih") == code


@given(st.integers(0, (1 << 40) - 1))
def test_every_code_given_out_can_be_read_again(value: int) -> None:
    """A number whose check would need a sign beyond letters and digits has no code."""
    if check_symbol(value) < 32:
        code = spell(value)

        assert len(code) == 9
        assert read_case_code(code) == code
        return

    with pytest.raises(ValueError, match="no case code"):
        spell(value)


@given(st.text())
def test_no_text_makes_the_dialog_fail(text: str) -> None:
    """Whatever is sent is a command or a report."""
    assert isinstance(command_of(said(text)), Command | None)
