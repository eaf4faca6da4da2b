"""
Brings anchors off the machine on a schedule: to central stores, into a file, by mail.

Each way is an outbox row of its own, written in the transaction that makes the anchor: what is away
gets it later, and no way holds up another.
"""

import asyncio
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import structlog

from channels.contract import Outcome, Receipt, Reply, TryLater
from channels.mail_compose import ReturnAddress
from forwarder import outbox
from forwarder.item import Item
from forwarder.outbox import CENTRAL, CHANNEL, Entry
from forwarder.ports import Database, Transaction
from forwarder.target import Target
from gateway import anchors
from gateway.durable import sync_folder
from gateway.sections import Proof
from gateway.signing import Signer
from gateway.vault import Vault

log = structlog.get_logger()

KIND = "anchor"
# Stands for a record's id in the outbox: an anchor is about all of them.
JOURNAL = "journal"
FILE = "anchors:file"
# How much of the end of the file is searched for a line that is there already.
TAIL = 64 << 10
LETTER = """\
This line is a signed statement of where the gateway's journal ends. Keep it: with it you can show
that nothing before it was changed or removed since.

    lapor-gateway verify --against FILE

{line}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """Where anchors go."""

    #: Names of the central stores that keep them.
    stores: Sequence[str]
    file: bool
    #: An address, or empty.
    mail: str


def ways_of(proof: Proof, stores: Sequence[str], *, has_mail: bool) -> Ways:
    """What the settings ask for, as far as it is there."""
    return Ways(
        stores=stores if proof.stores else (),
        file=bool(proof.file),
        mail=proof.mail if has_mail else "",
    )


def to_file(path: Path) -> Target:
    """Lines of a file, each once, on disk before it counts as delivered."""

    async def deliver(items: Sequence[Item]) -> Sequence[Outcome]:
        return await asyncio.to_thread(_append, path, items)

    return Target(name=FILE, deliver=deliver, resend=True, takes_batches=True)


class Anchoring:
    """Drops an anchor now and then."""

    def __init__(  # noqa: PLR0913 (what it is made of, each once)
        self,
        database: Database,
        vault: Vault,
        ways: Ways,
        *,
        every: float,
        clock: Callable[[], int],
        dropped: Callable[[], None],
    ) -> None:
        """`every` is in seconds, 0 for never; `dropped` hears of each new one."""
        self._database = database
        self._vault = vault
        self._signer = Signer(vault)
        self._ways = ways
        self._every = every
        self._clock = clock
        self._dropped = dropped

    async def run(self) -> None:
        """Drop anchors until cancelled."""
        while self._every:
            await asyncio.sleep(await self._due_in())
            await self.drop()

    async def drop(self) -> bool:
        """One anchor now, if there is anything new; whether there was."""
        made = await self._database.write(self._drop)
        if made:
            log.info("anchor dropped")
            self._dropped()
        return made

    async def _due_in(self) -> float:
        """Seconds until the next is due, by the last one: a restart neither adds nor delays any."""
        row = await self._database.read(lambda tx: tx.one("select max(at) from anchors"))
        passed = (self._clock() - row[0]) / 1000 if row and row[0] is not None else 0.0
        return min(max(self._every - passed, 0.0), self._every) or min(self._every, 1.0)

    def _drop(self, tx: Transaction) -> bool:
        now = self._clock()
        made = anchors.drop(tx, self._signer, now)
        if made is None:
            return False
        outbox.put(tx, self._vault, list(_entries(*made, self._ways, now)), now)
        return True


def _entries(sequence: int, document: bytes, ways: Ways, now: int) -> Iterator[Entry]:
    for target in (*(f"{CENTRAL}{name}" for name in ways.stores), *([FILE] * ways.file)):
        yield _entry(target, sequence, document, now)
    if ways.mail:
        letter = _entry(f"{CHANNEL}mail", sequence, b"", now)
        reply = Reply(
            id=outbox.reply_id(letter),
            to=msgspec.json.encode(ReturnAddress(to=ways.mail)).decode(),
            text=LETTER.format(line=document.decode()),
            subject=f"Journal anchor {sequence}",
            kind=KIND,
        )
        yield msgspec.structs.replace(letter, body=msgspec.json.encode(reply))


def _entry(target: str, sequence: int, body: bytes, now: int) -> Entry:
    return Entry(
        record_id=JOURNAL,
        kind=KIND,
        revision=sequence,
        target=target,
        lane=JOURNAL,
        body=body,
        due=now,
    )


def _append(path: Path, items: Sequence[Item]) -> Sequence[Outcome]:
    try:
        with path.open("a+b") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - TAIL))
            there = file.read()
            # A line that a crash cut short must not swallow the next one.
            if there and not there.endswith(b"\n"):
                file.write(b"\n")
            for item in items:
                if item.body not in there:
                    file.write(item.body + b"\n")
            file.flush()
            os.fsync(file.fileno())
        sync_folder(path.parent)
    except OSError as exc:
        return [TryLater(reason=f"{path.name}: {os.strerror(exc.errno or 0)}")] * len(items)
    return [Receipt()] * len(items)
