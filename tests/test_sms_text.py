"""What stands in an SMS beside its words: charsets, headers of parts, times, numbers, ids."""

from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.addresses import e164
from channels.sms_form import external_id, id_finder, pairs
from channels.sms_text import clean, decode, moment, read_udh, udh_octets

FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("081200001234", "+6281200001234"),
        ("0812-0000-1234", "+6281200001234"),
        ("6281200001234", "+6281200001234"),
        ("+62 812 0000 1234", "+6281200001234"),
        (" 6281200001234", "+6281200001234"),  # a plus that a URL turned into a blank
        ("006281200001234", "+6281200001234"),
        ("81200001234", "+6281200001234"),
        ("+16505550100", "+16505550100"),
        ("1708", None),
        ("TELKOMSEL", None),
        ("1800FLOWERS", None),
        ("", None),
        ("+", None),
        ("0" * 400, None),
    ],
)
def test_numbers_become_e164_and_the_rest_nothing(written: str, number: str | None) -> None:
    """08…, 62… and +62… are one number; short codes and names are none one could answer."""
    assert e164(written, "ID") == number


@given(st.text(max_size=60))
def test_any_sender_can_be_read(written: str) -> None:
    """Whatever stands in the sender's place is a number or none."""
    number = e164(written, "ID")

    assert number is None or number.startswith("+")


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("050003CC0201", ("8", 0xCC, 2, 1)),
        ("050003cc0202", ("8", 0xCC, 2, 2)),
        ("%05%00%03%CC%02%01", ("8", 0xCC, 2, 1)),
        ("%05%00%03A%02%01", ("8", 0x41, 2, 1)),
        ("\x05\x00\x03\xcc\x02\x01", ("8", 0xCC, 2, 1)),
        ("\x05\x00\x03\xc3\x8c\x02\x01", ("8", 0xCC, 2, 1)),  # as characters, in UTF-8
        ("060804123403ff", None),
        ("06080412340303", ("16", 0x1234, 3, 3)),
        ("0b0504158115820003070201", ("8", 7, 2, 1)),  # behind a port element
        ("050003cc0100", None),
        ("050003cc0101", None),  # one of one is whole
    ],
)
def test_headers_of_parts_are_read(header: str, part: object) -> None:
    """References of 8 and 16 bits, as hex, URL-encoded, as octets or characters."""
    assert read_udh(udh_octets(header))[0] == part


@pytest.mark.parametrize("header", ["05", "050003CC02", "zz", "%", "\x05\x00\x04\xcc\x02\x01"])
def test_malformed_headers_leave_a_remark(header: str) -> None:
    """A header that cannot be read is told to the officer; the text is a message all the same."""
    assert read_udh(udh_octets(header)) == (None, "malformed SMS header")


@given(st.binary(max_size=40).map(lambda octets: octets.decode("latin-1")))
def test_any_header_can_be_read(header: str) -> None:
    """Whatever stands in a header's place is a part, or none with or without a remark."""
    part, _ = read_udh(udh_octets(header))

    assert part is None or 1 <= part[3] <= part[2]


