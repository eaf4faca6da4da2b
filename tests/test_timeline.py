"""What comes back from a store: into the timeline once, whatever order and however often."""

from collections.abc import Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cases import STORE, passed_on, reported, state_of, update
from forwarding import NOW, record_id

from forwarder.ports import Transaction
from forwarder.update import Update
from gateway import operate, records
from gateway.back import timeline
from gateway.back.statuses import Statuses, StatusesFile, read_statuses
from gateway.back.take import News, Taken, Taker
from gateway.operate import Order
from gateway.settings import SettingsError
from gateway.store import Store
from gateway.vault import Vault

SHIPPED = read_statuses(None)
LATER = NOW + 86_400_000

STORY = (
    update("u1", at=10, record_id=record_id(1), status="Terverifikasi"),
    update("u2", at=20, record_id=record_id(1), status="Terdisposisi ke Dinas Contoh"),
    update("u3", at=30, record_id=record_id(1), kind="answer", text="Petugas sudah di lokasi."),
    update("u4", at=40, record_id=record_id(1), status="Selesai"),
)


class Office:
    """Takes updates and remembers what was news."""

    def __init__(self, database: Store, vault: Vault) -> None:
        self.database = database
        self.news: list[News] = []
        self.taker = Taker(vault=vault, statuses=SHIPPED, on_news=self._note)

    async def take(self, *updates: Update, store: str = STORE, now: int = LATER) -> Taken:
        """One request or page of the store."""
        return await self.database.write(lambda tx: self.taker.take(tx, store, updates, now))

    async def steps(self, number: int = 1) -> list[timeline.Step]:
        """The timeline of a case, as its sender may read it."""
        vault = self.taker.vault
        return await self.database.read(lambda tx: timeline.of(tx, record_id(number), vault))

    def _note(self, _: Transaction, news: Sequence[News], __: int) -> None:
        self.news += news


@pytest.fixture
def office(database: Store, vault: Vault) -> Office:
    return Office(database, vault)


async def test_updates_stand_in_the_timeline_and_move_the_case(
    office: Office, database: Store, vault: Vault
) -> None:
    """Each with its kind, the store's own word, and what the office said to the sender."""
    await reported(database, vault, 1)

    await office.take(*STORY)

    steps = await office.steps()
    assert [(step.kind, step.state, step.word) for step in steps] == [
        ("status", "diteruskan", "Terverifikasi"),
        ("transfer", "ditindaklanjuti", "Terdisposisi ke Dinas Contoh"),
        ("answer", None, ""),
        ("closed", "selesai", "Selesai"),
    ]
    assert [step.told and (step.told.agency, step.told.text) for step in steps] == [
        ("", ""),
        ("dinas contoh", ""),
        ("", "Petugas sudah di lokasi."),
        ("", ""),
    ]
    assert await state_of(database, 1) == "selesai"


@pytest.mark.parametrize("order", list(permutations(range(4)))[::5])
async def test_any_order_and_any_number_of_times_gives_the_same_case(
    office: Office, database: Store, vault: Vault, order: tuple[int, ...]
) -> None:
    """A later update that comes first is not undone by the ones before it."""
    await reported(database, vault, 1)

    for number in order:
        await office.take(STORY[number])
    again = await office.take(*STORY)

    assert again == Taken(known=4)
    assert [step.word for step in await office.steps()] == [one.status for one in STORY]
    assert await state_of(database, 1) == "selesai"
    assert len(office.news) == 4


async def test_an_older_update_is_told_to_be_late(
    office: Office, database: Store, vault: Vault
) -> None:
    """It says nothing about how the case stands now."""
    await reported(database, vault, 1)

    await office.take(STORY[3])
    await office.take(STORY[0])

    assert [(one.update.update_id, one.late) for one in office.news] == [
        ("u4", False),
        ("u1", True),
    ]


