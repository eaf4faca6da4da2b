"""
The power fails under the whole office (R3): the gateway's files, its database, and PostgreSQL's.

All of them lie on a disk that forgets what was not synced. It stops answering at a random change,
within a start or under load on every door; everything is killed, the disk forgets, and the office
opens on what is left. That the check can fail is shown by the same disk when it ignores every sync.
"""

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from gateway_process import Gateway
from ledger import count, rows, until_drained, until_recorded
from load import Load, Message
from processes import running

from torture import disk as disks
from torture.answers import ENV, Answers, all_answers
from torture.case import Case, Chamber, Finding
from torture.disk import Disk, forgetful_disk
from torture.doors import CLIENTS, EveryDoor, Form
from torture.ending import Photographers, files_whole, paper_of, sound
from torture.forgetful import SHARES
from torture.own_server import OwnServer
from torture.strace import family
from torture.verdict import judge

# A start makes about so many changes on the disk; PostgreSQL makes few of many messages.
STARTING = 400
WORKING = {"sqlite": 200, "postgresql": 60}
# At most so many are read before a cut, lest more come in than can be read in time.
READ = 12
FEW = dict.fromkeys(CLIENTS, 1)
PATIENCE = 240.0
CONTROL = 20
WITH_FILES = ("mail", "web")


class Everybody(Photographers, EveryDoor):
    """All doors; every mail and every form has a file of its own in it."""

    def say(self, channel: str) -> Message:
        """The next message on this channel."""
        message = super().say(channel)
        for wire in message.wires:
            if isinstance(wire, Form):
                wire.paper = paper_of(message.mark)
        return message


@dataclass(slots=True, kw_only=True)
class Office:
    """A gateway, its server if it has one, and the disk below both."""

    disk: Disk
    gateway: Gateway
    server: OwnServer | None
    chance: random.Random
    #: At most so many changes of the disk under load, before it fails.
    working: int

    async def open(self) -> None:
        """Start on what is there, and be ready."""
        if self.server and not self.server.running:
            await self.server.start()
        if not self.gateway.running:
            await self.gateway.start()

    async def power_cut(self, share: float | None = None) -> None:
        """Kill all of it, and let the disk forget."""
        roots = [self.gateway.pid] if self.gateway.running else []
        roots += [self.server.pid] if self.server and self.server.running else []
        struck = {pid for root in roots for pid in family(root)}
        for pid in struck:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        # Whoever waits for the disk ends when it forgets.
        share = self.chance.choice(SHARES) if share is None else share
        await self.disk.cut(self.chance.randrange(2**32), share)
        while running(struck):  # noqa: ASYNC110 (nothing tells of it)
            await asyncio.sleep(0.01)
        self.gateway.kill()
        if self.server:
            self.server.kill()


@asynccontextmanager
async def _office(chamber: Chamber, answers: Answers) -> AsyncIterator[Office]:
    async with forgetful_disk(chamber.folder / "disk") as disk:
        gateway = Gateway(chamber.folder, answers.settings())
        gateway.env = dict(ENV)
        gateway.data_dir = disk.folder / "data"
        gateway.data_dir.mkdir(mode=0o700)
        server = None
        try:
            if chamber.engine == "postgresql":
                server = OwnServer(disk.folder / "server", small=True)
                await asyncio.to_thread(server.initialise)
                gateway.settings |= {"store": {"url": server.url}}
            # What was there before the first start is no matter of ours.
            await disk.settle()
            chance = random.Random(chamber.seed)  # noqa: S311 (can be repeated)
            yield Office(
                disk=disk,
                gateway=gateway,
                server=server,
                chance=chance,
                working=WORKING[chamber.engine],
            )
        finally:
            # Whoever waits for the disk cannot end before it is gone.
            await disk.end()
            gateway.kill()
            if server:
                server.remove()


async def _cut_again_and_again(chamber: Chamber) -> Finding:
    cuts = chamber.pick(short=2, quick=4, full=50)
    async with all_answers() as answers, _office(chamber, answers) as office:
        await _cut_while_opening(office)
        control = await _lost_when_syncs_are_ignored(office)
        # The case codes of what was lost are given out again.
        answers.sms.asked.clear()
        load = Load(office.gateway, Everybody(chamber.seed, answers))
        async with load.running(**FEW):
            for _ in range(1, cuts):
                await _one_cut(office)
            await office.open()
        await until_drained(office.gateway)
        await office.gateway.stop()
        verdict = await judge(office.gateway, load, answers.heard())
        whole, troubles = files_whole(office.gateway), _troubles(office.gateway, load)
    found = verdict.finding(f"{cuts} cuts", chamber.seed)
    figure = (
        f"{found.figure}, {whole.count(True)} of {len(whole)} files whole (the check can fail: "
        f"a disk that ignores syncs loses {control.lost} of {control.acknowledged})"
    )
    passed = found.passed and not troubles and control.lost > 0
    return Finding(figure="; ".join((figure, *troubles)), passed=passed)


async def _one_cut(office: Office) -> None:
    if office.chance.random() < 1 / 5:
        await _cut_while_opening(office)
        return
    async with asyncio.timeout(PATIENCE):
        await office.open()
        before = count(office.gateway)
        # Files come to lie on the disk when their messages are read.
        await until_recorded(office.gateway, before + office.chance.randrange(READ))
        await office.disk.fail(office.chance.randrange(1, office.working))
        await office.disk.dark()
    await office.power_cut()


async def _cut_while_opening(office: Office) -> None:
    """Wherever the start is then; one that came through is cut right after it."""
    await office.disk.fail(office.chance.randrange(1, STARTING))
    opening = asyncio.create_task(office.open())
    dark = asyncio.create_task(office.disk.dark())
    async with asyncio.timeout(PATIENCE):
        await asyncio.wait({opening, dark}, return_when=asyncio.FIRST_COMPLETED)
    dark.cancel()
    if not opening.cancel():
        opening.result()  # it went well, or what is wrong is told
    await asyncio.gather(opening, dark, return_exceptions=True)
    await office.power_cut()


def _troubles(gateway: Gateway, load: Load) -> list[str]:
    """What is wrong with attachments and databases, in words."""
    whole = files_whole(gateway)
    sent = sum(message.channel in WITH_FILES for message in load.messages.values())
    troubles = [f"{len(whole)} files of {sent} sent"] if len(whole) != sent else []
    troubles += [f"{whole.count(False)} files torn"] if not all(whole) else []
    databases = [gateway.central_db, gateway.data_dir / "gateway.db"]
    return troubles + [
        f"{file.name}: {answer}"
        for file in databases
        if file.exists() and (answer := sound(file)) != "ok"
    ]


@dataclass(frozen=True, slots=True)
class Control:
    """What became of messages on a disk that cannot be trusted."""

    acknowledged: int
    lost: int


async def _lost_when_syncs_are_ignored(office: Office) -> Control:
    """Take messages in while the disk only says that it synced, and open after a cut."""
    await office.open()
    await office.disk.settle()
    await office.disk.lie()
    crowd = Photographers(office.chance.randrange(2**32), name="control")
    load = Load(office.gateway, crowd)
    await load.send(*(crowd.sms() for _ in range(CONTROL)))
    await office.power_cut(share=0.0)
    await office.open()
    held = {name for (name,) in rows(office.gateway, "select external_id from journal")}
    return Control(len(load.acknowledged), len(load.acknowledged.keys() - held))


CASES = (
    Case(
        number="R3",
        what="the power fails under the whole office",
        run=_cut_again_and_again,
        refused=disks.refused,
    ),
)
