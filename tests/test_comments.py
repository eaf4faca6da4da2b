"""What citizens say about a case after it was reported: to the office, once, in whatever form."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import story
from clock import Clock
from story import Teller

from forwarder.update import Comment
from gateway.back import timeline
from gateway.questions import Open, ask
from gateway.vault import Vault

LAMP = "Lampu jalan mati di Jl. Flamboyan sejak Senin"
LATER = 3600


@pytest.fixture
async def teller(
    database_url: str, vault: Vault, clock: Clock, tmp_path: Path
) -> AsyncIterator[Teller]:
    async with story.teller(database_url, vault, clock, tmp_path) as telling:
        telling.comments = True
        await telling.play({"channel": "sms", "text": LAMP})
        await telling.play({"forwarded": True, "wait": LATER})
        yield telling


async def sent(teller: Teller) -> list[tuple[str, int, dict[str, object]]]:
    """Kind, number and content of what went to the store behind the first record."""
    rows = await teller.database.read(
        lambda tx: tx.all(
            "select kind, revision, body, data_key from outbox join outbox_bodies using (id)"
            " where target = :target order by id",
            target="central:central",
        )
    )
    return [(row[0], row[1], _opened(teller, row[2], row[3])) for row in rows[1:]]


def _opened(teller: Teller, body: bytes, key: bytes | None) -> dict[str, object]:
    """What stands in a row; nothing where its key was destroyed."""
    if key is None:
        return {}
    read: dict[str, object] = msgspec.json.decode(teller.vault.open(bytes(body), bytes(key)))
    return read


async def steps(teller: Teller) -> list[tuple[str, str]]:
    """What the citizen said, as their timeline has it."""
    [(record, _)] = await teller.records()
    found = await teller.database.read(lambda tx: timeline.of(tx, record.record_id, teller.vault))
    return [(step.kind, step.told.text if step.told else "") for step in found]


async def test_an_addition_goes_to_the_store_as_a_comment(teller: Teller) -> None:
    """The gateway's own record has it too."""
    await teller.play({"channel": "sms", "text": "TAMBAH {1} tiangnya miring"})

    [(kind, number, comment)] = await sent(teller)
    assert (kind, number) == ("comment", 1)
    assert comment["text"] == "tiangnya miring"
    assert await steps(teller) == [("comment", "tiangnya miring")]
    [(record, _)] = await teller.records()
    assert "tiangnya miring" in record.text


async def test_a_store_without_comments_gets_a_revision(teller: Teller) -> None:
    """As before."""
    teller.comments, teller.worker = False, None
    await teller.play({"channel": "sms", "text": "TAMBAH {1} tiangnya miring"})

    [(kind, number, record)] = await sent(teller)
    assert (kind, number) == ("record", 2)
    assert "tiangnya miring" in str(record["text"])
    assert await steps(teller) == [("comment", "tiangnya miring")]


async def test_what_follows_at_once_belongs_to_the_report(
    database_url: str, vault: Vault, clock: Clock, tmp_path: Path
) -> None:
    """Nobody reads the first half in one place and the second in another."""
    async with story.teller(database_url, vault, clock, tmp_path) as teller:
        teller.comments = True
        await teller.play({"channel": "sms", "text": LAMP})
        await teller.play({"forwarded": True, "wait": 60})
        await teller.play({"channel": "sms", "text": "TAMBAH {1} tiangnya miring"})

        assert [(kind, number) for kind, number, _ in await sent(teller)] == [("record", 2)]
        assert await steps(teller) == []


async def test_a_file_makes_a_revision_since_a_comment_has_no_room_for_it(teller: Teller) -> None:
    """Nothing is lost on the way."""
    await teller.play({"channel": "sms", "text": "TAMBAH {1} ini fotonya", "files": ["jalan.jpg"]})

    assert [(kind, number) for kind, number, _ in await sent(teller)] == [("record", 2)]


