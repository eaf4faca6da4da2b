"""
Two reports are the same, or are not: what an officer decides about suggested duplicates.

What was decided stands in the newer of the two, and every store gets that revision. From then on
whatever happens to one of them is told to the reporters of both.
"""

from dataclasses import dataclass

import msgspec

from forwarder.ports import Transaction
from forwarder.routing import Routes
from gateway import clusters
from gateway.access.person import Person
from gateway.handling import apart
from gateway.handling.kin import cluster_of, members, take_out
from gateway.handling.seeing import Seen, note
from gateway.revise import revise
from gateway.vault import Vault
from normalizer.record import Duplicate, Record

#: Why two reports are the same, where no words decided.
BY_AN_OFFICER = "petugas"


@dataclass(frozen=True, slots=True, kw_only=True)
class Joiner:
    """Joins and parts reports."""

    vault: Vault
    centrals: Routes

    def join(self, tx: Transaction, seen: Seen, other: Seen, *, person: Person, now: int) -> bool:
        """Make two reports and all that say the same as either one; False where they are."""
        mine, theirs = seen.status.record_id, other.status.record_id
        older, newer = sorted((seen, other), key=lambda one: one.status.received_at)
        older_id, newer_id = older.status.record_id, newer.status.record_id
        first, second = (cluster_of(tx, id_) for id_ in (older_id, newer_id))
        if mine == theirs or not clusters.join(tx, first, second, now=now):
            return False
        volume = clusters.size(tx, clusters.whole(tx, first))
        apart.forget(tx, mine, theirs)

        def joined(record: Record) -> Record:
            duplicate = Duplicate(
                cluster=clusters.whole(tx, first),
                relation="same",
                of=older_id,
                score=1.0,
                why=(BY_AN_OFFICER,),
                volume=volume,
            )
            return msgspec.structs.replace(record, duplicate=duplicate)

        revise(tx, self.vault, newer_id, joined, centrals=self.centrals, now=now)
        codes = f"{seen.status.case_code} and {other.status.case_code}"
        for one in (seen, other):
            note(tx, person, f"joined cases {codes}", now, case=one.status.case_code)
        return True

    def part(self, tx: Transaction, seen: Seen, *, person: Person, now: int) -> bool:
        """Take a report out of those that say the same; False where it is alone."""
        record_id = seen.status.record_id
        others = members(tx, record_id)
        if not take_out(tx, record_id):
            return False
        apart.part(tx, record_id, others, now)
        revise(tx, self.vault, record_id, _alone, centrals=self.centrals, now=now)
        note(tx, person, f"parted case {seen.status.case_code} from those like it", now)
        return True

    def differ(self, tx: Transaction, seen: Seen, other: Seen, *, person: Person, now: int) -> None:
        """Two reports that sound alike are not the same; nobody is asked about them again."""
        apart.part(tx, seen.status.record_id, [other.status.record_id], now)
        codes = f"{seen.status.case_code} and {other.status.case_code}"
        for one in (seen, other):
            note(tx, person, f"told cases {codes} apart", now, case=one.status.case_code)


def _alone(record: Record) -> Record:
    return msgspec.structs.replace(record, duplicate=None)
