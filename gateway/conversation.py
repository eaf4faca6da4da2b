"""
What a sender's message may mean: what the gateway remembers of them, for the dialog to decide on.

Most messages are plain reports of people who were asked nothing, and nothing is remembered for
them. A sender's reports, answers and questions are those of their hidden lane too, where they
reported anonymously.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from forwarder import outbox_desk
from forwarder.ports import Transaction
from gateway import members, records
from gateway.back import silence, timeline
from gateway.custody.holding import held_of
from gateway.members import Waiting
from gateway.naming import hidden_lane, is_hidden, moment
from gateway.questions import Open
from gateway.records import Status, Stored
from gateway.turn import CHATS, FORGED, FORMS, Inquiry, Talk, Target
from gateway.vault import Vault
from gateway.work import load
from normalizer.dialog_talk import WITHDRAWN, Asked, Conversation, Known

# No message waits longer for others than so many times the usual.
MOST_WAITS = 3
# Commands that only look: nothing they depend on has to be loaded but the state of a case.
LOOKING = ("status", "send")
# Commands by which a sender may be forgotten: HAPUS YA, and YES to the question of HAPUS.
ERASING = ("erase", "yes")
#: Answered without knowing anybody.
ALWAYS_THE_SAME = ("help", "hello", "thanks")


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How long to wait and how far to look back, in milliseconds."""

    part_timeout: int
    match_window: int
    #: A photo waits so long for words, an album for its next picture.
    quiet_time: int = 20_000
    album_time: int = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What the look-ups of one round share."""

    tx: Transaction
    vault: Vault
    timing: Timing
    now: int
    open: Mapping[str, Open]
    waiting: Mapping[str, list[Waiting]]
    #: Records some of the messages became before, and automatic answers of the last hour by lane.
    records: Mapping[str, tuple[int, Stored]]
    answers: Mapping[str, int]


def always_the_same(inquiry: Inquiry) -> bool:
    """Whether the answer depends on nobody."""
    command = inquiry.command
    return bool(command and command.name in ALWAYS_THE_SAME and not inquiry.edits)


def talk(inquiry: Inquiry, at: Moment) -> Talk | None:
    """What matters for this message; None where it is a report like any other."""
    lane, name = inquiry.lane, inquiry.command.name if inquiry.command else ""
    quiet = at.timing.quiet_time
    # What should have gone on before this was sent has only not been looked at yet.
    waiting = [
        row
        for row in at.waiting.get(lane, ())
        if row.id not in inquiry.ids
        and max(row.due, row.received_at + quiet) >= inquiry.received_at
    ]
    if always_the_same(inquiry) or (inquiry.plain and lane not in at.open and not waiting):
        return None
    conversation = _conversation(inquiry, at, waiting)
    return Talk(
        conversation=conversation,
        targets=_targets(at.tx, conversation, with_parts=name not in LOOKING),
        waiting=load(at.tx, [row.id for row in waiting]),
        hold_until=_hold_until(inquiry, waiting, at),
        steps=_steps(at.tx, conversation, inquiry) if name in LOOKING else (),
        held=held_of(at.tx, (lane, hidden_lane(at.vault, lane))) if name in ERASING else (),
    )


def _steps(
    tx: Transaction, conversation: Conversation, inquiry: Inquiry
) -> Sequence[timeline.Kept]:
    """What happened to the case whose state is asked for."""
    asked = inquiry.command and (inquiry.command.case_code or inquiry.command.given)
    report = conversation.named if asked else conversation.about or conversation.newest
    return timeline.kept(tx, report.record_id) if report else ()


def _conversation(inquiry: Inquiry, at: Moment, waiting: Sequence[Waiting]) -> Conversation:
    command, channel = inquiry.command, inquiry.channel
    known = _knower(inquiry, at)
    code = command.case_code if command else ""
    waited = inquiry.state == "waiting" and at.now >= _hold_until(inquiry, waiting, at)
    conversation = Conversation(
        chat=channel in CHATS,
        known_sender=channel not in FORMS,
        proven=channel not in FORGED or bool(inquiry.answers),
        newest=known(_newest(inquiry, at)),
        named=known(records.status_of(at.tx, code)) if code else None,
        about=known(_answered(at.tx, inquiry.answers)),
        question=_question(at.open.get(inquiry.lane), at, known),
        waiting=bool(waiting),
        waited=waited,
        silent=command is not None
        and command.name == "start"
        and bool(silence.among(at.tx, [hidden_lane(at.vault, inquiry.lane)])),
    )
    return _with_original(conversation, inquiry, at, known) if inquiry.edits else conversation


def _newest(inquiry: Inquiry, at: Moment) -> Status | None:
    """The sender's last case, anonymous or not."""
    lanes = (inquiry.lane, hidden_lane(at.vault, inquiry.lane))
    found = [records.latest_of(at.tx, lane, without=WITHDRAWN) for lane in lanes]
    return max(filter(None, found), key=lambda status: status.received_at, default=None)


