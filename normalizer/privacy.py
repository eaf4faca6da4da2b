"""
Which kinds of personal data a text holds: the first version, three kinds by their form.

A NIK (and a family card number, which looks the same) has 16 digits; a mobile number begins with
08, 628 or +628; both may be written in groups.
"""

import re

# Nine digits or more, perhaps in groups: without them there is neither a NIK nor a telephone.
_LONG_NUMBER = re.compile(r"\d(?:[ .-]?\d){8}")
_NUMBERS = {
    "nik": re.compile(r"(?<!\d)\d(?:[ .-]?\d){15}(?![ .-]?\d)"),
    "phone": re.compile(r"(?<!\d)(?:\+?62|0)[ .-]?8(?:[ .-]?\d){7,11}(?!\d)"),
}
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{2,63}){1,4}")


def personal_data_in(text: str) -> tuple[str, ...]:
    """The kinds found, in a fixed order: nik, phone, email."""
    found: list[str] = []
    if _LONG_NUMBER.search(text):
        found += [kind for kind, form in _NUMBERS.items() if form.search(text)]
    if "@" in text and _EMAIL.search(text):
        found.append("email")
    return tuple(found)
