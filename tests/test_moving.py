"""An office from SQLite into PostgreSQL and back: every table, interruption and refusal."""

import asyncio
import shutil
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from postgres import Postgres

from channels.contract import Delivery
from forwarder.ports import Transaction
from gateway.access import trail
from gateway.chain import link
from gateway.journal import Journal
from gateway.moving import carry, sides
from gateway.moving.move import cancel, move
from gateway.moving.proof import Proof
from gateway.moving.shapes import ORDER, STAYS, Shape, shapes_of
from gateway.store import Store, StoreBusy, StoreError, StoreUnavailable, migrate
from gateway.store.migrations import MIGRATIONS
from gateway.store.reading import reading
from gateway.vault import Vault

ROWS = 7
KEY = bytes(range(32))
#: Where any text would not do.
CHOSEN = {
    ("work", "state"): "recorded",
    ("outbox", "state"): "delivered",
    ("outbox", "kind"): "record",
    ("notices", "state"): "waiting",
    ("decisions", "kind"): "accept",
}
NULLABLE = {("work", "owner"), ("outbox", "reference"), ("users", "totp"), ("board", "due_at")}
#: Written by the program itself, because their rows hang together.
CHAINED = {"journal", "audit", "trail_head", "schema_version"}


MADE = "select 1 from sqlite_master where name = 'schema_version'"


class StoppedError(Exception):
    """The test ended it there."""


@dataclass(slots=True)
class Count:
    """Ends the move at the nth thing it is told, or within a table."""

    stop_at: int = 0
    stop_in: str = ""
    told: int = 0
    what: str = ""

    def begin(self, what: str, total: int) -> None:
        """As the meter's."""
        del total
        self.what = what
        self._tell()

    def more(self, rows: int) -> None:
        """As the meter's."""
        self._tell(rows)

    def _tell(self, rows: int = 0) -> None:
        self.told += 1
        if self.told == self.stop_at or (rows and self.what == self.stop_in):
            raise StoppedError


def delivery(id_: str) -> Delivery:
    return Delivery(external_id=id_, payload=b"jalan rusak \x00\xff")


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite database with some rows in every table."""
    file = tmp_path_factory.mktemp("office") / "gateway.db"
    url = f"sqlite://{file}"
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, _begin(url)).result()
    with closing(sides.open_source(url)) as side, side.transaction() as tx:
        shapes = shapes_of(tx.all(side.CATALOGUE))
        for name in ORDER:
            _fill(tx, shapes[name])
    return file


@pytest.fixture
def office(full: Path, tmp_path: Path) -> str:
    """The address of such a database of one's own."""
    return f"sqlite://{shutil.copy(full, tmp_path / 'gateway.db')}"


async def _begin(url: str) -> None:
    store = await Store.open(url)
    journal = Journal(store, Vault(KEY), clock=lambda: 1_000)
    await journal.open()
    await journal.accept("sms", [delivery(f"m{number}") for number in range(ROWS)])
    await store.write(_enter)
    await store.close()


def _enter(tx: Transaction) -> None:
    for number in range(ROWS):
        trail.enter(tx, who="sari", what=f"saw {number} ✓", now=number)


def _fill(tx: Transaction, shape: Shape) -> None:
    if shape.name in CHAINED:
        return
    rows = [
        [_value(shape, name, number) for name in shape.columns] for number in range(1, ROWS + 1)
    ]
    assert tx.insert(shape.name, shape.columns, rows) == ROWS


def _value(shape: Shape, column: str, number: int) -> object:
    if column == "data_key":
        return None
    if (shape.name, column) in NULLABLE and number % 2:
        return None
    kind = shape.kinds[column]
    texts = CHOSEN.get((shape.name, column), f"{column} {number} é✓")
    return {"number": number, "text": texts, "bytes": bytes([0, 255, number])}[kind]


@pytest.fixture
def empty(postgres: Postgres) -> Iterator[str]:
    """An empty database on a server."""
    url = postgres.database()
    yield url
    postgres.drop(url)


@pytest.fixture
def new(tmp_path: Path) -> str:
    """A file that is not there yet, for what is the same on either engine, and sooner told."""
    return f"sqlite://{tmp_path}/new/gateway.db"


