"""The journal: acknowledged means on disk, once, sealed, and any later change shows."""

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

import pytest
from clock import Clock
from hypothesis import given
from hypothesis import strategies as st

from channels.contract import Cursor, Delivery, NotStored
from forwarder.ports import Database, Transaction
from gateway import journal as journals
from gateway.chain import journal_id, read_head, verify
from gateway.codes import CaseCodes
from gateway.journal import Journal
from gateway.leases import Superseded
from gateway.store import Store, StoreUnavailable
from gateway.vault import Vault
from normalizer.codes import read_case_code

T = TypeVar("T")


async def opened(database: Database, vault: Vault, clock: Clock) -> Journal:
    journal = Journal(database, vault, clock=lambda: clock.milliseconds)
    await journal.open()
    return journal


def sms(number: int, payload: bytes = b"jalan rusak") -> Delivery:
    return Delivery(external_id=f"id-{number}", payload=payload)


async def test_what_was_accepted_is_found_again_sealed(
    database: Store, vault: Vault, clock: Clock
) -> None:
    """The row holds the exact bytes, and only under the gateway key."""
    journal = await opened(database, vault, clock)
    await journal.accept("sms", [sms(1, b"lubang di Jl Melati")])
    row = await database.read(
        lambda tx: tx.one("select payload, data_key, received_at from journal")
    )

    assert row
    assert b"Melati" not in bytes(row[0])
    assert vault.open(bytes(row[0]), bytes(row[1])) == b"lubang di Jl Melati"
    assert row[2] == clock.milliseconds


async def test_the_same_message_again_is_acknowledged_and_kept_once(
    database: Store, vault: Vault, clock: Clock
) -> None:
    """A provider's retry finds its row."""
    journal = await opened(database, vault, clock)
    first = await journal.accept("sms", [sms(1)])
    again = await journal.accept("sms", [sms(1)])
    other_channel = await journal.accept("mail", [sms(1)])

    assert (first[0].new, again[0].new, other_channel[0].new) == (True, False, True)
    assert again[0].id == first[0].id


async def test_a_hundred_at_once_make_one_row(database: Store, vault: Vault, clock: Clock) -> None:
    """Retries that race each other still make one row."""
    journal = await opened(database, vault, clock)
    answers = await asyncio.gather(*(journal.accept("sms", [sms(7)]) for _ in range(100)))

    assert sum(answer[0].new for answer in answers) == 1
    assert len({answer[0].id for answer in answers}) == 1


async def test_a_retry_among_new_messages_holds_nothing_up(
    database: Store, vault: Vault, clock: Clock
) -> None:
    """Whether one of many is known already, every one finds its row and the chain is whole."""
    journal = await opened(database, vault, clock)
    first = await journal.accept("sms", [sms(1), sms(2)])
    mixed = await journal.accept("sms", [sms(3), sms(2), sms(4), sms(4)])
    after = await journal.accept("sms", [sms(number) for number in range(5, 205)])
    verdict = await database.read(verify)

    assert [one.new for one in mixed] == [True, False, True, False]
    assert (mixed[1].id, mixed[3].id) == (first[1].id, mixed[2].id)
    assert [one.id for one in after] == [journal_id(0, number) for number in range(5, 205)]
    assert (verdict.broken, verdict.rows) == (None, 204)
    assert verdict.heads[0] == journal.head


async def test_a_restarted_journal_continues_its_chain(
    database: Store, vault: Vault, clock: Clock
) -> None:
    """The chain has no seam where the process stopped."""
    for number in range(3):
        journal = await opened(database, vault, clock)
        await journal.accept("sms", [sms(number * 2), sms(number * 2 + 1)])
    verdict = await database.read(verify)

    assert verdict.broken is None
    assert verdict.rows == 6


CHANGES: dict[str, tuple[str, str]] = {
    "a payload": ("update journal set payload = :blob where position = 3", "3 was changed"),
    "a time": ("update journal set received_at = 1 where position = 3", "3 was changed"),
    "a key": ("update journal set external_id = 'x' where position = 3", "3 was changed"),
    "a row in the middle": ("delete from journal where position = 3", "3 is missing"),
}


@pytest.mark.parametrize("what", CHANGES)
async def test_verify_names_the_first_row_that_was_touched(
    database: Store, vault: Vault, clock: Clock, what: str
) -> None:
    """Changing or removing a row breaks the chain where it was done."""
    statement, expected = CHANGES[what]
    journal = await opened(database, vault, clock)
    await journal.accept("sms", [sms(number) for number in range(6)])
    await database.write(lambda tx: tx.run("delete from work"))
    await database.write(
        lambda tx: tx.run(statement, **({"blob": b"forged"} if ":blob" in statement else {}))
    )
    verdict = await database.read(verify)

    assert verdict.broken is not None
    assert expected in verdict.broken


