"""What is left in the end, on either engine: records, files, chain, accounts, sound databases."""

import asyncio
import hashlib
import json
import sqlite3
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import SMTP
from pathlib import Path

from gateway_process import Gateway
from ledger import central, count
from load import Crowd, Load, Mail, Message

from torture.case import Finding

# A backlog of thousands, on a machine that does something else beside.
SETTLE_SECONDS = 240.0


class Photographers(Crowd):
    """Citizens whose every mail has a file of its own in it."""

    def mail(self) -> Message:
        """A mail with an attachment nobody else sends."""
        plain = super().mail()
        (wire,) = plain.wires
        assert isinstance(wire, Mail)
        content = BytesParser(EmailMessage, policy=SMTP).parsebytes(wire.content)
        content.add_attachment(
            paper_of(plain.mark), maintype="application", subtype="pdf", filename="surat.pdf"
        )
        photo = Mail(id=wire.id, sender=wire.sender, content=content.as_bytes())
        return Message(mark=plain.mark, channel="mail", text=plain.text, wires=(photo,))


def paper_of(mark: str) -> bytes:
    """The attachment of a mail: a page or two of bytes that no other has."""
    return b"%PDF-1.7 " + b"".join(
        hashlib.sha512(f"{mark} {n}".encode()).digest() for n in range(99)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a run ended, in numbers."""

    acknowledged: int
    messages: int
    lost: int
    twice: int
    #: Files a record speaks of that are not on disk, or not whole.
    torn_files: int
    files: int
    #: What else is wrong, in words; nothing when all is well.
    troubles: tuple[str, ...]

    @property
    def is_good(self) -> bool:
        """Whether nothing is lost, double, torn or unaccounted."""
        return not (self.lost or self.twice or self.torn_files or self.troubles)

    def finding(self, done: str, *, passed: bool = True) -> Finding:
        """The figure: what was done, and what it came to."""
        figure = (
            f"{done}: {self.lost} of {self.acknowledged:,} acknowledged lost, {self.twice} twice, "
            f"{self.torn_files} of {self.files} files torn"
        )
        wrong = "".join(f"; {trouble}" for trouble in self.troubles)
        return Finding(figure=figure + wrong, passed=passed and self.is_good and self.messages > 0)


async def ending(gateway: Gateway, *loads: Load) -> Ending:
    """Wait until a running gateway has nothing left to do, stop it, and look."""
    wanted = Counter(message.text for load in loads for message in load.messages.values())
    troubles = await _settled(gateway, wanted.total())
    await gateway.stop()
    held = Counter(
        text.strip() for (text,) in central(gateway, "select text from records where text != ''")
    )
    whole = files_whole(gateway)
    databases = [gateway.central_db, gateway.data_dir / "gateway.db"]
    return Ending(
        acknowledged=sum(len(load.acknowledged) for load in loads),
        messages=wanted.total(),
        lost=(wanted - held).total(),
        twice=(held - wanted).total(),
        torn_files=whole.count(False),
        files=len(whole),
        troubles=(*troubles, *await _proof(gateway), *_unsound(databases)),
    )


async def _settled(gateway: Gateway, messages: int) -> list[str]:
    deadline = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < deadline and gateway.running:
        if gateway.central_db.exists() and count(gateway) >= messages:
            total = json.loads((await gateway.command("reconcile", "--json")).stdout)["total"]
            if not total["pending"]:
                return []
        await asyncio.sleep(0.05)
    end = gateway.log[-2000:] if not gateway.running else "something stays pending"
    return [f"not settled: {end}"]


async def _proof(gateway: Gateway) -> list[str]:
    verified, reconciled = await asyncio.gather(
        gateway.command("verify"), gateway.command("reconcile", "--json")
    )
    troubles = []
    if verified.returncode != 0 or "whole:" not in verified.stdout:
        troubles.append(f"verify: {verified.stdout[-300:]}{verified.stderr[-300:]}")
    if reconciled.returncode != 0:
        troubles.append(f"reconcile: {reconciled.stdout[-300:]}{reconciled.stderr[-300:]}")
    return troubles


def _unsound(databases: Iterable[Path]) -> list[str]:
    return [
        f"{file.name}: {answer}"
        for file in databases
        if file.exists() and (answer := sound(file)) != "ok"
    ]


def sound(file: Path) -> str:
    """What SQLite's own check says of a file; "ok" is well."""
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=60)) as database:
            return str(database.execute("pragma integrity_check").fetchone()[0])
    except sqlite3.DatabaseError as broken:
        return str(broken)


def files_whole(gateway: Gateway) -> list[bool]:
    """Of each file the records speak of, whether it is there and whole."""
    found = central(gateway, "select attachments from records where attachments != '[]'")
    folder = gateway.data_dir / "attachments"
    return [
        _is_whole(folder, file["sha256"])
        for (attachments,) in found
        for file in json.loads(attachments)
    ]


def _is_whole(folder: Path, sha256: str) -> bool:
    file = folder / sha256[:2] / sha256
    return file.exists() and hashlib.sha256(file.read_bytes()).hexdigest() == sha256
