"""The pipeline on both engines: what a journal row becomes, once, in order, whatever stops it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import permutations
from pathlib import Path
from typing import Any, ClassVar, TypeVar
from urllib.parse import urlencode

import msgspec
import pytest
from clock import Clock

from channels.capture import pack
from channels.contract import Channel, Delivery, Outcome, Parsed, Receipt, Reply
from channels.sms import Sms
from forwarder import outbox
from forwarder.ports import Database, Transaction
from forwarder.routing import everything_to
from gateway import operate, work
from gateway.build_craft import build_recorder
from gateway.conversation import Timing
from gateway.craft import Craft
from gateway.files import Files
from gateway.files_leaving import let_go
from gateway.journal import Journal
from gateway.operate import Order
from gateway.pipeline import BATCH, Pipeline
from gateway.reading import Reader
from gateway.refill import refill
from gateway.settings import read_settings
from gateway.store import Store
from gateway.turn import Manners
from gateway.vault import Vault
from gateway.workshop import InThread
from normalizer.record import Record

T = TypeVar("T")

FORM = {"content-type": "application/x-www-form-urlencoded"}
DEADLY = b"deadly"
PART_TIMEOUT = 900
WEEK = 7 * 86_400_000
# More often than any process may die of one message.
MANY = 30
CITIZEN, NEIGHBOUR = "+6281200000001", "+6281200000002"


class PowerCut(BaseException):
    """The end of a process in the middle of its work."""


class Broken(Channel):
    """A channel with a bug: its rows cannot be read, and reading a deadly one ends the process."""

    name: ClassVar[str] = "broken"
    Options: ClassVar[type[msgspec.Struct]] = msgspec.Struct

    def __init__(self) -> None:
        pass

    def parse(self, payload: bytes) -> Parsed:
        """Break."""
        if payload == DEADLY:
            raise PowerCut
        raise RecursionError(payload.decode())

    async def reply(self, reply: Reply) -> Outcome:
        """Nothing to do."""
        return Receipt(reference=reply.id)


class FailingPower:
    """A database that lets so many writes through, and then the power fails."""

    def __init__(self, database: Store, writes: int) -> None:
        self._database = database
        self._left = writes

    async def write(self, work: Callable[[Transaction], T], /) -> T:
        """Commit, or end the process."""
        if self._left == 0:
            raise PowerCut
        self._left -= 1
        return await self._database.write(work)

    async def read(self, work: Callable[[Transaction], T], /) -> T:
        """Look."""
        return await self._database.read(work)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """An entry of the outbox."""

    target: str
    kind: str
    revision: int
    body: bytes

    @property
    def text(self) -> str:
        """The words of a reply."""
        return msgspec.json.decode(self.body, type=Reply).text


@dataclass(slots=True, kw_only=True)
class Desk:
    """Journal, pipeline and what they leave behind, with a clock that stands still."""

    database: Store
    vault: Vault
    clock: Clock
    folder: Path
    journal: Journal
    replies_per_hour: int = 240

    async def sms(self, id_: str, text: str, *, sender: str = CITIZEN, udh: str = "") -> None:
        """Let one SMS arrive."""
        fields = {"from": sender, "text": text, "id": id_} | ({"udh": udh} if udh else {})
        payload = pack("generic?", FORM, urlencode(fields).encode())
        await self.journal.accept("sms", [Delivery(external_id=id_, payload=payload)])

    async def part(self, number: int, of: int, text: str, *, sender: str = CITIZEN) -> None:
        """Let one part of a long SMS arrive."""
        udh = f"050003cc{of:02x}{number:02x}"
        await self.sms(f"{sender}-{number}-{of}", text, sender=sender, udh=udh)

    async def work(self, database: Database | None = None) -> None:
        """Work until nothing is due."""
        pipeline = self.pipeline(database or self.database)
        while await pipeline.step():
            pass

    async def restart(self) -> None:
        """What a new process does first: take back what the one before had claimed."""
        now = self.clock.milliseconds

        def take_back(tx: Transaction) -> None:
            outbox.release(tx, now)

        await self.database.write(take_back)

    def pipeline(self, database: Database) -> Pipeline:
        """A pipeline as the gateway builds it."""
        return Pipeline(
            database=database,
            vault=self.vault,
            workshop=self.workshop(),
            timing=Timing(part_timeout=PART_TIMEOUT * 1000, match_window=WEEK),
            clock=lambda: self.clock.milliseconds,
            let_go=partial(let_go, database, Files(self.folder / "attachments")),
        )

    def workshop(self) -> InThread:
        """What thinks, with the rules the gateway ships."""
        settings = read_settings(None, self.folder, {})
        recorder = build_recorder(settings, self.vault)
        recorder._manners = Manners(  # noqa: SLF001 (the one setting that varies here)
            centrals=everything_to("central"),
            receipt_patience=3000,
            replies_per_hour=self.replies_per_hour,
            share_identity=False,
        )
        channels = {"sms": Sms(Sms.Options(), bytes(32)), "broken": Broken()}
        return InThread(Craft(Reader(channels, self.vault), recorder))

    async def records(self) -> list[Record]:
        """Every record, by its journal row."""
        rows = await self.rows(
            "select r.document, r.data_key from records r join journal j"
            " on j.channel = r.channel and j.external_id = r.external_id order by j.id"
        )
        documents = [self.vault.open(bytes(row[0]), bytes(row[1])) for row in rows]
        return [msgspec.json.decode(document, type=Record) for document in documents]

    async def sent(self, kind: str = "") -> list[Sent]:
        """Every outbox entry, or those of one kind, oldest first."""
        rows = await self.rows(
            "select target, kind, revision, body, data_key from outbox"
            " join outbox_bodies using (id) order by id"
        )
        return [
            Sent(
                target=row[0],
                kind=row[1],
                revision=row[2],
                body=self.vault.open(bytes(row[3]), bytes(row[4])),
            )
            for row in rows
            if kind in ("", row[1])
        ]

    async def states(self) -> list[str]:
        """How each journal row ended, oldest first."""
        return [row[0] for row in await self.rows("select state from work order by journal_id")]

    async def rows(self, sql: str) -> Sequence[tuple[Any, ...]]:
        """Whatever the tables hold."""
        return await self.database.read(lambda tx: tx.all(sql))


@pytest.fixture
async def desk(database: Store, vault: Vault, clock: Clock, tmp_path: Path) -> Desk:
    journal = Journal(database, vault, clock=lambda: clock.milliseconds)
    await journal.open()
    return Desk(database=database, vault=vault, clock=clock, folder=tmp_path, journal=journal)


# --- one message -------------------------------------------------------------------------------


async def test_a_message_becomes_a_record_on_its_way_and_a_receipt_with_its_code(
    desk: Desk,
) -> None:
    """One commit leaves the record, its push to the central store and the citizen's receipt."""
    await desk.sms("1", "Jalan berlubang di depan SDN 3 Sukamaju")
    await desk.work()
    (record,) = await desk.records()
    push, receipt = await desk.sent()

    assert record.text == "Jalan berlubang di depan SDN 3 Sukamaju"
    assert (push.target, push.kind) == ("central:central", "record")
    assert msgspec.json.decode(push.body, type=Record) == record
    assert (receipt.target, receipt.kind) == ("channel:sms", "receipt")
    assert record.case_code in receipt.text
    assert await desk.states() == ["recorded"]