def rows_of(url: str, statement: str) -> list[tuple[object, ...]]:
    """A look past the gateway's own doors."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite://"))) as database:
            return database.execute(statement).fetchall()
    with psycopg.connect(url) as server:
        return server.execute(statement.encode()).fetchall()


def run_on(url: str, statement: str) -> None:
    """A change past the gateway's own doors."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite://"))) as database, database:
            database.execute(statement)
        return
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(statement.encode())


def is_whole(proof: Proof | None) -> bool:
    assert proof
    return not proof.differences and all(one.source.rows for one in proof.tables)


def test_every_table_is_moved_or_named(office: str) -> None:
    """A migration that adds a table says here what becomes of it."""
    with closing(sides.open_source(office)) as side:
        there = set(side.shapes())

    assert there == set(ORDER) | (set(STAYS) - {"moving"})
    assert len(ORDER) == len(set(ORDER))
    assert not set(ORDER) & set(STAYS)


def test_all_of_it_goes_there_and_back(
    office: str, empty: str, vault: Vault, tmp_path: Path
) -> None:
    """Row for row and digest for digest, in every table; then into a file again."""
    back = f"sqlite://{tmp_path}/back/gateway.db"
    there = move(office, empty, vault, Count())
    again = move(empty, back, vault, Count())

    assert is_whole(there)
    assert is_whole(again)
    assert there
    assert again
    # What the last process had claimed is given back with the last commit.
    claimed = {"outbox", "leases"}
    assert [one.source.digest for one in there.tables if one.name not in claimed] == [
        one.target.digest for one in again.tables if one.name not in claimed
    ]
    for table in ("work", "records", "users", "board"):
        assert sorted(rows_of(back, f"select * from {table}")) == sorted(
            rows_of(office, f"select * from {table}")
        )


async def test_numbers_go_on_behind_the_last(office: str, empty: str, vault: Vault) -> None:
    """The next entry, report and view have a number of their own, and the chains go on."""
    run_on(office, "update views set id = 4711 where id = 1")
    assert not _differences(move(office, empty, vault, Count()))
    store = await Store.open(empty)
    journal = Journal(store, vault, clock=lambda: 2_000)
    await journal.open()
    await journal.accept("sms", [delivery("m0"), delivery("new")])
    await store.write(lambda tx: trail.enter(tx, who="sari", what="moved", now=9))
    added = await store.write(
        lambda tx: tx.all(
            "insert into views (who, name, query) values ('x', 'x', 'x') returning id"
        )
    )
    await store.close()

    assert added == [(4712,)]
    assert journal.head.position == ROWS + 1
    assert rows_of(empty, "select max(id), max(position) from audit") == [(ROWS + 1, ROWS + 1)]


def _differences(proof: Proof | None) -> list[str]:
    return proof.differences if proof else ["none"]


