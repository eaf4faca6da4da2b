"""What a citizen wrote as "e-mail or phone number", in the spelling the other channels use."""

import re

from channels.addresses import e164

MAIL = re.compile(r'[^\s@<>,;:"()]{1,64}@[^\s@<>,;:"()]{1,253}\.[^\s@<>,;:"().]{2,63}')


def address(contact: str) -> str:
    """A mail address in small letters, a number as E.164, or "" where it is neither."""
    contact = contact.strip()
    if MAIL.fullmatch(contact):
        return contact.lower()
    return e164(contact, "ID") or ""