async def test_an_anchor_finds_a_chain_that_was_cut_short(
    database: Store, vault: Vault, clock: Clock
) -> None:
    """Rows removed at the end leave a whole chain; a head noted elsewhere finds that out."""
    journal = await opened(database, vault, clock)
    await journal.accept("sms", [sms(number) for number in range(4)])
    anchor = journal.head.anchor(0)
    before = await database.read(lambda tx: verify(tx, against=[read_head(anchor)]))
    await database.write(lambda tx: tx.run("delete from work"))
    await database.write(lambda tx: tx.run("delete from journal where position = 4"))
    after = await database.read(lambda tx: verify(tx, against=[read_head(anchor)]))

    assert before.broken is None
    assert after.broken == "chain 0 does not reach row 4 any more: its end was cut off"


async def test_erasing_a_key_leaves_the_chain_whole(
    database: Store, vault: Vault, clock: Clock
) -> None:
    """A person can be erased without breaking the proof."""
    journal = await opened(database, vault, clock)
    await journal.accept("sms", [sms(1), sms(2)])
    await database.write(lambda tx: tx.run("update journal set data_key = null"))

    assert (await database.read(verify)).broken is None


async def test_what_the_database_refuses_is_not_stored(
    database: Store, vault: Vault, clock: Clock
) -> None:
    """What the database does not take is refused, and the next one is tried afresh."""
    journal = await opened(database, vault, clock)
    await database.write(lambda tx: tx.run("alter table journal rename to hidden"))
    with pytest.raises(NotStored):
        await journal.accept("sms", [sms(1)])
    await database.write(lambda tx: tx.run("alter table hidden rename to journal"))
    accepted = await journal.accept("sms", [sms(1)])

    assert accepted[0].new
    assert (await database.read(verify)).broken is None


class LostAnswer:
    """A store whose commit happens once and is then not heard of: the connection broke."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._loses = True

    async def write(self, work: Callable[[Transaction], T], /) -> T:
        """Commit, and the first time say that nothing is known."""
        done = await self._store.write(work)
        if self._loses:
            self._loses = False
            raise StoreUnavailable("the connection was lost during the commit")
        return done

    async def read(self, work: Callable[[Transaction], T], /) -> T:
        """Look."""
        return await self._store.read(work)


async def test_a_commit_whose_answer_was_lost_does_not_break_the_chain(
    database: Store, vault: Vault, clock: Clock
) -> None:
    """The provider sends again, finds its row, and the next message follows it."""
    journal = await opened(LostAnswer(database), vault, clock)
    with pytest.raises(NotStored):
        await journal.accept("sms", [sms(1)])
    again = await journal.accept("sms", [sms(1)])
    after = await journal.accept("sms", [sms(2)])
    verdict = await database.read(verify)

    assert (again[0].new, after[0].new) == (False, True)
    assert (verdict.broken, verdict.rows) == (None, 2)


class BadWeather(LostAnswer):
    """A store that fails every third time: at once, or after a commit it says nothing of."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._calls = 0

    async def write(self, work: Callable[[Transaction], T], /) -> T:
        """Commit, or not, or tell nobody."""
        self._calls += 1
        if self._calls % 6 == 3:
            raise StoreUnavailable("locked")
        self._loses = self._calls % 6 == 0
        return await super().write(work)


async def test_what_is_acknowledged_in_bad_weather_is_there_once(
    database: Store, vault: Vault, clock: Clock
) -> None:
    """Senders that repeat what failed: commits follow each other, and no row is lost or doubled."""
    journal = await opened(BadWeather(database), vault, clock)
    failures = 0

    async def sender(first: int) -> list[int]:
        nonlocal failures
        known = []
        for number in range(first, first + 20):
            while True:
                try:
                    [accepted] = await journal.accept("sms", [sms(number)])
                except NotStored:
                    failures += 1
                else:
                    known.append(accepted.id)
                    break
        return known

    ids = [id_ for known in await asyncio.gather(*map(sender, range(0, 200, 20))) for id_ in known]
    verdict = await database.read(verify)

    assert failures > 0
    assert sorted(ids) == [journal_id(0, number) for number in range(1, 201)]
    assert (verdict.broken, verdict.rows) == (None, 200)
    assert verdict.heads[0] == journal.head


