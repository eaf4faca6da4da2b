"""The board on both engines: it follows the records, and shows those a filter asks for."""

from collections.abc import Sequence
from functools import partial
from urllib.parse import parse_qs

import pytest
from board_office import BoardOffice
from clock import Clock
from forwarding import record_id

from forwarder.ports import Row, Transaction
from forwarder.update import Update
from gateway import records
from gateway.back.statuses import read_statuses
from gateway.back.take import Taker
from gateway.board import rows
from gateway.board.filter import Filter, Scope, read_filter
from gateway.board.follower import SLICE
from gateway.board.listing import PAGE, count, standing
from gateway.console.inbox_view import filter_in
from gateway.handling.kin import take_out
from gateway.records import Joined
from gateway.store import Store
from gateway.vault import Vault

LOW = {"value": "jalan", "confidence": 0.5}
NOBODY = {"value": None, "confidence": 0.2}
EMERGENCY = {"value": "darurat", "why": ["kebakaran"]}
SPAM = [{"value": "spam", "confidence": 0.9}]


@pytest.fixture
def office(database: Store, vault: Vault, clock: Clock) -> BoardOffice:
    return BoardOffice(database, vault, clock)


async def test_a_new_record_is_listed_after_the_next_look(office: BoardOffice) -> None:
    """What was recorded is on the board, and whoever watches it is told."""
    await office.receive(1)

    assert await office.look() == 1
    assert [(line.case_code, line.topic, line.title) for line in (await office.page()).lines] == [
        ("C0000001X", "jalan", "Lampu")
    ]
    assert len(office.told) == 1


async def test_all_that_came_in_one_moment_is_taken_up_in_one_look(office: BoardOffice) -> None:
    """More than one slice of records with the same time in them: none is passed over."""
    await office.receive(1)
    await office.look()
    for number in range(2, 2 * SLICE + 5):
        await office.receive(number)

    assert await office.look() == 2 * SLICE + 3
    assert await office.look() == 0


async def test_a_record_without_a_number_of_its_own_is_passed_over(office: BoardOffice) -> None:
    """Such a row has no place on the board: it is not looked for again and again."""
    await office.receive(1)
    await office.look()
    await office.receive(2)
    await office.database.write(
        lambda tx: tx.run("update records set number = null where record_id = :id", id=record_id(2))
    )
    office.told.clear()

    assert (await office.look(), office.told) == (0, [])


async def test_a_look_at_what_is_known_changes_nothing(office: BoardOffice) -> None:
    """Nobody is told of what nobody changed."""
    await office.receive(1)
    await office.look()

    assert await office.look() == 0
    assert len(office.told) == 1


async def test_a_revision_and_a_new_state_are_followed(office: BoardOffice) -> None:
    """The board says what the record says now."""
    await office.receive(1)
    await office.look()
    await office.revise(1, topic={"value": "pju", "confidence": 0.8})
    await office.look()
    now = office.clock.milliseconds
    await office.database.write(lambda tx: records.move(tx, record_id(1), "selesai", now=now))
    await office.look()

    row = await office.columns(1)
    assert (row["revision"], row["topic"], row["state"], row["closed_at"]) == (
        2,
        "pju",
        "selesai",
        now,
    )


async def test_what_was_committed_late_is_found_all_the_same(office: BoardOffice) -> None:
    """A commit may come seconds after the time that stands in its rows."""
    await office.look()
    office.clock.advance(5)
    await office.look()
    office.clock.advance(-4)
    await office.receive(1)
    office.clock.advance(4)

    assert await office.look() == 1


@pytest.mark.parametrize("is_whole", [False, True], ids=["follows", "compares all"])
async def test_what_a_look_that_failed_did_not_reach_is_found_by_the_next(
    office: BoardOffice, monkeypatch: pytest.MonkeyPatch, *, is_whole: bool
) -> None:
    """However long the database was away: nothing waits for the next comparison of all."""
    if not is_whole:
        await office.look()
    await office.receive(1)
    with monkeypatch.context() as away:
        away.setattr(rows, "put", fails)
        for _ in range(2):
            with pytest.raises(OSError, match="away"):
                await office.look()
            office.clock.advance(60)

    assert await office.look() == 1
    assert await office.numbers() == [1]


async def test_a_lost_board_is_made_again(office: BoardOffice) -> None:
    """Nothing stands on the board that could not be made from the records."""
    for number in range(1, 4):
        await office.receive(number)
    await office.look()
    before = await office.page()
    await office.database.write(lambda tx: tx.run("delete from board"))
    office.follower = office.process("one")
    await office.look()

    assert await office.page() == before


async def test_one_process_of_a_cluster_writes_and_all_are_told(office: BoardOffice) -> None:
    """A second process leaves the rows alone, and takes over when the first has gone."""
    other = office.process("two")
    await office.look()
    await office.receive(1)
    taken = await other.look()
    listed = await office.numbers()
    told = len(office.told)
    office.clock.advance(60)
    await other.look()

    assert (taken, listed, told) == (0, [], 1)
    assert await office.numbers() == [1]


