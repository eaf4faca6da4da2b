"""Finding records by their words, on both engines, with no word in the database."""

from functools import partial
from typing import Any

import pytest
from board_office import BoardOffice
from clock import Clock
from forwarding import record_id

from forwarder.routing import NOWHERE
from gateway.board import found as counting
from gateway.board.filter import Filter, Scope
from gateway.board.searching import is_contact, senders
from gateway.board.words import Words, folded
from gateway.custody.duty import Duty
from gateway.custody.erasing import Eraser
from gateway.store import Store
from gateway.vault import Vault
from normalizer.codes import spell


@pytest.fixture
def office(database: Store, vault: Vault, clock: Clock) -> BoardOffice:
    return BoardOffice(database, vault, clock)


async def report(office: BoardOffice, number: int, text: str) -> None:
    await office.receive(number, text=text, clean_text=text.lower(), title="")


async def found(office: BoardOffice, words: str) -> list[int]:
    return sorted(await office.numbers(Filter(words=words)))


async def indexed(office: BoardOffice) -> int:
    rows = await office.database.read(lambda tx: tx.all("select count(*) from board_words"))
    return int(rows[0][0])


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("lampu", [1, 2]),
        ("LAMPU jalan", [1]),
        ("jalan lampu", [1]),
        ("jalannya", [1, 3]),
        ("lampu di pasar", [2]),
        ("lampu selokan", []),
        ("RT 05", [3]),
        ("rt 5", [3]),
        ("yang", []),
        ("?", []),
        ("", [1, 2, 3]),
    ],
)
async def test_all_words_must_stand_there_in_any_order(
    office: BoardOffice, words: str, expected: list[int]
) -> None:
    """Case and little endings do not matter; words that say nothing find nothing alone."""
    await report(office, 1, "Lampu jalan padam")
    await report(office, 2, "Lampu pasar mati lagi")
    await report(office, 3, "Jalannya rusak di RT 05")
    await office.look()

    assert await found(office, words) == expected


async def test_a_revision_is_found_by_its_new_words_alone(office: BoardOffice) -> None:
    """What was taken out is no longer found."""
    await report(office, 1, "Lampu padam")
    await office.look()
    await office.revise(1, text="Lampu menyala", clean_text="lampu menyala")
    await office.look()

    assert await found(office, "padam") == []
    assert await found(office, "menyala") == [1]


async def test_an_erased_record_leaves_no_words(office: BoardOffice) -> None:
    """Not even as hashes."""
    await report(office, 1, "Lampu padam")
    await office.look()
    before = await indexed(office)
    await office.revise(1, text="Lampu padam", remarks=["erased on 2026-01-03"])
    await office.look()

    assert (before > 0, await indexed(office)) == (True, 0)


async def test_erasing_a_case_takes_its_words_in_the_same_commit(office: BoardOffice) -> None:
    """No follower has to come by."""
    await report(office, 1, "Lampu padam")
    await office.look()
    duty = Duty(verb="erase", who="rini", reason="asked for")
    eraser = Eraser(vault=office.vault, centrals=NOWHERE)
    now = office.clock.milliseconds
    await office.database.write(lambda tx: eraser.erase(tx, record_id(1), duty, now))

    assert await indexed(office) == 0
    assert (await office.columns(1))["erased"] == 1


async def test_a_case_is_found_by_its_code_however_it_was_typed(office: BoardOffice) -> None:
    """With dashes, in small letters, with an O for a zero."""
    code = spell(4_096)
    await office.receive(1)
    await office.database.write(
        lambda tx: tx.run("update records set case_code = :code where number = 1", code=code)
    )
    await office.receive(2)
    await office.look()
    typed = f"{code[:4]}-{code[4:]}".lower().replace("0", "o")

    assert await found(office, typed) == [1]


