"""
R20: what an older program left behind is opened, brought up to date and worked off.

The office of `old_office` stands for the release before: it was recorded with a program of before
the console. Then there is the way back, which is none, and a race of several machines.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import old_office
from aiohttp import web
from gateway_process import Gateway
from sms_gateway import SendApiPeer, serving

from forwarder.ports import Transaction
from gateway.store import Store
from gateway.store.migrate import VERSION
from gateway.store.reading import reading
from torture.case import Case, Chamber, Finding
from torture.vitals import until_settled

SECRET = "whsec_" + "QUJD" * 11
SQLITE_SCHEMA = "select type, name, tbl_name, sql from sqlite_master order by type, name"
POSTGRES_SCHEMA = """
select 'column', table_name, column_name, concat_ws(' ', data_type, is_nullable, column_default,
       is_identity)
from information_schema.columns where table_schema = 'public'
union all
select 'index', tablename, indexname, indexdef from pg_indexes where schemaname = 'public'
union all
select 'rule', conrelid::regclass::text, conname, pg_get_constraintdef(oid)
from pg_constraint where connamespace = 'public'::regnamespace
order by 1, 2, 3
"""
VERSIONS = "select version from schema_version order by version"
READ = "select count(*) from work where state not in ('received', 'waiting')"
#: What is told when a newer program has been here: one sentence.
REFUSED = re.compile(r"^lapor-gateway: the database has version 9999, .* run the newer program$")


class Outside:
    """A store behind HTTP that remembers which keys it was sent, and telephones."""

    def __init__(self) -> None:
        self.keys: Counter[str] = Counter()
        self._telephones = SendApiPeer()

    async def take(self, request: web.Request) -> web.Response:
        """Whatever comes is taken."""
        await request.read()
        self.keys[request.headers["Idempotency-Key"]] += 1
        return web.json_response({"id": f"#{len(self.keys)}"}, status=201)

    def routes(self) -> list[web.AbstractRouteDef]:
        """Two addresses."""
        return [web.post("/events", self.take), *self._telephones.routes()]

    @property
    def receipts(self) -> Counter[str]:
        """How often each answer was sent."""
        return Counter(form["id"] for _, _, form, _ in self._telephones.asked)


async def upgrade(chamber: Chamber) -> Finding:
    """Open the old office, work off its backlog, look at everything."""
    outside = Outside()
    gateway = Gateway(chamber.folder / "home")
    gateway.home.mkdir()
    gateway.data_dir.mkdir(mode=0o700)
    with _old_office(chamber, gateway.data_dir) as url:
        async with serving(outside.routes()) as address:
            gateway.settings = _settings(url, address)
            gateway.env = {
                "LAPOR_GATEWAY_KEY": old_office.KEY,
                "LAPOR_MINISTRY_SECRET": SECRET,
            }
            try:
                return await _upgraded(chamber, gateway, url, outside)
            finally:
                gateway.kill()


def _settings(url: str, outside: str) -> dict[str, object]:
    ministry = {
        "kind": "http",
        "url": f"{outside}/events",
        "secrets": ["ministry_secret"],
        "allow_private": True,
    }
    return {
        "store": {"url": url},
        "central": {"ministry": ministry},
        "channels": {"sms": {"send_url": f"{outside}/send"}},
    }


async def _upgraded(chamber: Chamber, gateway: Gateway, url: str, outside: Outside) -> Finding:
    async with gateway:
        await until_settled(gateway)
    verified = await gateway.command("verify")
    reconciled = await gateway.command("reconcile")
    with reading(url) as tx:
        read = tx.one(READ)
    schema, fresh = await _schema(url), await _fresh_schema(chamber)
    # It was opened three times by now.
    versions = await _rows_of(url, VERSIONS)
    receipts, records = outside.receipts, outside.keys
    lost = old_office.RECORDS_TO_COME - len(records)
    held = {
        "records": lost == 0 and set(records.values()) == {1},
        "receipts": len(receipts) >= old_office.RECEIPTS_TO_COME and set(receipts.values()) == {1},
        "settled": read == (old_office.RECEIVED,),
        "chain": verified.returncode == 0,
        "accounts": reconciled.returncode == 0,
        "schema": schema == fresh,
        "migrated once": versions == [(number,) for number in range(1, VERSION + 1)],
        "no way back": await _is_refused(gateway, url),
    }
    wrong = ", ".join(name for name, is_so in held.items() if not is_so) or "nothing"
    return Finding(
        figure=(
            f"version {old_office.VERSION} to {VERSION}: {lost} of {old_office.RECORDS_TO_COME} "
            f"records of its backlog lost, {sum(records.values()) - len(records)} "
            f"twice, {len(receipts)} receipts once each; schema as fresh; wrong: {wrong}"
        ),
        passed=all(held.values()),
    )


async def _is_refused(gateway: Gateway, url: str) -> bool:
    """Whether a program that is older than the database says so in one sentence, and ends."""
    await _write(url, "insert into schema_version values (9999)")
    before = len(gateway.log)
    await gateway.start(wait=False)
    code = await gateway.ended()
    said = gateway.log[before:].strip()
    return code == 1 and REFUSED.match(said) is not None


async def race(chamber: Chamber) -> Finding:
    """Several machines start at once on one database: each step is taken once, and all start."""
    rounds = chamber.pick(short=2, quick=5, full=50)
    machines, failed = 4, 0
    wanted = [(number,) for number in range(1, VERSION + 1)]
    for number in range(rounds):
        # An empty database and one with an office in it, in turn.
        with _database(chamber, is_old=number % 2 == 1) as url:
            opened = await asyncio.gather(
                *(_opened(url) for _ in range(machines)), return_exceptions=True
            )
            failed += sum(found != wanted for found in opened)
    return Finding(
        figure=f"{rounds} races of {machines}: {failed} did not start or took a step twice",
        passed=failed == 0,
    )


async def _opened(url: str) -> list[tuple[object, ...]]:
    store = await Store.open(url)
    try:
        return await store.read(lambda tx: [tuple(row) for row in tx.all(VERSIONS)])
    finally:
        await store.close()


@contextmanager
def _old_office(chamber: Chamber, folder: Path) -> Iterator[str]:
    if chamber.server is None:
        url = f"sqlite://{folder}/gateway.db"
        old_office.put(url)
        yield url
        return
    with _database(chamber, is_old=True) as url:
        yield url


@contextmanager
def _database(chamber: Chamber, *, is_old: bool) -> Iterator[str]:
    assert chamber.server
    url = chamber.server.database()
    try:
        if is_old:
            old_office.put(url)
        yield url
    finally:
        chamber.server.drop(url)


async def _fresh_schema(chamber: Chamber) -> list[tuple[object, ...]]:
    if chamber.server is None:
        return await _schema(f"sqlite://{chamber.folder}/fresh.db")
    with _database(chamber, is_old=False) as url:
        return await _schema(url)


async def _schema(url: str) -> list[tuple[object, ...]]:
    """All tables, columns, indexes and rules, after opening."""
    return await _rows_of(url, SQLITE_SCHEMA if url.startswith("sqlite:") else POSTGRES_SCHEMA)


async def _rows_of(url: str, sql: str) -> list[tuple[object, ...]]:
    def look(tx: Transaction) -> list[tuple[object, ...]]:
        return [tuple(row) for row in tx.all(sql)]

    store = await Store.open(url)
    try:
        return [_normalised(row) for row in await store.read(look)]
    finally:
        await store.close()


def _normalised(row: tuple[object, ...]) -> tuple[object, ...]:
    """Without line breaks and indents of a statement that SQLite keeps as it was written."""
    return tuple(" ".join(cell.split()) if isinstance(cell, str) else cell for cell in row)


async def _write(url: str, sql: str) -> None:
    store = await Store.open(url)
    await store.write(lambda tx: tx.run(sql))
    await store.close()


CASES = (
    Case(number="R20", what="an office of an older program, with its backlog", run=upgrade),
    Case(
        number="R20",
        what="machines that migrate at once",
        run=race,
        engines=("postgresql",),
    ),
)
