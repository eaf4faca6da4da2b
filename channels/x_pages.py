"""
A page of posts: what is asked, what it holds, what it costs and where the next one is.

X gives the newest first; we take in each page oldest first, as people wrote. A page without `data`
holds nothing. `errors` beside `data` name what X left out (deleted, protected) and harm no other.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from channels.x_items import Item, Wrapped, item_of
from channels.x_options import Prices, micro


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What to ask for; posts that name us, or those a query finds."""

    #: "" for mentions.
    query: str
    size: int
    #: Only posts after this one.
    since: str = ""
    #: The next page of a walk, or, where X has forgotten it, only posts before this one.
    token: str = ""
    until: str = ""
    #: Only posts after this moment.
    start: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What came."""

    #: Oldest first.
    items: tuple[Item, ...]
    newest: str
    oldest: str
    #: Where the next page is, "" after the last.
    token: str
    #: What X charges for beside the items themselves.
    users: int
    others: int
    #: How many posts X named and did not show.
    left_out: int

    def cost(self, own: float, prices: Prices) -> int:
        """In millionths of a dollar; `own` is the price of one item."""
        return micro(len(self.items) * own + self.users * prices.user + self.others * prices.post)


def read_page(body: Mapping[str, object], wrapped: Wrapped, *, is_report: bool) -> Page:
    """A page as X sent it; what is not as it should be in it is left out or parks alone."""
    includes = body.get("includes")
    posts = _list(body.get("data"))
    items = [item_of(post, includes, wrapped, is_report=is_report) for post in posts]
    ids = [str(post["id"]) for post in posts if isinstance(post, Mapping) and "id" in post]
    meta = body.get("meta")
    return Page(
        items=tuple(reversed(items)),
        newest=_word(meta, "newest_id") or max(ids, key=_number, default=""),
        oldest=_word(meta, "oldest_id") or min(ids, key=_number, default=""),
        token=_word(meta, "next_token"),
        users=_count(includes, "users"),
        others=_count(includes, "tweets"),
        left_out=len(_list(body.get("errors"))),
    )


def later(one: str, other: str) -> str:
    """The newer of two posts; ids grow with time, and are longer than JSON's numbers."""
    return max(one, other, key=_number)


def _number(id_: str) -> int:
    return int(id_) if id_.isascii() and id_.isdecimal() else 0


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _word(meta: object, name: str) -> str:
    value = meta.get(name) if isinstance(meta, Mapping) else None
    return value if isinstance(value, str) else ""


def _count(includes: object, kind: str) -> int:
    return len(_list(includes.get(kind))) if isinstance(includes, Mapping) else 0
