"""The store on both engines: what is committed, what is rolled back, what is refused."""

import asyncio
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from postgres import Postgres

from forwarder.ports import Transaction
from gateway.records import Stale
from gateway.store import Insert, Store, StoreConflict, StoreError, StoreUnavailable, migrate
from gateway.store.migrations import MIGRATIONS
from gateway.store.reading import reading

OLD_ENTRY = """
insert into outbox (record_id, kind, revision, target, lane, body, due, created_at)
values ('r', 'receipt', 1, 'channel:sms', 'l', :body, 0, 0)
"""
AUDIT = "insert into audit (at, who, what) values (:at, 'test', :what)"


def count(tx: Transaction) -> int:
    row = tx.one("select count(*) from audit")
    assert row
    return int(row[0])


async def test_a_write_is_seen_by_the_next_read(database: Store) -> None:
    """What `write` returned for is committed."""
    await database.write(lambda tx: tx.run(AUDIT, at=1, what="one"))

    assert await database.read(count) == 1


async def test_a_look_sees_one_moment(database: Store, database_url: str) -> None:
    """What is committed while somebody looks is not half of what they see."""
    loop = asyncio.get_running_loop()

    def add() -> None:
        written = database.write(lambda tx: tx.run(AUDIT, at=1, what="meanwhile"))
        asyncio.run_coroutine_threadsafe(written, loop).result(60)

    def look(tx: Transaction) -> tuple[int, int]:
        before = count(tx)
        add()
        return before, count(tx)

    def look_beside() -> tuple[int, int]:
        with reading(database_url) as tx:
            return look(tx)

    inside = await database.read(look)
    beside = await asyncio.to_thread(look_beside)

    assert inside == (0, 0)
    assert beside == (1, 1)
    assert await database.read(count) == 2


async def test_one_failing_piece_of_work_does_not_take_its_group_down(database: Store) -> None:
    """Works that share a commit succeed and fail alone."""

    def fail(tx: Transaction) -> None:
        tx.run(AUDIT, at=2, what="undone")
        raise LookupError("on purpose")

    works = [database.write(lambda tx: tx.run(AUDIT, at=1, what="done")) for _ in range(5)]
    failing = [database.write(fail) for _ in range(3)]
    results = await asyncio.gather(*works, *failing, return_exceptions=True)

    assert [type(result) for result in results] == [int] * 5 + [LookupError] * 3
    assert await database.read(count) == 5


async def test_who_looked_too_early_takes_nobody_else_down(database: Store) -> None:
    """A lost race is one work's own matter, not the weather of all in its group."""

    def lose(tx: Transaction) -> None:
        tx.run(AUDIT, at=2, what="undone")
        raise Stale("on purpose")

    works = [database.write(lambda tx: tx.run(AUDIT, at=1, what="done")) for _ in range(5)]
    results = await asyncio.gather(*works, database.write(lose), return_exceptions=True)

    assert [type(result) for result in results] == [int] * 5 + [Stale]
    assert await database.read(count) == 5


@pytest.mark.parametrize("rows", [3, 200])
async def test_new_rows_go_in_all_or_none(database: Store, rows: int) -> None:
    """One statement or several: a row that is there already keeps the others out."""
    columns = ("id", "at", "who", "what")

    def insert(*ids: int) -> Insert:
        return Insert("audit", columns, [value for row in ids for value in (row, 1, "a", "b")])

    await database.write(insert(*range(100, 100 + rows)))
    with pytest.raises(StoreConflict):
        await database.write(insert(*range(1_000, 1_000 + rows), 100))
    beside = await asyncio.gather(
        database.write(lambda tx: tx.run(AUDIT, at=1, what="x")),
        database.write(insert(2_000)),
        database.write(insert(2_000)),
        return_exceptions=True,
    )

    assert await database.read(count) == rows + 2
    assert [type(one) for one in beside] == [int, type(None), StoreConflict]


async def test_a_cancelled_waiter_does_not_stop_the_commit(database: Store) -> None:
    """A commit is never cancelled half-way."""
    waiting = asyncio.ensure_future(database.write(lambda tx: tx.run(AUDIT, at=1, what="kept")))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await database.write(lambda tx: tx.one("select 1"))

    assert await database.read(count) == 1


