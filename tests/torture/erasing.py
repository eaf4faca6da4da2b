"""
S17: a person asks to be erased, and nothing they wrote is found in any file after.

SQLite's log may hold the keys until the writer rests for a second or ends, so it is judged after
that; what is found in between is told. Before, the same search finds their words in the central
store, and the keys that open their messages in the gateway's: one that finds nothing anywhere
would prove nothing.
"""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import aiohttp
from gateway_process import Gateway
from load import Sms, post
from postgres import programs_found

from gateway.store.dump import connection_environment
from gateway.store.reading import reading
from torture.case import Case, Chamber, Finding
from torture.vitals import until_settled

ANI, BUDI = "+6280000000001", "+6280000000002"
CANARY, OTHERS = "kanarierat", "tetanggabiasa"
KEYS = """
select data_key from journal where substr(external_id, 1, 4) = 'ani-' and data_key is not null
union all
select p.data_key from reporters p join records r using (record_id)
where substr(r.external_id, 1, 4) = 'ani-'
union all
select o.data_key from outbox o join records r using (record_id)
where substr(r.external_id, 1, 4) = 'ani-' and o.kind = 'receipt'
"""


async def erase(chamber: Chamber) -> Finding:
    """Two persons report much the same; one of them is erased."""
    people = chamber.pick(short=3, quick=10, full=100)
    with chamber.store() as settings:
        gateway = Gateway(chamber.folder / "home", settings)
        gateway.home.mkdir()
        url = settings.get("store", {}).get("url", f"sqlite://{gateway.data_dir}/gateway.db")
        try:
            async with gateway:
                await _report(gateway, people)
                needles = [CANARY.encode(), *_keys(url)]
                before = _found(gateway, url, needles)
                order = ("erase", "--sender", ANI, "--channel", "sms", "--reason", "permintaan")
                ordered = await gateway.command(*order)
                assert ordered.returncode == 0, ordered.stderr
                await until_settled(gateway)
                exported = (await gateway.command("export")).stdout
                running = await _left(gateway, url, needles)
            after = _found(gateway, url, needles)
            proven = [(await gateway.command(word)).returncode for word in ("verify", "reconcile")]
        finally:
            gateway.kill()
    return Finding(
        figure=(
            f"{people} reports: of their words and {len(needles) - 1} keys {before} were found "
            f"before, {running} while it ran on, {after} after it stopped; {proven.count(0)} of 2 "
            "proofs hold"
        ),
        passed=before == len(needles)
        and (after, proven) == (0, [0, 0])
        and CANARY not in exported
        and OTHERS in exported,
    )


async def _report(gateway: Gateway, people: int) -> None:
    async with aiohttp.ClientSession() as session:
        for number in range(people):
            for name, sender, word in (("ani", ANI, CANARY), ("budi", BUDI, OTHERS)):
                text = f"Lampu jalan {number} padam di gang {word}, sudah {number} hari"
                sms = Sms(id=f"{name}-{number}", sender=sender, text=text)
                assert await post(session, gateway.url, sms) == 200
    await until_settled(gateway)


def _keys(url: str) -> list[bytes]:
    with reading(url) as tx:
        return [bytes(row[0]) for row in tx.all(KEYS)]


def _found(gateway: Gateway, url: str, needles: list[bytes]) -> int:
    """How many of these are in any file, or in a dump of the database."""
    searched = list(contents(gateway.home, url))
    return sum(any(needle in content for content in searched) for needle in needles)


async def _left(gateway: Gateway, url: str, needles: list[bytes]) -> int:
    """What is found once the writer has rested and emptied its log."""
    left = _found(gateway, url, needles)
    for _ in range(6):
        if left:
            await asyncio.sleep(0.5)
            left = _found(gateway, url, needles)
    return left


def contents(folder: Path, url: str) -> Iterator[bytes]:
    """Every file below a folder, and of a database on PostgreSQL a dump, also without its hex."""
    for path in folder.rglob("*"):
        if path.is_file():
            yield path.read_bytes()
    if not url.startswith("sqlite:"):
        dumped = subprocess.run(
            [programs_found() / "pg_dump", "--inserts"],
            env={**os.environ, **connection_environment(url)},
            check=True,
            capture_output=True,
        ).stdout
        yield dumped
        # Bytes stand there in hex.
        yield b"".join(bytes.fromhex(part) for part in _hex(dumped))


def _hex(dumped: bytes) -> Iterator[str]:
    for part in dumped.split(b"'\\x")[1:]:
        yield part.partition(b"'")[0].decode()


CASES = (Case(number="S17", what="a person is erased", run=erase),)