async def test_nobody_waits_for_ever_for_a_commit(
    database: Store, vault: Vault, clock: Clock
) -> None:
    """While the database hangs senders hear "not stored"; sent again later it is there once."""
    journal = Journal(database, vault, clock=lambda: clock.milliseconds, patience=0.05)
    await journal.open()
    begun, may_go_on = threading.Event(), threading.Event()

    def hang(_: Transaction) -> None:
        begun.set()
        may_go_on.wait(30)

    hanging = asyncio.ensure_future(database.write(hang))
    await asyncio.to_thread(begun.wait)
    try:
        for _ in range(2):
            with pytest.raises(NotStored):
                await journal.accept("sms", [sms(1)])
    finally:
        may_go_on.set()
        await hanging
    patient = await opened(database, vault, clock)
    (accepted,) = await patient.accept("sms", [sms(1)])

    assert accepted.new
    assert await database.read(lambda tx: tx.one("select count(*) from journal")) == (1,)


@pytest.mark.parametrize("count", [1, 65, 300])
async def test_what_came_together_is_stored_together(
    database: Store, vault: Vault, clock: Clock, count: int
) -> None:
    """However many wait for a commit, none is left behind, and who does not wait hears too."""
    journal = await opened(database, vault, clock)
    await journal.accept("sms", [sms(0)])
    begun = [journal.begin("sms", sms(number)) for number in range(1, count + 1)]
    accepted = [await one for one in begun]

    assert [one.id for one in accepted] == [journal_id(0, 1 + n) for n in range(1, count + 1)]
    assert all(one.new for one in accepted)
    assert (await journal.begin("sms", sms(count))).id == journal_id(0, 1 + count)
    assert (await database.read(verify)).rows == count + 1


async def test_a_full_queue_is_refused_at_once(
    database: Store, vault: Vault, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At its limit the gateway says "not now" instead of growing or dropping."""
    monkeypatch.setattr(journals, "QUEUE_ROWS", 3)
    journal = await opened(database, vault, clock)
    answers = await asyncio.gather(
        *(journal.accept("sms", [sms(number)]) for number in range(10)), return_exceptions=True
    )

    assert sum(isinstance(answer, NotStored) for answer in answers) == 7
    assert (await database.read(verify)).rows == 3


@given(position=st.integers(1, 2**32 - 1), chain=st.integers(0, 255))
def test_every_case_code_can_be_read_back(position: int, chain: int) -> None:
    """Issued codes are always in the form citizens can type."""
    code = CaseCodes(bytes(32)).of(journal_id(chain, position))

    assert read_case_code(code) == code


def test_case_codes_never_repeat_and_tell_nothing() -> None:
    """Codes of neighbouring rows are all different and share no visible order."""
    codes = CaseCodes(bytes(range(32)))
    issued = [codes.of(journal_id(0, position)) for position in range(1, 20_001)]

    assert len(set(issued)) == len(issued)
    assert issued != sorted(issued)
    assert CaseCodes(bytes(32)).of(1) != codes.of(1)


def plain(stored: str) -> bool:
    return stored == "plain-1"


def hashed(stored: str) -> bool:
    return stored.startswith("sha256:")


ODD_IDS: list[tuple[str, Callable[[str], bool]]] = [
    ("plain-1", plain),
    ("nul\0byte", hashed),
    ("lone \ud800", hashed),
    ("x" * 5000, hashed),
]


@pytest.mark.parametrize("odd", ODD_IDS, ids=["plain", "nul", "surrogate", "long"])
async def test_ids_no_database_takes_are_hashed(
    database: Store, vault: Vault, clock: Clock, odd: tuple[str, Callable[[str], bool]]
) -> None:
    """A provider's odd id neither breaks the journal nor makes two rows."""
    external_id, fits = odd
    journal = await opened(database, vault, clock)
    for _ in range(2):
        await journal.accept("sms", [Delivery(external_id=external_id, payload=b"x")])
    rows = await database.read(lambda tx: tx.all("select external_id from journal"))

    assert len(rows) == 1
    assert fits(rows[0][0])


async def test_a_page_and_its_cursor_are_one_commit(
    database: Store, vault: Vault, clock: Clock
) -> None:
    """However much waits with it: all of the page or none, and nobody else hears of it."""

    def led_by_another(tx: Transaction) -> None:
        del tx
        raise Superseded

    journal = await opened(database, vault, clock)
    page = [Delivery(external_id=f"page-{number}", payload=b"surat") for number in range(50)]
    others = [journal.begin("sms", sms(number)) for number in range(40)]
    read = asyncio.create_task(journal.accept("mail", page, Cursor(value="50"), led_by_another))
    await asyncio.sleep(0)
    others += [journal.begin("sms", sms(number)) for number in range(40, 50)]

    with pytest.raises(NotStored):
        await read
    accepted = await asyncio.gather(*others)
    rows = await database.read(
        lambda tx: tx.all("select channel, count(*) from journal group by 1")
    )
    assert all(answer.new for answer in accepted)
    assert [tuple(row) for row in rows] == [("sms", 50)]

    await journal.accept("mail", page, Cursor(value="50"))
    walked = await database.read(verify)
    assert walked.rows == 100
