"""The embedded central store, on real files."""

import asyncio
import json
import sqlite3
import stat
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import msgspec
import pytest
from forwarding import NOW, document, push, record_id
from sqlite_utils import Database

from channels.contract import Outcome, Receipt, Refused, TryLater, Uncertain
from forwarder.central.sqlite import SqliteCentral, SqliteOptions
from forwarder.central.sqlite_schema import COLUMNS
from forwarder.push import Push
from normalizer.record import Record


@pytest.fixture
async def central(tmp_path: Path) -> AsyncIterator[SqliteCentral]:
    store = SqliteCentral("sqlite", SqliteOptions(), tmp_path)
    yield store
    await store.close()


def kinds(outcomes: Sequence[Outcome]) -> list[type]:
    return [type(outcome) for outcome in outcomes]


def rows(central: SqliteCentral, sql: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(central.path)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


async def test_a_record_is_a_row_with_its_fields(central: SqliteCentral) -> None:
    """Every field of the record is a column; nested ones are JSON, times and flags readable."""
    assert kinds(await central.push([push(1)])) == [Receipt]

    row = next(iter(Database(central.path)["records"].rows))

    assert list(row) == list(Record.__struct_fields__)
    assert row["record_id"] == record_id(1)
    assert row["received_at"] == "2026-01-03T01:30:00.123456Z"
    assert (row["anonymous"], row["confidential"]) == (0, 1)
    assert json.loads(row["type"])["why"] == ["padam"]
    assert json.loads(row["attachments"]) == []
    assert row["place"] is None


async def test_the_latest_revision_wins_and_every_one_is_kept(central: SqliteCentral) -> None:
    """Pushed again, or in the wrong order, a record stays one row with its highest revision."""
    for revisions in ([1], [1, 1], [3], [2, 3], [1]):
        outcomes = await central.push([push(1, revision) for revision in revisions])
        assert set(kinds(outcomes)) == {Receipt}

    assert rows(central, "select record_id, revision from records") == [(record_id(1), 3)]
    kept = rows(central, "select revision, document from record_revisions order by revision")
    assert kept == [(number, document(1, number).decode()) for number in (1, 2, 3)]


async def test_words_are_found(central: SqliteCentral) -> None:
    """Full-text search finds the words of the latest revision, and no longer those of earlier."""
    changed = Push(
        record_id=record_id(1),
        revision=2,
        document=document(1, 2, "Jembatan rusak"),
        created_at=NOW,
    )
    await central.push([push(1), push(2)])
    await central.push([changed])

    records = Database(central.path).table("records")

    assert [row["record_id"] for row in records.search("jembatan")] == [record_id(1)]
    assert [row["record_id"] for row in records.search("padam")] == [record_id(2)]


async def test_the_view_is_for_officers(central: SqliteCentral) -> None:
    """The view `laporan` shows code, local time, channel, kind and text in plain columns."""
    await central.push([push(1)])

    row = next(iter(Database(central.path)["laporan"].rows))

    assert row["diterima"] == "2026-01-03 08:30:00"
    assert (row["kode"], row["kanal"], row["jenis"]) == ("C0000001X", "sms", "pengaduan")
    assert (row["judul"], row["isi"]) == ("Lampu", "Lampu jalan padam")
    assert (row["instansi"], row["tempat"], row["ulangan_dari"]) == (None, None, None)


async def test_a_local_time_of_its_own(tmp_path: Path) -> None:
    """The operator's zone can be set later; the view follows at the next start."""
    for offset, shown in ((7, "2026-01-03 08:30:00"), (9, "2026-01-03 10:30:00")):
        store = SqliteCentral("sqlite", SqliteOptions(utc_offset=offset), tmp_path)
        await store.push([push(1)])
        assert rows(store, "select diterima from laporan") == [(shown,)]
        await store.close()


async def test_the_file_is_durable_and_private(central: SqliteCentral) -> None:
    """The file is in WAL mode, synced on each commit, and readable by its owner alone."""
    await central.push([push(1)])

    assert rows(central, "pragma journal_mode") == [("wal",)]
    assert stat.S_IMODE(central.path.stat().st_mode) == 0o600
    assert rows(central, "pragma integrity_check") == [("ok",)]


async def test_bad_documents_do_not_hold_up_good_ones(central: SqliteCentral) -> None:
    """What is no record, or another one than it is sent as, is refused alone."""
    documents = [
        b"",
        b"[]",
        b'"text"',
        b'{"record_id": ',
        b"\xff\xfe",
        b"{}",
        document(2),
        document(1, 2),
        b'{"record_id":"%s","revision":1,"x":"\\ud800"}' % record_id(1).encode(),
        b'{"record_id":"%s","revision":1,"text":%d}' % (record_id(1).encode(), 10**30),
    ]
    bad = [
        Push(record_id=record_id(1), revision=1, document=one, created_at=NOW) for one in documents
    ]

    outcomes = await central.push([*bad, push(3)])

    assert kinds(outcomes)[-1] is Receipt
    assert set(kinds(outcomes)[:8]) == {Refused}
    assert rows(central, "select record_id from records where revision = 1 order by 1")[-1] == (
        record_id(3),
    )


async def test_a_locked_file_is_weather(central: SqliteCentral) -> None:
    """While another program holds the file, pushes are to be tried later; afterwards they work."""
    await central.push([push(1)])
    other = sqlite3.connect(central.path, isolation_level=None)
    other.execute("begin immediate")

    locked = await central.push([push(2)])
    other.execute("rollback")
    other.close()
    after = await central.push([push(2)])

    assert locked == [TryLater(reason="central.db: database is locked")]
    assert kinds(after) == [Receipt]


async def test_a_full_disk_is_weather(central: SqliteCentral) -> None:
    """When the file cannot grow nothing of the batch is stored; with space again all of it is."""
    await central.push([push(1)])
    pages = await asyncio.get_running_loop().run_in_executor(central._thread, _limit, central, 1)  # noqa: SLF001 (as tight as a small disk)
    batch = [push(number) for number in range(2, 300)]

    full = await central.push(batch)
    after = await central.push(batch)

    assert pages
    assert set(kinds(full)) == {TryLater}
    assert set(kinds(after)) == {Receipt}
    assert rows(central, "select count(*) from records") == [(299,)]


def _limit(central: SqliteCentral, pages: int) -> bool:
    db = central._opened()  # noqa: SLF001 (see above)
    return bool(db.execute(f"pragma max_page_count = {pages}").fetchone())


async def test_a_broken_file_is_weather(central: SqliteCentral) -> None:
    """A file that is no database is left as it is; the reason says so and nothing is parked."""
    central.path.write_bytes(b"not a database" * 1000)

    (outcome,) = await central.push([push(1)])

    assert outcome == TryLater(reason="central.db: file is not a database")
    assert central.path.read_bytes().startswith(b"not a database")


async def test_a_folder_that_is_gone_is_weather(tmp_path: Path) -> None:
    """A path that cannot be opened is to be tried later."""
    (tmp_path / "file").touch()
    store = SqliteCentral("sqlite", SqliteOptions(path="file/central.db"), tmp_path)

    outcomes = await store.push([push(1)])
    await store.close()

    assert kinds(outcomes) == [TryLater]


async def test_a_file_of_an_older_version_grows_columns(central: SqliteCentral) -> None:
    """Fields that are new in this version become columns; what was stored stays."""
    old = Database(central.path)
    columns = {name: kind for name, kind in COLUMNS.items() if name not in {"privacy", "remarks"}}
    old.table("records").create(columns, pk="record_id", not_null={"record_id", "revision"})
    old.table("records").insert({"record_id": record_id(9), "revision": 1, "text": "lama"})
    old.close()

    await central.push([push(1)])

    assert rows(central, "select record_id, text, privacy from records order by 1") == [
        (record_id(1), "Lampu jalan padam", "[]"),
        (record_id(9), "lama", None),
    ]


async def test_a_store_can_be_asked(central: SqliteCentral) -> None:
    """The store says which revisions it holds, and that it cannot say when it is broken."""
    await central.push([push(1)])
    (central.path.parent / "broken.db").write_bytes(b"x" * 10_000)
    broken = SqliteCentral("broken", SqliteOptions(path="broken.db"), central.path.parent)

    found = [await central.find(push(1)), await central.find(push(1, 2))]
    unknown = await broken.find(push(1))
    await broken.close()

    assert found == [Receipt(), None]
    assert isinstance(unknown, Uncertain)


async def test_readers_see_whole_batches(central: SqliteCentral) -> None:
    """Somebody who reads while we write sees a batch whole or not at all."""
    await central.push([push(0)])
    sizes: set[int] = set()

    for start in range(1, 1001, 200):
        batch = [push(number) for number in range(start, start + 200)]
        pushing = asyncio.ensure_future(central.push(batch))
        while not pushing.done():
            ((size,),) = rows(central, "select count(*) from records")
            assert isinstance(size, int)
            sizes.add(size)
            await asyncio.sleep(0)
        assert set(kinds(await pushing)) == {Receipt}

    assert all(size % 200 == 1 for size in sizes)


def test_settings_are_strict() -> None:
    """An unknown key in the store's settings is an error."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"pth": "x"}, SqliteOptions)
