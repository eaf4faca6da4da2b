"""
The retention schedule: what nobody needs any more loses its keys, a page at a time.

Days are counted from when a case was closed; 0 keeps for ever. A hold wins, an open case keeps what
is needed to answer it. Everything done here is an erasure of keys: rows and chain stay.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from forwarder.ports import Row, Transaction
from gateway import hiding
from gateway.custody.duty import Duty
from gateway.custody.erasing import Eraser
from gateway.custody.holding import held_among, lock
from gateway.naming import HIDDEN
from gateway.sections import Retention
from gateway.turn import Hidden
from gateway.vault import Vault

DAY = 86_400_000
PAGE = 500

CLOSED = """
from records r where r.state {among:closed} and r.updated_at < :before
and r.record_id not in (select record_id from holds)
"""
# Each line finds the ids of what is due, and the record each belongs to.
# Who is anonymous is answered until the case is over, and then nothing leads to them any more.
ANONYMOUS = f"""
select r.record_id, r.record_id {CLOSED} and substr(r.pseudonym, 1, 5) = '{HIDDEN}'
and exists (select 1 from reporters p where p.record_id = r.record_id and p.data_key is not null)
limit :limit
"""
NAMED = f"""
select r.record_id, r.record_id {CLOSED}
and exists (select 1 from reporters p where p.record_id = r.record_id and p.data_key is not null)
limit :limit
"""
MESSAGES = f"""
select j.id, w.record_id from journal j join work w on w.journal_id = j.id
where j.data_key is not null and w.record_id in (select r.record_id {CLOSED}) limit :limit
"""
OTHERS = """
select j.id, w.record_id from journal j join work w on w.journal_id = j.id
where j.data_key is not null and j.received_at < :before and w.record_id is null
and w.state in ('command', 'ignored') limit :limit
"""
ANSWERS = """
select id, record_id from outbox where data_key is not null and reply_id is not null
and state in ('delivered', 'parked') and settled_at < :before
and record_id not in (select record_id from holds) limit :limit
"""
WHOLE = f"""
select r.record_id, r.record_id {CLOSED} and r.record_id not in (select record_id from certificates)
limit :limit
"""
FORGET_SENDERS = "update reporters set data_key = null where record_id {among:ids}"
FORGET_REPLIES = """
update outbox set data_key = null where record_id {among:ids} and reply_id is not null
and state in ('delivered', 'parked')
"""
FORGET_MESSAGES = "update journal set data_key = null where id {among:ids}"
FORGET_ANSWERS = "update outbox set data_key = null where id {among:ids}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One line of the schedule."""

    name: str
    days: int
    select: str


def rules(schedule: Retention) -> Iterator[Rule]:
    """The lines that are switched on, in the order they are carried out."""
    lines = (
        Rule(name="return addresses of anonymous", days=schedule.anonymous_days, select=ANONYMOUS),
        Rule(name="identities", days=schedule.identities_days, select=NAMED),
        Rule(name="messages", days=schedule.messages_days, select=MESSAGES),
        Rule(name="commands and notices", days=schedule.others_days, select=OTHERS),
        Rule(name="answers", days=schedule.answers_days, select=ANSWERS),
        Rule(name="whole cases", days=schedule.cases_days, select=WHOLE),
    )
    return (line for line in lines if line.days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retainer:
    """Carries the schedule out."""

    vault: Vault
    schedule: Retention
    eraser: Eraser

    def waiting(self, tx: Transaction, rule: Rule, now: int) -> int:
        """How many rows a line would touch now."""
        return len(self._due(tx, rule, now, limit=1_000_000))

    def page(self, tx: Transaction, rule: Rule, duty: Duty, now: int) -> int:
        """Carry a line out on the next rows; how many there were."""
        rows = self._due(tx, rule, now, limit=PAGE)
        cases = [record_id for _, record_id in rows if record_id is not None]
        lock(tx, cases)
        held = held_among(tx, cases)  # in the same moment; the next page does not find them
        if ids := [id_ for id_, record_id in rows if record_id not in held]:
            self._carry_out(tx, rule, ids, duty, now)
        return len(rows)

    def _carry_out(  # noqa: PLR0917 (as `page`, on what)
        self, tx: Transaction, rule: Rule, ids: list[object], duty: Duty, now: int
    ) -> None:
        if rule.select is WHOLE:
            for record_id in ids:
                self.eraser.erase(tx, str(record_id), duty, now)
        elif rule.select in {ANONYMOUS, NAMED}:
            tx.run(FORGET_SENDERS, ids=ids)
            tx.run(FORGET_REPLIES, ids=ids)
            if rule.select is ANONYMOUS:
                hiding.hide(tx, [self._gone(str(record_id)) for record_id in ids], now=now)
        else:
            tx.run(FORGET_ANSWERS if rule.select is ANSWERS else FORGET_MESSAGES, ids=ids)

    def _gone(self, record_id: str) -> Hidden:
        """What stands for nobody: it cannot be made again from any sender."""
        lane = HIDDEN + self.vault.pseudonym("gone", record_id)
        return Hidden(record_id=record_id, lane=lane)

    def _due(self, tx: Transaction, rule: Rule, now: int, limit: int) -> list[Row]:
        values: dict[str, object] = {"before": now - rule.days * DAY, "limit": limit}
        if ":closed" in rule.select or "among:closed" in rule.select:
            values["closed"] = list(self.schedule.closed)
        return tx.all(rule.select, **values)
