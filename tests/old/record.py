"""
Record an office of an older program, to be opened by newer ones: its rows as text, in this folder.

Run it with the older program's tests on the path, in its folder, with the number of its schema:

    git worktree add /tmp/older COMMIT
    cd /tmp/older && PYTHONPATH=.:tests python …/tests/old/record.py VERSION

Two files for the tables, in the words of each engine, and one for the rows, in both. All words
in it are made up, and its key is bytes(range(32)).
"""

import asyncio
import sqlite3
import sys
import tempfile
import textwrap
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import aiohttp
from gateway_process import Gateway
from ledger import rows, until_drained
from load import Mail, Sms, post, submit
from sms_gateway import SendApiPeer, serving
from test_proof_way_back import SECRET, Ministry

from gateway.store.migrations import MIGRATIONS
from gateway.store.postgres import Postgres
from gateway.store.sqlite import Sqlite

HERE = Path(__file__).parent
KEY = b64encode(bytes(range(32))).decode()
TABLE = "create table schema_version (version integer not null)"
TABLES = "select name from sqlite_master where type = 'table'"
ANI, BUDI, CICI, DEDI = (f"+628000000000{number}" for number in range(1, 5))
TOLD = (
    Sms(id="old-1", sender=ANI, text="Lampu jalan padam di jalan Melati sejak Senin"),
    Sms(id="old-2", sender=BUDI, text="Lampu jalan padam di jalan Melati sejak hari Senin"),
    Sms(id="old-3", sender=CICI, text="Sampah menumpuk di belakang pasar Anggrek"),
    Sms(id="old-4", sender=CICI, text="ANONIM"),
    Sms(id="old-5", sender=DEDI, text="Air tidak mengalir di gang Kenanga"),
    Sms(id="old-6", sender=DEDI, text="HAPUS"),
    Sms(id="old-7", sender=DEDI, text="HAPUS YA"),
)
#: Came while the store and the provider were away.
WAITING = (
    Sms(id="old-8", sender=ANI, text="Jalan berlubang di depan pasar Anggrek"),
    Sms(id="old-9", sender=BUDI, text="Jembatan bambu di jalan Cempaka goyah"),
    # Its second part never came.
    Sms(id="old-10", sender=BUDI, text="Pohon tumbang menutup ", udh="050003070201"),
)
LETTER = Mail(
    id="old-11",
    sender="warga@example.org",
    content=(
        b"From: warga@example.org\r\nTo: lapor@localhost\r\nSubject: Saluran\r\n"
        b"Message-ID: <old-11@example.org>\r\nDate: Sat, 03 Jan 2026 08:30:00 +0700\r\n\r\n"
        b"Saluran air di jalan Mawar tersumbat\r\n"
    ),
)
#: Acknowledged a moment before the process was killed; nobody has read them.
LAST = tuple(
    Sms(
        id=f"old-{number}", sender=f"+62800000{number:05}", text=f"Pagar sekolah roboh, RT {number}"
    )
    for number in range(20, 26)
)


async def recorded(version: int) -> None:
    """Live through it and write it down."""
    assert len(MIGRATIONS) == version
    with tempfile.TemporaryDirectory() as folder:
        gateway = Gateway(Path(folder) / "home")
        gateway.home.mkdir()
        gateway.env = {
            "PYTHONPATH": str(Path.cwd()),
            "LAPOR_GATEWAY_KEY": KEY,
            "LAPOR_MINISTRY_SECRET": SECRET,
        }
        await _lived(gateway)
        gateway.kill()
        _write(version, gateway.data_dir / "gateway.db")


async def _lived(gateway: Gateway) -> None:
    ministry, telephones = Ministry(), SendApiPeer()
    async with serving([*ministry.routes(), *telephones.routes()]) as outside:
        gateway.settings = {
            "central": {
                "ministry": {
                    "kind": "http",
                    "url": f"{outside}/events",
                    "secrets": ["ministry_secret"],
                    "allow_private": True,
                }
            },
            "notices": {"fold": 0.1, "quiet_from": "00:00", "quiet_until": "00:00"},
            # Who opens it a minute later waits for no second part.
            "pipeline": {"part_timeout": 60.0},
            "channels": {"sms": {"send_url": f"{outside}/send"}},
        }
        await gateway.start()
        for sms in TOLD:
            await _say(gateway, sms)
            await until_drained(gateway)
        (first,) = rows(gateway, "select record_id from records where external_id = 'old-1'")[0]
        await ministry.tells(gateway, first, status="Diproses", text="Petugas menuju lokasi.")
        case = rows(gateway, "select case_code from records where external_id = 'old-3'")[0][0]
        held = await gateway.command("hold", case, "--who", "Sari", "--reason", "perkara")
        assert held.returncode == 0, held.stderr
        # The update becomes a notice a moment later.
        await asyncio.sleep(3)
        await until_drained(gateway)
    for sms in WAITING:
        await _say(gateway, sms)
    assert await submit(gateway.smtp, LETTER) == 250
    while rows(gateway, "select count(*) from work where state = 'recorded'")[0][0] < 7:  # noqa: ASYNC110 (another process's)
        await asyncio.sleep(0.2)
    await asyncio.gather(*(_say(gateway, sms) for sms in LAST))


async def _say(gateway: Gateway, sms: Sms) -> None:
    async with aiohttp.ClientSession() as session:
        assert await post(session, gateway.url, sms) == 200


def _write(version: int, database: Path) -> None:
    for engine in (Sqlite, Postgres):
        steps = [engine.spell(part) for step in MIGRATIONS for part in step]
        text = ";\n\n".join([TABLE, *(textwrap.dedent(step).strip() for step in steps)])
        (HERE / f"tables-{version}.{engine.name}.sql").write_text(f"{text};\n")
    with closing(sqlite3.connect(database)) as opened:
        lines = [line for (name,) in opened.execute(TABLES) for line in _inserts(opened, name)]
    (HERE / f"rows-{version}.sql").write_text("\n".join(lines) + "\n")


def _inserts(database: sqlite3.Connection, table: str) -> Iterator[str]:
    cursor = database.execute(f"select * from {table}")
    columns = ", ".join(column[0] for column in cursor.description)
    for row in cursor:
        values = [database.execute("select quote(?)", (value,)).fetchone()[0] for value in row]
        yield f"insert into {table} ({columns}) values ({', '.join(values)});"


if __name__ == "__main__":
    asyncio.run(recorded(int(sys.argv[1])))
