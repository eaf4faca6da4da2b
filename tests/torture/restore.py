"""
R21: a backup is made while messages come, and another machine goes on from it.

The first machine dies some time after; what it acknowledged before the backup began is all there
on the other, and whatever the first one still delivered, the central store has once.
"""

import json
import os
import shutil
import subprocess
import tarfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from gateway_process import Gateway, Sections
from load import Crowd, Load
from postgres import programs_found
from sms_gateway import serving

from gateway.store.dump import connection_environment
from gateway.store.reading import reading
from torture.case import Case, Chamber, Finding
from torture.vitals import until_settled

SECRET = "whsec_" + "QUJD" * 11
SMS_CLIENTS, MAIL_CLIENTS = 6, 2
HELD = "select external_id from journal"


@dataclass(slots=True)
class Ministry:
    """A store behind HTTP that keeps what it is sent by its key, as ours ask every store to."""

    held: dict[str, Any] = field(default_factory=dict)
    again: int = 0

    async def take(self, request: web.Request) -> web.Response:
        """The same key is the same event, and gets the same number."""
        key, event = request.headers["Idempotency-Key"], json.loads(await request.read())
        self.again += key in self.held
        self.held.setdefault(key, event)
        return web.json_response({"id": f"#{list(self.held).index(key)}"}, status=201)

    @property
    def doubled(self) -> int:
        """How many messages it holds as two cases: each has a mark of its own in its text."""
        cases = {event["subject"]: event["data"]["text"] for event in self.held.values()}
        return len(cases) - len(set(cases.values()))


@dataclass(slots=True)
class Tally:
    """What all rounds came to."""

    acknowledged: int = 0
    lost: int = 0
    doubled: int = 0
    again: int = 0
    wrong: list[str] = field(default_factory=list)


async def restore(chamber: Chamber) -> Finding:
    """Some rounds of a backup under load, a restart elsewhere, and a look at everything."""
    rounds, tally = chamber.pick(short=1, quick=1, full=5), Tally()
    for number in range(rounds):
        folder = chamber.folder / str(number)
        with chamber.store() as store, chamber.store() as elsewhere:
            await _round(chamber, folder, store, elsewhere, tally)
    return Finding(
        figure=(
            f"{rounds} backups under load: {tally.lost} of {tally.acknowledged:,} acknowledged "
            f"before it missing, {tally.doubled} twice in the central store ({tally.again} offered "
            f"again by the copy, known by their key); wrong: {', '.join(tally.wrong) or 'nothing'}"
        ),
        passed=tally.acknowledged > 0 and not (tally.lost or tally.doubled or tally.wrong),
    )


async def _round(  # noqa: PLR0917 (two machines and what they come to)
    chamber: Chamber, folder: Path, store: Sections, elsewhere: Sections, tally: Tally
) -> None:
    ministry = Ministry()
    async with serving([web.post("/events", ministry.take)]) as outside:
        first = _gateway(folder / "first", store, outside)
        second = _gateway(folder / "second", elsewhere, outside)
        load = Load(first, Crowd(chamber.seed))
        more = chamber.pick(short=60, quick=150, full=1_000)
        try:
            await first.start()
            async with load.running(sms=SMS_CLIENTS, mail=MAIL_CLIENTS):
                await load.acknowledgements(more)
                before = set(load.acknowledged)
                made = await first.command("backup", str(folder / "backup.tar"))
                assert made.returncode == 0, made.stderr
                await load.acknowledgements(more // 2)
            first.kill()
            known = set(ministry.held)
            _unpack(first, second, folder / "backup.tar")
            await second.start()
            await until_settled(second)
            wrong = [word for word in ("verify", "reconcile") if await _fails(second, word)]
            await second.stop()
        finally:
            first.kill()
            second.kill()
    embedded = f"sqlite://{second.data_dir}/gateway.db"
    with reading(elsewhere.get("store", {}).get("url", embedded)) as tx:
        # A mail's id is its Message-ID, of which the part before the @ is ours.
        held = {str(row[0]).lstrip("<").partition("@")[0] for row in tx.all(HELD)}
    tally.acknowledged += len(before)
    tally.lost += len(before - held)
    tally.again += ministry.again
    tally.doubled += ministry.doubled
    tally.wrong += wrong
    # Else nothing was under way, and the round would show little.
    assert known


def _gateway(home: Path, store: Sections, outside: str) -> Gateway:
    home.mkdir(parents=True)
    ministry = {
        "kind": "http",
        "url": f"{outside}/events",
        "secrets": ["ministry_secret"],
        "allow_private": True,
    }
    gateway = Gateway(home, {**store, "central": {"ministry": ministry}})
    # A reply or record that was on its way in the copy is uncertain there: not for ten minutes.
    gateway.settings["outbox"] = {"uncertain_wait": 1.0}
    # Of a long SMS some parts may have come after the copy.
    gateway.settings["pipeline"] = {"part_timeout": 5.0}
    gateway.env = {
        "LAPOR_MINISTRY_SECRET": SECRET,
        "PATH": os.pathsep.join([os.environ["PATH"], str(programs_found())]),
    }
    return gateway


def _unpack(first: Gateway, second: Gateway, backup: Path) -> None:
    """As docs/daemon.md tells it."""
    second.data_dir.mkdir(mode=0o700)
    with tarfile.open(backup) as opened:
        opened.extractall(second.data_dir, filter="data")
    shutil.copy2(first.data_dir / "gateway.key", second.data_dir)
    if "store" in second.settings:
        archive = str(second.data_dir / "gateway.dump")
        environment = connection_environment(second.settings["store"]["url"])
        database = environment["PGDATABASE"]
        subprocess.run(
            [programs_found() / "pg_restore", "--no-owner", "--dbname", database, archive],
            env={**os.environ, **environment},
            check=True,
        )


async def _fails(gateway: Gateway, word: str) -> bool:
    return (await gateway.command(word)).returncode != 0


CASES = (Case(number="R21", what="a backup under load, restored elsewhere", run=restore),)
