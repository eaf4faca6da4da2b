"""What officers decide about cases, on both engines."""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest
from board_office import BoardOffice
from clock import Clock
from forwarding import record_id

from forwarder.routing import Only, Routes
from gateway import records
from gateway.access.person import Person, Role
from gateway.board.filter import Filter
from gateway.config_files import config_files
from gateway.days_off import days_off
from gateway.handling.choices import FIELDS, Field, read_choices
from gateway.handling.deciding import Decider, Outcome
from gateway.handling.decisions import UNDO_MS
from gateway.handling.place_choices import Places
from gateway.revise import opened
from gateway.settings import read_settings
from gateway.store import Store
from gateway.vault import Vault
from normalizer.record import Record
from normalizer.rules import read_clock

RINI = Person(id=1, login="rini", name="Rini", role=Role.OFFICER)
BUDI = Person(id=2, login="budi", name="Budi", role=Role.OFFICER)
ROADS = "Dinas Bina Marga"
CENTRALS = Routes(stores={"store": Only()})
NOBODY = {"value": None, "confidence": 0.2}


@dataclass
class Desk:
    """An officer's desk over a board."""

    office: BoardOffice
    decider: Decider

    async def accept(self, number: int, by: Person = RINI, *, revision: int = 1) -> Outcome:
        """Accept as somebody who saw this revision."""
        act = partial(self.decider.accept, by=by, record_id=record_id(number), revision=revision)
        return await self.office.database.write(partial(act, now=self.office.clock.milliseconds))

    async def correct(
        self, number: int, values: dict[Field, str], by: Person = RINI, *, revision: int = 1
    ) -> Outcome:
        """Correct, likewise."""
        act = partial(
            self.decider.correct,
            by=by,
            record_id=record_id(number),
            values=values,
            revision=revision,
            now=self.office.clock.milliseconds,
        )
        return await self.office.database.write(act)

    async def undo(self, by: Person = RINI) -> dict[str, Outcome]:
        """Take the last act back."""
        now = self.office.clock.milliseconds
        return await self.office.database.write(partial(self.decider.undo, by=by, now=now))

    async def record(self, number: int) -> Record:
        """The record as it stands."""
        found = await self.office.database.read(lambda tx: records.find(tx, record_id(number)))
        assert found
        return opened(self.office.vault, found[1])

    async def column(self, statement: str) -> list[object]:
        """One column of some rows."""
        rows = await self.office.database.read(lambda tx: tx.all(statement))
        return [row[0] for row in rows]

    async def lessons(self) -> list[tuple[object, ...]]:
        """What `train` will learn from."""
        rows = await self.office.database.read(
            lambda tx: tx.all("select task, value, derived, who from corrections order by id")
        )
        return [tuple(row) for row in rows]


@pytest.fixture
def desk(database: Store, vault: Vault, clock: Clock, tmp_path: Path) -> Desk:
    settings = read_settings(None, tmp_path, {})
    decider = Decider(
        vault=vault,
        centrals=CENTRALS,
        choices=read_choices(settings),
        deadlines=read_clock(config_files(None), 7, days_off),
    )
    return Desk(BoardOffice(database, vault, clock), decider)


async def test_accepting_makes_the_suggestions_the_officers_own(desk: Desk) -> None:
    """In one revision, on its way to the stores, with a lesson for each and one audit line."""
    await desk.office.receive(1)
    await desk.office.look()

    assert await desk.accept(1) == Outcome.DONE
    record = await desk.record(1)
    assert (record.revision, record.topic.value, record.topic.by) == (2, "jalan", "officer")
    assert record.type.why == ("padam",)
    assert await desk.lessons() == [
        ("type", "pengaduan", "pengaduan", "rini"),
        ("topic", "jalan", "jalan", "rini"),
        ("agency", ROADS, ROADS, "rini"),
    ]
    assert await desk.column("select target from outbox where revision = 2") == ["central:store"]
    assert await desk.column("select what from audit") == ["accepted (C0000001X)"]


async def test_what_was_accepted_waits_for_nobody(desk: Desk) -> None:
    """The officer's next page shows it done, without waiting for the follower."""
    await desk.office.receive(1)
    await desk.office.look()
    waiting = await desk.office.numbers()
    await desk.accept(1)

    assert (waiting, await desk.office.numbers()) == ([1], [])


async def test_a_correction_teaches_and_the_office_follows_the_topic(desk: Desk) -> None:
    """Nothing more is asked; an office nobody chose is the topic's usual one."""
    await desk.office.receive(1, topic=NOBODY)
    topic = next(iter(desk.decider.choices.usual))

    assert await desk.correct(1, {"topic": topic}) == Outcome.DONE
    record = await desk.record(1)
    assert (record.topic.value, record.topic.by, record.topic.confidence) == (topic, "officer", 1)
    assert record.agency.value == desk.decider.choices.usual[topic]
    assert ROADS in record.agency.alternatives
    assert await desk.lessons() == [("topic", topic, None, "rini")]


async def test_every_field_can_be_corrected_at_once(desk: Desk) -> None:
    """Type, office, urgency and one of the places the words may mean."""
    places = [{"code": "36.03.12.2004", "name": "Sukamulya", "level": "village"}]
    await desk.office.receive(1, place={"name": "sukamulya", "candidates": places})
    office = desk.decider.choices.agencies[0]
    values: dict[Field, str] = {
        "type": "aspirasi",
        "agency": office,
        "urgency": "segera",
        "place": "36.03.12.2004",
    }

    assert await desk.correct(1, values) == Outcome.DONE
    record = await desk.record(1)
    assert record.place
    assert (record.type.value, record.agency.value, record.agency.by) == (
        "aspirasi",
        office,
        "officer",
    )
    assert (record.urgency.value, record.urgency.by) == ("segera", "officer")
    assert (record.place.code, record.place.by) == ("36.03.12.2004", "officer")
    assert [lesson[0] for lesson in await desk.lessons()] == ["type", "agency"]


