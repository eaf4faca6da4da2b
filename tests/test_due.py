"""What is due, at risk and overdue, on both engines."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

import msgspec
import pytest
from clock import Clock
from forwarding import document, record_id

from forwarder.routing import NOWHERE
from gateway import due, records
from gateway.config_files import config_files
from gateway.days_off import days_off
from gateway.deadlines import Deadlines
from gateway.learning.corrections import Correction, correct
from gateway.records import Written
from gateway.revise import revise
from gateway.store import Store
from gateway.vault import Vault
from normalizer.privacy_hidden import blank
from normalizer.rules import read_clock

DAY = 86_400.0
RULES = read_clock(config_files(None), 7, days_off)


@dataclass
class Office:
    """A store with deadlines that are looked at when the test says so."""

    database: Store
    vault: Vault
    clock: Clock
    told: list[Mapping[tuple[str, str], int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.watch = self.started()

    def started(self) -> Deadlines:
        """A process that looks."""
        now = partial(getattr, self.clock, "milliseconds")
        return Deadlines(self.database, self.vault, RULES, now=now, told=self.told.append)

    async def receive(self, number: int) -> None:
        """A report arrives now."""
        now = self.clock.milliseconds
        values = msgspec.json.decode(document(number))
        values["received_at"] = self.clock.now.isoformat()
        row = Written(
            record_id=record_id(number),
            revision=1,
            case_code=f"C{number:07}X",
            channel="sms",
            external_id=f"m-{number}",
            received_at=now,
            pseudonym="p",
            document=self.vault.seal(msgspec.json.encode(values)),
            identity=self.vault.seal(b"{}"),
            keys=(),
            number=number,
        )
        await self.database.write(lambda tx: records.write(tx, [row], now=now))

    async def look(self, days: float = 0) -> None:
        """After some days."""
        self.clock.advance(days * DAY)
        await self.watch.look()

    async def escalations(self) -> list[tuple[str, str]]:
        """Step and level of all, in order."""
        rows = await self.database.read(
            lambda tx: tx.all("select step, level from escalations order by id")
        )
        return [(row[0], row[1]) for row in rows]

    async def counts(self) -> Mapping[str, tuple[int, ...]]:
        """In time, at risk, overdue, met and late, by step; counted exactly and by days alike."""
        now = self.clock.milliseconds
        found = await self.database.read(lambda tx: due.counts(tx, since=0, now=now))
        at_a_glance = await self.database.read(lambda tx: due.lately(tx, since=0, now=now))
        kept = {(one.agency, one.step): one for one in at_a_glance}
        assert all(kept.get((one.agency, one.step), one) == one for one in found)
        assert sum(one.met + one.late for one in found) == sum(
            one.met + one.late for one in at_a_glance
        )
        return {
            one.step: (one.in_time, one.at_risk, one.overdue, one.met, one.late) for one in found
        }


@pytest.mark.parametrize("is_whole", [False, True], ids=["goes on", "from the beginning"])
async def test_what_a_look_that_failed_did_not_reach_is_taken_up_by_the_next(
    database: Store,
    vault: Vault,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    *,
    is_whole: bool,
) -> None:
    """The database was away for longer than a look goes back."""
    office = Office(database, vault, clock)
    if not is_whole:
        await office.look()
    await office.receive(1)
    with monkeypatch.context() as away:
        away.setattr(due, "begin", fails)
        for _ in range(2):
            with pytest.raises(OSError, match="away"):
                await office.look()
            clock.advance(DAY / 8)
    await office.look()

    assert "verify" in await office.counts()


async def test_each_level_is_told_once(database: Store, vault: Vault, clock: Clock) -> None:
    """At risk the day before, overdue the day after; looking again or starting again adds none."""
    office = Office(database, vault, clock)
    await office.receive(1)

    await office.look()
    quiet = await office.escalations()
    await office.look(days=4)
    at_risk = await office.escalations()
    await office.look(days=1)
    office.watch = office.started()
    await office.look()

    assert quiet == []
    assert at_risk == [("verify", "at_risk")]
    assert await office.escalations() == [("verify", "at_risk"), ("verify", "overdue")]
    assert office.told[-1]["verify", "overdue"] == 1
    assert await office.counts() == {
        "verify": (0, 0, 1, 0, 0),
        "follow_up": (1, 0, 0, 0, 0),
        "solve": (1, 0, 0, 0, 0),
    }


async def test_what_happened_in_time_is_met_and_what_did_not_is_late(
    database: Store, vault: Vault, clock: Clock
) -> None:
    """A case that moves on ends its steps; closing it ends all."""
    office = Office(database, vault, clock)
    await office.receive(1)
    await office.receive(2)
    await office.look()
    move = partial(records.move, now=clock.milliseconds)
    await database.write(lambda tx: move(tx, record_id(1), "ditindaklanjuti"))
    await office.look(days=60)
    closed = partial(records.move, now=clock.milliseconds)
    await database.write(lambda tx: closed(tx, record_id(2), "selesai"))
    await office.look()

    assert await office.counts() == {
        "verify": (0, 0, 0, 1, 1),
        "follow_up": (0, 0, 0, 1, 1),
        "solve": (0, 0, 1, 0, 1),
    }


async def test_an_officers_word_counts_anew(database: Store, vault: Vault, clock: Clock) -> None:
    """What turns out to be an information request is due in 5 days, by its agency."""
    office = Office(database, vault, clock)
    await office.receive(1)
    await office.look()
    for task, value in (("type", "permintaan_informasi"), ("agency", "Dinas Perhubungan")):
        said = msgspec.convert({"case_code": "C0000001X", "task": task, "value": value}, Correction)
        await database.write(
            partial(
                correct,
                vault=vault,
                correction=said,
                centrals=NOWHERE,
                now=clock.milliseconds,
                clock=RULES,
            )
        )
    await office.look()
    cases = await database.read(lambda tx: due.cases(tx, until=2**62, agency="Dinas Perhubungan"))
    found = await database.read(lambda tx: records.find(tx, record_id(1)))
    assert found
    record = msgspec.json.decode(vault.open(found[1].document, found[1].data_key or b""))

    assert [(case.step, case.case_code) for case in cases] == [
        ("verify", "C0000001X"),
        ("solve", "C0000001X"),
        ("follow_up", "C0000001X"),
    ]
    assert record["deadlines"]["solve_by"] == "2026-01-09T23:59:59+07:00"


async def test_an_erased_person_has_no_deadlines(
    database: Store, vault: Vault, clock: Clock
) -> None:
    """A record whose key is gone is not counted on."""
    office = Office(database, vault, clock)
    await office.receive(1)
    await office.look()
    await database.write(
        lambda tx: tx.run("update records set data_key = null, revision = revision + 1")
    )
    await office.look(days=300)

    assert await office.escalations() == []
    assert await office.counts() == {
        "verify": (0, 0, 0, 0, 0),
        "follow_up": (0, 0, 0, 0, 0),
        "solve": (0, 0, 0, 0, 0),
    }


async def test_an_erased_case_has_no_deadlines(database: Store, vault: Vault, clock: Clock) -> None:
    """An agency cannot follow up what nobody can read any more."""
    office = Office(database, vault, clock)
    await office.receive(1)
    await office.look()
    erased = partial(blank, pseudonym="p", day="2026-01-04")
    await database.write(
        lambda tx: revise(tx, vault, record_id(1), erased, centrals=NOWHERE, now=0)
    )
    await office.look(days=300)

    assert await office.escalations() == []
    assert set((await office.counts()).values()) == {(0, 0, 0, 0, 0)}


async def test_many_reports_are_taken_up_in_slices(
    database: Store, vault: Vault, clock: Clock
) -> None:
    """More than one slice at once: each gets its deadlines, and once."""
    office = Office(database, vault, clock)
    for number in range(1, due.SLICE + 20):
        await office.receive(number)
    await office.look()
    await office.look()

    assert (await office.counts())["verify"] == (due.SLICE + 19, 0, 0, 0, 0)


def fails(*_: object, **__: object) -> None:
    """A database that is away."""
    message = "away"
    raise OSError(message)


async def test_what_was_closed_in_bulk_is_not_overdue(
    database: Store, vault: Vault, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A case has several clocks, so a slice of clocks is fewer cases: one look follows them all."""
    monkeypatch.setattr(due, "SLICE", 4)
    office = Office(database, vault, clock)
    for number in range(1, 8):
        await office.receive(number)
    await office.look()
    now = clock.milliseconds
    for number in range(1, 8):
        await database.write(
            partial(records.move, record_id=record_id(number), state="selesai", now=now)
        )
    await office.look(days=300)

    assert await office.escalations() == []