async def test_what_anonymous_people_say_goes_as_a_revision(teller: Teller) -> None:
    """It is masked there like their report."""
    await teller.play({"channel": "sms", "text": "ANONIM {1}"})
    await teller.play({"channel": "sms", "text": "TAMBAH {1} tiangnya miring", "wait": LATER})

    kinds = {kind for kind, _, _ in await sent(teller)}
    assert kinds == {"record"}
    assert await steps(teller) == [("comment", "")]


@pytest.mark.parametrize(
    ("text", "kind", "solved"), [("SELESAI", "solved", True), ("BELUM {1}", "unsolved", False)]
)
async def test_a_verdict_is_recorded_and_told(
    teller: Teller,
    text: str,
    kind: str,
    solved: bool,  # noqa: FBT001 (a table)
) -> None:
    """The public state stays what the office says it is."""
    await teller.play({"channel": "sms", "text": text})

    [(how, _, comment)] = await sent(teller)
    assert how == "comment"
    assert msgspec.convert(comment, Comment).solved is solved
    assert await steps(teller) == [(kind, "")]
    [(_, state)] = await teller.records()
    assert state == "diteruskan"


async def test_every_word_is_told_once_and_in_order(teller: Teller) -> None:
    """Numbers go up; the same message again says nothing new."""
    for number, text in enumerate(("BELUM", "SELESAI", "BELUM {1}, masih gelap", "BELUM"), 1):
        step = {"channel": "sms", "text": text, "id": f"v{number}", "wait": 60}
        await teller.play(step)
        await teller.send(step)
        await teller.work()

    told = await sent(teller)
    assert [(kind, number) for kind, number, _ in told] == [("comment", n) for n in (1, 2, 3, 4)]
    assert [comment["solved"] for _, _, comment in told] == [False, True, False, False]


@pytest.mark.parametrize("writes", [0, 1])
async def test_a_crash_between_word_and_store_changes_nothing(teller: Teller, writes: int) -> None:
    """Timeline, revision and comment are one transaction."""
    await teller.send({"channel": "sms", "text": "BELUM {1}"})
    teller.writes_left = writes
    teller.clock.advance(60)
    await teller.work()
    teller.clock.advance(120)
    await teller.work()

    assert [kind for kind, _, _ in await sent(teller)] == ["comment"]
    assert await steps(teller) == [("unsolved", "")]


async def test_an_answer_to_the_office_s_question_goes_to_the_office(teller: Teller) -> None:
    """The citizen is told so."""
    [(record, _)] = await teller.records()
    lane = await teller.rows("select pseudonym from records")
    question = Open(
        lane=lane[0][0],
        topic="answer",
        record_id=record.record_id,
        choices=0,
        asked_at=teller.clock.milliseconds,
    )
    await teller.database.write(lambda tx: ask(tx, [question]))

    [reply] = await teller.play({"channel": "sms", "text": "Di RT 3 dekat mushola"})

    assert "kami teruskan ke petugas" in reply.text
    assert [comment["text"] for _, _, comment in await sent(teller)] == ["Di RT 3 dekat mushola"]


async def test_no_answer_stays_no_answer(teller: Teller) -> None:
    """Silence closes nothing and says nothing to the store."""
    await teller.play({"wait": 40 * 86_400, "channel": "sms", "text": "STATUS {1}"})

    assert await sent(teller) == []
    assert await steps(teller) == []


async def test_berhenti_and_mulai(teller: Teller) -> None:
    """Each is answered, and holds for the sender alone."""
    [stopped] = await teller.play({"channel": "sms", "text": "BERHENTI"})
    assert len(await teller.rows("select lane from silenced")) == 1
    [resumed] = await teller.play({"channel": "sms", "text": "MULAI"})
    [helped] = await teller.play({"channel": "sms", "text": "MULAI"})

    assert "tidak mengirim kabar lagi" in stopped.text
    assert "lagi kabar" in resumed.text
    assert helped.kind == "help"
    assert await teller.rows("select lane from silenced") == []
