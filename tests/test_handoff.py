"""Where a store has no API: an officer's list, the number they bring back, and tables of it."""

import csv
import io
import json
from pathlib import Path

import msgspec
import openpyxl  # type: ignore[import-untyped]
import pytest
from forwarding import NOW, document, record_entry, record_id, reply_entry
from gateway_process import Gateway
from ledger import until_recorded
from msgspec.structs import replace

from channels.officer_table import read_table
from forwarder import outbox
from forwarder.central.handoff import HandoffOptions
from forwarder.outbox import Entry
from forwarder.ports import Transaction
from forwarder.update import Comment
from gateway import records
from gateway.handoff import (
    FIELDS,
    AlreadyGiven,
    Handed,
    NotWaiting,
    Task,
    WrongForm,
    form_of,
    hand_over,
    tasks,
    tracking_id_in,
)
from gateway.handoff_table import HEAD, as_csv, as_xlsx, rows_of
from gateway.records import Written
from gateway.store import Store
from gateway.vault import Vault
from normalizer.record import Agency, Judgement, MapPoint, Place, Record

FORM = HandoffOptions().tracking_id
CATEGORIES = {"pju": "Pekerjaan umum dan penataan ruang / pju"}


class Office:
    """An officer at a gateway whose store is a list."""

    def __init__(self, database: Store, vault: Vault) -> None:
        self.database = database
        self.vault = vault

    async def receive(self, number: int, *revisions: int) -> None:
        """A record and its pushes to the list."""
        row = Written(
            record_id=record_id(number),
            revision=1,
            case_code=f"C{number:07}X",
            channel="sms",
            external_id=f"m-{number}",
            received_at=NOW,
            pseudonym="p" * 32,
            document=self.vault.seal(document(number)),
            identity=self.vault.seal(b"{}"),
            keys=(),
        )
        await self.database.write(lambda tx: records.write(tx, [row], now=NOW))
        await self.put(*(record_entry(number, one) for one in revisions or (1,)))

    async def put(self, *entries: Entry) -> None:
        """Pushes to the list."""
        aimed = [
            replace(one, target="central:sp4n") if one.target.startswith("central:") else one
            for one in entries
        ]
        await self.database.write(lambda tx: outbox.put(tx, self.vault, aimed, NOW))

    async def list(self) -> list[Task]:
        """What waits."""
        return await self.database.read(lambda tx: tasks(tx, self.vault, "sp4n"))

    async def done(self, number: int, tracking_id: str = "", last: int = 0) -> int:
        """Carried over."""
        handed = Handed(
            store="sp4n", case_code=f"C{number:07}X", tracking_id=tracking_id, last=last
        )

        def write(tx: Transaction) -> int:
            return hand_over(tx, handed, pattern=FORM, now=NOW + 1)

        return await self.database.write(write)


@pytest.fixture
def office(database: Store, vault: Vault) -> Office:
    return Office(database, vault)


def comment(number: int, text: str) -> Entry:
    said = Comment(record_id=record_id(number), comment_id="c1", at=NOW, text=text, solved=False)
    return replace(record_entry(number), kind="comment", body=msgspec.json.encode(said))


# --- the form -----------------------------------------------------------------------------------


def test_the_fields_stand_in_the_order_of_the_form() -> None:
    """Class, title, text, date, place, agency, category, files, and the two flags."""
    record = replace(
        msgspec.json.decode(document(1), type=Record),
        anonymous=True,
        topic=Judgement(value="pju", confidence=0.9),
        agency=Agency(value="Dinas Perhubungan", confidence=0.9),
        place=Place(name="Kelurahan Melati", street="Jalan Mawar", rt="2", rw="5"),
        point=MapPoint(lat=-6.5, lon=107.5),
    )

    form = form_of(record, CATEGORIES)

    assert tuple(label for label, _ in form) == FIELDS
    assert [value for _, value in form] == [
        "Pengaduan",
        "Lampu",
        "Lampu jalan padam",
        "03-01-2026",
        "Jalan Mawar, RT 2, RW 5, Kelurahan Melati (-6.500000, 107.500000)",
        "Dinas Perhubungan",
        "Pekerjaan umum dan penataan ruang / pju",
        "",
        "Ya",
        "Ya",
    ]


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("10456", "10456"),
        ("  #10456\n", "10456"),
        ("Tracking ID: #10456.", "10456"),
        ("No. 10456", "10456"),
        ("https://lapor.example/pengaduan/10456", "10456"),
    ],
)
def test_a_number_is_read_as_people_copy_it(typed: str, number: str) -> None:
    """With its sign, its label, or as the address of the page."""
    assert tracking_id_in(typed, FORM) == number


@pytest.mark.parametrize("typed", ["", "   ", "12", "sepuluh", "C0000001X", "10456 10457", "1e5"])
def test_what_is_no_number_is_told_so(typed: str) -> None:
    """A case code of ours, words, two numbers: nothing of it closes a case."""
    with pytest.raises(WrongForm):
        tracking_id_in(typed, FORM)


# --- the list -----------------------------------------------------------------------------------


async def test_one_task_for_each_record(office: Office) -> None:
    """Two revisions and a comment are one task with the latest text; the oldest task is first."""
    await office.receive(1, 1, 2)
    await office.receive(2)
    await office.put(comment(1, "Masih padam"))

    first, second = await office.list()

    assert (first.case_code, first.tracking_id) == ("C0000001X", "")
    assert first.record is not None
    assert first.record.revision == 2
    assert [one.text for one in first.comments] == ["Masih padam"]
    assert second.case_code == "C0000002X"


