"""A day at the office of canaries, and every place in which one of them may be found after it."""

import asyncio
import re
import sqlite3
import tarfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import psycopg
from gateway_process import Gateway
from ledger import central, rows
from processes import children

from gateway.secrets import Secrets, gateway_key
from gateway.vault import Vault
from torture.canary_commands import Order, Said, ordered
from torture.canary_office import Rude
from torture.canary_people import Public
from torture.canary_words import Canaries, Probe
from torture.case import Chamber
from torture.erasing import contents

UNREAD = "select count(*) from work where state in ('received', 'waiting')"
RECEIVED = "select (select count(*) from journal) - (select count(*) from work)"
# A peer that fails is left alone for a while, with all that waits for it.
UNTRIED = """
select count(*) from (select target from outbox group by target
having max(attempts) = 0 and sum(case when state = 'pending' then 1 else 0 end) > 0) as never
"""
UNSTORED = "select count(*) from outbox where target = 'central:central' and state = 'pending'"
# What was forwarded is tried until it is given up, on a machine that may do other things beside.
SECONDS = 400.0
#: How long nobody can write.
AWAY_SECONDS = 0.7
#: Files that hold words of citizens by design, see docs/storage.md.
READABLE = re.compile(r"(^|/)(central\.db.*|attachments/.+)$")


@dataclass(slots=True)
class Day:
    """One office, what was done there, and every place that was looked into."""

    chamber: Chamber
    gateway: Gateway
    rude: Rude
    canaries: Canaries
    public: Public
    #: What may hold nothing of either kind.
    closed: dict[str, bytes] = field(default_factory=dict)
    #: What shows words of citizens by design, and no secret.
    readable: dict[str, bytes] = field(default_factory=dict)
    commands: int = 0

    async def rounds(self, count: int, *bugs: str) -> None:
        """Everything, so often, once with bugs and once while nobody can write."""
        for number in range(count):
            await self.public.visit()
            if number == 0:
                if bugs:
                    await self.public.bugs(*bugs)
                async with self._writing_prevented():
                    await self.public.bugs("kutu-lain")
        deadline = time.monotonic() + SECONDS
        while any(rows(self.gateway, sql)[0][0] for sql in (UNREAD, RECEIVED, UNSTORED, UNTRIED)):
            assert self.gateway.running, "the gateway ended"
            assert time.monotonic() < deadline, "not everything is read and tried"
            await asyncio.sleep(0.1)

    @asynccontextmanager
    async def _writing_prevented(self) -> AsyncIterator[None]:
        """The database is locked, or hangs up on everybody."""
        if self.chamber.server:
            with psycopg.connect(self.gateway.settings["store"]["url"], autocommit=True) as other:
                other.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity"
                    " where datname = current_database() and pid <> pg_backend_pid()"
                )
            yield
            return
        with closing(sqlite3.connect(self.gateway.data_dir / "gateway.db", timeout=60)) as file:
            file.execute("begin immediate")
            released = asyncio.get_running_loop().call_later(AWAY_SECONDS, file.rollback)
            yield
            released.cancel()

    async def look_at_what_runs(self) -> None:
        """Pages for operators, answers to strangers, and what /proc shows of all processes."""
        for path in ("/metrics", "/health/live", "/health/ready", "/console", "/console/oidc"):
            async with (
                aiohttp.ClientSession() as session,
                session.get(self.gateway.internal_url + path, allow_redirects=False) as answer,
            ):
                self.closed[path] = f"{await answer.text()} {answer.headers}".encode()
        self.closed["answers to strangers"] = "\n".join(self.public.told).encode()
        running = [self.gateway.pid, *children(self.gateway.pid)]
        for name in ("cmdline", "environ"):
            shown = [(Path("/proc") / str(pid) / name).read_bytes() for pid in running]
            self.closed[f"/proc/*/{name}"] = b"\n".join(shown)

    async def command(self, *orders: Order) -> None:
        """Give orders; what `export`, `parked show --raw` and `reveal` print is read by design."""
        told = await ordered(self.gateway.home, self.gateway.env, orders)
        self.commands += len(told)
        for number, said in enumerate(told):
            assert not said.order.bug or "LookupError" in said.text, said.text
            place = self.readable if _shows_words(said) else self.closed
            place[f"command {self.commands}.{number} {' '.join(said.order.words[:2])}"] = (
                said.text.encode()
            )

    def look_at_files(self) -> None:
        """The log, and everything below data/; of PostgreSQL a dump instead of the file."""
        self.closed["log"] = self.gateway.log.encode()
        url = self.gateway.settings.get("store", {}).get("url", "sqlite:")
        names = [str(path) for path in self.gateway.data_dir.rglob("*")]
        self.closed["names of files"] = "\n".join(names).encode()
        for path in self.gateway.data_dir.rglob("*"):
            if path.is_file():
                name = str(path.relative_to(self.gateway.data_dir))
                place = self.readable if READABLE.search(name) else self.closed
                place[f"data/{name}"] = path.read_bytes()
        if self.chamber.server:
            for number, content in enumerate(contents(self.chamber.folder / "none", url)):
                self.closed[f"dump {number}"] = content

    def look_into_backup(self, file: Path) -> None:
        """Each file of a backup, as it was packed."""
        with tarfile.open(file) as packed:
            for member in packed:
                opened = packed.extractfile(member)
                place = self.readable if READABLE.search(member.name) else self.closed
                place[f"backup/{member.name}"] = opened.read() if opened else b""

    # --- what came of it -----------------------------------------------------------------------

    def leaked(self, probe: Probe, *, also_readable: bool) -> dict[str, int]:
        """How many of these words are in which place."""
        places = self.closed | (self.readable if also_readable else {})
        found = {name: len(probe.found(content)) for name, content in places.items()}
        return {name: many for name, many in found.items() if many}

    def in_central_store(self) -> tuple[int, int]:
        """How many words of those who reported stand in the central store, and how many should."""
        probe = Probe(word for person in self.public.heard for word in person.told)
        texts = "\n".join(row[0] for row in central(self.gateway, "select text from records"))
        return len(probe.found(texts)), len(probe)

    def under_seal(self) -> tuple[int, int]:
        """How many of all they told us the gateway key opens again, and how many it should."""
        probe = Probe(word for person in self.public.heard for word in person.words)
        key = gateway_key(Secrets({}), self.gateway.data_dir, may_create=False)
        vault = Vault(key.value)
        sealed = rows(self.gateway, "select payload, data_key from journal")
        opened = b"\n".join(
            vault.open(bytes(one), bytes(by)) for one, by in sealed if by is not None
        )
        # A mail cuts its lines, in the middle of a word too: quoted-printable and base64.
        uncut = opened.replace(b"=\r\n", b"") + opened.replace(b"\r\n", b"")
        return len(probe.found(opened + uncut)), len(probe)

    def shown(self) -> int:
        """How many secrets were shown to the peers they are for."""
        return len(Probe(self.canaries.hidden.values()).found(bytes(self.rude.heard)))

    @property
    def lines(self) -> int:
        """Of the log."""
        return self.gateway.log.count("\n")


def _shows_words(said: Said) -> bool:
    return said.order.words[0] in {"export", "reveal"} or "--raw" in said.order.words
