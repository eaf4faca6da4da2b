"""The record and its published schema."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from normalizing import CONFIG, NOON, RULES, neighbour, report, said

from channels.contract import InboundMessage, Point
from normalizer.normalize import normalize
from normalizer.places import VERSION
from normalizer.record import MapPoint, Place, Record, Reporter
from normalizer.schema import record_schema

ANY_TEXT = st.text(st.characters(), max_size=300)
MESSAGES = st.builds(
    InboundMessage,
    sender=ANY_TEXT,
    text=ANY_TEXT,
    matter=st.none() | ANY_TEXT,
    title=ANY_TEXT,
    sent_at=st.none() | st.just(NOON),
    name=ANY_TEXT,
    contact=ANY_TEXT,
    place=ANY_TEXT,
    point=st.none() | st.builds(Point, lat=st.floats(), lon=st.floats()),
    anonymous=st.booleans(),
    confidential=st.booleans(),
    source_url=ANY_TEXT,
    remarks=st.tuples(ANY_TEXT),
)


def made(message: InboundMessage, *, share_identity: bool = False) -> Record:
    return normalize(report(message, share_identity=share_identity), RULES, ())


def test_the_published_schema_is_the_one_of_the_struct() -> None:
    """After a change in record.py the file must be made again (see normalizer/schema.py)."""
    assert (CONFIG / "record.schema.json").read_bytes() == record_schema()


def test_the_schema_names_every_field_of_the_record() -> None:
    """A reader of the schema learns of all of them."""
    schema = json.loads(record_schema())

    assert list(schema["$defs"]["Record"]["properties"]) == [
        field.encode_name for field in msgspec.structs.fields(Record)
    ]


@given(MESSAGES, ANY_TEXT)
def test_every_message_becomes_a_record_that_can_be_stored(
    message: InboundMessage, earlier: str
) -> None:
    """Any signs in any field: the record is valid JSON, the same after reading it, without NUL."""
    record = normalize(
        report(message, share_identity=True), RULES, [neighbour(earlier, same_sender=True)]
    )
    document = msgspec.json.encode(record)

    assert msgspec.json.decode(document, type=Record) == record
    assert b"\\u0000" not in document.replace(b"\\\\", b"")
    assert len(record.title) <= 80


def test_the_text_stays_as_the_citizen_wrote_it() -> None:
    """What is derived stands beside it; the keyword of the advert is left out of clean_text."""
    text = "TANGKAB  jln rusak di ds Sukamaju, tlg  diperbaiki\r\nyg parah dkt SD"
    record = made(said(text))

    assert record.text == text
    assert record.clean_text == (
        "jalan rusak di desa Sukamaju, tolong diperbaiki\nyang parah dekat SD"
    )


def test_a_quoting_mail_is_judged_by_its_new_words() -> None:
    """`text` holds all of it, `clean_text` the matter."""
    record = made(InboundMessage(sender="", text="Air mati\n> jalan rusak", matter="Air mati"))

    assert (record.text, record.clean_text) == ("Air mati\n> jalan rusak", "Air mati")
    assert record.topic.value == "air_mati"


def test_a_title_is_taken_from_the_message_or_from_its_words() -> None:
    """One line that ends at the border of a word."""
    given_title = made(InboundMessage(sender="", text="x", title=" Lampu \n mati "))
    long = made(said("Selamat pagi Pak, " + "jalan rusak parah sekali " * 10))

    assert given_title.title == "Lampu mati"
    assert long.title.startswith("jalan rusak parah")
    assert long.title.endswith("parah sekali…")


@pytest.mark.parametrize(
    ("anonymous", "share", "reporter"),
    [
        (False, False, Reporter(pseudonym="p-1")),
        (True, True, Reporter(pseudonym="p-1")),
        (False, True, Reporter(pseudonym="p-1", name="Sari", contact="sari@example.org")),
    ],
)
def test_name_and_contact_leave_only_where_both_sides_agree(
    anonymous: bool,  # noqa: FBT001 (a column of the table)
    share: bool,  # noqa: FBT001 (a column of the table)
    reporter: Reporter,
) -> None:
    """The operator must share identities and the citizen must not be anonymous."""
    message = InboundMessage(
        sender="x", text="Air mati", name="Sari", contact="sari@example.org", anonymous=anonymous
    )

    assert made(message, share_identity=share).reporter == reporter


def test_the_two_flags_are_independent() -> None:
    """Confidential hides the report from the public; anonymous hides the reporter."""
    anonymous = made(InboundMessage(sender="", text="x", anonymous=True))
    confidential = made(InboundMessage(sender="", text="x", confidential=True))

    assert (anonymous.visibility, anonymous.anonymous) == ("public", True)
    assert (confidential.visibility, confidential.confidential) == ("private", True)


def test_an_anonymous_report_is_never_tied_to_its_sender() -> None:
    """Equal words may join it to others; "same sender" must not stand in the record."""
    text = "Jalan berlubang di depan pasar lama sejak bulan lalu"
    message = InboundMessage(sender="x", text=text, anonymous=True)
    earlier = neighbour(text, same_sender=True)
    record = normalize(report(message), RULES, [earlier])

    assert record.duplicate is not None
    assert record.duplicate.why == ("same words",)


def test_a_place_keeps_the_words_of_the_citizen() -> None:
    """Where no code is found they are all there is."""
    record = made(InboundMessage(sender="", text="x", place=" depan  SDN 3\nCurug "))

    words = Place(name="depan SDN 3 Curug", landmark="depan SDN 3", version=VERSION)
    assert record.place == words


def test_a_map_point_that_is_no_place_on_earth_is_remarked() -> None:
    """The report goes on without it."""
    good = made(InboundMessage(sender="", text="x", point=Point(lat=-6.2, lon=106.5)))
    bad = made(InboundMessage(sender="", text="x", point=Point(lat=float("nan"), lon=0.0)))

    assert (good.point, good.remarks) == (MapPoint(lat=-6.2, lon=106.5), ())
    assert (bad.point, bad.remarks) == (None, ("the map point is not a place on earth",))


def test_remarks_and_times_are_carried_over() -> None:
    """The officer sees what the channel and the dialog noticed."""
    message = InboundMessage(sender="", text="x", sent_at=NOON, remarks=("incomplete: …",))
    record = made(message)

    assert (record.sent_at, record.received_at) == (NOON, NOON)
    assert record.remarks == ("incomplete: …",)


def test_the_same_report_always_gives_the_same_record() -> None:
    """Replaying the journal changes nothing by itself."""
    again = report(said("Lampu jalan mati di RT 05"))

    assert normalize(again, RULES, ()) == normalize(again, RULES, ())