async def test_a_receipt_waits_for_the_central_store_no_longer_than_its_patience(
    desk: Desk,
) -> None:
    """The receipt is due three seconds after the record, whatever the store does."""
    await desk.sms("1", "Lampu jalan padam")
    await desk.work()
    due = await desk.rows("select kind, due from outbox order by id")

    now = desk.clock.milliseconds
    assert [tuple(row) for row in due] == [("record", now), ("receipt", now + 3000)]


async def test_the_same_words_in_one_batch_are_two_records_that_know_each_other(
    desk: Desk,
) -> None:
    """A repeated complaint is kept and points to the first, also when both come at once."""
    text = "Sampah menumpuk di belakang pasar Kenanga sejak hari Senin"
    await desk.sms("1", text)
    await desk.sms("2", text, sender=NEIGHBOUR)
    await desk.work()
    first, second = await desk.records()

    assert first.duplicate is None
    assert second.duplicate
    assert (second.duplicate.relation, second.duplicate.of) == ("same", first.record_id)
    assert second.duplicate.cluster == first.record_id


async def test_the_same_words_later_are_two_records_that_know_each_other(desk: Desk) -> None:
    """A repeated complaint is found in the table as well."""
    text = "Sampah menumpuk di belakang pasar Kenanga sejak hari Senin"
    await desk.sms("1", text)
    await desk.work()
    await desk.sms("2", text, sender=NEIGHBOUR)
    await desk.work()
    first, second = await desk.records()

    assert second.duplicate
    assert second.duplicate.of == first.record_id


