"""
R12: several machines on one PostgreSQL, of which the one that leads is frozen under load.

Two take in and two work. Clients repeat what was not acknowledged, until it is; then everything is
counted, and the books are asked whether each sender's messages were taken in their order.
"""

import asyncio
import json
import random
import signal
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import psycopg
from cluster_process import Cluster, cluster
from gateway_process import Gateway
from load import AGAIN_SECONDS, Crowd, Load, Sms, post
from sms_gateway import SendApiPeer, serving

from torture.case import Case, Chamber, Finding
from torture.verdict import books_wrong

CITIZENS = 6
# So that two workers keep up on a small machine, and what is counted is not how it drains.
PAUSE_SECONDS = 0.5
# A burst that came in while one stood still, on a machine that does something else beside.
DRAIN_SECONDS = 400.0
# The bar, and what a machine that does something else beside may take.
TAKEN_OVER_SECONDS = 15.0
SLACK_SECONDS = 180.0
UNFINISHED = """
select (select count(*) from work where state in ('received', 'waiting'))
     + (select count(*) from journal where id not in (select journal_id from work))
     + (select count(*) from outbox where state in ('pending', 'uncertain') and kind = 'record')
"""
LEFT = """
select 'work', state, coalesce(owner, ''), coalesce(reason, ''), count(*) from work
where state in ('received', 'waiting') group by 2, 3, 4
union all
select target, state, coalesce(owner, ''), coalesce(reason, ''), count(*) from outbox
where state in ('pending', 'uncertain') group by 1, 2, 3, 4
"""
LEADER = "select owner, epoch from leases where name = 'pipeline' and until > 0"
LEASES = "select name, owner from leases where owner <> '' and name not like 'chain %'"
SETTLED = """
select j.external_id, coalesce(w.settled_at, 0) from journal j join work w on w.journal_id = j.id
where w.state <> 'waiting'
"""