async def test_an_erased_record_is_blank(office: BoardOffice) -> None:
    """Nothing of it is left to see, and it asks for nobody's attention."""
    await office.receive(1)
    await office.look()
    await office.revise(1, title="", topic=NOBODY, remarks=["erased on 2026-01-03"])
    await office.look()

    [line] = (await office.page(Filter(stand="all"))).lines
    assert (line.erased, line.title, line.topic) == (True, "", None)
    assert await office.numbers() == []


async def test_emergencies_come_first_then_what_is_unsure_then_the_newest(
    office: BoardOffice,
) -> None:
    """The usual order is the order of work."""
    await office.receive(1)
    await office.receive(2, urgency=EMERGENCY)
    await office.receive(3, topic=LOW)
    office.clock.advance(60)
    await office.receive(4)
    await office.receive(5, agency=NOBODY)
    await office.look()

    assert await office.numbers() == [2, 5, 3, 4, 1]


async def test_pages_follow_one_another_without_gap_or_repetition(office: BoardOffice) -> None:
    """A page begins where the one before ended, in every order."""
    for number in range(1, PAGE + 11):
        await office.receive(number, topic=LOW if number % 3 else {"value": "x", "confidence": 1})
        office.clock.advance(0.5)
    await office.look()

    for wanted in (Filter(), Filter(order="newest"), Filter(order="oldest")):
        first = await office.page(wanted)
        second = await office.page(wanted.with_(after=first.next))
        found = [line.number for line in (*first.lines, *second.lines)]
        assert (len(first.lines), sorted(found)) == (PAGE, list(range(1, PAGE + 11)))
        assert second.next == ""


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Filter(channel=("x",)), [2]),
        (Filter(channel=("x", "sms"), order="oldest"), [1, 2, 3, 4]),
        (Filter(topic=("-",)), [3]),
        (Filter(topic=("-", "jalan"), order="oldest"), [1, 2, 3, 4]),
        (Filter(agency=("Dinas Bina Marga",), order="oldest"), [1, 2, 4]),
        (Filter(unrouted=True), [3]),
        (Filter(urgency=("darurat",)), [2]),
        (Filter(place="36.03.12"), [4]),
        (Filter(place="36.05"), []),
        (Filter(flag="spam"), [1]),
        (Filter(flag="any"), [1]),
        (Filter(flag="spa_"), []),
        (Filter(below=60), [3]),
        (Filter(duplicates="any"), [4]),
        (Filter(duplicates="same"), []),
        (Filter(duplicates="related"), [4]),
        (Filter(within=1, order="oldest"), [2, 3, 4]),
        (Filter(older=1), [1]),
        (Filter(state=("selesai",)), []),
        (Filter(type=("pengaduan",), channel=("x",)), [2]),
        (Filter(stand="closed"), []),
        (Filter(stand="mine"), []),
    ],
)
async def test_filters_show_what_they_ask_for(
    office: BoardOffice, wanted: Filter, expected: list[int]
) -> None:
    """Each by itself; together they are all meant."""
    related = {"cluster": "c", "relation": "related", "of": record_id(1), "score": 0.6}
    await office.receive(1, flags=SPAM)
    office.clock.advance(7_200)
    await office.receive(2, channel="x", urgency=EMERGENCY)
    await office.receive(3, topic=NOBODY, agency=NOBODY)
    village = {"code": "36.03.12.2004", "level": "village", "confidence": 0.8}
    await office.receive(4, place=village, duplicate=related)
    await office.look()

    assert await office.numbers(wanted) == expected
    now = office.clock.milliseconds
    counted = partial(count, vault=office.vault, wanted=wanted, scope=Scope(), now=now)
    assert await office.database.read(counted) == len(expected)


async def test_a_cluster_is_shown_whole(office: BoardOffice) -> None:
    """Its first report, those that say the same, and how many they are."""
    await office.receive(1)
    await office.receive(2)
    await office.receive(3, joined=Joined(cluster=record_id(1), same=True, fresh=True))
    await office.database.write(
        lambda tx: tx.run(
            "insert into clusters (cluster, whole, reports, day_began, day_senders)"
            " values (:first, :first, 2, 0, 2)",
            first=record_id(1),
        )
    )
    await office.look()

    lines = (await office.page(Filter(cluster=record_id(1), order="oldest"))).lines
    assert [(line.number, line.cluster, line.reports) for line in lines] == [
        (1, record_id(1), 2),
        (3, record_id(1), 2),
    ]


async def test_an_agency_sees_its_own_records_alone(office: BoardOffice) -> None:
    """Whatever it filters for."""
    await office.receive(1)
    await office.receive(2, agency={"value": "Dinas Sosial", "confidence": 0.9})
    await office.receive(3, agency=NOBODY)
    await office.look()
    scope = Scope(agency="Dinas Sosial")

    assert await office.numbers(scope=scope) == [2]
    assert await office.numbers(Filter(agency=("Dinas Bina Marga",)), scope) == []
    assert await office.numbers(Filter(agency=("-",), stand="all"), scope) == []