async def test_a_campaign_is_one_cluster_and_the_monitor_hears_of_it(desk: Desk) -> None:
    """Everybody keeps a report of their own; each tells how many there were, batch by batch."""
    text = "Tolak pembangunan tempat pembuangan sampah di lapangan desa Sukamaju kecamatan Curug"
    for number in range(6):
        await desk.sms(f"c{number}", f"{text}!", sender=f"+62812000002{number:02d}")
        if number != 2:
            await desk.work()
    made = await desk.records()
    joined = [record.duplicate for record in made[1:] if record.duplicate]

    assert [one.volume for one in joined] == [2, 3, 4, 5, 6]
    assert {one.cluster for one in joined} == {made[0].record_id}
    [told] = await desk.rows("select source, record_id from signals")
    assert tuple(told) == ("mass-event", made[0].record_id)


async def test_lost_fingerprints_are_made_again_from_the_records(desk: Desk) -> None:
    """The table is an index: what it held is in the records; once is enough."""
    text = "Sampah menumpuk di belakang pasar Kenanga sejak hari Senin"
    sql = "select key, received_at, number from fingerprints order by number, key"
    again = partial(
        refill,
        desk.database,
        desk.workshop(),
        window=WEEK,
        clock=lambda: desk.clock.milliseconds,
    )
    await again()
    for number in range(3):
        await desk.sms(f"{number}", f"{text} {number}", sender=f"+6281200000{number:03d}")
    await desk.work()
    before = await desk.rows(sql)
    await desk.database.write(lambda tx: tx.run("delete from fingerprints where key > 0"))
    await again()
    after = await desk.rows(sql)
    await desk.database.write(lambda tx: tx.run("delete from fingerprints where number > 1"))
    few = await desk.rows(sql)
    await again()

    assert before
    assert after == before
    assert await desk.rows(sql) == few != before


async def test_one_who_repeats_themselves_is_no_mass_event(desk: Desk) -> None:
    """Ten times the same from one phone."""
    for number in range(10):
        await desk.sms(f"c{number}", "Got mampet di Jalan Melati, air meluap ke rumah warga")
    await desk.work()
    made = await desk.records()

    assert made[-1].duplicate
    assert made[-1].duplicate.volume == 10
    assert await desk.rows("select source from signals") == []


# --- parts -------------------------------------------------------------------------------------


