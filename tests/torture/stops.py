"""R19: SIGTERM under load on all doors: a quick end, and nothing finished is done again."""

import time

from ledger import central, rows

from torture.case import Case, Chamber, Finding
from torture.doors import CLIENTS
from torture.kills import besieged

# The bar, on a machine that has time for it; a crowded one is given more in the small sizes.
STOP_SECONDS = 10.0
CROWDED_SECONDS = 60.0
BURST = 60
LEASED = """
select kind, record_id, revision from outbox where state = 'pending' and owner is not null
"""
STORED = "select 'record', record_id, revision from record_revisions"


async def _stopped(chamber: Chamber) -> Finding:
    stops = chamber.pick(short=3, quick=3, full=50)
    allowed = STOP_SECONDS if chamber.size == "full" else CROWDED_SECONDS
    codes, seconds, left, done = [], [], 0, 0
    async with besieged(chamber) as siege:
        async with siege.load.running(**CLIENTS):
            for _ in range(stops):
                await siege.gateway.start()
                await siege.load.acknowledgements(siege.chance.randrange(BURST))
                began = time.monotonic()
                codes.append(await siege.gateway.stop())
                seconds.append(time.monotonic() - began)
                leased = {*rows(siege.gateway, LEASED)}
                left += len(leased)
                done += len(leased & {*central(siege.gateway, STORED)})
            await siege.gateway.start()
        verdict = await siege.verdict()
    figure = (
        f"{stops} stops, the slowest {max(seconds):.1f} s, {left} deliveries left under way, {done}"
        " of them done and to be made again"
    )
    found = verdict.finding(figure, chamber.seed)
    passed = found.passed and not any(codes) and max(seconds) < allowed and done == 0
    return Finding(figure=found.figure, passed=passed)


CASES = (Case(number="R19", what="SIGTERM under load on all doors", run=_stopped),)
