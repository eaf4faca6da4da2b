"""
The equation of the sixth promise, for each channel and day (UTC).

    received = forwarded + linked + answered + ignored + parked + pending

Each journal row is put under one word by what became of it and of its record's deliveries. Rows the
pipeline has not come to yet are pending. A row that fits nowhere (its work row is gone, no record,
no delivery to any central store) is "unaccounted", and the equation does not balance.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from forwarder.ports import Transaction
from gateway.chain import CHAIN_BITS

WORDS = ("forwarded", "linked", "answered", "ignored", "parked", "pending")
DAY = 86_400_000
CHAIN = 1 << CHAIN_BITS

COUNT = f"""
select channel, day, word, count(*) from (
    select j.channel as channel, j.received_at / {DAY} as day, case
        when w.state in ('received', 'waiting') then 'pending'
        when w.journal_id is null and j.id > (select coalesce(max(journal_id), 0) from work
            where journal_id < (j.chain + 1) * {CHAIN}) then 'pending'
        when w.state = 'joined' then case when r.record_id is null then 'unaccounted'
            else 'linked' end
        when w.state = 'command' then 'answered'
        when w.state in ('ignored', 'parked') then w.state
        when w.state = 'recorded' and r.record_id is not null then case d.worst
            when 0 then 'parked' when 1 then 'pending' when 2 then 'forwarded'
            -- Erased before any store had it: its sender took it back.
            when 3 then 'answered'
            else 'unaccounted' end
        else 'unaccounted' end as word
    from journal j
    left join work w on w.journal_id = j.id
    left join records r on r.record_id = w.record_id
    left join (
        select record_id, min(case when state = 'delivered' then 2
            when state = 'parked' and dismissed in ('superseded: anonymous', 'erased') then 3
            when state = 'parked' then 0 else 1 end) as worst
        from outbox where kind = 'record' group by record_id
    ) d on d.record_id = w.record_id
) counted group by channel, day, word
"""


@dataclass(slots=True, kw_only=True)
class Account:
    """One channel's day."""

    channel: str
    #: Days since 1970, UTC.
    day: int
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def received(self) -> int:
        """Every journal row of the day."""
        return sum(self.counts.values())

    @property
    def balances(self) -> bool:
        """Whether the words account for every row."""
        return self.received == sum(self.counts.get(word, 0) for word in WORDS)


def reconcile(tx: Transaction) -> list[Account]:
    """The accounts, newest day first."""
    accounts: dict[tuple[str, int], Account] = {}
    for channel, day, word, count in tx.all(COUNT):
        account = accounts.setdefault((channel, day), Account(channel=channel, day=day))
        account.counts[word] = count
    return sorted(accounts.values(), key=lambda account: (-account.day, account.channel))


def total(accounts: Iterable[Account]) -> Account:
    """All accounts added up."""
    whole = Account(channel="all", day=0)
    for account in accounts:
        for word, count in account.counts.items():
            whole.counts[word] = whole.counts.get(word, 0) + count
    return whole