def _with_original(
    conversation: Conversation,
    inquiry: Inquiry,
    at: Moment,
    known: "Callable[[Status | None], Known | None]",
) -> Conversation:
    """What an edited message became; another sender's is not spoken of."""
    original = members.original(at.tx, inquiry.channel, inquiry.edits)
    lanes = (inquiry.lane, hidden_lane(at.vault, inquiry.lane))
    if original is None or original.lane not in lanes:
        return replace(conversation, about=None)
    if original.record_id is None:
        return replace(conversation, about=None, original_waits=original.state == "waiting")
    return replace(conversation, about=known(records.status_by_id(at.tx, original.record_id)))


def _knower(inquiry: Inquiry, at: Moment) -> "Callable[[Status | None], Known | None]":
    """What tells whether a case is the speaker's own."""
    sender, trusted = inquiry.sender, inquiry.channel not in FORMS

    def known(status: Status | None) -> Known | None:
        if status is None:
            return None
        # Who reported by a form and left this very number or address may speak about it here.
        lanes = [inquiry.lane]
        if sender:
            lanes.append(at.vault.pseudonym(status.channel, sender))
        if is_hidden(status.pseudonym):
            lanes = [hidden_lane(at.vault, lane) for lane in lanes]
        mine = status.pseudonym in lanes
        return Known(
            record_id=status.record_id,
            case_code=status.case_code,
            state=status.state,
            received_at=moment(status.received_at),
            own=trusted and mine,
        )

    return known


def _question(
    found: Open | None, at: Moment, known: "Callable[[Status | None], Known | None]"
) -> Asked | None:
    if found is None:
        return None
    report = known(records.status_by_id(at.tx, found.record_id)) if found.record_id else None
    return Asked(
        topic=found.topic,  # type: ignore[arg-type]  # (written by us, see questions.ask)
        asked_at=moment(found.asked_at),
        report=report,
        choices=found.choices,
    )


def _answered(tx: Transaction, answers: Iterable[str]) -> Status | None:
    """The case our reply was about that the message answers."""
    for reply_id in answers:
        record_id = outbox_desk.record_of(tx, reply_id)
        status = records.status_by_id(tx, record_id) if record_id else None
        if status:
            return status
    return None


def _targets(tx: Transaction, conversation: Conversation, *, with_parts: bool) -> dict[str, Target]:
    """The reports of the speaker a decision may touch."""
    asked = conversation.question.report if conversation.question else None
    candidates = (conversation.named, conversation.about, asked, conversation.newest)
    ids = dict.fromkeys(one.record_id for one in candidates if one and one.own)
    found = {id_: target_of(tx, records.find(tx, id_), with_parts=with_parts) for id_ in ids}
    return {id_: target for id_, target in found.items() if target}


def target_of(
    tx: Transaction,
    found: tuple[int, Stored] | None,
    *,
    with_parts: bool,
    also: Sequence[int] = (),
) -> Target | None:
    """A report that was found, and the messages it is made of."""
    if found is None:
        return None
    parts = members.members_of(tx, found[1].record_id, also) if with_parts else []
    return Target(revision=found[0], stored=found[1], parts=parts)


def _hold_until(inquiry: Inquiry, waiting: Sequence[Waiting], at: Moment) -> int:
    """A little after the last of what is coming in, and never much longer."""
    received, quiet = inquiry.received_at, at.timing.quiet_time
    last = max([received + quiet, *(row.due for row in waiting)])
    return min(last, received + MOST_WAITS * quiet)
