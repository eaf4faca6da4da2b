"""
Private numbers: NIK, KK, telephones, accounts, licence plates; and e-mail addresses.

A NIK is the code of a province, a regency and a district, the date of birth (women's day is 40
higher) and a counter; a KK is the same with the day it was issued. Both have 16 digits, so a card
or a ticket is told from them by province, day and month, and one from the other by the word before.
"""

import re
from collections.abc import Iterator

from normalizer.record import PrivateKind, PrivateSpan
from normalizer.text import words

# How far before a number the word that tells its kind may stand.
_BEFORE = 30
_WOMAN = 40
_CITIZEN_DIGITS = 16

_LONG = re.compile(r"\d(?:[ .-]?\d){6}")
_CITIZEN = re.compile(r"(?<!\d)(?:\d{16}(?!\d)|\d(?:[ .-]?\d){15}(?![ .-]?\d))")
_MOBILE = re.compile(
    r"(?<!\d)(?<!\d[.])(?:\+\s?62|0062|62|0)[ .-]?\(?8\d{1,2}\)?(?:[ .-]{0,3}\d){6,10}(?!\d)"
)
# The area code without its 0: two digits for the five oldest cities, else three.
_FIXED = re.compile(
    r"(?<!\d)(?<!\d[.])\(?(?:\+\s?62[ .-]?|0)(?:2[1247]|31|61|[2-79]\d\d)\)?"
    r"[ .-]{0,3}\d(?:[ .-]?\d){5,7}(?!\d)"
)
_ACCOUNT = re.compile(r"(?<!\d)\d(?:[ .-]?\d){6,18}(?!\d)")
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{2,63}){1,4}")

_FAMILY_CUE = re.compile(r"\b(?:kk|kartu keluarga)\b[^\d]{0,20}$", re.IGNORECASE)
_CITIZEN_CUE = re.compile(r"\b(?:nik|ktp|e-?ktp|nomor induk)\b[^\d]{0,20}$", re.IGNORECASE)
_ACCOUNT_CUE = re.compile(
    r"\b(?:rek|norek|no\.?rek|rekening|va|virtual account|bri|bni|bca|btn|mandiri|bsi|bank"
    r"|id ?pel|idpel|pelanggan|no\.? ?meter|nometer|nop|npwp|bpjs|kpj|kis|kartu)\b[^\d]{0,20}$",
    re.IGNORECASE,
)

_PROVINCES = frozenset(
    (*range(11, 22), *range(31, 37), *range(51, 54), *range(61, 66), *range(71, 77), 81, 82)
) | frozenset(range(91, 98))

# Digits first and the area behind them: a search that begins with a letter is slow.
_PLATE = re.compile(r"(\d\d{0,3})[ .-]?([A-Za-z]{1,3})(?!\w)(?!\s*(?:[.:]\s*)?\d)")
_PLATE_AREA = re.compile(r"(?<![\w.])([A-Za-z]{1,2})[ .-]?$")
_LONGEST_AREA = 4
_PLATE_CUE = re.compile(
    r"\b(?:nopol|no\.? ?pol|plat|plat nomor|nomor polisi|no\.? ?polisi|mobil|motor|truk|truck|bus"
    r"|bis|angkot|pick ?up|taksi|sepeda motor|kendaraan)\b[^\d\n]{0,30}$",
    re.IGNORECASE,
)
_AREAS = frozenset(
    words("""
    A B D E F G H K L M N P R S T W Z AA AB AD AE AG BA BB BD BE BG BH BK BL BM BN BP DA DB DC DD DE
    DG DH DK DL DM DN DP DR DS DT DW EA EB ED KB KH KT KU PA PB PS""")
)
# "Blok B 12 RT 02", "L 200 M", "A 100 RB".
_NO_SERIES = frozenset(
    words("RT RW KM KG CM MM M L W V VA RB JT TH HR WIB WIT NO GG JL KK BLN HP WA DI KE")
)
_LEAST_SURE_DIGITS = 3


def numbers_in(text: str) -> Iterator[PrivateSpan]:
    """What is private in a text for its form; the same digits may be given twice."""
    if "@" in text:
        yield from _all("email", _EMAIL, text)
    if _LONG.search(text):
        yield from _citizens(text)
        yield from _all("phone", _MOBILE, text)
        yield from _accounts(text)
    yield from _plates(text)


def _citizens(text: str) -> Iterator[PrivateSpan]:
    for found in _CITIZEN.finditer(text):
        before = max(0, found.start() - _BEFORE), found.start()
        digits = "".join(filter(str.isdigit, found.group()))
        if _FAMILY_CUE.search(text, *before):
            yield _span("kk", found)
        elif _CITIZEN_CUE.search(text, *before) or (
            is_citizen_number(digits) and not _ACCOUNT_CUE.search(text, *before)
        ):
            yield _span("nik", found)


def _accounts(text: str) -> Iterator[PrivateSpan]:
    """Accounts and customer numbers behind a cue; fixed telephones, where there is none."""
    for found in _ACCOUNT.finditer(text):
        if _ACCOUNT_CUE.search(text, max(0, found.start() - _BEFORE), found.start()):
            yield _span("account", found)
    for found in _FIXED.finditer(text):
        if not _ACCOUNT_CUE.search(text, max(0, found.start() - _BEFORE), found.start()):
            yield _span("phone", found)


def is_citizen_number(digits: str) -> bool:
    """Whether 16 digits can be a NIK: a province there is, a day and a month."""
    if len(digits) != _CITIZEN_DIGITS or int(digits[:2]) not in _PROVINCES or digits[2:4] == "00":
        return False
    day, month = int(digits[6:8]), int(digits[8:10])
    return 1 <= (day - _WOMAN if day > _WOMAN else day) <= 31 and 1 <= month <= 12  # noqa: PLR2004


def _plates(text: str) -> Iterator[PrivateSpan]:
    for found in _PLATE.finditer(text):
        number, series = found.groups()
        at = _PLATE_AREA.search(text, max(0, found.start() - _LONGEST_AREA), found.start())
        if at is None or at[1].lower() not in _AREAS or series.lower() in _NO_SERIES:
            continue
        written = at[1].isupper() and series.isupper() and len(number) >= _LEAST_SURE_DIGITS
        if written or _PLATE_CUE.search(text, max(0, at.start() - _BEFORE), at.start()):
            yield PrivateSpan(kind="plate", start=at.start(), end=found.end())


def _all(kind: PrivateKind, form: re.Pattern[str], text: str) -> Iterator[PrivateSpan]:
    return (_span(kind, found) for found in form.finditer(text))


def _span(kind: PrivateKind, found: re.Match[str]) -> PrivateSpan:
    return PrivateSpan(kind=kind, start=found.start(), end=found.end())