async def test_parts_in_any_order_are_one_record(desk: Desk) -> None:
    """Every order of three parts, each part in a batch of its own or all in one, gives the text."""
    texts = {1: "Jembatan di Cempaka ", 2: "retak sejak banjir, ", 3: "mohon diperiksa"}
    for index, order in enumerate(permutations(texts)):
        sender = f"+628120000010{index}"
        for number in order:
            await desk.part(number, 3, texts[number], sender=sender)
            if index % 2:
                await desk.work()
        await desk.work()
    records = await desk.records()

    assert [record.text for record in records] == ["".join(texts.values())] * 6
    assert {record.revision for record in records} == {1}
    assert len(await desk.sent("receipt")) == 6
    assert sorted(await desk.states()) == ["joined"] * 12 + ["recorded"] * 6


async def test_a_part_that_comes_twice_changes_nothing(desk: Desk) -> None:
    """A provider's second copy of a part under another id joins its record."""
    await desk.part(1, 2, "Air tidak ")
    await desk.sms("copy of 1", "Air tidak ", udh="050003cc0201")
    await desk.work()
    await desk.part(2, 2, "mengalir")
    await desk.work()
    await desk.sms("copy of 2", "mengalir", udh="050003cc0202")
    await desk.work()
    (record,) = await desk.records()

    assert (record.text, record.revision) == ("Air tidak mengalir", 1)
    assert sorted(await desk.states()) == ["joined"] * 3 + ["recorded"]
    assert len(await desk.sent()) == 2


async def test_two_senders_with_one_reference_are_two_reports(desk: Desk) -> None:
    """Phones count their long messages from 0 to 255, so references of strangers meet."""
    await desk.part(1, 2, "Lampu jalan ")
    await desk.part(2, 2, "di pasar", sender=NEIGHBOUR)
    await desk.part(1, 2, "Sampah menumpuk ", sender=NEIGHBOUR)
    await desk.part(2, 2, "padam")
    await desk.work()
    texts = {record.text for record in await desk.records()}

    assert texts == {"Lampu jalan padam", "Sampah menumpuk di pasar"}


async def test_a_reference_that_is_used_again_begins_another_report(desk: Desk) -> None:
    """A later long SMS with the same reference and other words is not mixed with the first."""
    await desk.part(1, 2, "Lampu jalan ")
    await desk.part(2, 2, "padam")
    await desk.work()
    await desk.sms("again 1", "Got di depan ", udh="050003cc0201")
    await desk.sms("again 2", "rumah mampet", udh="050003cc0202")
    await desk.work()
    texts = [record.text for record in await desk.records()]

    assert texts == ["Lampu jalan padam", "Got di depan rumah mampet"]


async def test_parts_are_waited_for(desk: Desk) -> None:
    """Before the time is over, a long SMS with a gap is neither recorded nor answered."""
    await desk.part(1, 3, "Jalan rusak ")
    await desk.part(3, 3, "sampai sekarang")
    desk.clock.advance(PART_TIMEOUT - 1)
    await desk.work()

    assert await desk.states() == ["waiting", "waiting"]
    assert await desk.sent() == []


async def test_a_missing_part_makes_an_incomplete_report_and_a_late_one_completes_it(
    desk: Desk,
) -> None:
    """After the wait the rest is a report that says what is missing; a late part revises it."""
    await desk.part(1, 3, "Jalan rusak ")
    await desk.part(3, 3, "sampai sekarang")
    await desk.work()
    desk.clock.advance(PART_TIMEOUT + 1)
    await desk.work()
    (before,) = await desk.records()
    await desk.part(2, 3, "sejak banjir ")
    await desk.work()
    (after,) = await desk.records()
    (receipt,) = await desk.sent("receipt")

    assert "incomplete: part 2 of 3 is missing" in before.remarks
    assert (before.revision, before.text) == (1, "Jalan rusak […]sampai sekarang")
    assert (after.revision, after.text) == (2, "Jalan rusak sejak banjir sampai sekarang")
    assert (after.record_id, after.case_code) == (before.record_id, before.case_code)
    assert [push.revision for push in await desk.sent("record")] == [1, 2]
    assert "sebagian isinya tidak sampai" in receipt.text


# --- commands ----------------------------------------------------------------------------------


