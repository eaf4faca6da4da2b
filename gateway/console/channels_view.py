"""What *Kanal* shows of channels and stores: how each does, what waits, what it costs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from forwarder import outbox_desk
from forwarder.outbox import CENTRAL, CHANNEL
from forwarder.ports import Transaction
from gateway import anchors, chain, cursors, rhythm, troubles, work
from gateway.access import trail
from gateway.back import money, notices
from gateway.back.money import Bill
from gateway.build import Parts
from gateway.holdings import Holding
from gateway.naming import moment
from gateway.rhythm import HOUR, Silence
from gateway.troubles import Note
from gateway.work import Backlog

DAY_HOURS = 24
#: Days before the end of a token that are few.
SOON = 14
#: Their tokens may end on a day that no provider tells us in a way we read.
TOKEN_ENDS = frozenset({"instagram", "messenger", "whatsapp", "line"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """One channel."""

    name: str
    #: "good", "trouble", "down" or "silent".
    state: str
    #: As each process has it.
    troubles: Sequence[Note]
    silence: Silence | None
    this_hour: int
    day: int
    #: The newest hour with a message within a day, in milliseconds.
    last: int | None
    #: Answers that wait to leave, and since when.
    waiting: int
    oldest: int | None
    bill: Bill | None
    #: Whether its token runs out some day, and after how many days where the settings say it.
    token_ends: bool
    token_days: int | None
    #: What the channel says of itself: how far it has read, what was missed.
    told: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """One central store."""

    name: str
    kind: str
    by_hand: bool
    #: Why it gets nothing at the moment; None: all is well.
    paused: str | None
    waiting: int
    oldest: int | None
    parked: int
    holding: Holding | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Where the chains end, in words to keep elsewhere, and the last anchor."""

    heads: Sequence[str]
    trail: str
    anchors: int
    #: Its number and when it was dropped.
    latest: tuple[int, int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How the gateway does."""

    doors: Sequence[Door]
    shelves: Sequence[Shelf]
    backlog: Backlog
    notices: Mapping[str, int]
    proof: Proof


@dataclass(frozen=True, slots=True, kw_only=True)
class _Queues:
    """What waits in the outbox."""

    depth: Mapping[tuple[str, str], int]
    oldest: Mapping[str, int]

    def waiting(self, target: str) -> int:
        return sum(self.depth.get((target, state), 0) for state in ("pending", "uncertain"))


def state(tx: Transaction, parts: Parts, now: int) -> State:
    """Everything but what is parked and the accounts, in one read."""
    queues = _Queues(depth=outbox_desk.depth(tx), oldest=outbox_desk.oldest(tx))
    numbers = list(chain.chains(tx))
    return State(
        doors=_doors(tx, parts, queues, now),
        shelves=_shelves(parts, queues),
        backlog=work.backlog(tx),
        notices=notices.counts(tx),
        proof=Proof(
            heads=[chain.last_head(tx, number).anchor(number) for number in numbers],
            trail=trail.anchor(trail.last_head(tx)),
            anchors=anchors.number(tx),
            latest=anchors.latest(tx),
        ),
    )


def _doors(tx: Transaction, parts: Parts, queues: _Queues, now: int) -> list[Door]:
    known = troubles.known(tx)
    silent = {silence.channel: silence for silence in rhythm.silences(tx, now)}
    lately = rhythm.lately(tx, now)
    settings = parts.settings
    bills = {
        bill.channel: bill
        for bill in money.bills(tx, settings.notices.budget, now, settings.tenant.utc_hours)
    }
    today = (moment(now) + timedelta(hours=settings.tenant.utc_hours)).date()
    found = []
    for name, channel in parts.channels.items():
        hours, target = lately.get(name, {}), CHANNEL + name
        wrong = [note for note in known if note.channel == name]
        silence = silent.get(name)
        found.append(
            Door(
                name=name,
                state=_state(wrong, silence, down=name in parts.metrics.down),
                troubles=wrong,
                silence=silence,
                this_hour=hours.get(now // HOUR, 0),
                day=sum(hours.values()),
                last=max(hours) * HOUR if hours else None,
                waiting=queues.waiting(target),
                oldest=queues.oldest.get(target),
                bill=bills.get(name),
                token_ends=name in TOKEN_ENDS,
                token_days=_days_left(settings.channels.get(name), today),
                told=channel.status(cursors.of(tx, name)),
            )
        )
    return found


def _days_left(options: object, today: date) -> int | None:
    until: date | None = getattr(options, "token_until", None)
    return None if until is None else (until - today).days


def _state(wrong: Sequence[Note], silence: Silence | None, *, down: bool) -> str:
    if down:
        return "down"
    if wrong:
        return "trouble"
    return "silent" if silence else "good"


def _shelves(parts: Parts, queues: _Queues) -> list[Shelf]:
    paused = {worker.target.name: worker.trouble() for worker in parts.workers}
    return [
        Shelf(
            name=name,
            kind=parts.settings.centrals[name].kind.kind,
            by_hand=central.by_hand,
            paused=paused.get(CENTRAL + name),
            waiting=queues.waiting(CENTRAL + name),
            oldest=queues.oldest.get(CENTRAL + name),
            parked=queues.depth.get((CENTRAL + name, "parked"), 0),
            holding=parts.holdings.last.get(name),
        )
        for name, central in parts.centrals.items()
    ]
