"""The audit trail as people read it: newest first, by person, words, case and time."""

from dataclasses import dataclass

import msgspec

from forwarder.ports import Transaction

FOREVER = 1 << 62
MEANT = "/*meant*/"

REST = """
and at >= :since and at < :until and id < :before
and (:words = '' or lower(what) like :words escape '!'/*meant*/)
order by id desc limit :limit
"""
# One statement for each index that finds the rows; one for all would read the whole table.
ALL = f"select id, at, who, what, about, position from audit where (:who = '' or who = :who) {REST}"
BY_WHO = f"select id, at, who, what, about, position from audit where who = :who {REST}"
BY_CASE = f"""
select id, at, who, what, about, position from audit
where about = :case and (:who = '' or who = :who) {REST}
"""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries somebody asks for; what is empty does not matter."""

    who: str = ""
    #: Part of what was done, in any case of letters.
    words: str = ""
    #: Patterns of sentences that are meant by them too, as another language says it.
    meant: tuple[str, ...] = ()
    #: A case code in its canonical form.
    case: str = ""
    #: Milliseconds since 1970; `until` is the first moment that is too late.
    since: int = 0
    until: int = FOREVER
    #: The entry the page before ended with.
    before: int = FOREVER


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailEntry:
    """One line of the trail."""

    id: int
    at: int
    who: str
    what: str
    #: The case it is about, or empty.
    case: str
    #: Its place in the chain.
    position: int


def entries(tx: Transaction, wanted: Wanted, limit: int) -> list[TrailEntry]:
    """At most `limit` entries, newest first."""
    words = wanted.words.lower()
    for sign in "!%_":
        words = words.replace(sign, f"!{sign}")
    values = {
        "who": wanted.who,
        "words": f"%{words}%" if words else "",
        "since": wanted.since,
        "until": wanted.until,
        "before": wanted.before,
        "limit": limit,
    }
    patterns = {f"meant_{at}": pattern for at, pattern in enumerate(wanted.meant)}
    # Names of ours alone; what was typed is in the values.
    also = "".join(f" or lower(what) like :{name}" for name in patterns)
    chosen = BY_CASE if wanted.case else BY_WHO if wanted.who else ALL
    by_case = {"case": wanted.case} if wanted.case else {}
    rows = tx.all(chosen.replace(MEANT, also), **values, **by_case, **patterns)
    return [
        TrailEntry(id=id_, at=at, who=who, what=what, case=about, position=position or 0)
        for id_, at, who, what, about, position in rows
    ]
