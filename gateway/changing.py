"""
A report changes: its messages are folded again, with the new one among them, into a revision.

Also when the journal is run again, and when a part of a long SMS or a picture of an album comes
late. Only what is different makes a revision.
"""

from collections.abc import Sequence
from dataclasses import replace

import msgspec

from channels.contract import InboundMessage
from forwarder.update import Comment
from gateway.answering import addressed, say, warned
from gateway.beginning import fetches
from gateway.members import Part
from gateway.naming import hidden_lane, moment, record_id_of
from gateway.reading import Reader
from gateway.recording import Draft, Recorder
from gateway.records import Stored
from gateway.turn import Effects, Heard, Hidden, Made, Question, Target, Turn
from gateway.work import Settled
from normalizer.dialog_commands import has_things, words_of
from normalizer.dialog_fold import Folded, Member, fold, kept, told_by
from normalizer.dialog_talk import TOGETHER, WITHDRAWN, Change
from normalizer.privacy_self import self_kinds
from normalizer.record import Record

# What a message brings into a report; the other roles are commands about it.
BRINGS = ("add", "place", "choice", "edit", "unsent")


class Changer:
    """Makes revisions."""

    def __init__(self, reader: Reader, recorder: Recorder) -> None:
        self._reader = reader
        self._recorder = recorder

    def change(self, turn: Turn, decision: Change) -> Made:
        """The revision one message makes of an earlier report, and the answer to it."""
        ready, talk, report = turn.question.ready, turn.context.talk, decision.report
        assert talk  # noqa: S101 (a change is decided on in a conversation alone)
        target = talk.targets[report.record_id]
        before = self._recorder.open(target.stored)
        newest = Member(
            external_id=ready.row.external_id,
            role=decision.role,
            message=ready.message,
            received_at=moment(ready.row.received_at),
        )
        folded = self._folded(target, before, [newest])
        settled = Settled(
            id=ready.row.id,
            state="joined" if decision.role in BRINGS else "command",
            lane=ready.lane,
            batch=ready.batch,
            record_id=report.record_id,
            reason=decision.role,
        )
        made = Made(
            effects=_hidden(self._recorder, before, target),
            settled=[settled, *(msgspec.structs.replace(settled, id=id_) for id_ in ready.joined)],
            fetches=fetches(before, ready.message),
        )
        commented = self._comment(made, turn, decision, before)
        revision = self._revise(made, turn, target, folded, commented)
        if folded.withdrawn:
            made.effects.moved.append((report.record_id, WITHDRAWN))
        if decision.role == "unsent" and folded.withdrawn:
            decision = replace(decision, say="withdrawn")
        anonymous = before.anonymous or folded.message.anonymous
        self._answer(made, turn, decision, before=before, revision=revision, anonymous=anonymous)
        return made

    def _comment(self, made: Made, turn: Turn, decision: Change, before: Record) -> tuple[str, ...]:
        """Put a word to the office into the timeline; the stores that get it as a comment."""
        ready = turn.question.ready
        message, report = ready.message, decision.report
        late = moment(turn.now) - report.received_at > TOGETHER
        if not decision.comment or (decision.say == "added" and not late):
            return ()  # what is added at once is part of the report
        hides = before.anonymous or message.anonymous or message.confidential
        plain = not has_things(message) and not hides
        stores = self._recorder.manners.commented if plain else ()
        solved = {"solved": True, "unsolved": False}.get(decision.role)
        command = turn.question.command
        comment = Comment(
            record_id=report.record_id,
            comment_id=record_id_of(ready.row.channel, ready.row.external_id),
            at=ready.row.received_at,
            # What anonymous people say stands in their record alone, masked.
            text="" if hides else command.text if command else words_of(message),
            solved=solved,
        )
        made.effects.heard.append(
            Heard(
                record_id=report.record_id,
                comment_id=comment.comment_id,
                at=comment.at,
                kind="comment" if solved is None else decision.role,
                sealed=self._recorder.vault.seal(msgspec.json.encode(comment)),
                stores=stores,
            )
        )
        return stores

    def remake(self, turn: Turn, target: Target) -> Made:
        """A report whose message came before: made again, by today's rules and with late pieces."""
        ready = turn.question.ready
        before = self._recorder.open(target.stored)
        settled = [
            Settled(
                id=part.row.id,
                state="recorded" if _names(part, before) else "joined",
                lane=ready.lane,
                batch=ready.batch,
                record_id=before.record_id,
            )
            for part in target.parts
            if part.row.id in ready.ids
        ]
        made = Made(settled=settled, effects=_hidden(self._recorder, before, target))
        fresh = [part for part in target.parts if part.row.record_id is None]
        for read in self._reader.read([part.row for part in fresh]):
            if isinstance(read.said, InboundMessage):
                made.fetches += fetches(before, read.said)
        self._revise(made, turn, target, self._folded(target, before, []))
        return made

    def again(self, stored: Stored, parts: Sequence[Part]) -> tuple[Record, Record]:
        """A stored record, and what today's rules make of its messages."""
        before = self._recorder.open(stored)
        target = Target(revision=before.revision, stored=stored, parts=parts)
        folded = self._folded(target, before, [])
        after = self._recorder.record(self._draft(target, before, folded), [])
        return before, kept(before, after, choice=folded.choice)

    def _folded(self, target: Target, before: Record, new: Sequence[Member]) -> Folded:
        """All messages of a report; where they were erased, the record speaks for them."""
        read = self._reader.read([part.row for part in target.parts])
        members = [
            Member(
                external_id=one.row.external_id,
                role=part.role,
                message=one.said,
                received_at=moment(one.row.received_at),
            )
            for part, one in zip(target.parts, read, strict=True)
            if isinstance(one.said, InboundMessage)
        ]
        whole = len(members) == len(target.parts)
        if not whole or not any(member.role == "" for member in members):
            first = Member(
                external_id=_first_id(target, before),
                role="",
                message=told_by(before),
                received_at=before.received_at,
            )
            late = [member for member in members if self._is_late(target, member)]
            members = [first, *late]
        return fold([*members, *new])

    @staticmethod
    def _is_late(target: Target, member: Member) -> bool:
        """Whether a message is not in the record yet."""
        return any(
            part.row.record_id is None and part.row.external_id == member.external_id
            for part in target.parts
        )

    def _draft(self, target: Target, before: Record, folded: Folded) -> Draft:
        # Hidden once is hidden for good, whoever asked for it: the name must not come back.
        message = replace(
            folded.message,
            anonymous=folded.message.anonymous or before.anonymous,
            confidential=folded.message.confidential or before.confidential,
        )
        return Draft(
            message=message,
            lane=target.stored.pseudonym,
            record_id=before.record_id,
            case_code=before.case_code,
            channel=before.channel,
            external_id=before.external_id,
            received_at=target.stored.received_at,
            revision=target.revision + 1,
        )

    def _revise(  # noqa: PLR0917 (what a revision is made of)
        self,
        made: Made,
        turn: Turn,
        target: Target,
        folded: Folded,
        commented: tuple[str, ...] = (),
    ) -> int:
        """Put a revision into `made` if it is another one; its number, 0 if it is not."""
        before = self._recorder.open(target.stored)
        draft = self._draft(target, before, folded)
        after = kept(before, self._recorder.record(draft, []), choice=folded.choice)
        if msgspec.structs.replace(after, revision=before.revision) == before:
            return 0
        draft = _reachable(draft, turn.question)
        self._recorder.put(made, draft, after, turn.now, commented=commented)
        return after.revision

    def _answer(  # noqa: PLR0913 (what there is to answer)
        self,
        made: Made,
        turn: Turn,
        decision: Change,
        *,
        before: Record,
        revision: int,
        anonymous: bool,
    ) -> None:
        manners, rules = self._recorder.manners, self._recorder.rules
        if turn.context.answers >= manners.replies_per_hour:
            return
        message = turn.question.ready.message
        words = None
        if decision.say:
            words = say(decision.say, rules, message.text, report=decision.report, record=before)
        if revision and anonymous:
            # Of this message or, where it asks for that, of the report so far.
            masked = self_kinds(before.title, before.text, message.text)
            words = warned(words, masked, rules, before)
        if words is None:
            return
        # Revision 1 answers no other change: the same key for each of many photos.
        number = 1 if decision.once else revision
        made.entries += addressed(
            words,
            turn.question,
            turn.now,
            before.record_id if number else "",
            revision=number or 1,
        )


