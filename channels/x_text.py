"""
What a reply on X may say: 280 weighted characters, and no links, which cost twenty times as much.

Weights are those of twitter-text 3: Latin and its like count one, everything else two, a link 23.
An emoji of several parts counts two there and more here, which is never too long.
https://docs.x.com/x-api/fundamentals/counting-characters
"""

import re
import unicodedata

MOST = 280

_LIGHT = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))
_LINK_WEIGHT = 23
_CUT = "…"

# X makes a link of every known domain, with or without https://, but not of mail addresses. Two
# letters are countries; of the others the usual ones.
_LINK = re.compile(
    r"https?://\S+"
    r"|(?<![\w@.-])(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,8}"
    r"(?:[a-z]{2}|com|org|net|info|biz|edu|gov|int|mil|app|dev|xyz|online|site|web|link|asia)"
    r"(?![\w@-])(?:[/?#]\S*)?",
    re.IGNORECASE | re.ASCII,
)
_BLANKS = re.compile(r"[ \t]{2,}")
_END_OF_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")


def weight(text: str) -> int:
    """How many of the 280 characters a text takes."""
    text = unicodedata.normalize("NFC", text)
    links = _LINK.findall(text)
    return len(links) * _LINK_WEIGHT + sum(map(_weight_of, _LINK.sub("", text)))


def has_link(text: str) -> bool:
    """Whether X would make a link of something in it."""
    return _LINK.search(text) is not None


def without_links(text: str) -> str:
    """The text with every link taken out."""
    return _BLANKS.sub(" ", _LINK.sub("", text)).strip()


def shorten(text: str, keep: str, most: int = MOST) -> str:
    """
    At most `most` weighted characters, whole sentences if possible, else whole words.

    `keep` (the case code) stands in what is left, if it stood in the text.
    """
    text = unicodedata.normalize("NFC", text.strip())
    if weight(text) <= most:
        return text
    tail = f" {keep}" if keep and keep in text else ""
    cut = _sentences(text, most) or _words(text, most)
    if not tail or keep in cut:
        return cut
    return _words(text, most - weight(tail)) + tail


def _sentences(text: str, most: int) -> str:
    """As many whole sentences as fit, unless that is less than half of the room."""
    ends = [found.start() for found in _END_OF_SENTENCE.finditer(text)]
    fitting = [text[:end].rstrip() for end in ends if weight(text[:end]) <= most]
    return fitting[-1] if fitting and weight(fitting[-1]) * 2 >= most else ""


def _words(text: str, most: int) -> str:
    """As many whole words as fit with a sign that something is missing."""
    room = most - weight(_CUT)
    end = len(text)
    while end and weight(text[:end]) > room:
        end -= 1
    whole = text[:end].rpartition(" ")[0] or text[:end]
    return whole.rstrip(" ,;:-") + _CUT


def _weight_of(character: str) -> int:
    code = ord(character)
    return 1 if any(first <= code <= last for first, last in _LIGHT) else 2
