"""What the dialog does to records, keys and answers, looked at in the tables themselves."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import story
from clock import Clock
from story import Teller

from channels.contract import Reply
from forwarder.ports import Transaction
from forwarder.routing import everything_to
from gateway import chain, effects, questions, records
from gateway.custody.erasing import Eraser
from gateway.questions import Open
from gateway.reconcile import reconcile, total
from gateway.review import review
from gateway.revise import revise
from gateway.turn import Effects, Forgotten, Manners
from gateway.vault import Vault
from normalizer.record import Judgement, MapPoint, Place, PlaceCandidate, Record, StoredFile

ANI, BUDI = "+6281200000001", "+6281200000002"
LAMP = "Lampu jalan mati di Flamboyan"
FILE = StoredFile(sha256="0" * 64, media_type="image/jpeg", bytes=1, name="a.jpg")


@pytest.fixture
async def teller(vault: Vault, clock: Clock, tmp_path: Path) -> AsyncIterator[Teller]:
    async with story.teller(f"sqlite://{tmp_path}/gateway.db", vault, clock, tmp_path) as telling:
        yield telling


async def record(teller: Teller) -> Record:
    ((only, _),) = await teller.records()
    return only


async def revised(teller: Teller, **changes: Any) -> Record | None:  # noqa: ANN401 (a field's own)
    """Let somebody else change the only record, as a fetched file or an officer does."""
    before = await record(teller)

    def change(tx: Transaction) -> Record | None:
        return revise(
            tx,
            teller.vault,
            before.record_id,
            lambda known: msgspec.structs.replace(known, **changes),
            centrals=everything_to("central", "second"),
            now=teller.clock.milliseconds,
        )

    return await teller.database.write(change)


# --- revisions ---------------------------------------------------------------------------------


async def test_a_change_from_elsewhere_is_a_revision_sent_to_every_store(teller: Teller) -> None:
    """One more revision of the record, and as many pushes as there are stores."""
    await teller.play({"channel": "sms", "text": LAMP})
    made = await revised(teller, attachments=(FILE,))
    pushes = await teller.rows(
        "select target, revision, lane from outbox where kind = 'record' order by id"
    )

    assert made
    assert made == await record(teller)
    assert (made.revision, made.attachments) == (2, (FILE,))
    assert [tuple(row) for row in pushes] == [
        ("central:central", 1, made.record_id),
        ("central:central", 2, made.record_id),
        ("central:second", 2, made.record_id),
    ]


async def test_a_change_that_changes_nothing_is_no_revision(teller: Teller) -> None:
    """Nor is one of a record nobody knows."""
    await teller.play({"channel": "sms", "text": LAMP})
    unknown = await teller.database.write(
        lambda tx: revise(tx, teller.vault, "unknown", lambda r: r, centrals=everything_to(), now=0)
    )

    assert await revised(teller) is None
    assert unknown is None
    assert (await record(teller)).revision == 1


async def test_nobody_loosens_what_a_citizen_asked_for(teller: Teller) -> None:
    """Both flags, and with them the name and the visibility."""
    await teller.play({"channel": "sms", "text": f"ANONIM RAHASIA {LAMP}", "name": "Ani"})
    await revised(teller, anonymous=False, confidential=False, visibility="public", title="x")
    known = await record(teller)

    assert (known.anonymous, known.confidential, known.visibility) == (True, True, "private")
    assert known.title == "x"


async def test_what_others_did_to_a_record_survives_what_the_citizen_does_next(
    teller: Teller,
) -> None:
    """A fetched file, an officer's decision, a place from a photo: an addition keeps them."""
    await teller.play({"channel": "sms", "text": "Mohon diperiksa"})
    topic = Judgement(value="sampah", confidence=1.0, by="officer")
    point = MapPoint(lat=-6.2, lon=106.5)
    await revised(teller, attachments=(FILE,), topic=topic, point=point)
    await teller.play({"channel": "sms", "text": "TAMBAH jalan berlubang di Curug"})
    known = await record(teller)

    assert known.revision == 3
    assert known.text == "Mohon diperiksa\n\njalan berlubang di Curug"
    assert (known.attachments, known.topic, known.point) == ((FILE,), topic, point)


