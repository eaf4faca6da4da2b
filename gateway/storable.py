"""
Which texts can be stored, shown and sent on: those of the characters XML 1.0 knows.

PostgreSQL takes no NUL, UTF-8 no half of a character, a spreadsheet no other control character.
Whoever reads a form or an order asks here first, so that nothing behind them has to.
"""

import re
from collections.abc import Mapping

# https://www.w3.org/TR/xml/#charsets
UNFIT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Where a word processor breaks a line or a page without ending a paragraph.
BREAKS = re.compile("[\x0b\x0c]")
WHY = "a text in it holds a character that cannot be stored"


def fit(value: object) -> bool:
    """Whether every text in a value can be stored: a text, or lists and mappings of them."""
    if isinstance(value, str):
        return UNFIT.search(value) is None
    if isinstance(value, Mapping):
        return all(fit(key) and fit(one) for key, one in value.items())
    if isinstance(value, list | tuple):
        return all(map(fit, value))
    return True


def made_fit(text: str) -> str:
    """The text without what cannot be stored."""
    return UNFIT.sub("", BREAKS.sub("\n", text))