async def test_any_place_of_the_gazetteer_may_be_chosen_and_taken_back(desk: Desk) -> None:
    """Also where the citizen named none; what they said of the street stays."""
    places = Places({"36.03": "Kabupaten Tangerang", "36.03.28": "Kelapa Dua"})
    desk.decider = replace(desk.decider, choices=replace(desk.decider.choices, places=places))
    await desk.office.receive(1, place=None)
    await desk.office.receive(2, place={"name": "melati", "street": "Jalan Melati", "rt": "05"})
    await desk.office.look()

    assert await desk.correct(1, {"place": "36.03.28"}) == Outcome.DONE
    assert await desk.correct(2, {"place": "36.03.28"}) == Outcome.DONE
    first, second = await desk.record(1), await desk.record(2)
    assert first.place
    assert second.place
    assert (first.place.code, first.place.name, first.place.level) == (
        "36.03.28",
        "Kelapa Dua",
        "kecamatan",
    )
    assert (second.place.street, second.place.rt, second.place.by) == (
        "Jalan Melati",
        "05",
        "officer",
    )
    assert await desk.column("select place from board order by number") == ["36.03.28", "36.03.28"]
    assert await desk.correct(1, {"place": "36.03"}, revision=2) == Outcome.STRANGE

    await desk.undo()
    again = await desk.record(2)
    assert again.place
    assert (again.place.code, again.place.name, again.place.by) == (None, "melati", "rules")


@pytest.mark.parametrize(
    "values",
    [
        {"topic": "nothing_of_ours"},
        {"type": "gossip"},
        {"agency": "Dinas Khayalan"},
        {"urgency": "sometime"},
        {"place": "36.03.99"},
    ],
)
async def test_a_value_there_is_not_changes_nothing(desk: Desk, values: dict[Field, str]) -> None:
    """Whatever a form was made to say."""
    await desk.office.receive(1)

    assert await desk.correct(1, values) == Outcome.STRANGE
    assert (await desk.record(1)).revision == 1


async def test_the_second_of_two_officers_is_told(desk: Desk) -> None:
    """They decided about what stands there no more."""
    await desk.office.receive(1)
    await desk.accept(1)

    assert await desk.correct(1, {"urgency": "segera"}, BUDI) == Outcome.CONFLICT
    assert (await desk.record(1)).urgency.value == "biasa"


async def test_nothing_is_accepted_where_no_office_is_suggested(desk: Desk) -> None:
    """Somebody has to choose one."""
    await desk.office.receive(1, agency=NOBODY)

    assert await desk.accept(1) == Outcome.UNDECIDED
    assert await desk.accept(2) == Outcome.MISSING


async def test_an_agency_decides_about_its_own_cases_alone(desk: Desk) -> None:
    """Another agency's case is as if it were not there."""
    await desk.office.receive(1)
    stranger = Person(id=3, login="s", name="S", role=Role.OFFICER, agency="Dinas Sosial")

    assert await desk.accept(1, stranger) == Outcome.MISSING


async def test_an_act_is_taken_back_with_its_lesson(desk: Desk) -> None:
    """The earlier values come in a revision of their own, with their reasons."""
    await desk.office.receive(1)
    before = await desk.record(1)
    await desk.correct(1, {"topic": "pju", "urgency": "darurat"})

    assert await desk.undo() == {record_id(1): Outcome.DONE}
    after = await desk.record(1)
    assert [getattr(after, name) for name in FIELDS] == [getattr(before, name) for name in FIELDS]
    assert after.revision == 3
    assert await desk.lessons() == []
    assert await desk.undo() == {}
    assert (await desk.office.columns(1))["revision"] == 3


async def test_what_was_done_to_many_is_taken_back_together(desk: Desk) -> None:
    """Each by itself, where nobody changed it since; older acts stay."""
    for number in (1, 2, 3):
        await desk.office.receive(number)
    await desk.accept(1)
    desk.office.clock.advance(1)
    await desk.accept(2)
    await desk.accept(3)
    await desk.correct(3, {"urgency": "segera"}, BUDI, revision=2)

    assert await desk.undo() == {record_id(2): Outcome.DONE, record_id(3): Outcome.CONFLICT}
    assert (await desk.record(1)).topic.by == "officer"
    assert (await desk.record(2)).topic.by == "rules"


async def test_an_old_act_stays_and_what_stood_before_is_forgotten(desk: Desk) -> None:
    """Some minutes later its earlier values are no longer kept."""
    await desk.office.receive(1)
    await desk.office.receive(2)
    await desk.accept(1)
    desk.office.clock.advance(UNDO_MS / 1000 + 1)

    assert await desk.undo() == {}
    await desk.accept(2)
    keys = await desk.column("select data_key from decisions order by id")
    assert [key is None for key in keys] == [True, False]


async def test_a_decision_is_shown_with_who_made_it(desk: Desk) -> None:
    """Until it is taken back."""
    await desk.office.receive(1)
    await desk.accept(1)
    accepted = (await desk.office.page(Filter(stand="accepted"))).lines
    await desk.undo()

    assert [line.accepted_by for line in accepted] == ["rini"]
    assert [line.accepted_by for line in (await desk.office.page()).lines] == [None]
