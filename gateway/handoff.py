"""
Where a store has no API: what an officer types into its form, and the number they bring back.

One task per record, however many revisions and comments wait: the fields of SP4N's form in its
order, what was added since, and the store's number where it has one already. The tracking id typed
or pasted back settles all that was shown. The command line and the console use these functions.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from forwarder import by_hand, outbox
from forwarder.central.templates import address_of
from forwarder.outbox import CENTRAL
from forwarder.ports import Transaction, Vault
from forwarder.update import Comment
from gateway import records
from gateway.access.trail import enter
from normalizer.record import Record

#: The order of SP4N's form; an officer's eyes and fingers follow it.
FIELDS = (
    "Klasifikasi laporan",
    "Judul laporan",
    "Isi laporan",
    "Tanggal kejadian",
    "Lokasi kejadian",
    "Instansi tujuan",
    "Kategori laporan",
    "Lampiran",
    "Anonim",
    "Rahasia",
)
CLASSES: Mapping[str | None, str] = {
    "pengaduan": "Pengaduan",
    "pengaduan_pengawasan": "Pengaduan",
    "aspirasi": "Aspirasi",
    "permintaan_informasi": "Permintaan Informasi",
}
# What people copy along with a number: "#12345", "No. 12345", "TrackingID: 12345", an address.
AROUND = re.compile(r"^\s*(?:https?://\S*/)?(?:[A-Za-z. ]*[:#.]?\s*#?)?([^\s/]+?)[\s.,/]*$")
#: Of what was typed or pasted; a tracking id and the address it stands in are far shorter.
MOST_TYPED = 200
# An agency's own, as the board has them; what it has not seen yet is opened to be told.
OLDEST_OF = """
select o.record_id from outbox o join records r on r.record_id = o.record_id
left join board b on b.number = r.number
where o.target = :target and o.kind = 'record' and o.state in ('pending', 'uncertain')
  and o.data_key is not null and (b.number is null or b.agency = :agency)
group by o.record_id order by min(o.id) limit :limit
"""
COUNT_OF = """
select count(distinct o.record_id) from outbox o join records r on r.record_id = o.record_id
join board b on b.number = r.number
where o.target = :target and o.kind = 'record' and o.state in ('pending', 'uncertain')
  and o.data_key is not null and b.agency = :agency
"""

_RECORD = msgspec.json.Decoder(Record)
_COMMENT = msgspec.json.Decoder(Comment)


class WrongForm(ValueError):
    """What was typed is no tracking id of this store."""


class NotWaiting(LookupError):
    """No such case waits to be carried over."""


class AlreadyGiven(ValueError):
    """The number belongs to another case."""


class Handed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An officer's word that a case is over there."""

    store: str
    case_code: str
    #: Empty: under the number it has already.
    tracking_id: str = ""
    #: The last row they were shown; 0: all there is.
    last: int = 0
    who: str = "operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One record that waits for an officer."""

    record_id: str
    case_code: str
    #: None where only comments wait.
    record: Record | None
    comments: tuple[Comment, ...]
    #: The store's number, where it has the record already; else it is a new report there.
    tracking_id: str
    #: Milliseconds since 1970: when the first of it was put here.
    since: int
    #: The last row of it.
    last: int

    @property
    def title(self) -> str:
        """What it is about, for a list."""
        return self.record.title if self.record else "tambahan pelapor"


def tasks(  # noqa: PLR0913 (which of them)
    tx: Transaction,
    vault: Vault,
    store: str,
    *,
    record_id: str = "",
    agency: str = "",
    limit: int = 100_000,
) -> list[Task]:
    """
    What waits for an officer, oldest first, one task for each record.

    With an agency its own, as far as the board knows: whoever asks looks at each record's.
    """
    target = CENTRAL + store
    chosen = [record_id] if record_id else _oldest(tx, target, agency, limit)
    groups: dict[str, list[by_hand.Waiting]] = {id_: [] for id_ in chosen}
    for row in by_hand.waiting(tx, vault, target, chosen):
        groups[row.record_id].append(row)
    numbers = by_hand.given(tx, target, chosen)
    return [_task(tx, rows, numbers.get(id_, "")) for id_, rows in groups.items() if rows]


