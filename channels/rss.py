"""
RSS and Atom: news and agencies' feeds, read for the monitor; nobody sends anything to us here.

Nothing is acknowledged; where a feed was read up to moves in the commit of its entries. Each feed
is followed on its own: one that is broken or away is told and holds up no other. Entries are
signals. What the journal holds and why: rss_entry. Following a feed: rss_follow.
"""

import asyncio
from collections.abc import Mapping, Sequence

from channels import rss_entry, rss_options
from channels.contract import Attachment, Channel, Inbox, Parsed, Refused, Reply, Simulated
from channels.rss_follow import Follower
from channels.rss_options import RssOptions
from channels.rss_state import read_state


class Rss(Channel):
    """The feeds."""

    name = "rss"
    knows_sender = False
    Options = RssOptions

    def __init__(self, options: RssOptions, key: bytes) -> None:
        del key
        self._options = options

    def parse(self, payload: bytes) -> Parsed:
        """Read a journaled entry."""
        return rss_entry.read(payload)

    def pulls(self) -> bool:
        """Where there are feeds."""
        return bool(self._options.feeds)

    async def pull(self, inbox: Inbox) -> None:
        """Read every feed, each at its own pace."""
        away: dict[str, str] = {}

        def told(feed: str, why: str) -> None:
            away.pop(feed, None)
            away.update({feed: why} if why else {})
            _tell(inbox, away)

        parsing = asyncio.Lock()
        async with asyncio.TaskGroup() as group:
            for feed in self._options.feeds:
                group.create_task(Follower(feed, self._options, inbox, told).run(parsing))

    async def reply(self, reply: Reply) -> Refused:
        """Refuse: nobody waits behind a feed."""
        del reply
        return Refused(reason="a feed cannot be answered", unreachable=True)

    def status(self, cursors: Mapping[str, str]) -> Sequence[str]:
        """How many entries each feed has brought."""
        states = {feed.name: read_state(cursors.get(feed.name, "")) for feed in self._options.feeds}
        return [f"feed {name}: {state.entries} entries so far" for name, state in states.items()]

    def problems(self) -> Sequence[str]:
        """What the settings leave undone."""
        return rss_options.problems(self._options)

    async def simulate(
        self, text: str, *, sender: str, files: Sequence[Attachment], at: str
    ) -> Simulated:
        """Refuse: feeds are read, and nobody can write into one from here."""
        del text, sender, files, at
        return Simulated(external_id="", answer="not sent: feeds are only read", accepted=False)


def _tell(inbox: Inbox, away: Mapping[str, str]) -> None:
    """One line for all feeds that do not come."""
    if not away:
        inbox.trouble(None)
        return
    name, why = next(iter(away.items()))
    others = f", and {len(away) - 1} more" if len(away) > 1 else ""
    inbox.trouble("away", f"feed {name}: {why}{others}")