def _names(part: Part, record: Record) -> bool:
    """Whether a record began with this row; an anonymous one does not tell its external id."""
    return record_id_of(part.row.channel, part.row.external_id) == record.record_id


def _first_id(target: Target, before: Record) -> str:
    """What an edit of the first message names; no one message, where others were added to it."""
    if any(remark.startswith("added to by the citizen") for remark in before.remarks):
        return before.record_id
    named = (part.row.external_id for part in target.parts if _names(part, before))
    return next(named, before.external_id)


def _hidden(recorder: Recorder, before: Record, target: Target) -> Effects:
    """Whatever else is said about an anonymous report is not to be tied to its sender either."""
    if not before.anonymous:
        return Effects()
    lane = hidden_lane(recorder.vault, target.stored.pseudonym)
    return Effects(hidden=[Hidden(record_id=before.record_id, lane=lane)])


def _reachable(draft: Draft, question: Question) -> Draft:
    """The draft under the address of the message at hand: the freshest way back to the sender."""
    message, latest = draft.message, question.ready.message
    if latest.return_address is None:
        return draft
    return msgspec.structs.replace(
        draft,
        message=replace(
            message,
            sender=message.sender or latest.sender,
            return_address=latest.return_address,
            name=message.name or latest.name,
            contact=message.contact or latest.contact,
        ),
    )
