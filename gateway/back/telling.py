"""
Telling citizens: open notices whose time has come go into the outbox.

Each goes in the transaction that closes it, so whatever stops the process everybody is told once.
Before one goes it is looked at: does the person want notices, may they be woken now, does the
provider still let us answer, is there money for it. Who cannot be reached where they wrote is told
where else they may be.
"""

import asyncio
from collections.abc import Callable, Mapping

import msgspec

from channels.contract import Channel, Reply
from forwarder import outbox
from forwarder.outbox import CHANNEL, Entry, reply_id
from forwarder.ports import Database, Transaction
from gateway import questions
from gateway.back import money, notices, silence
from gateway.back.notices import Notice
from gateway.back.people import Person, lines_of, person_of
from gateway.back.quiet import quiet_until
from gateway.back.saying import Said, fresh, say
from gateway.back.ways import Way, way_to
from gateway.naming import hidden_lane, moment
from gateway.notices_options import Notices
from gateway.questions import Open
from gateway.turn import CHATS
from gateway.vault import Vault
from normalizer.replies import Speech

LOOK_SECONDS = 1.0
AT_ONCE = 50
KIND = "update"
#: The same news about another report of the same thing is none within this time.
REMEMBERED_MS = 7 * 86_400_000
BUDGET = "the month's budget is used up"


class Teller:
    """Tells while `run` runs."""

    def __init__(  # noqa: PLR0913 (the composition root names each)
        self,
        *,
        database: Database,
        vault: Vault,
        channels: Mapping[str, Channel],
        speech: Speech,
        manners: Notices,
        utc_hours: int,
        clock: Callable[[], int],
        told: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._vault = vault
        self._channels = channels
        #: The sentences; newer ones take their place when settings are read again.
        self.speech = speech
        self._manners = manners
        self._utc_hours = utc_hours
        self._clock = clock
        self._told = told

    async def run(self) -> None:
        """Tell until cancelled."""
        while True:
            if not await self.step():
                await asyncio.sleep(LOOK_SECONDS)

    async def step(self) -> int:
        """Decide on the notices that are due; how many there were."""
        if not await self._database.read(lambda tx: notices.any_due(tx, self._clock())):
            return 0
        done = await self._database.write(self._tell)
        self._told()
        return done

    def _tell(self, tx: Transaction) -> int:
        now = self._clock()
        due = notices.due(tx, now, AT_ONCE)
        purse = _Purse(tx, self._manners.budget, money.month_of(now, self._utc_hours))
        lanes = {notice.lane: hidden_lane(self._vault, notice.lane) for notice in due}
        silenced = silence.among(tx, list(lanes.values()))
        for notice in due:
            if lanes[notice.lane] in silenced:
                notices.stop(tx, notice, "wants no notices", now)
            else:
                self._one(tx, notice, purse, now)
        return len(due)

    def _one(self, tx: Transaction, notice: Notice, purse: "_Purse", now: int) -> None:
        person = person_of(tx, self._vault, notice.record_id, notice.lane)
        if isinstance(person, str):
            notices.stop(tx, notice, person, now)
            return
        said = self._said(tx, notice, person, now)
        if said is None:
            notices.stop(tx, notice, "nothing new", now)
            return
        way, other = way_to(self._channels, person, now)
        night = None if person.urgent or notice.urgent else self._night(now)
        if way is None:
            notices.stop(tx, notice, "no way back", now)
        elif night and (other or not way.closes or way.closes > night):
            notices.put_off(tx, notice, night)
        else:  # also at night, where the provider's window closes before the morning
            self._put(tx, notice, person, way, said=said, purse=purse, now=now)

    def _said(self, tx: Transaction, notice: Notice, person: Person, now: int) -> Said | None:
        lines = lines_of(tx, self._vault, notice.record_id, notices.lines_of(tx, notice.id))
        earlier = notices.told_of(tx, notice.record_id, now - REMEMBERED_MS)
        told = lines_of(tx, self._vault, notice.record_id, earlier)
        news = fresh(lines, told)
        first = notices.is_first(tx, notice.lane)
        return say(news, person.record, person.state, self.speech, first=first)

    def _night(self, now: int) -> int | None:
        hours = self._manners
        return quiet_until(now, hours.quiet_from, hours.quiet_until, self._utc_hours)

    def _put(  # noqa: PLR0913 (what a notice becomes)
        self,
        tx: Transaction,
        notice: Notice,
        person: Person,
        way: Way,
        *,
        said: Said,
        purse: "_Purse",
        now: int,
    ) -> None:
        channel = self._channels[way.channel]
        units = 0 if channel.keeps() else channel.cost(said.text)
        forced = notice.reason == notices.BY_A_PERSON
        if not forced and not purse.affords(way.channel, units):
            until = money.next_month(now, self._utc_hours)
            notices.put_off(tx, notice, until, held_for=BUDGET)
            return
        entry = self._entry(notice, person, way, said, now=now)
        outbox.put(tx, self._vault, [entry], now)
        if said.asks:
            questions.ask(
                tx,
                [
                    Open(
                        lane=notice.lane,
                        topic=said.asks,
                        record_id=notice.record_id,
                        choices=0,
                        asked_at=now,
                    )
                ],
            )
        notices.sent(tx, notice, units, now)

    def _entry(self, notice: Notice, person: Person, way: Way, said: Said, *, now: int) -> Entry:
        entry = Entry(
            record_id=notice.record_id,
            kind=KIND,
            revision=notice.id,
            target=f"{CHANNEL}{way.channel}",
            lane=notice.lane,
            body=b"",
            due=now,
        )
        reply = reply_to(person, way, said, reply_id(entry))
        return msgspec.structs.replace(entry, body=msgspec.json.encode(reply))


def reply_to(person: Person, way: Way, said: Said, name: str) -> Reply:
    """A notice as the channel gets it; `name` is what it is called outside."""
    at_home = way.channel == person.channel
    return Reply(
        id=name,
        to=way.to,
        text=said.text,
        subject=said.subject,
        case_code=person.record.case_code,
        kind=KIND,
        buttons=said.buttons if way.channel in CHATS else (),
        heard_at=moment(person.heard_at) if at_home else None,
    )


class _Purse:
    """What may still be spent this month, channel by channel."""

    def __init__(self, tx: Transaction, budget: Mapping[str, int], month: str) -> None:
        self._tx = tx
        self._budget = budget
        self._spent = dict(money.spent(tx, month)) if any(budget.values()) else {}
        self._reckoned: set[str] = set()

    def affords(self, channel: str, units: int) -> bool:
        """Whether there is so much left; then it is taken."""
        budget = self._budget.get(channel, 0)
        if not budget or not units:
            return True
        if channel not in self._reckoned:
            self._reckoned.add(channel)
            there = money.on_their_way(self._tx, f"{CHANNEL}{channel}")
            self._spent[channel] = self._spent.get(channel, 0) + there
        if self._spent[channel] + units > budget:
            return False
        self._spent[channel] += units
        return True
