"""
The power fails (R3): what was not synced is there or not, sector by sector, as chance will have it.

A record is kept of all that the journal's real writer asks of its disk (strace). It is played again
up to a random moment; what was synced by then stays, of the rest each sector of 512 bytes is kept
or lost at random. What was acknowledged must be in each database that comes of it, and the database
be whole. That the check can fail is shown by the same writer with synchronous = normal and off.
"""

import asyncio
import random
import re
import sqlite3
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from torture import strace
from torture.case import Case, Chamber, Finding
from torture.ending import sound
from torture.forgetful import SHARES, Content, Length, Write

WRITER = Path(__file__).with_name("power_writer.py")
CALL = re.compile(
    r'^(?P<pid>\d+)\s+(?P<name>\w+)\(\d+<(?P<file>[^>]*)>(?:, "(?P<data>[^"]*)", \d+)?'
    r"(?:, (?P<number>\d+))?(?:\) += (?P<result>-?\d+)| <unfinished \.\.\.>)"
)
RESUMED = re.compile(r"^(?P<pid>\d+)\s+<\.\.\. (?P<name>\w+) resumed>.*= (?P<result>-?\d+)")
SYNCS = {"fdatasync", "fsync"}


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that was done: a write, a truncation, a sync or an acknowledgement."""

    kind: str
    file: str
    data: bytes = b""
    #: Where the bytes go, or the new length.
    number: int = 0


@dataclass(slots=True)
class Disk:
    """What is on it, and how certain that is, by file."""

    files: defaultdict[str, Content] = field(default_factory=lambda: defaultdict(Content))

    def do(self, event: Event) -> None:
        """Take one event."""
        if event.kind == "sync":
            self.files[event.file].sync()
        elif event.kind == "write":
            self.files[event.file].unsure.append(Write(event.number, event.data))
        elif event.kind == "truncate":
            self.files[event.file].unsure.append(Length(event.number))

    def after_a_cut(self, chance: random.Random) -> Iterator[tuple[str, bytes]]:
        """The files as somebody finds them."""
        share = chance.choice(SHARES)
        for name, content in self.files.items():
            yield name, content.after_a_cut(chance, share)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cuts:
    """What came of them."""

    cuts: int
    losing: int
    corrupt: int
    acknowledged: int


def record(folder: Path, synchronous: str, bursts: int) -> list[Event]:
    """Let the writer work, and return what it asked of its disk, in order."""
    folder.mkdir()
    kept = folder.with_suffix(".record")
    trace = "trace=pwrite64,write,fdatasync,fsync,ftruncate"
    options = ["-f", "-qq", "--seccomp-bpf", "-xx", "-y", "-s", "1000000", "-e", trace]
    writer = [sys.executable, str(WRITER), str(folder), synchronous, str(bursts)]
    subprocess.run(
        ["strace", *options, "-o", str(kept), *writer],
        check=True,
        capture_output=True,
        timeout=300,
    )
    with kept.open() as lines:
        return list(_events(lines))


def _events(lines: Iterator[str]) -> Iterator[Event]:
    begun: dict[str, Event] = {}
    for line in lines:
        resumed = RESUMED.match(line)
        if resumed:
            event = begun.pop(resumed["pid"], None)
            if event and event.kind == "sync" and resumed["result"] == "0":
                yield event
            continue
        call = CALL.match(line)
        event = _event(call) if call else None
        if not call or not event:
            continue
        if call["result"] is None:
            begun[call["pid"]] = event
        # What was asked counts from when it was asked, and a sync from when it has ended.
        if event.kind != "sync" or call["result"] == "0":
            yield event


def _event(call: re.Match[str]) -> Event | None:
    file = Path(_plain(call["file"]).decode()).name
    data = _plain(call["data"] or "")
    if call["name"] == "write":
        acknowledged = data.startswith(b"ack ")
        return Event("ack", data[4:].strip().decode()) if acknowledged else None
    if not file.endswith((".db", "-wal")):
        return None
    if call["name"] in SYNCS:
        return Event("sync", file)
    kind = "truncate" if call["name"] == "ftruncate" else "write"
    return Event(kind, file, data, int(call["number"] or 0))


def _plain(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


def cut(events: Sequence[Event], folder: Path, *, cuts: int, seed: int) -> Cuts:
    """Cut the power so often, and open what is left each time."""
    chance = random.Random(seed)  # noqa: S311 (a run that can be repeated)
    first = next(place for place, event in enumerate(events) if event.kind == "ack")
    moments = sorted(chance.randrange(first + 1, len(events) + 1) for _ in range(cuts))
    disk, acknowledged, done = Disk(), set[str](), 0
    losing = corrupt = 0
    for moment in moments:
        for event in events[done:moment]:
            disk.do(event)
            if event.kind == "ack":
                acknowledged.add(event.file)
        done = moment
        held = _opened(folder, disk.after_a_cut(chance))
        corrupt += held is None
        losing += held is not None and bool(acknowledged - held)
    return Cuts(cuts=cuts, losing=losing, corrupt=corrupt, acknowledged=len(acknowledged))


def _opened(folder: Path, files: Iterator[tuple[str, bytes]]) -> set[str] | None:
    """The ids in the database somebody finds after a cut; None where it is broken."""
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for name, content in files:
        (folder / name).write_bytes(content)
    database = folder / "gateway.db"
    try:
        with closing(sqlite3.connect(database)) as opened:
            held = {row[0] for row in opened.execute("select external_id from journal")}
    except sqlite3.DatabaseError:
        return None
    return held if sound(database) == "ok" else None


async def cuts_of_a_record(chamber: Chamber) -> Finding:
    """The durable writer loses nothing at any cut, and the careless ones are found out."""

    def all_of_it() -> Finding:
        bursts = chamber.pick(short=30, quick=30, full=150)
        wanted = chamber.pick(short=300, quick=300, full=5_000)
        found = {}
        for synchronous, cuts in (("full", wanted), ("normal", wanted // 5), ("off", wanted // 5)):
            folder = chamber.folder / synchronous
            events = record(folder, synchronous, bursts)
            left = chamber.folder / f"{synchronous}-left"
            found[synchronous] = cut(events, left, cuts=cuts, seed=chamber.seed)
        full, normal, off = found["full"], found["normal"], found["off"]
        figure = (
            f"{full.losing} of {full.cuts:,} cuts lost any of {full.acknowledged:,} acknowledged, "
            f"{full.corrupt} corrupt (the check can fail: synchronous=normal {normal.losing} of "
            f"{normal.cuts:,} lose; off {off.losing} lose, {off.corrupt} corrupt, of {off.cuts:,})"
        )
        careless = normal.losing and (off.losing or off.corrupt)
        passed = not (full.losing or full.corrupt) and bool(careless)
        return Finding(figure=figure, passed=passed)

    return await asyncio.to_thread(all_of_it)


CASES = (
    Case(
        number="R3",
        what="the power fails, unsynced sectors kept or lost",
        run=cuts_of_a_record,
        engines=("sqlite",),
        lacking=strace.lacking,
    ),
)
