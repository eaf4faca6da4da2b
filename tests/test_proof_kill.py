"""Promises 1 and 2 against `kill -9`: nothing acknowledged is lost, and nothing arrives twice."""

import asyncio
import random
from collections import Counter

import pytest
from gateway_process import Gateway
from ledger import assert_journaled, assert_proven, assert_recorded_once, rows, until_drained
from load import Crowd, Load
from sms_gateway import SendApiPeer, serving

KILLS = 50
SMS_CLIENTS, MAIL_CLIENTS = 24, 6
# A start takes about this long; a fifth of the kills hit it.
START_SECONDS = 1.0
# So many acknowledgements at most between two kills, so that all that comes is recorded in time.
BURST = 120


async def _kill_at_a_random_moment(gateway: Gateway, load: Load, chance: random.Random) -> None:
    if chance.random() < 1 / 5:
        await gateway.start(wait=False)
        await asyncio.sleep(chance.uniform(0, START_SECONDS))  # anywhere within the start
    else:
        await gateway.start()
        await load.acknowledgements(chance.randrange(BURST))
        await asyncio.sleep(chance.uniform(0, 0.02))  # anywhere within a commit
    gateway.kill()


@pytest.mark.slow
async def test_fifty_kills_under_load_lose_nothing_and_double_nothing(gateway: Gateway) -> None:
    """
    Whatever moment `kill -9` hits, each acknowledged message becomes one record.

    The receipt of each goes out at most once: one that may have left is kept for a person.
    """
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")  # noqa: T201 (pytest shows it when the test fails)
    chance = random.Random(seed)  # noqa: S311 (a test that can be repeated)
    telephones = SendApiPeer()
    async with serving(telephones.routes()) as send_api:
        gateway.settings = {
            "channels": {"sms": {"send_url": f"{send_api}/send"}},
            "pipeline": {"replies_per_hour": 1_000_000},
            "outbox": {"uncertain_wait": 1.0},
        }
        load = Load(gateway, Crowd(seed))
        async with load.running(sms=SMS_CLIENTS, mail=MAIL_CLIENTS):
            for _ in range(KILLS):
                await _kill_at_a_random_moment(gateway, load, chance)
            await gateway.start()
        await until_drained(gateway)
        await gateway.stop()
    receipts = Counter(form["id"] for _, _, form, _ in telephones.asked)
    unsure = rows(
        gateway,
        "select count(*) from outbox where state = 'parked' and reason like 'uncertain: may have%'",
    )[0][0]
    sms = [message for message in load.messages.values() if message.channel == "sms"]

    assert len(load.messages) > KILLS
    assert_journaled(gateway, load)
    assert_recorded_once(gateway, load)
    await assert_proven(gateway)
    assert set(receipts.values()) == {1}
    assert len(sms) - unsure <= len(receipts) <= len(sms)
    assert rows(gateway, "select count(*) from work where state = 'parked'") == [(0,)]
