"""
Evidence of one case: a file of its own that shows what came in when and what became of it.

It holds the record, every message it was made of as the sealed bytes of the journal, how each hangs
in the hash chain and under which anchor, what was sent, and the gateway's signature over all of it.
`check` needs nothing but the file and the public key; with anchors that were kept elsewhere it also
shows that the journal was not written anew since. Nothing in it tells who reported.
"""

import base64
from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec

from forwarder.ports import Row, Transaction
from gateway import anchors, records
from gateway.anchors import Anchor
from gateway.back import timeline
from gateway.back.timeline import Step
from gateway.chain import genesis, journal_id, link
from gateway.merkle import root_by
from gateway.naming import moment
from gateway.signing import NotSigned, Signer, read_signed
from gateway.vault import Vault
from normalizer.record import Record, Reporter

MESSAGES = """
select j.chain, j.position, j.channel, j.external_id, j.received_at, j.payload, j.digest, w.state
from work w join journal j on j.id = w.journal_id
where w.record_id = :record_id order by j.id
"""
BEFORE = "select digest from journal where id = :id"
SENT = """
select kind, revision, target, state, created_at, settled_at, reference from outbox
where record_id = :record_id order by id
"""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message of the case, as the journal holds it."""

    chain: int
    position: int
    channel: str
    external_id: str
    #: Milliseconds since 1970.
    received_at: int
    #: What became of it.
    state: str
    #: The sealed bytes, base64; empty, as the external id, of who is anonymous or was erased.
    payload: str
    #: Of the row before and of this one, hexadecimal.
    before: str
    digest: str
    #: The signed anchor it is under, and the way to its root; empty: none came since.
    anchor: str = ""
    path: tuple[str, ...] = ()


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was to be delivered for the case."""

    kind: str
    revision: int
    target: str
    state: str
    created_at: int
    settled_at: int | None
    reference: str | None


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What is signed."""

    schema: str = "lapor.evidence/1"
    made_at: datetime
    case_code: str
    #: The public state of the case.
    state: str
    #: As it is now, without name and contact; null once the person was erased.
    record: Record | None
    messages: tuple[Message, ...]
    #: What happened to it, as central stores and the citizen told.
    timeline: tuple[Step, ...] = ()
    sent: tuple[Sent, ...]


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What a check found."""

    evidence: Evidence
    #: How many messages are under an anchor, and under one of those that were kept elsewhere.
    anchored: int
    held: int
    #: One sentence about the first thing that does not fit; None when all does.
    broken: str | None


def gather(tx: Transaction, vault: Vault, case_code: str, now: int) -> bytes | None:
    """The signed evidence of a case as one line of JSON; None where there is no such case."""
    status = records.status_of(tx, case_code)
    if status is None:
        return None
    found = records.find(tx, status.record_id)
    record = _nameless(vault, found[1]) if found and found[1].data_key else None
    # The id a provider gave may tell who wrote; without it the sealed bytes show nothing.
    shown = record is not None and not record.anonymous
    evidence = Evidence(
        made_at=moment(now),
        case_code=status.case_code,
        state=status.state,
        record=record,
        messages=tuple(messages_of(tx, status.record_id, shown=shown)),
        timeline=tuple(timeline.of(tx, status.record_id, vault if shown else None)),
        sent=tuple(
            Sent(
                kind=row[0],
                revision=row[1],
                target=row[2],
                state=row[3],
                created_at=row[4],
                settled_at=row[5],
                reference=row[6],
            )
            for row in tx.all(SENT, record_id=status.record_id)
        ),
    )
    return Signer(vault).sign(evidence)


def check(line: bytes, keys: frozenset[str], kept: Sequence[bytes] = ()) -> Checked:
    """
    See whether evidence holds; `kept` are anchors that were kept elsewhere.

    Raises NotSigned where none of the keys signed it.
    """
    evidence = read_signed(line, Evidence, keys)
    known = {anchor.strip().decode(errors="replace") for anchor in kept}
    for message in evidence.messages:
        if wrong := _wrong(message, keys):
            return Checked(evidence=evidence, anchored=0, held=0, broken=wrong)
    return Checked(
        evidence=evidence,
        anchored=sum(bool(message.anchor) for message in evidence.messages),
        held=sum(bool(one.anchor) and one.anchor in known for one in evidence.messages),
        broken=None,
    )


def _wrong(message: Message, keys: frozenset[str]) -> str | None:
    """What does not fit about a message; None when all does."""
    where = f"message {message.chain}:{message.position}"
    digest = bytes.fromhex(message.digest)
    ids = (message.channel, message.external_id, message.received_at)
    payload = base64.b64decode(message.payload)
    if payload and link(bytes.fromhex(message.before), ids, payload) != digest:
        return f"{where} was changed"
    if not message.anchor:
        return None
    try:
        anchor = read_signed(message.anchor.encode(), Anchor, keys)
        end = next(end for end in anchor.chains if end.chain == message.chain)
        index, count = message.position - end.since - 1, end.position - end.since
        root = root_by(digest, index, count, [bytes.fromhex(one) for one in message.path])
    except (NotSigned, StopIteration, ValueError) as exc:
        return f"{where} is not under its anchor: {exc}"
    return None if root.hex() == end.root else f"{where} is not under its anchor"


def messages_of(tx: Transaction, record_id: str, *, shown: bool) -> Iterator[Message]:
    """Every message of a case; without what may tell who wrote it unless `shown`."""
    for row in tx.all(MESSAGES, record_id=record_id):
        chain, position = row[:2]
        message = _message(tx, row)
        if not shown:
            message = msgspec.structs.replace(message, external_id="", payload="")
        found = anchors.covering(tx, chain, position)
        if found is None:
            yield message
            continue
        document, since, upto = found
        way = anchors.path(tx, chain, position, since=since, upto=upto)
        yield msgspec.structs.replace(
            message, anchor=document.decode(), path=tuple(one.hex() for one in way)
        )


def _message(tx: Transaction, row: Row) -> Message:
    chain, position, channel, external_id, received_at, payload, digest, state = row
    before = tx.one(BEFORE, id=journal_id(chain, position - 1))
    return Message(
        chain=chain,
        position=position,
        channel=channel,
        external_id=external_id,
        received_at=received_at,
        state=state,
        payload=base64.b64encode(payload).decode(),
        before=(bytes(before[0]) if before else genesis(chain).digest).hex(),
        digest=bytes(digest).hex(),
    )


def _nameless(vault: Vault, stored: records.Stored) -> Record:
    opened = vault.open(stored.document, stored.data_key or b"")
    record = msgspec.json.decode(opened, type=Record)
    reporter = Reporter(pseudonym=record.reporter.pseudonym)
    return msgspec.structs.replace(record, reporter=reporter)
