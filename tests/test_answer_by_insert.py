"""From an officer's INSERT to the timeline of the case and the answer to the citizen."""

import asyncio
import sqlite3
import time
from contextlib import closing

import pytest
from gateway_process import Gateway
from ledger import central, rows, until_recorded

pytestmark = pytest.mark.usefixtures("on_both_engines")

SECONDS = 60.0


async def test_an_officer_inserts_and_the_citizen_is_told(gateway: Gateway) -> None:
    """A row in `case_updates` of the running gateway's store becomes news of the case, once."""
    gateway.settings = {"central": {"central": {"kind": "sqlite", "poll": 0.2}}}
    await gateway.start()
    await gateway.command("send", "sms", "Lampu jalan padam di Jalan Mawar")
    await until_recorded(gateway, 1)
    ((code, record_id),) = central(gateway, "select case_code, record_id from records")
    with closing(sqlite3.connect(gateway.central_db)) as other, other:
        other.execute(
            "insert into case_updates (case_code, kind, status, text)"
            " values (?, 'answer', 'Proses', 'Petugas menuju lokasi')",
            (code,),
        )
    deadline = time.monotonic() + SECONDS
    heard: list[tuple[object, ...]] = []
    while not heard and time.monotonic() < deadline:
        await asyncio.sleep(0.1)
        heard = rows(gateway, "select record_id, store, update_id, kind, word from timeline")
    await asyncio.sleep(1.0)  # five more looks
    again = rows(gateway, "select count(*) from timeline where store = 'central'")
    await gateway.stop()

    assert heard[0] == (record_id, "central", "1", "answer", "Proses")
    assert again == [(1,)]