async def test_the_number_closes_the_loop(office: Office) -> None:
    """Delivered with that reference; the case is forwarded and its receipt need not wait."""
    await office.receive(1)
    await office.put(reply_entry(1, due=NOW + 60_000))

    assert await office.done(1, "#10456") == 1

    rows = await office.database.read(
        lambda tx: tx.all("select target, state, reference, due from outbox order by id")
    )
    status = await office.database.read(lambda tx: records.status_of(tx, "C0000001X"))
    assert rows[0][:3] == ("central:sp4n", "delivered", "10456")
    assert rows[1][3] == NOW + 1
    assert status is not None
    assert status.state == "diteruskan"
    assert await office.list() == []


async def test_a_change_is_carried_to_the_same_number(office: Office) -> None:
    """The list names it; done needs no number then, and another one is refused."""
    await office.receive(1)
    await office.done(1, "10456")
    await office.put(record_entry(1, 2))
    (task,) = await office.list()

    with pytest.raises(AlreadyGiven):
        await office.done(1, "99999")
    assert task.tracking_id == "10456"
    assert await office.done(1) == 1
    assert await office.list() == []


async def test_only_what_was_shown_is_done(office: Office) -> None:
    """What came while the officer was typing stays in the list."""
    await office.receive(1)
    (shown,) = await office.list()
    await office.put(record_entry(1, 2))

    assert await office.done(1, "10456", last=shown.last) == 1
    (left,) = await office.list()
    assert left.tracking_id == "10456"


async def test_mistakes_change_nothing(office: Office) -> None:
    """A number of another case, none at all, a case that does not wait or does not exist."""
    await office.receive(1)
    await office.receive(2)
    await office.done(1, "10456")

    for number, tracking_id, error in (
        (2, "10456", AlreadyGiven),
        (2, "", WrongForm),
        (2, "salah", WrongForm),
        (1, "10456", NotWaiting),
        (7, "10457", NotWaiting),
    ):
        with pytest.raises(error):
            await office.done(number, tracking_id)
    assert [task.case_code for task in await office.list()] == ["C0000002X"]


# --- tables -------------------------------------------------------------------------------------

EVIL = ("=cmd|'/c calc'!A1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1")


def evil_tasks() -> list[Task]:
    record = msgspec.json.decode(document(1), type=Record)
    return [
        Task(
            record_id=record_id(1),
            case_code="C0000001X",
            record=replace(record, title=said, text=f"{said}\x00\x0b"),
            comments=(),
            tracking_id="",
            since=NOW,
            last=1,
        )
        for said in EVIL
    ]


def test_a_table_runs_nothing() -> None:
    """What citizens wrote is text in both forms, and reads back as they wrote it."""
    rows = list(rows_of(evil_tasks(), CATEGORIES))
    lines = list(csv.reader(io.StringIO(as_csv(iter(rows)).decode("utf-8-sig"), newline="")))
    sheet = openpyxl.load_workbook(io.BytesIO(as_xlsx(iter(rows)))).active

    assert tuple(lines[0]) == HEAD
    title = HEAD.index("Judul laporan")
    assert [line[title] for line in lines[1:]] == [f"'{said}" for said in EVIL]
    cells = [row[title] for row in sheet.iter_rows(min_row=2)]
    assert {cell.data_type for cell in cells} == {"s"}
    assert [cell.value for cell in cells[:4]] == list(EVIL[:4])


def test_the_table_comes_back_with_numbers() -> None:
    """What `export` writes `done --from` can read, CSV and XLSX."""
    rows = list(rows_of(evil_tasks()[:1], CATEGORIES))

    for content in (as_csv(iter(rows)), as_xlsx(iter(rows))):
        table = read_table(content, "x")
        assert table.rows[0].cells == HEAD
        assert table.rows[1].cells[:2] == ("C0000001X", "baru")


# --- the command --------------------------------------------------------------------------------


async def test_from_a_message_to_its_number(gateway: Gateway, tmp_path: Path) -> None:
    """List, show, export, done: while the gateway runs, and the equation balances in the end."""
    gateway.settings = {
        "central": {"sp4n": {"kind": "handoff"}, "central": {"kind": "sqlite"}},
    }
    await gateway.start()
    await gateway.command("send", "sms", "Lampu jalan padam di Jalan Mawar")
    await until_recorded(gateway, 1)
    listed = await gateway.command("handoff", "list")
    code = listed.stdout.splitlines()[1].split()[0]
    shown = await gateway.command("handoff", "show", code.lower())
    wrong = await gateway.command("handoff", "done", code, "salah")
    pending = json.loads((await gateway.command("status", "--json")).stdout)["outbox"]
    file = tmp_path / "daftar.csv"
    await gateway.command("handoff", "export", str(file))
    done = await gateway.command("handoff", "done", code, "#10456")
    after = await gateway.command("handoff", "list")
    accounts = json.loads((await gateway.command("reconcile", "--json")).stdout)
    await gateway.stop()

    assert "Isi laporan: Lampu jalan padam di Jalan Mawar" in shown.stdout
    assert (wrong.returncode, "no tracking id" in wrong.stderr) == (1, True)
    assert [row["target"] for row in pending] == ["central:sp4n"]
    assert code in file.read_text(encoding="utf-8-sig")
    assert done.stdout == f"{code} is done\n"
    assert len(after.stdout.splitlines()) == 1
    assert accounts["total"]["forwarded"] == 1
