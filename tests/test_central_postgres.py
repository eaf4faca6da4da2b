"""A central store in somebody's PostgreSQL database, on a real server."""

from collections.abc import AsyncIterator, Iterator

import msgspec
import psycopg
import pytest
from forwarding import NOW, document, push, record_id
from postgres import Postgres

from channels.contract import Receipt, Refused, Secret, TryLater, Uncertain
from forwarder.central.postgres import PostgresCentral, PostgresOptions
from forwarder.central.postgres_schema import COLUMNS
from forwarder.ledger import Case
from forwarder.push import Push
from forwarder.update import Comment, Page
from normalizer.record import Record


@pytest.fixture
def url(postgres: Postgres) -> Iterator[str]:
    """The ministry's database."""
    url = postgres.database()
    yield url
    postgres.drop(url)


@pytest.fixture
async def central(url: str) -> AsyncIterator[PostgresCentral]:
    store = PostgresCentral("ministry", PostgresOptions(url=url))
    yield store
    await store.close()


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, options="-c search_path=lapor") as connection:
        cursor = connection.execute(query.encode())
        return cursor.fetchall() if cursor.description else []


def of(number: int, revision: int, text: str) -> Push:
    body = document(number, revision, text)
    return Push(record_id=record_id(number), revision=revision, document=body, created_at=NOW)


async def test_a_record_is_a_row_with_its_fields(central: PostgresCentral, url: str) -> None:
    """Times are times, flags are flags, what has parts is jsonb; every field has its column."""
    assert await central.push([push(1)]) == [Receipt()]

    ((received, confidential, why),) = rows(
        url, "select received_at, confidential, type -> 'why' from records"
    )

    assert list(COLUMNS) == list(Record.__struct_fields__)
    assert str(received).startswith("2026-01-03")
    assert (confidential, why) == (True, ["padam"])
    assert rows(url, "select kode, jenis, diterima::text from laporan") == [
        ("C0000001X", "pengaduan", "2026-01-03 08:30:00.123456")
    ]


async def test_an_older_revision_never_comes_back(central: PostgresCentral, url: str) -> None:
    """In any order and however often: the highest revision stays, every one is in the history."""
    for revisions in ([1], [1, 1], [3], [2, 3], [1]):
        assert set(await central.push([push(1, one) for one in revisions])) == {Receipt()}

    assert rows(url, "select revision from records") == [(3,)]
    kept = rows(url, "select revision, document from record_revisions order by 1")
    assert kept == [(number, document(1, number).decode()) for number in (1, 2, 3)]


async def test_what_the_database_refuses_holds_up_nothing_else(central: PostgresCentral) -> None:
    """A document that is no record is refused alone; characters no database takes are replaced."""
    bad = Push(
        record_id=record_id(2),
        revision=1,
        document=document(2).replace(b'"2026-01-03T01:30:00.123456Z"', b'"bukan waktu"'),
        created_at=NOW,
    )

    outcomes = await central.push([push(1), bad, of(3, 1, "NUL \x00 dan ﷽ 🚧")])

    assert [type(one) for one in outcomes] == [Receipt, Refused, Receipt]
    assert "bukan waktu" not in str(outcomes[1])


async def test_a_database_that_is_away_is_weather(url: str, postgres: Postgres) -> None:
    """Gone in the middle of work, pushes wait and finding is uncertain; then all goes on."""
    store = PostgresCentral("ministry", PostgresOptions(url=url))
    await store.push([push(1)])
    rows(url, "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()"
              " and datname = current_database()")  # fmt: skip

    away = await store.push([push(2)])
    back = await store.push([push(2)])
    nowhere = PostgresCentral("x", PostgresOptions(url=postgres.database() + "_gone"))
    lost = await nowhere.find(push(1))

    assert isinstance(away[0], TryLater)
    assert back == [Receipt()]
    assert isinstance(lost, Uncertain)
    assert await nowhere.holds([]) == []
    await store.close()
    await nowhere.close()


