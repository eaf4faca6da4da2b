"""
An officer answers: the words go into the timeline, and from there to citizens like any other news.

So an answer is worded, cut, budgeted and kept from waking anybody like what a central store tells;
who is anonymous is answered without anybody here seeing where. The first answer moves the case on,
which stops the clock of the office's promise. What would go out is shown before it does.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal

import msgspec

from channels.contract import Channel
from forwarder.outbox import CHANNEL
from forwarder.ports import Transaction
from gateway.access.person import Person
from gateway.back import money, notices, silence, timeline
from gateway.back.people import lines_of, person_of
from gateway.back.planning import people_of
from gateway.back.quiet import quiet_until
from gateway.back.saying import SOLVED, Line, Said, fresh, say
from gateway.back.telling import REMEMBERED_MS, reply_to
from gateway.back.timeline import Step, Told
from gateway.back.ways import Way, way_to
from gateway.handling.seeing import Seen, note
from gateway.naming import hidden_lane
from gateway.notices_options import Notices
from gateway.vault import Vault
from normalizer.dialog_talk import WITHDRAWN
from normalizer.replies import Speech

#: Stands where a timeline names the store that told of something; no store can be called so.
OFFICE = "@office"
LONGEST = 4_000
FOLLOWED_UP = "ditindaklanjuti"
#: States a first answer moves on from.
BEFORE = frozenset({"diterima", "diteruskan"})
# The number of an entry that is not written yet: after every other.
NOT_YET = 1 << 60


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """What an officer wants to say to citizens."""

    kind: Literal["answer", "question"] = "answer"
    text: str
    #: The case is done with this answer.
    closes: bool = False
    #: To everybody who reported the same, or to this one alone.
    everybody: bool = True
    #: Names the form it was typed into: sent twice is said once.
    once: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """What a citizen would get to read, before it is sent."""

    #: "" where it can go; else why not: withdrawn, nobody, no_way, silenced, nothing.
    problem: str = ""
    channel: str = ""
    subject: str = ""
    #: Message by message.
    messages: tuple[str, ...] = ()
    #: What was cut off, because the channel takes no more.
    is_cut: bool = False
    #: In the channel's own units, for each reporter; 0: nothing.
    units: int = 0
    #: When the provider lets us answer no more; None: never.
    closes: int | None = None
    #: Not before then, because nobody is woken; None: at once.
    due: int | None = None
    over_budget: bool = False
    #: The channel has no way out now and keeps the answer.
    is_kept: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Replier:
    """What answering needs beside the transaction."""

    vault: Vault
    channels: Mapping[str, Channel]
    #: The sentences in force.
    speech: Callable[[], Speech]
    manners: Notices
    utc_hours: int

    def reply(self, tx: Transaction, seen: Seen, word: Word, *, person: Person, now: int) -> int:
        """Say it; how many reporters will hear of it, 0 where this form was sent before."""
        record_id, code = seen.status.record_id, seen.status.case_code
        entry = timeline.Entry(
            record_id=record_id,
            store=OFFICE,
            update_id=f"{record_id} {word.once}",
            at=now,
            kind=word.kind,
            state=_state(seen, word),
            sealed=self.vault.seal(msgspec.json.encode(Told(text=word.text, agency=person.agency))),
        )
        new = timeline.put(tx, [entry], now)
        if not new:
            return 0
        timeline.bring_up_to_date(tx, record_id, now)
        people = people_of(tx, record_id) if word.everybody else {}
        people = people or {record_id: seen.status.pseudonym}
        notices.add(tx, people, [new[0][0]], due=now, now=now)
        done = "closed with an answer" if word.closes else f"sent {word.kind} about"
        note(tx, person, f"{done} case {code} to {len(people)} reporters", now)
        return len(people)

    def ahead(self, tx: Transaction, seen: Seen, word: Word, now: int) -> Ahead:
        """What the reporter of this case would get to read of it, and when."""
        record_id, lane = seen.status.record_id, seen.status.pseudonym
        person = person_of(tx, self.vault, record_id, lane)
        if isinstance(person, str):
            return Ahead(problem="withdrawn" if seen.status.state == WITHDRAWN else "nobody")
        hidden = hidden_lane(self.vault, lane)
        if hidden in silence.among(tx, [hidden]):
            return Ahead(problem="silenced")
        way, other = way_to(self.channels, person, now)
        if way is None:
            return Ahead(problem="no_way")
        said = self._said(tx, seen, word, now)
        if said is None:
            return Ahead(problem="nothing", channel=way.channel, closes=way.closes)
        channel = self.channels[way.channel]
        messages = tuple(channel.shown(reply_to(person, way, said, "")))
        units = channel.cost(said.text)
        hours = self.manners
        night = quiet_until(now, hours.quiet_from, hours.quiet_until, self.utc_hours)
        waits = night and not person.urgent and (other or not way.closes or way.closes > night)
        return Ahead(
            channel=way.channel,
            subject=said.subject if way.channel == "mail" else "",
            messages=messages,
            is_cut=_length(*messages) < _length(said.text),
            units=units,
            closes=way.closes,
            due=night if waits else None,
            over_budget=self._over_budget(tx, way, 0 if channel.keeps() else units, now),
            is_kept=channel.keeps(),
        )

    def _said(self, tx: Transaction, seen: Seen, word: Word, now: int) -> Said | None:
        """As the notice will be worded, with what waits to be told already."""
        record_id, record = seen.status.record_id, seen.record
        state = _state(seen, word)
        told = Told(text=word.text)
        step = Step(
            id=NOT_YET, store=OFFICE, at=now, kind=word.kind, state=state, word="", told=told
        )
        lines = partial(lines_of, tx, self.vault, record_id)
        waiting = lines(notices.waiting_lines(tx, record_id))
        earlier = lines(notices.told_of(tx, record_id, now - REMEMBERED_MS))
        news = fresh([*waiting, Line(step=step, own=True)], earlier)
        first = notices.is_first(tx, seen.status.pseudonym)
        return say(news, record, state or seen.status.state, self.speech(), first=first)

    def _over_budget(self, tx: Transaction, way: Way, units: int, now: int) -> bool:
        budget = self.manners.budget.get(way.channel, 0)
        if not budget or not units:
            return False
        spent = money.spent(tx, money.month_of(now, self.utc_hours)).get(way.channel, 0)
        return spent + money.on_their_way(tx, f"{CHANNEL}{way.channel}") + units > budget


def _state(seen: Seen, word: Word) -> str | None:
    """The state a word puts the case into; None leaves it as it is."""
    if word.closes:
        return SOLVED
    if word.kind == "answer" and seen.status.state in BEFORE:
        return FOLLOWED_UP
    return None


def _length(*texts: str) -> int:
    return sum(len("".join(text.split())) for text in texts)