@pytest.mark.parametrize(
    ("told", "when"),
    [
        ("1795301902", datetime(2026, 11, 21, 22, 58, 22, tzinfo=UTC)),
        ("1795301902.5", datetime(2026, 11, 21, 22, 58, 22, tzinfo=UTC)),
        ("1795301902123", datetime(2026, 11, 21, 22, 58, 22, tzinfo=UTC)),
        ("2026-11-21 22:58:22", datetime(2026, 11, 21, 22, 58, 22, tzinfo=UTC)),
        ("2026-11-22T05:58:22+07:00", datetime(2026, 11, 21, 22, 58, 22, tzinfo=UTC)),
        ("2026-11-22T05:58:22.000+0700", datetime(2026, 11, 21, 22, 58, 22, tzinfo=UTC)),
        ("2026-11-21T22:58:22Z", datetime(2026, 11, 21, 22, 58, 22, tzinfo=UTC)),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59-14:00", None),
        ("1970-01-01", None),
        ("99999999999999999999", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_provider_times_are_utc_or_none(told: str, when: datetime | None) -> None:
    """Epoch, ISO 8601 and Kannel's form are one moment; garbage and absurd years are none."""
    assert moment(told) == when


@given(st.text(max_size=40))
def test_any_time_can_be_read(told: str) -> None:
    """Whatever stands in the time's place is an aware moment or none."""
    when = moment(told)

    assert when is None or when.tzinfo is UTC


@pytest.mark.parametrize(
    ("raw", "charset", "text", "remark"),
    [
        ("Café".encode(), "", "Café", ""),
        ("Café".encode(), "UTF-8", "Café", ""),
        ("Café".encode("utf-16-be"), "UCS-2", "Café", ""),
        (b"Caf\xe9", "ISO-8859-1", "Café", ""),
        (b"Caf\xe9", "", "Café", "charset unknown, read as windows-1252"),
        (b"Caf\xe9", "utf-8", "Caf\ufffd", "characters damaged: not utf-8"),
        (b"Caf\x05 \x1be", "GSM-7", "Café €", ""),
        (b"a\x00b", "utf-8", "a\ufffdb", ""),
        (b"plain", "rot13", "plain", ""),
        (b"plain", "unicode_escape", "plain", ""),
    ],
)
def test_text_is_read_as_declared(raw: bytes, charset: str, text: str, remark: str) -> None:
    """A declared charset decides; damage and guesses are told; Python's other codecs are not."""
    assert decode(raw, charset) == (text, remark)


@given(st.binary(max_size=60), st.one_of(st.text(max_size=10), st.sampled_from(["ucs2", "gsm"])))
def test_any_octets_can_be_stored_as_text(raw: bytes, charset: str) -> None:
    """No NUL and no lone surrogate is left, which PostgreSQL could not hold."""
    text, _ = decode(raw, charset)

    assert clean(text) == text
    assert text.encode().decode() == text


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=20), max_size=5))
def test_forms_are_read_as_everybody_writes_them(fields: dict[str, str]) -> None:
    """Our quick reading of a form equals the standard library's."""
    body = urlencode(fields, errors="replace")
    read, _ = pairs(("", FORM, body.encode()))

    assert read == dict(parse_qsl(body, keep_blank_values=True, encoding="latin-1"))


@given(st.binary(max_size=80), st.sampled_from(["id", "msg-id"]))
def test_the_quick_look_for_an_id_never_finds_another(noise: bytes, name: str) -> None:
    """Where the quick look finds an id, reading the whole form finds the same."""
    for body in (noise, b"%b=a1&text=x" % name.encode() + noise, noise + b"&%b=a1" % name.encode()):
        found = id_finder(name)(("", FORM, body))

        assert found is None or found == pairs(("", FORM, body))[0][name]


def test_an_id_in_the_citizens_words_is_not_the_id() -> None:
    """What looks like a field inside a JSON text or beside a query is not taken for the id."""
    find = id_finder("id")

    assert find(("", {"content-type": "application/json"}, b'{"text":"a&id=5&b"}')) is None
    assert find(("", FORM, b'{"text":"a&id=5&b"}')) is None
    assert find(("id=7", FORM, b"text=a&id=5")) is None
    assert find(("", FORM, b"id=6&text=a&id=5")) is None
    assert find(("", FORM, b"text=a&id=5")) == "5"


def test_without_an_id_the_whole_message_is_the_key() -> None:
    """Sender, text, time and part decide; blank and endless ids count as none."""
    message = {"from": "0812", "text": "lampu mati", "sent_at": "1795301902"}

    assert external_id(message) == external_id(dict(message))
    assert len({
        external_id(message),
        external_id(message | {"sent_at": "1795301903"}),
        external_id(message | {"udh": "050003CC0201"}),
        external_id(message | {"from": "08121"}),
        external_id(message | {"from": "0812\n", "text": "lampu mati"}),
        external_id(message | {"id": "x" * 3000}),
    }) == 6  # fmt: skip
    assert external_id(message | {"id": "  "}) != "  "
    assert external_id(message | {"id": "sms 1/ü".encode().decode("latin-1")}) == "sms 1/ü"