def count(tx: Transaction, store: str, agency: str = "") -> int:
    """How many records wait for an officer of this agency, or of any."""
    if not agency:
        return by_hand.count(tx, CENTRAL + store)
    row = tx.one(COUNT_OF, target=CENTRAL + store, agency=agency)
    return int(row[0]) if row else 0


def form_of(record: Record, categories: Mapping[str, str]) -> list[tuple[str, str]]:
    """A record as the fields of SP4N's form, in its order; `categories` names topics there."""
    at = record.sent_at or record.received_at
    place = address_of(record)
    if record.point:
        place = f"{place} ({record.point.lat:.6f}, {record.point.lon:.6f})".strip()
    topic = record.topic.value or ""
    values = (
        CLASSES.get(record.type.value, "Pengaduan"),
        record.title,
        record.text,
        f"{at:%d-%m-%Y}",
        place,
        record.agency.value or "",
        categories.get(topic, topic.replace("_", " ")),
        ", ".join(file.name or file.sha256 for file in record.attachments),
        "Ya" if record.anonymous else "Tidak",
        "Ya" if record.confidential else "Tidak",
    )
    return list(zip(FIELDS, values, strict=True))


def tracking_id_in(typed: str, pattern: str) -> str:
    """The number in what was typed or pasted; WrongForm where there is none."""
    found = AROUND.fullmatch(typed[:MOST_TYPED])
    number = found[1] if found else typed.strip()
    if not re.fullmatch(pattern, number):
        raise WrongForm(f"{number[:40]!r} is no tracking id of this store")
    return number


def hand_over(tx: Transaction, handed: Handed, *, pattern: str, now: int) -> int:
    """
    Settle what an officer carried over, with all that follows; how many rows that were.

    Raises NotWaiting, WrongForm and AlreadyGiven, and then nothing is written.
    """
    target = CENTRAL + handed.store
    status = records.status_of(tx, handed.case_code)
    if status is None:
        raise NotWaiting(f"case {handed.case_code}")
    id_ = status.record_id
    known = by_hand.given(tx, target, [id_]).get(id_, "")
    number = tracking_id_in(handed.tracking_id, pattern) if handed.tracking_id else known
    if not number:
        raise WrongForm("the tracking id is missing: the store has not got this case yet")
    if known and number != known:
        raise AlreadyGiven(f"case {handed.case_code} is {known} there, not {number}")
    if by_hand.taken_by(tx, target, number, id_):
        raise AlreadyGiven(f"{number} belongs to another case")
    last = handed.last or (1 << 62)
    carried = by_hand.Carried(target=target, record_id=id_, last=last, reference=number)
    rows = by_hand.done(tx, carried, now)
    if not rows:
        raise NotWaiting(f"case {handed.case_code} in the list")
    records.forwarded(tx, [id_], now)
    outbox.bring_forward(tx, [id_], now)
    what = f"{handed.case_code} is {number} in {handed.store}"
    enter(tx, who=handed.who, what=what, now=now, case=status.case_code)
    return rows


def _oldest(tx: Transaction, target: str, agency: str, limit: int) -> list[str]:
    if not agency:
        return by_hand.oldest(tx, target, limit)
    return [row[0] for row in tx.all(OLDEST_OF, target=target, agency=agency, limit=limit)]


def _task(tx: Transaction, rows: Sequence[by_hand.Waiting], number: str) -> Task:
    revisions = [row for row in rows if row.kind == "record"]
    newest = max(revisions, key=lambda row: row.revision, default=None)
    record = _RECORD.decode(newest.body) if newest else None
    status = None if record else records.status_by_id(tx, rows[0].record_id)
    return Task(
        record_id=rows[0].record_id,
        case_code=record.case_code if record else (status.case_code if status else ""),
        record=record,
        comments=tuple(_COMMENT.decode(row.body) for row in rows if row.kind == "comment"),
        tracking_id=number,
        since=rows[0].created_at,
        last=rows[-1].id,
    )
