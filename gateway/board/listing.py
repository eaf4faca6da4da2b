"""
A page of the board: found by the index alone, then its few records opened for their titles.

Personal data in a title is masked: who works through a list need not read it, and who opens the
report is in the audit trail.
"""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from forwarder.ports import Row, Transaction
from gateway.board.filter import CONDITIONS, Filter, Order, Scope, clauses
from gateway.board.glance import OVER, floor
from gateway.board.rows import opened
from gateway.board.searching import conditions_of
from gateway.vault import Vault
from normalizer.privacy import masked, spans_in

PAGE = 50
#: More are not counted: "10,000 and more" says as much.
MOST = 10_000
_LONGEST_TITLE = 160

# How each order goes on behind a row; all of them end with the number, which is unique.
ORDERS: Mapping[Order, tuple[str, str, str]] = MappingProxyType(
    {
        "attention": ("b.rank", "(b.rank, b.number) > (:key, :number)", "b.rank, b.number"),
        "newest": (
            "b.received_at",
            "(b.received_at, b.number) < (:key, :number)",
            "b.received_at desc, b.number desc",
        ),
        "oldest": (
            "b.received_at",
            "(b.received_at, b.number) > (:key, :number)",
            "b.received_at, b.number",
        ),
        "due": ("b.due_at", "(b.due_at, b.number) > (:key, :number)", "b.due_at, b.number"),
    }
)
STANDING = MappingProxyType(
    {
        mine: f"""
        select count(*) from (
            select 1 from board b where b.rank >= :since and b.rank < :until and {condition}
            limit :limit) found
        """
        for mine, condition in (("scope", CONDITIONS["scope"]), ("everything", "1 = 1"))
    }
)
ROWS = """
select b.number, b.record_id, r.case_code, b.revision, b.received_at, b.sent_at, b.channel, b.state,
    b.type, b.type_confidence, b.type_by, b.topic, b.topic_confidence, b.topic_by,
    b.agency, b.agency_confidence, b.agency_by, b.urgency, b.urgency_by,
    b.place, b.place_level, b.place_confidence, b.place_by, b.language, b.anonymous,
    b.confidential, b.flags, b.relation, b.suggested, b.incomplete, b.unrouted, b.least,
    b.accepted_by, b.accepted_at, b.answered_at, b.closed_at, b.due_at, b.rank, b.erased,
    coalesce(w.whole, c.whole, b.cluster, ''), coalesce(w.reports, c.reports, 1),
    r.document, r.data_key
from board b join records r on r.number = b.number
left join clusters c on c.cluster = coalesce(b.cluster, b.record_id)
left join clusters w on w.cluster = c.whole
where b.number {among:numbers}
"""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One record in a list; times are milliseconds since 1970, confidences hundredths."""

    number: int
    record_id: str
    case_code: str
    revision: int
    received_at: int
    sent_at: int | None
    channel: str
    state: str
    type: str | None
    type_confidence: int
    type_by: str
    topic: str | None
    topic_confidence: int
    topic_by: str
    agency: str | None
    agency_confidence: int
    agency_by: str
    urgency: str
    urgency_by: str
    place: str | None
    place_level: str | None
    place_confidence: int
    place_by: str
    language: str | None
    anonymous: bool
    confidential: bool
    flags: tuple[str, ...]
    relation: str
    suggested: str | None
    incomplete: bool
    unrouted: bool
    least: int
    accepted_by: str | None
    accepted_at: int | None
    answered_at: int | None
    closed_at: int | None
    due_at: int | None
    rank: int
    erased: bool
    #: The record the cluster began with, "" where it has none; and how many say the same.
    cluster: str
    reports: int
    #: Masked; "" where the record was erased.
    title: str
    place_name: str


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a list."""

    lines: tuple[Line, ...]
    #: `Filter.after` of the next page; "" on the last.
    next: str


class _Named(msgspec.Struct, frozen=True):
    name: str = ""