@dataclass(slots=True)
class Townsfolk:
    """Citizens who say one thing after the other, each time to another machine."""

    doors: Sequence[Gateway]
    stopping: bool = False
    said: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    async def talk(self, citizen: int) -> None:
        """Say the next thing once the one before is acknowledged."""
        sender, number = f"+6281100{citizen:06}", 0
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as session:
            while not self.stopping:
                number += 1
                mark = f"c{citizen}n{number}"
                text = f"lampu di jalan Kenari nomor {number} mati {mark}"
                wire, turn = Sms(id=mark, sender=sender, text=text), number
                while await post(session, self.doors[turn % len(self.doors)].url, wire) != 200:
                    turn += 1  # a balancer would try the other machine
                    await asyncio.sleep(AGAIN_SECONDS)
                self.said[sender].append(mark)
                await asyncio.sleep(PAUSE_SECONDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """A cluster under load from all sides."""

    together: Cluster
    loads: Sequence[Load]
    folk: Townsfolk
    telephones: SendApiPeer
    chance: random.Random

    def member(self, name: str) -> Gateway:
        """A machine by its name."""
        return self.together.members[name]

    def leader(self) -> tuple[str, int]:
        """Which machine has the pipeline, and which epoch it is; "" where nobody has."""
        rows = self.rows(LEADER)
        for name, gateway in self.together.members.items():
            words = [file.read_text() for file in gateway.data_dir.glob("node.*")]
            if rows and rows[0][0].split()[-1] in words:
                return name, rows[0][1]
        return "", 0

    def leases(self, name: str) -> list[str]:
        """What a machine has the lease of, beside its chain: nobody needs that one."""
        word = (self.member(name).data_dir / "node.1").read_text()
        return [lease for lease, owner in self.rows(LEASES) if owner.split()[-1] == word]

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """A look into the database."""
        with psycopg.connect(self.together.url) as connection:
            return connection.execute(sql.encode()).fetchall()

    async def drained(self) -> None:
        """Wait until every row is settled and every record delivered."""
        deadline = time.monotonic() + DRAIN_SECONDS
        while left := self.rows(UNFINISHED)[0][0]:
            assert time.monotonic() < deadline, f"{left} rows remain: {self.rows(LEFT)}"
            await asyncio.sleep(0.1)

    async def finding(self, done: str) -> Finding:
        """Count."""
        wrong = self.wrong() | {"books wrong": await books_wrong(self.member("east"))}
        wires = sum(len(load.acknowledged) for load in self.loads)
        wires += sum(map(len, self.folk.said.values()))
        figure = f"{done}: of {wires:,} acknowledged " + ", ".join(
            f"{len(found)} {kind}" for kind, found in wrong.items()
        )
        failures = {kind: found[:3] for kind, found in wrong.items() if found}
        return Finding(figure=f"{figure}; {failures}" if failures else figure, passed=not failures)

    def wrong(self) -> dict[str, Sequence[str]]:
        """What was lost, came twice, or came in the wrong order."""
        documents = [json.loads(body) for body in self.together.store.records.values()]
        texts = Counter(one["data"]["text"].strip() for one in documents)
        wanted = {m.text.strip() for load in self.loads for m in load.messages.values()}
        marks = {text.rsplit(maxsplit=1)[-1] for text in texts}
        spoken = [mark for each in self.folk.said.values() for mark in each]
        told = Counter(form["id"] for _, _, form, _ in self.telephones.asked)
        return {
            "lost": [*(wanted - texts.keys()), *(mark for mark in spoken if mark not in marks)],
            "twice in the central store": [text for text, n in texts.items() if n > 1],
            "revised by a second hand": [
                one["data"]["record_id"] for one in documents if one["data"]["revision"] > 1
            ],
            "answers twice": [id_ for id_, n in told.items() if n > 1],
            "out of order": out_of_order(self.folk.said, dict(self.rows(SETTLED))),
        }


def out_of_order(said: dict[str, list[str]], settled: dict[str, int]) -> list[str]:
    """What a sender said and was settled before something they had said earlier."""
    found = []
    for marks in said.values():
        times = [settled.get(mark, 0) for mark in marks]
        latest = [max(times[: at + 1]) for at in range(len(times))]
        found += [mark for mark, at, most in zip(marks, times, latest, strict=True) if at < most]
    return found


@asynccontextmanager
async def town(chamber: Chamber) -> AsyncIterator[Town]:
    """Two that take in and two that work, with everybody talking."""
    async with AsyncExitStack() as stack:
        settings = stack.enter_context(chamber.store())
        together = await stack.enter_async_context(
            cluster(chamber.folder, settings["store"]["url"])
        )
        telephones = SendApiPeer()
        send_api = await stack.enter_async_context(serving(telephones.routes()))
        together.settings |= {"channels": {"sms": {"send_url": f"{send_api}/send"}}}
        doors = await together.start(north="intake", south="intake")
        await together.start(east="worker", west="worker")
        loads = [
            Load(door, Crowd(chamber.seed + n, f"w{n}q", after=n * 1_000_000), pause=PAUSE_SECONDS)
            for n, door in enumerate(doors)
        ]
        folk = Townsfolk(doors)
        yield Town(
            together=together,
            loads=loads,
            folk=folk,
            telephones=telephones,
            chance=random.Random(chamber.seed),  # noqa: S311 (can be repeated)
        )


@asynccontextmanager
async def talking(town: Town) -> AsyncIterator[None]:
    """Everybody talks until the end of the block, and finishes what they began."""
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as group:
        for load in town.loads:
            await stack.enter_async_context(load.running(sms=3, mail=1))
        for citizen in range(CITIZENS):
            group.create_task(town.folk.talk(citizen))
        try:
            yield
        finally:
            town.folk.stopping = True


async def _leader_frozen(chamber: Chamber) -> Finding:
    rounds = chamber.pick(short=1, quick=1, full=10)
    async with town(chamber) as here:
        async with talking(here):
            waits = [await _frozen_once(here, chamber) for _ in range(rounds)]
        await here.drained()
        found = await here.finding(
            f"{rounds} freezes of who leads, taken over in {max(waits):.0f} s"
        )
    bar = TAKEN_OVER_SECONDS if chamber.size == "full" else SLACK_SECONDS
    return Finding(figure=found.figure, passed=found.passed and max(waits) < bar)


async def _frozen_once(here: Town, chamber: Chamber) -> float:
    """Freeze who leads until another does, and a while longer; the seconds until then."""
    await here.loads[0].acknowledgements(20)
    name, epoch = await who_leads(here, than="")
    frozen = here.member(name)
    began = time.monotonic()
    frozen.signal(signal.SIGSTOP)
    try:
        _, after = await who_leads(here, than=name)
        waited = time.monotonic() - began
        assert after > epoch
        await here.loads[1].acknowledgements(20)
        await asyncio.sleep(chamber.pick(short=0.0, quick=1.0, full=max(0.0, 30 - waited)))
    finally:
        frozen.signal(signal.SIGCONT)
    await frozen.until_ready()
    return waited


async def who_leads(here: Town, *, than: str) -> tuple[str, int]:
    """The one who leads, once it is another than this one."""
    deadline = time.monotonic() + SLACK_SECONDS
    while (found := here.leader())[0] in {"", than}:
        assert time.monotonic() < deadline, "nobody takes over"
        await asyncio.sleep(0.1)
    return found


CASES = (
    Case(
        number="R12",
        what="the machine that leads frozen and woken",
        run=_leader_frozen,
        engines=("postgresql",),
    ),
)