def test_ended_anywhere_it_goes_on(
    office: str, new: str, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ended at one step after the other, with two rows a transaction: whole in the end."""
    monkeypatch.setattr(carry, "MOST_ROWS", 2)
    ends = 0
    for stop_at in range(1, 1_000, 19):
        try:
            proof = move(office, new, vault, Count(stop_at))
        except StoppedError:
            ends += 1
            if rows_of(new, MADE):
                with pytest.raises(StoreError, match="not whole yet"):
                    asyncio.run(_open(new))
        else:
            break

    assert is_whole(proof)
    assert ends > 2
    assert move(office, new, vault, Count()) is None
    with pytest.raises(StoreError, match=r"set \[store\] url to the other one"):
        asyncio.run(_open(office))
    with pytest.raises(StoreError, match="given up for another"), reading(office):
        pass
    asyncio.run(_open(new))


async def _open(url: str) -> None:
    await (await Store.open(url)).close()


def test_what_was_moved_is_not_moved_again(
    office: str, new: str, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second call begins behind the last row of the first."""
    monkeypatch.setattr(carry, "MOST_ROWS", 2)
    with pytest.raises(StoppedError):
        move(office, new, vault, Count(stop_in="clusters"))
    run_on(new, "delete from fingerprints where number = 1")
    proof = move(office, new, vault, Count())

    assert _differences(proof) == [
        f"fingerprints differs: {ROWS} rows were read, {ROWS - 1} are there"
    ]
    with pytest.raises(StoreError, match="not whole yet"):
        asyncio.run(_open(new))


def test_a_move_may_be_given_up(office: str, new: str, vault: Vault) -> None:
    """Then gateways start on the source, and what is half there is never gone on with."""
    with pytest.raises(StoppedError):
        move(office, new, vault, Count(stop_at=30))
    with pytest.raises(StoreError, match="given up for another"):
        asyncio.run(_open(office))
    cancel(office, new)
    asyncio.run(_open(office))
    with pytest.raises(StoreError, match="was taken back"):
        move(office, new, vault, Count())
    with pytest.raises(StoreError, match="FROM was not given up"):
        cancel(office, new)


def test_a_whole_move_is_not_given_up(office: str, new: str, vault: Vault) -> None:
    """Two offices with one beginning would both go on."""
    move(office, new, vault, Count())

    with pytest.raises(StoreError, match="TO is not being moved into"):
        cancel(office, new)


# --- refusals ------------------------------------------------------------------------------------


def test_another_key_is_refused(office: str, new: str) -> None:
    """Nothing could be read after such a move."""
    with pytest.raises(StoreError, match="not the one this office was sealed with"):
        move(office, new, Vault(bytes(32)), Count())
    asyncio.run(_open(office))


async def _use(url: str) -> None:
    store = await Store.open(url)
    await store.write(lambda tx: trail.enter(tx, who="sari", what="hello", now=1))
    await store.close()


@pytest.mark.parametrize("statement", ["create table users (id bigint)", None])
def test_a_database_that_is_in_use_is_refused(
    office: str, empty: str, vault: Vault, statement: str | None
) -> None:
    """Neither another office nor somebody else's tables are written over."""
    if statement:
        run_on(empty, statement)
    else:
        asyncio.run(_use(empty))
    with pytest.raises(StoreError, match=r"is none of ours|\(audit is not empty\)"):
        move(office, empty, vault, Count())
    asyncio.run(_open(office))


def test_a_database_that_was_only_opened_is_empty(office: str, postgres: Postgres) -> None:
    """Its tables are there, and no row."""
    url = postgres.copy()
    try:
        assert is_whole(move(office, url, Vault(KEY), Count()))
    finally:
        postgres.drop(url)


def test_an_older_source_is_brought_up_first(
    tmp_path: Path, new: str, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gateway does that; a move only moves."""
    url = f"sqlite://{tmp_path}/gateway.db"
    with monkeypatch.context() as older:
        older.setattr(migrate, "MIGRATIONS", MIGRATIONS[:-1])
        older.setattr(migrate, "VERSION", len(MIGRATIONS) - 1)
        asyncio.run(_open(url))
    with pytest.raises(StoreError, match="start the gateway on it once"):
        move(url, new, vault, Count())
    assert not rows_of(new, MADE)


async def test_a_source_in_use_is_refused(office: str, new: str, vault: Vault) -> None:
    """The office is stopped for it."""
    store = await Store.open(office)
    with pytest.raises(StoreBusy, match="in use by another gateway process"):
        await asyncio.to_thread(move, office, new, vault, Count())
    await store.close()


async def test_a_target_in_use_is_refused(office: str, empty: str, vault: Vault) -> None:
    """A gateway that runs on the empty database would go on beside what is moved."""
    store = await Store.open(empty)
    with pytest.raises(StoreBusy, match="stop it first"):
        await asyncio.to_thread(move, office, empty, vault, Count())
    await store.close()


@dataclass(slots=True)
class Latecomer(Count):
    """A gateway that connects to the source while its chain is walked."""

    source: str = ""
    connection: psycopg.Connection | None = None

    def begin(self, what: str, total: int) -> None:
        """Connect as one does."""
        Count.begin(self, what, total)
        if not self.connection:
            self.connection = psycopg.connect(self.source, application_name="lapor-gateway")


def test_a_gateway_that_comes_late_is_found(
    office: str, empty: str, new: str, vault: Vault
) -> None:
    """It began before the source was marked, and would take messages in that nobody moves."""
    assert is_whole(move(office, empty, vault, Count()))
    late = Latecomer(source=empty)
    with pytest.raises(StoreBusy, match="stop it first"):
        move(empty, new, vault, late)
    assert late.connection
    late.connection.close()
    assert is_whole(move(empty, new, vault, Count()))


async def test_a_gateway_that_comes_back_finds_it_given_up(postgres_url: str) -> None:
    """One whose connection was lost meanwhile writes nothing into what was moved away."""
    store = await Store.open(postgres_url)
    run_on(postgres_url, f"insert into schema_version values ({migrate.MOVED})")
    ended = "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()"
    run_on(postgres_url, f"{ended} and datname = current_database()")
    for _ in range(2):  # the first meets the lost connection
        with pytest.raises(StoreUnavailable) as refused:
            await store.write(lambda tx: trail.enter(tx, who="sari", what="hello", now=1))
    await store.close()

    assert "given up for another" in str(refused.value)
    assert rows_of(postgres_url, "select count(*) from audit") == [(0,)]


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("sqlite:///nowhere/gateway.db", "there is no database"),
        ("sqlite://gateway.db", "expected sqlite:PATH"),
        ("mysql://x/y", "begins with sqlite"),
    ],
)
def test_an_address_of_nothing_is_refused(
    source: str, sentence: str, new: str, vault: Vault
) -> None:
    """One sentence each, and no file is made."""
    with pytest.raises(StoreError, match=sentence):
        move(source, new, vault, Count())


@pytest.mark.parametrize(
    "change",
    [
        ("update journal set received_at = 5 where id = 3", "row 0:3 was changed"),
        ("update audit set who = 'budi' where id = 2", "trail entry 2 was changed"),
        ("delete from work where journal_id = 2", "reconcile does not balance"),
    ],
)
def test_an_office_that_is_not_whole_is_not_moved(
    office: str, new: str, vault: Vault, change: tuple[str, str]
) -> None:
    """What was changed before is told before, not laid to the move."""
    statement, sentence = change
    run_on(office, statement)
    with pytest.raises(StoreError, match=sentence):
        move(office, new, vault, Count())
    asyncio.run(_open(office))


def test_a_table_nobody_knows_is_refused(office: str, new: str, vault: Vault) -> None:
    """Better no move than one that leaves something behind."""
    run_on(office, "create table notes (id integer primary key)")
    with pytest.raises(StoreError, match="does not know the table notes"):
        move(office, new, vault, Count())
    asyncio.run(_open(office))


# --- what one engine takes and the other does not ------------------------------------------------


def test_a_nul_in_a_text_is_replaced(office: str, empty: str, vault: Vault) -> None:
    """PostgreSQL has no place for it; bytes keep theirs."""
    run_on(office, "update users set name = 'a' || char(0) || 'b' where id = 1")

    assert is_whole(move(office, empty, vault, Count()))
    assert rows_of(empty, "select name from users where id = 1") == [("a\ufffdb",)]


def test_a_nul_under_a_digest_is_refused(office: str, empty: str, vault: Vault) -> None:
    """Replaced, the entry would no longer be the one that was chained."""
    with closing(sides.open_source(office)) as side, side.transaction() as tx:
        [(position, before)] = tx.all("select position, digest from trail_head")
        digest = link(bytes(before), ("sari", "", 1), b"a\0b")
        tx.run(
            "insert into audit (at, who, what, position, digest)"
            " values (1, 'sari', :what, :position, :digest)",
            what="a\0b",
            position=position + 1,
            digest=digest,
        )
        tx.run("update trail_head set position = position + 1, digest = :digest", digest=digest)
    with pytest.raises(StoreError, match="audit holds a NUL"):
        move(office, empty, vault, Count())


async def test_no_nul_gets_into_the_trail(database: Store) -> None:
    """What is typed into a reason stands there on either engine, without it."""
    await database.write(lambda tx: trail.enter(tx, who="sa\0ri", what="rea\0son", now=1))
    verdict = await database.read(trail.verify)
    entries = await database.read(lambda tx: tx.all("select who, what from audit"))

    assert verdict.broken is None
    assert entries == [("sa\ufffdri", "rea\ufffdson")]


def test_numbers_beyond_an_integer_are_refused_with_the_table(
    office: str, empty: str, vault: Vault
) -> None:
    """SQLite's numbers have one size."""
    run_on(office, f"update records set revision = {2**40} where number = 3")
    with pytest.raises(
        StoreError, match=r"records: postgresql refused it \(NumericValueOutOfRange\)"
    ):
        move(office, empty, vault, Count())
