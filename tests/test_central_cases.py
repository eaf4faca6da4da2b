"""The timeline of cases in the embedded store: comments, what officers enter, and how it reads."""

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from forwarding import NOW, push, record_id

from channels.contract import Receipt, Refused, TryLater
from forwarder.central.sqlite import SqliteCentral, SqliteOptions
from forwarder.ledger import Case
from forwarder.push import Push
from forwarder.update import Comment, Page


@pytest.fixture
async def central(tmp_path: Path) -> AsyncIterator[SqliteCentral]:
    store = SqliteCentral("sqlite", SqliteOptions(), tmp_path)
    await store.push([push(1), push(2)])
    yield store
    await store.close()


def comment(number: int, text: str, *, solved: bool | None = None, about: int = 1) -> Push:
    said = Comment(
        record_id=record_id(about), comment_id=f"c{number}", at=NOW, text=text, solved=solved
    )
    document = msgspec.json.encode(said)
    return Push(
        record_id=record_id(1), revision=number, kind="comment", document=document, created_at=NOW
    )


def enter(central: SqliteCentral, sql: str) -> None:
    """As an officer with Datasette or any tool for SQLite does."""
    connection = sqlite3.connect(central.path)
    try:
        with connection:
            connection.execute(sql)
    finally:
        connection.close()


async def polled(central: SqliteCentral, cursor: str = "") -> Page:
    page = await central.poll(cursor)
    assert isinstance(page, Page)
    return page


async def test_an_officer_answers_with_one_insert(central: SqliteCentral) -> None:
    """A case code and some words suffice; the next look finds them, once."""
    enter(central, "insert into case_updates (case_code, text) values ('C0000001X', 'Diperbaiki')")
    first = await polled(central)
    enter(
        central,
        "insert into case_updates (record_id, at, kind, status, agency) values"
        f" ('{record_id(2)}', '2026-01-03 08:30:00', 'transfer', 'Disposisi', 'Dinas PUPR')",
    )
    second = await polled(central, first.cursor)
    again = await polled(central, first.cursor)

    (answer,) = first.updates
    (moved,) = second.updates
    assert (answer.record_id, answer.text, answer.kind) == (record_id(1), "Diperbaiki", None)
    assert (moved.record_id, moved.kind, moved.status, moved.agency) == (
        record_id(2),
        "transfer",
        "Disposisi",
        "Dinas PUPR",
    )
    assert moved.at == NOW  # 08.30 in Jakarta
    assert answer.update_id != moved.update_id
    assert second == again
    assert (await polled(central, second.cursor)).updates == ()


@pytest.mark.parametrize(
    "columns",
    [
        "(case_code, text) values ('XXXX', 'ke siapa?')",
        "(text) values ('tentang apa?')",
        "(case_code) values ('C0000001X')",
        "(case_code, text, at) values ('C0000001X', 'x', 'kemarin')",
        "(case_code, text, kind) values ('C0000001X', 'x', 'gossip')",
    ],
)
async def test_what_is_no_update_is_refused_at_once(central: SqliteCentral, columns: str) -> None:
    """Unknown case, nothing to say, no time, no kind: the one who enters it sees the error."""
    with pytest.raises(sqlite3.IntegrityError):
        enter(central, f"insert into case_updates {columns}")

    assert (await polled(central)).updates == ()


async def test_a_long_list_comes_in_pages(central: SqliteCentral) -> None:
    """What was entered meanwhile comes in order, none of it twice."""
    values = ", ".join(f"('C0000001X', 'kabar {number}')" for number in range(450))
    enter(central, f"insert into case_updates (case_code, text) values {values}")
    texts, page = [], Page(more=True)
    while page.more:
        page = await polled(central, page.cursor)
        texts += [update.text for update in page.updates]

    assert texts == [f"kabar {number}" for number in range(450)]


async def test_comments_are_kept_once(central: SqliteCentral) -> None:
    """Pushed again a comment stays one; one about another record is refused alone."""
    good, bad = comment(1, "Sudah diperbaiki", solved=True), comment(2, "x", about=2)

    outcomes = [*await central.push([good, bad, push(3)]), *await central.push([good])]

    assert [type(one) for one in outcomes] == [Receipt, Refused, Receipt, Receipt]
    assert await central.find(good) == Receipt()
    assert await central.find(comment(9, "")) is None
    with sqlite3.connect(central.path) as connection:
        rows = connection.execute("select comment_id, text, solved from case_comments").fetchall()
    connection.close()
    assert rows == [("c1", "Sudah diperbaiki", 1)]


async def test_the_timeline_reads_as_a_story(central: SqliteCentral) -> None:
    """The view `cases` tells in local time what was pushed, said and answered."""
    await central.push([push(1, 2), comment(1, "Masih padam", solved=False)])
    enter(
        central,
        "insert into case_updates (case_code, at, kind, status, text) values"
        " ('C0000001X', '2026-01-04T01:00:00Z', 'answer', 'Proses', 'Segera')",
    )
    with sqlite3.connect(central.path) as connection:
        rows = connection.execute(
            "select waktu, peristiwa, status, isi from cases where kode = 'C0000001X'"
        ).fetchall()
    connection.close()

    told = {row[1:] for row in rows}
    assert told == {
        ("laporan masuk", None, "revisi 1"),
        ("laporan diperbarui", None, "revisi 2"),
        ("tambahan pelapor", "belum", "Masih padam"),
        ("answer", "Proses", "Segera"),
    }
    assert ("2026-01-04 08:00:00", "answer", "Proses", "Segera") in rows


async def test_the_store_tells_what_it_holds(central: SqliteCentral, tmp_path: Path) -> None:
    """In one batch, and nothing at all when the file is broken."""
    cases = [
        Case(record_id=record_id(number), revision=revision, reference="", at=NOW)
        for number, revision in ((1, 1), (1, 2), (7, 1))
    ]
    (tmp_path / "broken.db").write_bytes(b"x" * 9000)
    broken = SqliteCentral("broken", SqliteOptions(path="broken.db", poll=0), tmp_path)

    assert await central.holds(cases) == [True, False, False]
    assert await broken.holds(cases) == [None] * 3
    assert isinstance(await broken.poll(""), TryLater)
    assert (central.poll_every, broken.poll_every) == (5.0, None)
    await broken.close()


async def test_an_anchor_is_kept_once(central: SqliteCentral) -> None:
    """Between records and by itself, and again: one row with the very words that were signed."""
    anchor = Push(
        record_id="journal",
        revision=7,
        kind="anchor",
        document=b'{"statement":"x"}',
        created_at=NOW,
    )

    outcomes = [*await central.push([push(1), anchor]), *await central.push([anchor])]

    with sqlite3.connect(central.path) as connection:
        kept = connection.execute("select document from gateway_anchors").fetchall()
    connection.close()
    assert outcomes == [Receipt()] * 3
    assert [row[0] for row in kept] == ['{"statement":"x"}']