async def test_bantuan_is_answered_and_is_no_report(desk: Desk) -> None:
    """Who asks for help gets it, and no officer sees a complaint "BANTUAN"."""
    await desk.sms("1", "Bantuan")
    await desk.work()
    (answer,) = await desk.sent()

    assert await desk.records() == []
    assert await desk.states() == ["command"]
    assert (answer.kind, answer.target) == ("help", "channel:sms")
    assert answer.text.startswith("Tulis keluhan Anda")


async def test_status_tells_the_state_by_code_and_for_the_senders_own_last_report(
    desk: Desk,
) -> None:
    """STATUS finds a case by its code from anywhere, and without one only the sender's own."""
    await desk.sms("1", "Lampu jalan padam di Flamboyan")
    await desk.work()
    (record,) = await desk.records()
    await desk.sms("2", f"status {record.case_code.lower()}", sender=NEIGHBOUR)
    await desk.sms("3", "STATUS")
    await desk.sms("4", "STATUS", sender=NEIGHBOUR)
    await desk.work()
    by_code, own, none = (answer.text for answer in await desk.sent("status"))

    assert by_code == own == f"Laporan {record.case_code}: sudah kami terima dan sedang dicatat."
    assert record.case_code not in none
    assert len(await desk.records()) == 1


async def test_status_in_the_same_breath_finds_the_report_before_it(desk: Desk) -> None:
    """One sender's messages are worked on in the order they came, also when they come at once."""
    await desk.sms("1", "Lampu jalan padam di Flamboyan")
    await desk.sms("2", "STATUS")
    await desk.work()
    (record,) = await desk.records()
    (answer,) = await desk.sent("status")

    assert record.case_code in answer.text


