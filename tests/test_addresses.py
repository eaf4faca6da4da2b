"""Telephone numbers: what is read at a glance is what phonenumbers reads."""

import phonenumbers
from hypothesis import given
from hypothesis import strategies as st

from channels.addresses import e164


def slowly(written: str) -> str | None:
    """The number as phonenumbers finds it, with and without the plus."""
    numbers = []
    for text in (written, f"+{written}"):
        try:
            numbers.append(phonenumbers.parse(text, "ID"))
        except phonenumbers.NumberParseException:
            continue
    for is_good in (phonenumbers.is_valid_number, phonenumbers.is_possible_number):
        for number in filter(is_good, numbers):
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return None


@given(st.sampled_from(["+62", "62", "0"]), st.from_regex(r"8[0-9]{7,12}", fullmatch=True))
def test_a_plain_number_is_what_phonenumbers_says(prefix: str, digits: str) -> None:
    """Mobile numbers are not given to the library, and come out as it would spell them."""
    written = prefix + digits
    assert e164(written, "ID") == slowly(written)


@given(st.from_regex(r"8[0-9]{8,11}", fullmatch=True))
def test_a_number_without_country_is_not_taken_for_indonesian_elsewhere(digits: str) -> None:
    """Where the gateway stands in another country its own plan is asked."""
    assert (e164(f"0{digits}", "SG") or "").startswith("+62") is False
    assert e164(f"+62{digits}", "SG") == e164(f"+62{digits}", "ID")