async def test_opening_twice_migrates_once(database_url: str) -> None:
    """A database that is up to date is left as it is."""
    for _ in range(2):
        store = await Store.open(database_url)
        row = await store.read(
            lambda tx: tx.one("select count(*), max(version) from schema_version")
        )
        await store.close()

    assert row == (len(MIGRATIONS), len(MIGRATIONS))


async def test_what_is_on_its_way_survives_a_new_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Outbox rows of an older program keep their bodies, in a table of their own now."""
    url = f"sqlite://{tmp_path}/gateway.db"
    with monkeypatch.context() as older:
        older.setattr(migrate, "MIGRATIONS", MIGRATIONS[:2])
        older.setattr(migrate, "VERSION", 2)
        store = await Store.open(url)
        await store.write(lambda tx: tx.run(OLD_ENTRY, body=b"sealed"))
        await store.close()
    store = await Store.open(url)
    found = await store.read(
        lambda tx: tx.all("select kind, body from outbox join outbox_bodies using (id)")
    )
    await store.close()

    assert [(kind, bytes(body)) for kind, body in found] == [("receipt", b"sealed")]


async def test_a_database_of_a_newer_program_is_refused(database_url: str) -> None:
    """An old program would not know what it overlooks."""
    store = await Store.open(database_url)
    await store.write(lambda tx: tx.run("insert into schema_version values (9999)"))
    await store.close()

    with pytest.raises(StoreError, match="run the newer program"):
        await Store.open(database_url)


async def test_readers_cannot_write(database: Store) -> None:
    """A read-only connection refuses to change anything."""
    with pytest.raises(StoreError):
        await database.read(lambda tx: tx.run(AUDIT, at=1, what="never"))

    assert await database.read(count) == 0


async def test_a_list_parameter_finds_its_members(database: Store) -> None:
    """`{among:ids}` is spelled for each engine."""
    for number in range(5):
        await database.write(lambda tx, number=number: tx.run(AUDIT, at=number, what="x"))  # type: ignore[misc]

    rows = await database.read(
        lambda tx: tx.all(
            "select at from audit where at {among:wanted} order by at", wanted=[1, 3, 9]
        )
    )
    assert rows == [(1,), (3,)]


async def test_a_second_process_is_kept_out_of_sqlite(tmp_path: Path) -> None:
    """Two writers on one SQLite file could lose commits, so the second does not start."""
    url = f"sqlite://{tmp_path}/gateway.db"
    first = await Store.open(url)

    with pytest.raises(StoreError, match="in use by another gateway process"):
        await Store.open(url)
    await first.close()
    again = await Store.open(url)
    await again.close()


async def test_a_database_locked_by_another_program_is_told_and_recovers(tmp_path: Path) -> None:
    """While somebody else holds the lock nothing is "stored"; afterwards it goes on by itself."""
    store = await Store.open(f"sqlite://{tmp_path}/gateway.db")
    other = sqlite3.connect(tmp_path / "gateway.db", isolation_level=None)
    other.execute("begin immediate")

    with pytest.raises(StoreUnavailable):
        await store.write(lambda tx: tx.run(AUDIT, at=1, what="refused"))
    other.execute("rollback")
    other.close()
    await store.write(lambda tx: tx.run(AUDIT, at=2, what="stored"))

    assert await store.read(count) == 1
    await store.close()


async def test_the_database_file_is_its_owners_alone(tmp_path: Path) -> None:
    """Nobody else on the machine reads complaints."""
    store = await Store.open(f"sqlite://{tmp_path}/gateway.db")
    await store.close()

    assert (tmp_path / "gateway.db").stat().st_mode & 0o777 == 0o600


async def test_commands_read_beside_the_running_gateway(database_url: str) -> None:
    """A read-only look needs no lock and sees what is committed."""
    store = await Store.open(database_url)
    await store.write(lambda tx: tx.run(AUDIT, at=1, what="seen"))

    with reading(database_url) as tx:
        assert count(tx) == 1
    await store.close()


def test_a_look_before_the_first_start_is_told_so(postgres: Postgres) -> None:
    """A command that comes too early, to a server whose database has no table, says a sentence."""
    empty = postgres.database()
    with pytest.raises(StoreUnavailable, match="no database to read yet"), reading(empty):
        pass
    postgres.drop(empty)


async def test_durability_is_not_negotiable_on_sqlite(tmp_path: Path) -> None:
    """WAL with synchronous=FULL: an acknowledged commit survives a power cut."""
    store = await Store.open(f"sqlite://{tmp_path}/gateway.db")
    mode = await store.write(
        lambda tx: (tx.one("pragma journal_mode"), tx.one("pragma synchronous"))
    )

    assert mode == (("wal",), (2,))
    await store.close()


@pytest.mark.parametrize("is_closed", [False, True])
async def test_what_was_erased_is_in_no_file(tmp_path: Path, is_closed: bool) -> None:  # noqa: FBT001
    """Neither in the database nor in its log, once the writer has rested or ended."""
    store = await Store.open(f"sqlite://{tmp_path}/gateway.db")

    def written() -> bool:
        return any(b"kanari" in path.read_bytes() for path in tmp_path.iterdir())

    await store.write(lambda tx: tx.run(AUDIT, at=1, what="kanari"))
    await store.read(count)
    assert written()
    await store.write(lambda tx: tx.run("update audit set what = ''"))
    if is_closed:
        await store.close()
        assert not written()
        return
    async with asyncio.timeout(60):
        while written():  # noqa: ASYNC110 (files)
            await asyncio.sleep(0.05)
    await store.close()


async def test_a_postgresql_that_acknowledges_too_early_is_refused(
    request: pytest.FixtureRequest,
) -> None:
    """`synchronous_commit = off` would make "stored" a lie."""
    server = request.getfixturevalue("postgres")
    url = server.copy()
    separator = "&" if "?" in url else "?"

    with pytest.raises(StoreError, match="synchronous_commit"):
        await Store.open(f"{url}{separator}options=-c%20synchronous_commit%3Doff")
    server.drop(url)


async def test_two_copies_need_a_server_that_makes_them(request: pytest.FixtureRequest) -> None:
    """Without synchronous standbys "stored" would mean one machine, whatever was asked for."""
    server = request.getfixturevalue("postgres")
    url = server.copy()

    with pytest.raises(StoreError, match="synchronous_standby_names"):
        await Store.open(url, copies=2)
    server.drop(url)


async def test_a_server_that_is_unsafe_for_a_moment_is_weather(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new primary has no standbys yet: nothing is stored meanwhile, and nobody gives up."""
    store = await Store.open(postgres_url)
    ended = "select pg_terminate_backend(pg_backend_pid())"
    for work in (store.write, store.read):
        with pytest.raises(StoreUnavailable):
            await work(lambda tx: tx.one(ended))
    monkeypatch.setattr(store.engine, "_copies", 2)
    with pytest.raises(StoreUnavailable, match="synchronous_standby_names"):
        await store.write(lambda tx: tx.run(AUDIT, at=1, what="lost"))
    with pytest.raises(StoreUnavailable, match="synchronous_standby_names"):
        await store.read(count)
    monkeypatch.setattr(store.engine, "_copies", 1)
    await store.write(lambda tx: tx.run(AUDIT, at=2, what="kept"))
    stored = await store.read(count)
    await store.close()

    assert stored == 1


LEFT_OPEN = """
import asyncio, sys
from gateway.store import Store
asyncio.run(Store.open(sys.argv[1]))
"""


def test_a_process_that_leaves_its_store_open_ends_all_the_same(tmp_path: Path) -> None:
    """What fails before it can close anything must not hang there, unseen by the supervisor."""
    ended = subprocess.run(
        [sys.executable, "-c", LEFT_OPEN, f"sqlite://{tmp_path}/gateway.db"],
        cwd=Path(__file__).parents[1],
        timeout=60,
        check=False,
    )

    assert ended.returncode == 0