async def test_a_name_hidden_by_others_does_not_come_back(teller: Teller) -> None:
    """An officer made it anonymous; a correction by the citizen names nobody."""
    await teller.play({"id": "m1", "text": LAMP, "name": "Ani"})
    before = await record(teller)
    await revised(teller, anonymous=True)
    await teller.play({"edits": "m1", "text": f"{LAMP}, RT 5", "name": "Ani"})
    known = await record(teller)

    assert before.reporter.name == "Ani"
    assert known.reporter.name is None
    assert known.reporter.pseudonym != before.reporter.pseudonym


async def test_two_changes_at_one_moment_are_two_revisions(teller: Teller) -> None:
    """Whoever comes second looks again: neither the file nor the flag is lost."""
    await teller.play({"channel": "sms", "text": LAMP})
    await teller.send({"channel": "sms", "text": "ANONIM"})
    commits = 0

    async def meanwhile() -> None:
        nonlocal commits
        commits += 1
        if commits == 2:  # between reading the record and writing its revision
            await revised(teller, attachments=(FILE,))

    teller.meanwhile = meanwhile
    await teller.work()
    known = await record(teller)

    assert (known.revision, known.anonymous, known.attachments) == (3, True, (FILE,))
    assert len(await teller.rows("select 1 from outbox where kind = 'changed'")) == 1


async def test_a_revision_of_an_old_one_is_refused(teller: Teller) -> None:
    """The table itself takes only the revision that follows."""
    await teller.play({"channel": "sms", "text": LAMP})
    known = await record(teller)

    def skip(tx: Transaction) -> bool:
        return records.rewrite(tx, known.record_id, 3, (b"", b""), now=0)

    assert await teller.database.write(skip) is False


async def test_a_dry_run_finds_nothing_to_change_in_a_record_of_many_messages(
    teller: Teller,
) -> None:
    """It is made again of all of them, in their order."""
    await teller.play({"id": "m1", "text": LAMP})
    await teller.play({"text": "ANONIM"})
    await teller.play({"text": "TAMBAH tiangnya miring"})
    await teller.play({"edits": "m1", "text": f"{LAMP}, RT 5"})
    craft = teller.pipeline()._workshop._craft  # type: ignore[union-attr]  # noqa: SLF001
    found = await teller.database.read(
        lambda tx: list(
            review(
                tx,
                reader=craft._reader,  # noqa: SLF001
                recorder=craft._recorder,  # noqa: SLF001
                since=0,
                channel="",
            )
        )
    )

    assert [one.fields for one in found] == [()]


# --- one batch ---------------------------------------------------------------------------------


async def test_what_was_sent_in_one_breath_is_worked_on_in_its_order(teller: Teller) -> None:
    """A report, a flag, an addition and a status, all before anybody looked."""
    for text in (LAMP, "ANONIM", "TAMBAH tiangnya miring", "STATUS"):
        await teller.send({"channel": "sms", "from": ANI, "text": text})
    await teller.send({"channel": "sms", "from": BUDI, "text": "Sampah di Curug menumpuk"})
    await teller.work()
    (first, _), (second, _) = await teller.records()
    kinds = [reply.kind for reply in await teller.replies()]

    assert (first.revision, first.anonymous, second.anonymous) == (3, True, False)
    assert first.text == f"{LAMP}\n\ntiangnya miring"
    assert sorted(kinds) == ["added", "changed", "receipt", "receipt", "status"]


async def test_a_photo_and_its_words_in_one_batch_are_one_report(teller: Teller) -> None:
    """Nobody has to wait for what is there already."""
    await teller.send({"files": ["a.jpg"]})
    await teller.send({"text": LAMP})
    await teller.work()
    known = await record(teller)

    assert (known.text, len(known.attachments), known.revision) == (LAMP, 1, 1)


async def test_who_gets_no_more_answers_is_still_obeyed(teller: Teller) -> None:
    """Two machines in a loop get silence; a wish to stay hidden is carried out."""
    await teller.play({"channel": "sms", "text": LAMP})
    worker = teller.pipeline()
    recorder = worker._workshop._craft._recorder  # type: ignore[union-attr]  # noqa: SLF001
    recorder._manners = Manners(  # noqa: SLF001
        centrals=everything_to(), receipt_patience=0, replies_per_hour=1, share_identity=False
    )
    teller.worker = worker
    seen = await teller.play({"channel": "sms", "text": "ANONIM"})

    assert seen == []
    assert (await record(teller)).anonymous


async def test_nobody_is_told_who_may_not_be_answered(teller: Teller) -> None:
    """A robot's mail is a report without a receipt, and its command has no answer."""
    report = await teller.play({"channel": "mail", "text": LAMP, "return_address": None})
    command = await teller.play({"channel": "mail", "text": "BANTUAN", "return_address": None})

    assert report == command == []
    assert (await record(teller)).text == LAMP