async def test_a_sender_is_found_by_who_may_alone(office: BoardOffice) -> None:
    """By the pseudonym; the number itself stands nowhere."""
    lane = office.vault.pseudonym("sms", "+6280000000001")
    await office.receive(1)
    await office.receive(2)
    await office.database.write(
        lambda tx: tx.run("update records set pseudonym = :lane where number = 1", lane=lane)
    )
    await office.look()
    find = partial(senders, vault=office.vault, contact="0800-0000-0001")
    wanted = Filter(sender=tuple(await office.database.read(find)))

    assert await office.numbers(wanted, Scope(may_identify=True)) == [1]
    assert await office.numbers(wanted, Scope()) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0800 0000 0001", True),
        ("+6280000000001", True),
        ("warga@example.id", True),
        ("lampu jalan", False),
        ("rt 05 rw 02", False),
        ("3K7Q-9T2ZA", False),
    ],
)
def test_an_address_is_told_from_words(text: str, expected: bool) -> None:  # noqa: FBT001 (a table)
    """It must not end up in the browser's history."""
    assert is_contact(text) is expected


async def test_no_word_of_a_citizen_is_readable_in_the_database(office: BoardOffice) -> None:
    """The table holds numbers, and other keys give others."""
    place = {"code": "36.03.12", "name": "Cikupa"}
    await office.receive(1, text="Lampu padam", clean_text="lampu padam", place=place)
    await office.look()
    rows = await office.database.read(lambda tx: tx.all("select * from board"))

    assert len(rows) == 1
    assert not any(word in repr(rows).lower() for word in ("lampu", "padam", "cikupa"))
    assert Words(b"one").hash("lampu") != Words(b"two").hash("lampu")


def test_long_numbers_and_empty_words_are_no_words() -> None:
    """Nobody is found by their NIK."""
    typed = ["nik", "saya", "3603121234560001", "007", "jalannya", "?"]

    assert [folded(word) for word in typed] == ["nik", None, None, "7", "jalan", None]


async def test_words_in_many_records_are_found_too(
    office: BoardOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Common words are looked for in the order of the list."""
    monkeypatch.setattr("gateway.board.searching.RARE", 1)
    await report(office, 1, "Lampu jalan padam")
    await report(office, 2, "Lampu jalan mati")
    await report(office, 3, "Lampu pasar mati")
    await office.look()

    assert await found(office, "lampu jalan") == [1, 2]
    assert await found(office, "lampu mati") == [2, 3]


async def test_a_search_says_how_many_it_finds(
    office: BoardOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bounded: no more are counted, and of a common word only the newest are looked at."""
    for number in range(1, 6):
        await report(office, number, f"Lampu {'jalan' if number < 3 else 'pasar'} padam")
    await office.look()

    async def many(words: str, **wanted: Any) -> tuple[int, str]:  # noqa: ANN401 (any filter)
        return await office.database.read(
            lambda tx: counting.found(
                tx, office.vault, Filter(words=words, **wanted), Scope(), now=1
            )
        )

    assert await many("lampu") == (5, "total")
    assert await many("lampu jalan") == (2, "total")
    assert await many("lampu pasar", channel=("mail",)) == (0, "total")
    assert await many("selokan") == (0, "total")
    assert await many("?") == (0, "total")
    monkeypatch.setattr(counting, "LOOKED", 4)
    assert await many("lampu jalan") == (2, "total")
    assert await many("lampu padam") == (4, "at_least")
    monkeypatch.setattr(counting, "MOST", 3)
    assert await many("lampu padam") == (3, "more_than")


async def test_a_record_lost_from_the_board_is_found_again(office: BoardOffice) -> None:
    """Its words are made again with it."""
    await report(office, 1, "Lampu padam")
    await office.look()
    before = await indexed(office)
    await office.database.write(lambda tx: tx.run("delete from board"))
    await office.revise(1, text="Padam", clean_text="padam")
    office.follower = office.process("one")
    await office.look()

    assert await found(office, "padam") == [1]
    assert await found(office, "lampu padam") == []
    assert 0 < await indexed(office) < before