async def test_comments_and_answers(central: PostgresCentral, url: str) -> None:
    """A comment is kept once; an officer's row is heard once; the view tells both."""
    said = Comment(record_id=record_id(1), comment_id="c1", at=NOW, text="Masih", solved=False)
    comment = Push(
        record_id=record_id(1),
        revision=1,
        kind="comment",
        document=msgspec.json.encode(said),
        created_at=NOW,
    )
    assert set(await central.push([push(1), comment, comment])) == {Receipt()}
    rows(url, "insert into case_updates (case_code, kind, status, text)"
              " values ('C0000001X', 'answer', 'Proses', 'Segera')")  # fmt: skip

    page = await central.poll("")
    assert isinstance(page, Page)
    (update,) = page.updates

    assert await central.find(comment) == Receipt()
    assert (update.record_id, update.kind, update.text) == (record_id(1), "answer", "Segera")
    assert update.at > NOW
    assert (await central.poll(page.cursor)) == Page(cursor=page.cursor)
    told = rows(url, "select peristiwa, status, isi from cases order by waktu")
    assert set(told) == {
        ("tambahan pelapor", "belum", "Masih"),
        ("laporan masuk", None, "revisi 1"),
        ("answer", "Proses", "Segera"),
    }
    with pytest.raises(psycopg.IntegrityError):
        rows(url, "insert into case_updates (case_code, text) values ('XXXX', 'siapa?')")


async def test_an_update_that_commits_late_is_not_passed_over(
    central: PostgresCentral, url: str
) -> None:
    """Two officers at once: who took the lower number and pressed save later is heard too."""
    await central.push([push(1)])
    insert = b"insert into lapor.case_updates (case_code, text) values ('C0000001X', %s)"
    with psycopg.connect(url) as slow:
        slow.execute(insert, ("lambat",))
        rows(url, "insert into case_updates (case_code, text) values ('C0000001X', 'cepat')")
        meanwhile = await central.poll("")
        slow.commit()
    assert isinstance(meanwhile, Page)
    after = await central.poll(meanwhile.cursor)
    assert isinstance(after, Page)

    heard = [update.text for page in (meanwhile, after) for update in page.updates]
    assert sorted(heard) == ["cepat", "lambat"]


async def test_the_store_tells_what_it_holds(central: PostgresCentral) -> None:
    """In one question for all of them."""
    await central.push([push(1), push(2)])
    cases = [
        Case(record_id=record_id(number), revision=revision, reference="", at=NOW)
        for number, revision in ((2, 1), (1, 2), (1, 1), (9, 1))
    ]

    assert await central.holds(cases) == [True, False, True, False]


async def test_the_least_rights_are_enough(central: PostgresCentral, url: str) -> None:
    """With the grants of docs/central-sql.md the account works, and cannot delete or make."""
    await central.push([push(1)])
    role = f"gateway_{record_id(1)[:4]}_{abs(hash(url)) % 10**8}"
    for statement in (
        f"create role {role} login password 'x'",
        f"grant usage on schema lapor to {role}",
        f"grant select, insert, update on lapor.records to {role}",
        f"grant select, insert on lapor.record_revisions, lapor.case_comments to {role}",
        f"grant insert, select on lapor.gateway_anchors to {role}",
        f"grant select on lapor.case_updates to {role}",
    ):
        rows(url, statement)
    options = PostgresOptions(url=url, make_tables=False)
    store = PostgresCentral("small", options)
    store._tables._url = url + f"{'&' if '?' in url else '?'}user={role}"  # noqa: SLF001
    outcomes = [await store.push([push(1, 2)]), await store.poll(""), await store.holds([])]
    await store.close()
    with psycopg.connect(url + f"{'&' if '?' in url else '?'}user={role}&password=x") as small:
        for forbidden in (b"delete from lapor.records", b"create table lapor.x (a int)"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                small.execute(forbidden)
            small.rollback()
    rows(url, f"drop owned by {role}")
    rows(url, f"drop role {role}")

    assert outcomes == [[Receipt()], Page(), []]


@pytest.mark.parametrize(
    "options",
    [
        {"url": "mysql://x"},
        {"url": "postgresql://a:geheim@b/c"},
        {"url": "postgresql://a@b/c?password=geheim"},
        {"schema": "x; drop"},
    ],
)
def test_settings_that_cannot_be_are_refused(options: dict[str, str]) -> None:
    """A password in the address, another engine, a name that is none."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(options, PostgresOptions)


def test_a_store_without_address_is_told_of() -> None:
    """`check` says so before anybody waits for a record."""
    store = PostgresCentral("x", PostgresOptions(password=Secret("p"), poll=0))

    assert store.problems() == ["central store x: url is empty"]
    assert store.poll_every is None


async def test_an_anchor_is_kept_once(central: PostgresCentral, url: str) -> None:
    """Between records and by itself, and again: one row with the very words that were signed."""
    anchor = Push(
        record_id="journal",
        revision=7,
        kind="anchor",
        document=b'{"statement":"x"}',
        created_at=NOW,
    )

    outcomes = [*await central.push([push(1), anchor]), *await central.push([anchor])]

    kept = rows(url, "select document from lapor.gateway_anchors")
    assert outcomes == [Receipt()] * 3
    assert [row[0] for row in kept] == ['{"statement":"x"}']