async def test_a_full_batch_leaves_what_came_last_whichever_chain_it_is_on(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two processes took in what one sender said: the report first, by the higher chain."""
    desk.journal.use(1)
    await desk.sms("1", "Lampu jalan padam di Flamboyan")
    desk.clock.advance(1)
    desk.journal.use(0)
    await desk.sms("2", "STATUS")
    desk.clock.advance(1)
    monkeypatch.setattr(work, "BATCH_BYTES", 1)
    await desk.work()
    (record,) = await desk.records()
    (answer,) = await desk.sent("status")

    assert record.case_code in answer.text


async def test_answers_to_one_sender_end_at_the_limit_and_reports_do_not(desk: Desk) -> None:
    """Two machines in a loop get silence after some answers; every report is still recorded."""
    desk.replies_per_hour = 3
    for number in range(5):
        await desk.sms(f"help {number}", "BANTUAN")
    for number in range(3):
        await desk.sms(f"report {number}", f"Lampu nomor {number} padam")
    await desk.sms("another", "BANTUAN", sender=NEIGHBOUR)
    await desk.work()
    kinds = [answer.kind for answer in await desk.sent() if answer.target == "channel:sms"]
    quiet = await desk.rows("select count(*) from work where reason = 'help: too many answers'")

    assert kinds == ["help"] * 4
    assert quiet[0][0] == 2
    assert len(await desk.records()) == 3


# --- what goes wrong ---------------------------------------------------------------------------


async def test_a_row_that_breaks_its_parser_is_parked_alone(desk: Desk) -> None:
    """A bug in one channel keeps its message for a person and holds up no neighbour."""
    await desk.sms("1", "Lampu jalan padam")
    await desk.journal.accept("broken", [Delivery(external_id="x", payload=b"rahasia")])
    await desk.sms("2", "Sampah menumpuk", sender=NEIGHBOUR)
    await desk.work()
    parked = await desk.database.read(operate.parked)

    assert await desk.states() == ["recorded", "parked", "recorded"]
    assert [(row.where, row.reason) for row in parked] == [
        ("broken", "unreadable: bug: RecursionError in the parser")
    ]


async def test_what_is_not_understood_is_parked_with_its_reason(desk: Desk) -> None:
    """A request without a text is kept and listed, and can be tried again later."""
    payload = pack("generic?", FORM, b"from=%2B6281200000001&words=air+mati&id=9")
    await desk.journal.accept("sms", [Delivery(external_id="9", payload=payload)])
    await desk.work()
    (parked,) = await desk.database.read(operate.parked)
    order = Order(verb="retry", ids=[parked.id])
    touched = await desk.database.write(lambda tx: operate.carry_out(tx, order, 0))
    await desk.work()

    assert parked.reason == "unreadable: the request has no field with a text"
    assert touched == 1
    assert await desk.states() == ["parked"]


async def test_replay_changes_nothing_when_the_rules_have_not_changed(desk: Desk) -> None:
    """Running the journal again makes no second record, no revision, no receipt and no push."""
    await desk.sms("1", "Lampu jalan padam di Flamboyan")
    await desk.part(2, 2, "di Cempaka retak", sender=NEIGHBOUR)
    await desk.part(1, 2, "Jembatan ", sender=NEIGHBOUR)
    await desk.work()
    before = (await desk.records(), await desk.sent(), await desk.states())
    order = Order(verb="replay")
    for _ in range(2):
        await desk.database.write(lambda tx: operate.carry_out(tx, order, 0))
        await desk.work()
    after = (await desk.records(), await desk.sent(), await desk.states())

    assert after == before


async def test_the_power_may_fail_before_any_commit(desk: Desk) -> None:
    """
    Wherever the process ends, the next one leaves what an undisturbed one would have left.

    No part of a long SMS waits for its timeout when all parts are there.
    """
    for writes in range(8):
        sender = f"+628120000020{writes}"
        await desk.sms(f"plain {writes}", f"Lampu {writes} padam", sender=sender)
        await desk.part(2, 2, "mengalir", sender=sender)
        await desk.part(1, 2, "Air tidak ", sender=sender)
        await desk.sms(f"help {writes}", "BANTUAN", sender=sender)
        await _ends_in_a_power_cut(desk.work(FailingPower(desk.database, writes)))
        await desk.restart()
        await desk.work()

    assert sorted(await desk.states()) == ["command"] * 8 + ["joined"] * 8 + ["recorded"] * 16
    assert len(await desk.records()) == 16
    assert [len(await desk.sent(kind)) for kind in ("record", "receipt", "help")] == [16, 16, 8]


async def test_order_is_kept_over_the_end_of_a_process(desk: Desk) -> None:
    """What a dead process had in hand still comes before all that arrived after it."""
    await desk.sms("first", "Lampu jalan padam di Flamboyan")
    await _ends_in_a_power_cut(desk.work(FailingPower(desk.database, 1)))
    desk.clock.advance(1)
    for number in range(BATCH + 1):
        await desk.sms(f"later {number}", f"Sampah {number} menumpuk", sender=NEIGHBOUR)
    desk.clock.advance(1)
    await desk.restart()
    await desk.work()
    pushed = await desk.rows("select record_id from outbox where kind = 'record' order by id")

    assert [row[0] for row in pushed] == [record.record_id for record in await desk.records()]


async def test_a_row_that_ends_the_process_takes_no_neighbour_with_it(desk: Desk) -> None:
    """A message whose reading kills the process is parked in the end, and it alone."""
    await desk.sms("before", "Lampu jalan padam di Flamboyan")
    await desk.journal.accept("broken", [Delivery(external_id="x", payload=DEADLY)])
    await desk.sms("behind", "Sampah menumpuk di Kenanga", sender=NEIGHBOUR)
    deaths = 0
    while await _ends_in_a_power_cut(desk.work()):
        deaths += 1
        assert deaths < MANY, await desk.states()
        await desk.restart()

    assert await desk.states() == ["recorded", "parked", "recorded"]


async def _ends_in_a_power_cut(work_on: Awaitable[None]) -> bool:
    try:
        await work_on
    except PowerCut:
        return True
    return False