async def test_of_two_updates_at_one_moment_the_further_one_counts(
    office: Office, database: Store, vault: Vault
) -> None:
    """A store with a coarse clock tells both in the same second, in any order."""
    await reported(database, vault, 1)

    await office.take(update("b", at=10, record_id=record_id(1), status="selesai"))
    await office.take(update("a", at=10, record_id=record_id(1), status="proses"))

    assert await state_of(database, 1) == "selesai"


async def test_a_clock_that_is_ahead_over_there_does_not_stop_the_case(
    office: Office, database: Store, vault: Vault
) -> None:
    """What happens tomorrow has happened now, and the next update is newer."""
    await reported(database, vault, 1)

    await office.take(
        update("a", at=10**7, record_id=record_id(1), status="selesai"), now=NOW + 1000
    )
    await office.take(update("b", at=5, record_id=record_id(1), status="proses"), now=NOW + 9000)

    assert await state_of(database, 1) == "ditindaklanjuti"


async def test_the_store_s_own_number_finds_the_case(
    office: Office, database: Store, vault: Vault
) -> None:
    """The receipt of the push told it."""
    await reported(database, vault, 1)
    await passed_on(database, vault, 1, "#9165816")

    await office.take(update("u1", reference="#9165816", status="proses"))

    assert await state_of(database, 1) == "ditindaklanjuti"


async def test_another_store_s_number_finds_nothing(
    office: Office, database: Store, vault: Vault
) -> None:
    """Two stores may give the same number to different cases."""
    await reported(database, vault, 1)
    await passed_on(database, vault, 1, "17")

    taken = await office.take(update("u1", reference="17", status="proses"), store="province")

    assert taken == Taken(strays=1)
    assert await state_of(database, 1) == "diteruskan"


async def test_a_reference_of_two_cases_is_none(
    office: Office, database: Store, vault: Vault
) -> None:
    """A store that answers every push with the same words has told no number."""
    for number in (1, 2):
        await reported(database, vault, number)
        await passed_on(database, vault, number, "accepted")

    assert await office.take(update("u1", reference="accepted")) == Taken(strays=1)


async def test_an_update_of_an_unknown_case_waits_for_a_person_and_for_its_case(
    office: Office, database: Store, vault: Vault
) -> None:
    """It is listed among what is parked, and taken once the case is known."""
    await office.take(update("u1", at=3, record_id=record_id(1), status="proses"))
    await office.take(update("u2", at=4, reference="77", status="selesai"))
    await office.take(update("u2", at=4, reference="77", status="selesai"))
    listed = await database.read(operate.parked)

    assert [(row.id[0], row.where, row.reason) for row in listed] == [
        ("s", "central:ministry", "about a case nobody knows")
    ] * 2
    shown = await database.read(lambda tx: operate.content(tx, vault, listed[1].id))
    assert msgspec.json.decode(shown)["reference"] == "77"

    await reported(database, vault, 1)
    assert await database.write(lambda tx: office.taker.take_strays(tx, LATER)) == 1
    await passed_on(database, vault, 1, "77")
    assert await database.write(lambda tx: office.taker.take_strays(tx, LATER)) == 1

    assert await database.read(operate.parked) == []
    assert [step.word for step in await office.steps()] == ["proses", "selesai"]
    assert await state_of(database, 1) == "selesai"


async def test_a_person_may_put_a_stray_update_aside(office: Office, database: Store) -> None:
    """Nothing is deleted, and if its case turns up it is taken after all."""
    await office.take(update("u1", reference="77", status="selesai"))
    [row] = await database.read(operate.parked)
    order = Order(verb="drop", ids=[row.id], reason="another office's case")

    assert await database.write(lambda tx: operate.carry_out(tx, order, NOW)) == 1
    assert await database.read(operate.parked) == []
    kept = await database.read(lambda tx: tx.one("select count(*) from strays"))
    assert kept == (1,)


