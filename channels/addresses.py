"""
Telephone numbers in one form, E.164, as the citizen's own operator would dial them.

Providers write one number as 0812…, 62812…, +62812…, 0062812… or with the plus lost in a URL.
What is no number ("TELKOMSEL") or no number one can call from anywhere ("1708") has no E.164 form
and is not answered. Formats: https://www.itu.int/rec/T-REC-E.164
"""

import re
from collections.abc import Iterator
from functools import cache, lru_cache

import phonenumbers

# Written with letters a number would be read as a vanity number: 1800FLOWERS.
_DIALLED = re.compile(r"\s*\+?[\d\s().\-/]{3,40}", re.ASCII)

# Shorter than this nothing is a subscriber's number, though libphonenumber may call it possible.
_SHORTEST = 9


# An Indonesian mobile number as nearly all of them come. Eleven digits from 628 on may also be a
# number of the south of Sumatra.
_PLAIN = re.compile(r"(?:(\+62|0)|62(?=\d{10}))(8\d{8,11})", re.ASCII)
_HOME = "ID"


@lru_cache(maxsize=4096)
def e164(written: str, country: str) -> str | None:
    """The number as +62…, or None where nobody could be called back under it."""
    plain = _PLAIN.fullmatch(written)
    if plain and (country == _HOME or plain[1] == "+62") and _mobile().fullmatch(plain[2]):
        return f"+62{plain[2]}"
    if not _DIALLED.fullmatch(written):
        return None
    numbers = list(_readings(written, country))
    for is_good in (phonenumbers.is_valid_number, phonenumbers.is_possible_number):
        for number in numbers:
            if is_good(number):
                return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return None


def is_country(code: str) -> bool:
    """Whether numbers without a country code can be read as numbers of this country."""
    return code in phonenumbers.SUPPORTED_REGIONS


@cache
def _mobile() -> re.Pattern[str]:
    """What phonenumbers' own table calls a mobile number; asking it takes ten times as long."""
    table = phonenumbers.PhoneMetadata.metadata_for_region(_HOME)
    mobile = table.mobile if table else None
    return re.compile((mobile and mobile.national_number_pattern) or "(?!)")


def _readings(written: str, country: str) -> Iterator[phonenumbers.PhoneNumber]:
    digits = re.sub(r"\D", "", written)
    if len(digits) < _SHORTEST:
        return
    international = "+" + digits.removeprefix("00")
    for text in (international,) if "+" in written else (digits, international):
        try:
            yield phonenumbers.parse(text, country)
        except phonenumbers.NumberParseException:
            continue