# --- questions ---------------------------------------------------------------------------------


async def test_a_number_chooses_one_of_the_places_that_were_offered(teller: Teller) -> None:
    """The record gets its code, and keeps it when the journal is run again."""
    await teller.play({"text": "Jalan rusak di Sukamaju"})
    places = tuple(
        PlaceCandidate(code=f"36.03.0{n}", name=f"Sukamaju, Kec. {n}", level="desa") for n in (1, 2)
    )
    await revised(teller, place=Place(name="Sukamaju", candidates=places))
    known = await record(teller)
    asked = Open(
        lane=await _lane(teller),
        topic="where",
        record_id=known.record_id,
        choices=2,
        asked_at=teller.clock.milliseconds,
    )
    await teller.database.write(lambda tx: questions.ask(tx, [asked]))
    (answer,) = await teller.play({"text": "2"})
    after = await record(teller)

    assert answer.kind == "added"
    assert after.place
    assert (after.place.code, after.place.name) == ("36.03.02", "Sukamaju, Kec. 2")
    assert await teller.rows("select lane from questions") == []


# --- erasing -----------------------------------------------------------------------------------


async def test_erasing_destroys_every_key_to_a_person_and_to_nobody_else(teller: Teller) -> None:
    """What they sent, who they are, what we told them; the chain over it all stays whole."""
    await teller.play({"channel": "telegram", "from": ANI, "text": LAMP, "name": "Ani"})
    await teller.play({"from": ANI, "text": "TAMBAH tiangnya miring"})
    await teller.play({"from": BUDI, "text": "Sampah di Curug menumpuk", "name": "Budi"})
    await teller.play({"from": ANI, "text": "P"})
    await teller.play({"from": ANI, "text": "HAPUS"})
    (last,) = await teller.play({"from": ANI, "text": "HAPUS YA"})
    readable = "select count(*) from {} where data_key is not null"
    journal = await teller.rows(readable.format("journal"))
    reporters = await teller.rows(readable.format("reporters"))
    answers = await teller.rows(readable.format("outbox") + " and reply_id is not null")
    (ani, _), (budi, _) = await teller.records()
    verdict = await teller.database.read(chain.verify)

    assert last.text.startswith("Data diri, pesan, dan isi laporan Anda sudah kami hapus")
    assert (journal[0][0], reporters[0][0], answers[0][0]) == (1, 1, 2)
    assert (ani.reporter.name, ani.anonymous, budi.reporter.name) == (None, True, "Budi")
    assert ani.reporter.pseudonym != await _lane(teller)
    assert verdict.broken is None
    assert await teller.rows("select distinct who from audit") == [("citizen",)]


async def test_erasing_takes_the_words_from_everywhere_and_leaves_a_certificate(
    teller: Teller,
) -> None:
    """As an officer's `erase` does it: blank here, blank at the stores, files gone."""
    await teller.play({"text": LAMP, "name": "Ani", "files": ["a.pdf"]})
    await teller.play({"forwarded": True})
    (path,) = [path for path in (teller.folder / "attachments").rglob("*") if path.is_file()]
    await teller.play({"text": "HAPUS"})
    await teller.play({"text": "HAPUS YA"})
    known = await record(teller)
    pushes = await teller.rows(
        "select revision, state, data_key is null from outbox where kind = 'record' order by id"
    )
    ((document,),) = await teller.rows("select document from certificates")
    certificate = msgspec.json.decode(document)

    assert (known.text, known.clean_text, known.title, known.place) == ("", "", "", None)
    assert known.attachments == ()
    assert not path.exists()
    assert [tuple(row) for row in pushes] == [(1, "delivered", True), (2, "pending", False)]
    assert (certificate["who"], certificate["reason"]) == ("citizen", "HAPUS")
    assert (certificate["stores"], certificate["revision"]) == (["central"], 2)
    assert len(certificate["journal"]) == 1


async def test_what_is_erased_before_a_store_had_it_goes_to_no_store(teller: Teller) -> None:
    """An empty report would begin there."""
    await teller.play({"text": LAMP, "name": "Ani"})
    await teller.play({"text": "HAPUS"})
    await teller.play({"text": "HAPUS YA"})
    pushes = await teller.rows(
        "select revision, state, dismissed, data_key is null from outbox"
        " where kind = 'record' order by id"
    )
    ((document,),) = await teller.rows("select document from certificates")
    account = total(await teller.database.read(reconcile))

    assert [tuple(row) for row in pushes] == [
        (1, "parked", "superseded: anonymous", 1),
        (2, "parked", "erased", 1),
    ]
    assert msgspec.json.decode(document)["stores"] == []
    assert account.balances