async def test_each_class_of_attention_is_counted(office: BoardOffice) -> None:
    """Emergencies, what is unsure, what waits, what was accepted; an agency counts its own."""
    await office.receive(1, urgency=EMERGENCY)
    await office.receive(2, topic=LOW)
    await office.receive(3, agency={"value": "Dinas Sosial", "confidence": 0.9})
    await office.receive(4)
    await office.look()
    theirs = Scope(agency="Dinas Sosial")

    assert await office.database.read(partial(standing, scope=Scope())) == (1, 1, 2, 0)
    assert await office.database.read(partial(standing, scope=theirs)) == (0, 0, 1, 0)


async def test_titles_in_a_list_are_masked(office: BoardOffice) -> None:
    """A number in a title is nobody's business before the report is opened."""
    await office.receive(1, title="Hubungi 0812 0000 0001 soal lampu")
    await office.look()

    assert [line.title for line in (await office.page()).lines] == ["Hubungi [phone] soal lampu"]


async def test_the_next_due_time_follows_the_clocks(office: BoardOffice) -> None:
    """The board can be ordered by what is due next."""
    for number in (1, 2, 3):
        await office.receive(number)
    await office.look()
    clocks = [(record_id(1), "verify", 1, "diterima", 0, 900)]
    clocks += [(record_id(2), "verify", 1, "diterima", 0, 500)]
    columns = ("record_id", "step", "revision", "state", "warn_at", "due_at")
    await office.database.write(lambda tx: tx.insert("clocks", columns, clocks))
    ids = [record_id(1), record_id(2)]
    await office.database.write(lambda tx: rows.due_again(tx, ids))

    assert await office.numbers(Filter(order="due")) == [2, 1]


async def test_a_due_time_that_changed_while_a_row_was_made_stays(
    office: BoardOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clocks are written by somebody else, after the row was read and before it is written."""
    await office.receive(1)
    put = rows.put
    columns = ("record_id", "step", "revision", "state", "warn_at", "due_at")

    def late(tx: Transaction, made: Sequence[Row]) -> None:
        tx.insert("clocks", columns, [(record_id(1), "verify", 1, "diterima", 0, 900)])
        rows.due_again(tx, [record_id(1)])
        put(tx, made)

    monkeypatch.setattr(rows, "put", late)
    await office.look()

    assert (await office.columns(1))["due_at"] == 900


async def test_an_answer_that_moves_no_state_is_followed(office: BoardOffice) -> None:
    """It is on the board after the next look; told again it changes nothing."""
    statuses = read_statuses(None)
    taker = Taker(vault=office.vault, statuses=statuses, on_news=lambda *_: None)
    await office.receive(1)
    await office.look()
    office.clock.advance(60)
    now = office.clock.milliseconds
    said = Update(
        update_id="u1", at=now - 5, record_id=record_id(1), kind="answer", text="Petugas datang."
    )

    async def taken() -> int:
        now = office.clock.milliseconds
        await office.database.write(lambda tx: taker.take(tx, "ministry", [said], now))
        return await office.look()

    assert [await taken(), await taken()] == [1, 0]
    found = await office.database.read(lambda tx: tx.one("select answered_at from board"))
    assert found == (now - 5,)


async def test_when_its_first_report_leaves_a_cluster_is_shown_without_it(
    office: BoardOffice,
) -> None:
    """Also before anything else changes in the one the cluster is named after from then on."""
    for number in (1, 2, 3):
        joined = Joined(cluster=record_id(1), same=True, fresh=True) if number > 1 else None
        await office.receive(number, joined=joined)
        office.clock.advance(1)
    await office.look()
    await office.database.write(lambda tx: take_out(tx, record_id(1)))

    assert await office.numbers(Filter(cluster=record_id(1))) == [1]
    assert await office.numbers(Filter(cluster=record_id(2), order="oldest")) == [2, 3]


def test_a_filter_is_the_same_after_its_way_through_an_address() -> None:
    """What is bookmarked is what is shown again."""
    wanted = Filter(
        channel=("sms", "x"),
        topic=("-",),
        place="36.03",
        within=24,
        below=60,
        unrouted=True,
        stand="open",
        words="lampu & jalan",
        order="due",
        after="12.3",
    )

    assert read_filter(parse_qs(wanted.query())) == wanted
    assert Filter().query() == ""


def test_an_address_that_makes_no_sense_shows_the_usual_list() -> None:
    """No bookmark leads to an error."""
    address = {"order": ["sideways"], "stand": ["?"], "below": ["-3"], "within": ["²"]}

    assert read_filter(address) == Filter()
    assert filter_in("&".join(["topic=jalan"] * 100)) == Filter()


def fails(*_: object) -> None:
    """A database that is away."""
    message = "away"
    raise OSError(message)
