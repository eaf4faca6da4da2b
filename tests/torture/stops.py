"""R19: SIGTERM under load on all doors: a quick end, and nothing finished is done again."""

import time

from ledger import rows

from torture.case import Case, Chamber, Finding
from torture.doors import CLIENTS
from torture.kills import besieged

# The bar, on a machine that has time for it; a crowded one is given more in the small sizes.
STOP_SECONDS = 10.0
CROWDED_SECONDS = 60.0
BURST = 60


async def _stopped(chamber: Chamber) -> Finding:
    stops = chamber.pick(short=3, quick=5, full=50)
    allowed = STOP_SECONDS if chamber.size == "full" else CROWDED_SECONDS
    codes, seconds = [], []
    async with besieged(chamber) as siege:
        async with siege.load.running(**CLIENTS):
            for _ in range(stops):
                await siege.gateway.start()
                await siege.load.acknowledgements(siege.chance.randrange(BURST))
                began = time.monotonic()
                codes.append(await siege.gateway.stop())
                seconds.append(time.monotonic() - began)
            await siege.gateway.start()
        verdict = await siege.verdict()
        again = rows(siege.gateway, "select count(*) from outbox where attempts > 1")[0][0]
    done = f"{stops} stops, the slowest {max(seconds):.1f} s, {again} deliveries made again"
    found = verdict.finding(done, chamber.seed)
    passed = found.passed and not any(codes) and max(seconds) < allowed and again == 0
    return Finding(figure=found.figure, passed=passed)


CASES = (Case(number="R19", what="SIGTERM under load on all doors", run=_stopped),)