async def test_what_an_erased_person_writes_next_is_a_report_of_its_own(teller: Teller) -> None:
    """Nothing leads from them to what was erased."""
    await teller.play({"text": LAMP, "name": "Ani"})
    await teller.play({"text": "HAPUS"})
    await teller.play({"text": "HAPUS YA"})
    (answer,) = await teller.play({"text": "TAMBAH tiangnya miring sekali", "name": "Ani"})
    (first, _), (second, _) = await teller.records()

    assert answer.kind == "receipt"
    assert (first.text, second.text) == ("", "TAMBAH tiangnya miring sekali")


async def test_who_is_erased_hears_which_report_is_held(teller: Teller) -> None:
    """That one stays as it is, and the rest goes."""
    await teller.play({"channel": "sms", "text": LAMP, "name": "Ani"})
    held = await record(teller)
    await teller.play({"channel": "sms", "text": "Sampah di Curug menumpuk", "name": "Ani"})
    hold = f"insert into holds values ('{held.record_id}', 'sari', 'perkara', 0, null)"
    await teller.database.write(lambda tx: tx.run(hold))
    await teller.play({"channel": "sms", "text": "HAPUS"})
    (last,) = await teller.play({"channel": "sms", "text": "HAPUS YA"})
    (kept, _), (gone, _) = await teller.records()

    assert f"kecuali laporan {held.case_code}" in last.text
    assert kept == held
    assert gone.text == ""
    assert await teller.rows("select asked_at is null from holds") == [(0,)]


async def test_a_hold_that_comes_in_the_last_moment_sends_the_answer_back(teller: Teller) -> None:
    """It was not true any more: nothing is erased, and the message is looked at again."""
    await teller.play({"channel": "sms", "text": LAMP})
    held = await record(teller)
    hold = f"insert into holds values ('{held.record_id}', 'sari', 'perkara', 0, null)"
    await teller.database.write(lambda tx: tx.run(hold))
    gone = Forgotten(lane=await _lane(teller), row=1, held=0)
    eraser = Eraser(vault=teller.vault, centrals=everything_to("central"))

    with pytest.raises(records.Stale):
        await teller.database.write(
            lambda tx: effects.forget(tx, eraser, Effects(forgotten=[gone]), now=0)
        )
    assert await record(teller) == held


async def test_an_answer_on_its_way_to_an_erased_person_is_put_aside(teller: Teller) -> None:
    """It is neither sent nor listed as something a person must look at."""
    await teller.play({"text": LAMP})
    await teller.play({"text": "HAPUS"})
    await teller.play({"text": "HAPUS YA"})
    rows = await teller.rows(
        "select kind, state, dismissed from outbox where reply_id is not null order by id"
    )

    assert [tuple(row) for row in rows] == [
        ("receipt", "parked", "erased"),
        ("question", "parked", "erased on request"),
        ("changed", "pending", None),
    ]


# --- answers -----------------------------------------------------------------------------------


async def test_buttons_are_for_channels_that_have_them(teller: Teller) -> None:
    """An SMS carries none, and each says what pressing it means."""
    (chat,) = await teller.play({"channel": "whatsapp", "from": ANI, "text": LAMP})
    (sms,) = await teller.play({"channel": "sms", "from": BUDI, "text": LAMP})

    assert [button.label for button in chat.buttons] == ["Tanpa nama", "Rahasiakan", "Batalkan"]
    assert sms.buttons == ()
    assert all(len(button.says.encode()) <= 60 for button in chat.buttons)


async def test_a_title_makes_no_sms_longer(teller: Teller) -> None:
    """Signs an SMS cannot say are left out of the status."""
    await teller.play(
        {"channel": "sms", "text": "\U0001f621 Jalan \u201crusak\u201d di Curug [parah]"}
    )
    (answer,) = await teller.play({"channel": "sms", "forwarded": True, "text": "STATUS"})

    assert "(Jalan rusak di Curug parah)" in answer.text
    assert isinstance(answer, Reply)


async def _lane(teller: Teller) -> str:
    rows = await teller.rows("select pseudonym from records order by received_at limit 1")
    return str(rows[0][0])
