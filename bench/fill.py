"""Fill the journal of a gateway that does not run, through the journal's own door."""

import time
from itertools import islice

from gateway_process import Gateway

from bench.messages import Sms, sms
from channels.capture import pack
from channels.contract import Delivery
from forwarder.ports import Transaction
from gateway.app import open_key
from gateway.journal import Journal
from gateway.settings import read_settings
from gateway.store import Store
from gateway.vault import Vault

PAGE = 5_000
FORM = {"content-type": "application/x-www-form-urlencoded"}

# What the pipeline leaves behind; due is zero in settled rows.
SETTLE = """
insert into work (journal_id, state, reason, due, settled_at)
select id, 'ignored', 'bench', 0, :now from journal
where id > coalesce((select max(journal_id) from work), 0)
"""


async def fill(process: Gateway, rows: int, *, settled: bool) -> None:
    """Add so many messages; settled ones are history, others are a backlog."""
    settings = read_settings(None, process.data_dir, {})
    process.data_dir.mkdir(mode=0o700, exist_ok=True)
    vault = Vault(open_key(settings, {}, may_create=True))
    store = await Store.open(process.settings.get("store", {}).get("url") or settings.store_url)
    try:
        journal = Journal(store, vault, clock=_now)
        await journal.open()
        source = sms("filled")
        for start in range(0, rows, PAGE):
            page = islice(source, min(PAGE, rows - start))
            await journal.accept("sms", [delivery(one) for one in page])
            if settled:
                await store.write(_settle)
    finally:
        await store.close()


def delivery(message: Sms) -> Delivery:
    """What the SMS channel would put into the journal."""
    payload = pack("generic?", FORM, message.body)
    return Delivery(external_id=message.name.decode(), payload=payload)


def _settle(tx: Transaction) -> None:
    tx.run(SETTLE, now=_now())


def _now() -> int:
    return time.time_ns() // 1_000_000