class _Titled(msgspec.Struct, frozen=True):
    title: str = ""
    place: _Named | None = None


_TITLED = msgspec.json.Decoder(_Titled)
_FLAGS = Line.__struct_fields__.index("flags")
_OF_BOARD = len(Line.__struct_fields__) - 2


def page(tx: Transaction, vault: Vault, wanted: Filter, scope: Scope, *, now: int) -> Page:
    """The records a filter finds, in its order, from where the page before ended."""
    conditions, values = _conditions(tx, vault, wanted, scope, now=now)
    key, behind, order = ORDERS[wanted.order]
    if wanted.order == "due":
        conditions.append("b.due_at is not null")
    if start := _start(wanted.after):
        conditions.append(behind)
        values |= {"key": start[0], "number": start[1]}
    # All of it is text of ours, from CONDITIONS and ORDERS; what was asked for is in the values.
    where = _all(conditions)
    found_by = f"select b.number, {key} from board b where {where} order by {order} limit :limit"
    found = tx.all(found_by, **values, limit=PAGE + 1)
    lines = lines_of(tx, vault, [row[0] for row in found[:PAGE]])
    more = len(found) > PAGE
    return Page(
        lines=tuple(lines), next=f"{found[PAGE - 1][1]}.{found[PAGE - 1][0]}" if more else ""
    )


def lines_of(tx: Transaction, vault: Vault, numbers: list[int]) -> list[Line]:
    """These records as they are listed, in this order; those not on the board are left out."""
    rows = {row[0]: row for row in tx.all(ROWS, numbers=numbers)} if numbers else {}
    return [_line(vault, rows[number]) for number in numbers if number in rows]


def count(tx: Transaction, vault: Vault, wanted: Filter, scope: Scope, *, now: int) -> int:
    """How many records a filter finds, on all pages; MOST + 1 stands for any number more."""
    conditions, values = _conditions(tx, vault, wanted, scope, now=now)
    where = _all(conditions)
    counted = f"select count(*) from (select 1 from board b where {where} limit :limit) found"
    [row] = tx.all(counted, **values, limit=MOST + 1)
    return int(row[0])


def standing(tx: Transaction, scope: Scope) -> tuple[int, ...]:
    """How many records stand in each class of attention, up to MOST + 1 each."""
    mine = "scope" if scope.agency else "everything"
    values: dict[str, object] = {"scope": scope.agency} if scope.agency else {}
    found = []
    for attention in range(OVER):
        bounds = {"since": floor(attention), "until": floor(attention + 1), "limit": MOST + 1}
        row = tx.one(STANDING[mine], **values, **bounds)
        found.append(int(row[0]) if row else 0)
    return tuple(found)


def _conditions(
    tx: Transaction, vault: Vault, wanted: Filter, scope: Scope, *, now: int
) -> tuple[list[str], dict[str, object]]:
    names, values = clauses(wanted, scope, now)
    by_words, words = conditions_of(tx, vault, wanted.words)
    return [*(CONDITIONS[name] for name in names), *by_words], values | words


def _all(conditions: list[str]) -> str:
    return " and ".join(conditions) or "1 = 1"


def _line(vault: Vault, row: Row) -> Line:
    values = list(row[:_OF_BOARD])
    values[_FLAGS] = tuple(values[_FLAGS].split())
    document, data_key = row[_OF_BOARD:]
    plain = b"" if data_key is None else opened(vault, bytes(document), bytes(data_key))
    titled = _TITLED.decode(plain) if plain else _Titled()
    title = titled.title[:_LONGEST_TITLE]
    place = titled.place.name if titled.place else ""
    values += [masked(title, spans_in(title)), masked(place, spans_in(place))]
    return msgspec.convert(
        dict(zip(Line.__struct_fields__, values, strict=True)), Line, strict=False
    )


def _start(after: str) -> tuple[int, int] | None:
    key, _, number = after.partition(".")
    return (int(key), int(number)) if number else None
