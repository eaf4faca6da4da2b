"""
An answer on X: a reply where X allows it, a direct message to who wrote one.

X takes a reply only to a post whose author named or quoted us, and refuses the same words twice. A
reply is refused here, before it costs anything, where X would refuse it.
"""

import hashlib
from dataclasses import dataclass

from channels.contract import Refused, Reply
from channels.windows import unpack_address
from channels.x_options import Prices, micro
from channels.x_post import clean
from channels.x_text import MOST, has_link, shorten, without_links

_MOST_DIRECT = 10_000
_NOT_SUMMONED = "X lets us answer only posts that name or quote us: write to the author elsewhere"
_ONLY_LINKS = "nothing is left of the answer without its links"
_DIRECT_IS_OFF = "direct messages are switched off (dm = false)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What to send."""

    #: "post" or "dm".
    by: str
    #: The post that is answered, or the user.
    to: str
    text: str
    #: Millionths of a dollar.
    price: int


def compose(reply: Reply, prices: Prices, *, links: bool, dm: bool) -> Letter | Refused:
    """What to send, or why it must not be."""
    address = unpack_address(reply.to)
    by, to = address.get("by", ""), address["to"]
    if by == "dm":
        if not dm:
            return Refused(reason=_DIRECT_IS_OFF, unreachable=True)
        text = clean(reply.text)[:_MOST_DIRECT]
        return Letter(by="dm", to=to, text=text, price=micro(prices.dm))
    if not (by == "post" and address.get("may")):
        return Refused(reason=_NOT_SUMMONED, unreachable=True)
    text = clean(reply.text) if links else without_links(clean(reply.text))
    if not text:
        return Refused(reason=_ONLY_LINKS)
    text = _told_apart(text, reply)
    price = prices.link if has_link(text) else prices.reply
    return Letter(by="post", to=to, text=text, price=micro(price))


def _told_apart(text: str, reply: Reply) -> str:
    """
    The text short enough, and unlike that of any other reply.

    With a case code in it it is its own. Help is the same for everybody, so it gets a mark, which
    stays the same however often this reply is tried.
    """
    if reply.case_code and reply.case_code in text:
        return shorten(text, reply.case_code)
    mark = f" [{hashlib.sha256(reply.id.encode()).hexdigest()[:4]}]"
    return shorten(text, "", MOST - len(mark)) + mark