async def test_a_case_its_sender_took_back_stays_taken_back(
    office: Office, database: Store, vault: Vault
) -> None:
    """The store may still write; the timeline shows it."""
    await reported(database, vault, 1)
    await database.write(lambda tx: records.move(tx, record_id(1), "dibatalkan", now=NOW))

    await office.take(STORY[0])

    assert await state_of(database, 1) == "dibatalkan"
    assert len(await office.steps()) == 1


async def test_a_word_nobody_knows_is_kept_and_moves_nothing(
    office: Office, database: Store, vault: Vault
) -> None:
    """It is shown as it is, and counted."""
    await reported(database, vault, 1)
    await passed_on(database, vault, 1, "1")

    taken = await office.take(update("u1", at=5, record_id=record_id(1), status="Menanti ilham"))

    assert taken == Taken(news=1, unknown_words=1)
    assert (await office.steps())[0].word == "Menanti ilham"
    assert await state_of(database, 1) == "diteruskan"


async def test_what_the_office_said_is_sealed_and_goes_with_the_person(
    office: Office, database: Store, vault: Vault
) -> None:
    """In the table stands that there was an answer; once erased, not even we can read it."""
    await reported(database, vault, 1)
    await office.take(STORY[2])
    rows = await database.read(lambda tx: tx.all("select * from timeline"))
    assert b"Petugas" not in b"".join(
        bytes(x) for x in rows[0] if isinstance(x, bytes | memoryview)
    )

    await database.write(lambda tx: timeline.forget(tx, [record_id(1)]))

    assert [step.told for step in await office.steps()] == [None]


# --- the table of words -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "state", "kind"),
    [
        ("SELESAI", "selesai", "closed"),
        ("  dalam   Proses ", "ditindaklanjuti", "status"),
        ("Selesai otomatis dalam 10 hari", "selesai", "closed"),
        ("Ditindaklanjuti oleh Instansi", "ditindaklanjuti", "answer"),
        ("closed", "selesai", "closed"),
        ("Diarsipkan", "diarsipkan", "status"),
    ],
)
def test_words_are_read_without_regard_to_case_and_spaces(word: str, state: str, kind: str) -> None:
    """As the systems in use write them."""
    read = SHIPPED.read(STORE, update("u", status=word))

    assert (read.state, read.kind, read.unknown) == (state, kind, False)


def test_a_store_s_own_words_come_first() -> None:
    """The same word may mean something else there."""
    file = {
        "words": {"selesai": {"state": "selesai", "kind": "closed"}},
        "stores": {"province": {"Selesai": {"state": "ditindaklanjuti"}}},
    }
    statuses = Statuses(msgspec.convert(file, type=StatusesFile))

    assert statuses.read("province", update("u", status="selesai")).state == "ditindaklanjuti"
    assert statuses.read("ministry", update("u", status="selesai")).state == "selesai"


@pytest.mark.parametrize(
    ("said", "kind", "state"),
    [
        ({"text": "Sudah kami tangani."}, "answer", None),
        ({"agency": "Dinas Contoh"}, "transfer", None),
        ({"kind": "closed"}, "closed", "selesai"),
        (
            {"kind": "question", "status": "proses", "text": "Di RT berapa?"},
            "question",
            "ditindaklanjuti",
        ),
    ],
)
def test_an_update_without_a_known_word_is_what_it_brings(
    said: dict[str, Any], kind: str, state: str | None
) -> None:
    """What the store says itself comes before the table."""
    read = SHIPPED.read(STORE, update("u", **said))

    assert (read.kind, read.state) == (kind, state)


def test_a_state_that_does_not_exist_is_refused_with_file_and_key(
    tmp_path: Path,
) -> None:
    """A mistake in the operator's table is told at the start."""
    (tmp_path / "statuses.toml").write_text('[words]\n"beres" = { state = "beres" }\n')

    with pytest.raises(SettingsError) as refused:
        read_statuses(tmp_path)

    assert "statuses.toml: words" in str(refused.value)
    assert "expected one of diterima" in str(refused.value)
