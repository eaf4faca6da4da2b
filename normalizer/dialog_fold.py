"""
A record is what its messages say, taken together in their order: `fold`.

The first of them made it; later ones add, answer, correct or take back. Folding all of them again
gives the same report, so a revision and a replay of the journal are one and the same. What others
have done to the record meanwhile (an officer's decision, a fetched file) is `kept`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec

from channels.contract import InboundMessage, Point
from normalizer.dialog_commands import command_of, words_of
from normalizer.dialog_flags import flagged
from normalizer.dialog_parts import merge
from normalizer.dialog_talk import Role
from normalizer.record import Place, Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A message of a report and what it is to it."""

    external_id: str
    role: Role
    message: InboundMessage
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """All messages of a report in one."""

    message: InboundMessage
    #: The citizen took it back.
    withdrawn: bool = False
    #: The number they chose of the places that were offered.
    choice: int = 0


def fold(members: Sequence[Member]) -> Folded:
    """One message of all that belong to a report, oldest first; ValueError without a first one."""
    unsent = {member.message.edits for member in members if member.role == "unsent"}
    current = _corrected(members)
    first = [member for member in current if member.role == ""]
    left = [member for member in first if member.external_id not in unsent]
    folded = Folded(
        message=flagged(merge([_told(member.message) for member in left or first])),
        withdrawn=not left,
    )
    for member in current:
        if member.role and member.external_id not in unsent:
            folded = _with(folded, member)
    if folded.withdrawn:
        folded = replace(folded, message=_remarked(folded.message, "withdrawn by the citizen"))
    return folded


def told_by(record: Record) -> InboundMessage:
    """A record as the message it could have been, where its own messages can be read no more."""
    return InboundMessage(
        sender="",
        text=record.text,
        place=record.place.name if record.place else "",
        point=Point(lat=record.point.lat, lon=record.point.lon) if record.point else None,
        sent_at=record.sent_at,
        anonymous=record.anonymous,
        confidential=record.confidential,
        context=record.context or "",
        source_url=record.source_url or "",
        remarks=record.remarks,
    )


def kept(before: Record, after: Record, *, choice: int = 0) -> Record:
    """The next revision, with all in it that did not come from the citizen's messages."""
    known = {file.sha256 for file in after.attachments}
    gone = "incomplete"  # of a long message whose last part came late
    remarks = (remark for remark in before.remarks if not remark.startswith(gone))
    decided = {
        name: getattr(before, name)
        for name in ("type", "topic", "agency", "urgency")
        if getattr(before, name).by == "officer"
    }
    return tightened(
        before,
        msgspec.structs.replace(
            after,
            reporter=msgspec.structs.replace(after.reporter, sealed=before.reporter.sealed),
            attachments=(
                *after.attachments,
                *(file for file in before.attachments if file.sha256 not in known),
            ),
            place=_decided(before) or _chosen(before, choice) or after.place or before.place,
            point=after.point or before.point,
            duplicate=before.duplicate,
            deadlines=before.deadlines,
            remarks=tuple(dict.fromkeys((*after.remarks, *remarks))),
            **decided,
        ),
    )


def tightened(before: Record, after: Record) -> Record:
    """The new record with the flags of the old one where it would have loosened them."""
    confidential = before.confidential or after.confidential
    return msgspec.structs.replace(
        after,
        anonymous=before.anonymous or after.anonymous,
        confidential=confidential,
        visibility="private" if confidential else after.visibility,
    )


def _told(message: InboundMessage) -> InboundMessage:
    """A message a report begins with; an addition that could not go elsewhere is its text."""
    command = command_of(message)
    if command and command.name == "add" and command.text:
        return replace(message, matter=command.text)
    return message


def _corrected(members: Sequence[Member]) -> list[Member]:
    """The messages with the last version of each in its place; of one that is gone, behind all."""
    versions = {m.message.edits: m for m in members if m.role == "edit"}
    kept_ = [member for member in members if member.role not in {"edit", "unsent"}]
    known = {member.external_id for member in kept_}
    return [
        replace(member, message=_version(member.message, versions[member.external_id].message))
        if member.external_id in versions
        else member
        for member in kept_
    ] + [
        replace(version, role="add", message=_remarked(version.message, "edited by the citizen"))
        for edited, version in versions.items()
        if edited not in known
    ]


def _version(old: InboundMessage, new: InboundMessage) -> InboundMessage:
    part = replace(new, part=old.part, album=old.album)
    return _remarked(part, "edited by the citizen")


def _with(folded: Folded, member: Member) -> Folded:
    """What one more message makes of it."""
    command = command_of(member.message)
    whole = folded.message
    match member.role:
        case "withdraw":
            return replace(folded, withdrawn=True)
        case "choice":
            return replace(folded, choice=command.number if command else 0)
        case "hide":
            anonymous = whole.anonymous or (command is not None and command.anonymous)
            confidential = whole.confidential or (command is not None and command.confidential)
            return replace(
                folded, message=replace(whole, anonymous=anonymous, confidential=confidential)
            )
        case "place":
            place = "; ".join(filter(None, (whole.place, words_of(member.message))))
            return replace(folded, message=_enriched(replace(whole, place=place), member.message))
    words = command.text if command else words_of(member.message)
    if member.role in {"solved", "unsolved"}:
        verdict = "solved" if member.role == "solved" else "not solved yet"
        whole = _remarked(whole, _dated(f"the citizen says: {verdict}", member))
    else:
        whole = _remarked(whole, _dated("added to by the citizen", member))
    return replace(folded, message=_enriched(_longer(whole, words), member.message))


def _longer(whole: InboundMessage, words: str) -> InboundMessage:
    if not words:
        return whole
    matter = None if whole.matter is None else f"{whole.matter}\n\n{words}"
    return replace(whole, text=f"{whole.text}\n\n{words}".lstrip("\n"), matter=matter)


def _enriched(whole: InboundMessage, more: InboundMessage) -> InboundMessage:
    """What a later message brings beside its words."""
    more = flagged(more)
    return replace(
        whole,
        attachments=(*whole.attachments, *more.attachments),
        remote=(*whole.remote, *more.remote),
        point=whole.point or more.point,
        anonymous=whole.anonymous or more.anonymous,
        confidential=whole.confidential or more.confidential,
        remarks=tuple(dict.fromkeys((*whole.remarks, *more.remarks))),
    )


def _remarked(message: InboundMessage, remark: str) -> InboundMessage:
    return replace(message, remarks=tuple(dict.fromkeys((*message.remarks, remark))))


def _dated(remark: str, member: Member) -> str:
    return f"{remark} on {member.received_at:%Y-%m-%d}"


def _decided(before: Record) -> Place | None:
    return before.place if before.place and before.place.by == "officer" else None


def _chosen(before: Record, choice: int) -> Place | None:
    if not choice or not before.place or choice > len(before.place.candidates):
        return None
    candidate = before.place.candidates[choice - 1]
    return msgspec.structs.replace(
        before.place,
        code=candidate.code,
        name=candidate.name,
        level=candidate.level,
        confidence=1.0,
    )
