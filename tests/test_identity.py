"""Who is anonymous is sealed to the ministry, and nothing else that is kept leads to them."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import story
from clock import Clock
from story import Teller

from channels.contract import Receipt
from channels.gsm7 import units
from forwarder.backoff import Policy
from forwarder.claiming import Claim, claim
from forwarder.item import Result, Rules
from forwarder.outbox import settle
from gateway import chain
from gateway.identities import sender_of
from gateway.ministry import Ministry, Told, new_pair, opened, read_key
from gateway.naming import is_hidden
from gateway.vault import Vault
from normalizer.record import Record

ANI = "+6281200000001"
NAME, CONTACT = "Ani Wulandari", "ani@example.org"
PRIVATE, PUBLIC = (read_key(key) for key in new_pair())
WORDS = f"Saya {NAME}, HP 0812-0000-0001. Pak Lurah Sutrisno minta uang di Cibodas."
HIDDEN = "Saya [name], HP [phone]. Pak Lurah Sutrisno minta uang di Cibodas."
MESSAGE = {"channel": "sms", "from": ANI, "text": WORDS, "name": NAME, "contact": CONTACT}
#: Every column that holds text in plain; bytes are sealed.
TABLES = ("journal", "work", "records", "reporters", "outbox", "questions", "audit", "signals")


@pytest.fixture
async def teller(
    database_url: str, vault: Vault, clock: Clock, tmp_path: Path
) -> AsyncIterator[Teller]:
    async with story.teller(database_url, vault, clock, tmp_path) as telling:
        telling.ministry = Ministry(PUBLIC)
        yield telling


async def only(teller: Teller) -> Record:
    ((record, _),) = await teller.records()
    return record


def told_in(record: Record) -> list[Told]:
    return list(opened(PRIVATE, record.reporter.sealed or ""))


async def plain(teller: Teller) -> str:
    """Everything in the tables that is not sealed, as text."""
    rows: list[Any] = []
    for table in TABLES:
        rows += await teller.rows(f"select * from {table}")
    return json.dumps([[cell for cell in row if isinstance(cell, str)] for row in rows])


async def lanes(teller: Teller) -> set[str]:
    return {
        row[0]
        for sql in (
            "select pseudonym from records",
            "select pseudonym from reporters",
            "select lane from work where record_id is not null",
            "select lane from outbox where reply_id is not null",
            "select lane from questions where record_id is not null",
        )
        for row in await teller.rows(sql)
    }


async def readable(teller: Teller) -> int:
    ((count,),) = await teller.rows("select count(*) from journal where data_key is not null")
    return int(count)


# --- anonymous at once -------------------------------------------------------------------------


async def test_who_is_anonymous_is_told_to_the_ministry_alone(teller: Teller) -> None:
    """The record is masked, and the box holds sender, name, contact and the words as they were."""
    await teller.play(MESSAGE | {"text": f"ANONIM {WORDS}"})
    record = await only(teller)
    (told,) = told_in(record)

    assert record.text.endswith(HIDDEN)
    assert (record.reporter.name, record.reporter.contact) == (None, None)
    assert record.external_id == record.record_id
    assert (told.sender, told.name, told.contact) == (ANI, NAME, CONTACT)
    assert told.text.endswith(WORDS)
    assert told.case_code == record.case_code


async def test_the_gateway_keeps_the_return_address_and_no_message(teller: Teller) -> None:
    """Its key would open the way back and nothing else; the chain verifies as before."""
    await teller.play(MESSAGE | {"anonymous": True})
    record = await only(teller)
    sender = await teller.database.read(lambda tx: sender_of(tx, teller.vault, record.record_id))
    verdict = await teller.database.read(chain.verify)

    assert sender
    assert (sender.return_address, sender.sender, sender.name, sender.contact) == (ANI, "", "", "")
    assert await readable(teller) == 0
    assert verdict.broken is None


async def test_an_anonymous_report_is_tied_to_no_other_of_its_sender(teller: Teller) -> None:
    """Without the gateway key no pseudonym of it is found anywhere else."""
    await teller.play(MESSAGE)
    await teller.play(MESSAGE | {"text": "Lampu padam di Curug", "anonymous": True})
    named, anonymous = [record for record, _ in await teller.records()]
    rows = await teller.rows("select record_id, pseudonym from records")
    found = dict(rows)
    work = dict(await teller.rows("select record_id, lane from work"))

    assert is_hidden(found[anonymous.record_id])
    assert not is_hidden(found[named.record_id])
    assert work[anonymous.record_id] == found[anonymous.record_id]
    assert anonymous.reporter.pseudonym not in found.values()


async def test_without_a_key_of_the_ministry_nothing_more_is_kept(teller: Teller) -> None:
    """Not even masked words: who has no box to put them in must not hold them."""
    teller.ministry = None
    await teller.play(MESSAGE | {"anonymous": True})
    record = await only(teller)

    assert record.text == HIDDEN
    assert record.reporter.sealed is None
    assert await readable(teller) == 0


# --- anonymous later ---------------------------------------------------------------------------


async def test_anonim_later_reaches_all_that_was_kept_before(teller: Teller) -> None:
    """Names, messages, pseudonyms, questions, answers, and revisions on their way to a store."""
    await teller.play(MESSAGE)
    before = await plain(teller)
    lane = next(iter(await lanes(teller)))
    await teller.play(MESSAGE | {"text": "ANONIM"})
    record = await only(teller)
    pushes = await teller.rows(
        "select revision, state, data_key is null, dismissed from outbox"
        " where kind = 'record' order by revision"
    )

    assert lane in before
    assert lane not in await plain(teller)
    assert all(map(is_hidden, await lanes(teller)))
    assert record.text == HIDDEN
    assert await readable(teller) == 0
    assert [told.sender for told in told_in(record)] == [ANI]
    assert [tuple(row) for row in pushes] == [
        (1, "parked", True, "superseded: anonymous"),
        (2, "pending", False, None),
    ]


async def test_what_was_put_aside_for_anonim_is_no_number_of_a_store(teller: Teller) -> None:
    """A store that had nothing yet begins with the masked revision; one that had it, follows."""
    await teller.play(MESSAGE)
    await teller.play(MESSAGE | {"text": "ANONIM"})
    wanted = Claim(target="central:central", owner="w", limit=9, lease_ms=1, resend=True)
    now = teller.clock.milliseconds
    (item,) = await teller.database.write(lambda tx: claim(tx, wanted, now))

    assert (item.revision, item.known, item.reference) == (2, 0, "")


async def test_what_is_on_its_way_when_anonim_comes_still_tells_the_stores_number(
    teller: Teller,
) -> None:
    """It cannot be called back; the masked revision must find the case it made."""
    await teller.play(MESSAGE)
    wanted = Claim(target="central:central", owner="w", limit=9, lease_ms=60_000, resend=True)
    now = teller.clock.milliseconds
    (item,) = await teller.database.write(lambda tx: claim(tx, wanted, now))
    await teller.play(MESSAGE | {"text": "ANONIM"})
    rules = Rules(policy=Policy(), resend=True, jitter=lambda: 0.0, on_delivered=lambda *_: None)
    result = Result(item=item, outcome=Receipt(reference="SP-7"))
    await teller.database.write(lambda tx: settle(tx, [result], rules, now))
    (following,) = await teller.database.write(lambda tx: claim(tx, wanted, now))

    assert (following.revision, following.known, following.reference) == (2, 1, "SP-7")


async def test_somebody_anonymous_can_go_on_speaking_about_their_report(teller: Teller) -> None:
    """A status, an addition, one by its code, and each addition goes into a box of its own."""
    await teller.play({"channel": "telegram", "from": ANI, "text": f"ANONIM {WORDS}"})
    record = await only(teller)
    (status,) = await teller.play({"channel": "telegram", "from": ANI, "text": "STATUS"})
    more = f"TAMBAH {record.case_code} hubungi 081200000002"
    (added,) = await teller.play({"channel": "telegram", "from": ANI, "text": more})
    theirs = f"TAMBAH {record.case_code} lampu jalan padam di Curug"
    (strange,) = await teller.play({"channel": "telegram", "from": "x", "text": theirs})
    first, second = await teller.records()

    assert record.case_code.replace("-", "") in status.text.replace("-", "")
    assert added.kind == "added"
    assert first[0].text.endswith("hubungi [phone]")
    assert [told.sender for told in told_in(first[0])] == [ANI, ANI]
    assert strange.kind == "receipt"
    assert not second[0].anonymous
    assert await readable(teller) == 2  # STATUS, and the stranger's


async def test_an_erased_anonymous_person_is_found_by_their_pseudonyms(teller: Teller) -> None:
    """HAPUS reaches anonymous reports too."""
    await teller.play(MESSAGE | {"anonymous": True})
    await teller.play(MESSAGE | {"text": "HAPUS"})
    await teller.play(MESSAGE | {"text": "HAPUS YA"})
    record = await only(teller)
    found = await teller.database.read(lambda tx: sender_of(tx, teller.vault, record.record_id))

    assert found is None


# --- warnings ----------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", ["sms", "telegram"])
async def test_who_tells_who_they_are_hears_what_is_hidden(teller: Teller, channel: str) -> None:
    """In the receipt, by its kind, with the way to mend it; an SMS stays one SMS."""
    (receipt,) = await teller.play(MESSAGE | {"channel": channel, "anonymous": True})
    text = receipt.text.partition("\n")[0]

    assert "Instansi tidak melihat no. HP, nama Anda." in text
    assert "BATAL" in text
    assert receipt.case_code in text
    assert "0812" not in text
    assert "Wulandari" not in text
    assert units(text) <= 160


async def test_a_wish_before_the_report_is_warned_of_too(teller: Teller) -> None:
    """ANONIM, and then the report."""
    await teller.play({"channel": "sms", "from": ANI, "text": "ANONIM"})
    (receipt,) = await teller.play(MESSAGE)

    assert "Instansi tidak melihat no. HP, nama Anda." in receipt.text


async def test_a_wish_after_the_report_tells_what_is_hidden_now(teller: Teller) -> None:
    """Of what was said so far; and of what is added, what it brings."""
    (receipt,) = await teller.play(MESSAGE)
    (changed,) = await teller.play(MESSAGE | {"text": "ANONIM"})
    more = f"TAMBAH {receipt.case_code} surel saya ani@example.org"
    (added,) = await teller.play(MESSAGE | {"text": more})
    (plain,) = await teller.play(MESSAGE | {"text": f"TAMBAH {receipt.case_code} masih begitu"})

    assert "Instansi" not in receipt.text
    assert changed.text.startswith("Baik, nama Anda tidak kami sebutkan")
    assert f"no. HP, nama Anda. Keliru? BATAL {receipt.case_code}" in changed.text
    assert units(changed.text) <= 160
    assert added.text.startswith("Terima kasih, tambahan")
    assert "tidak melihat e-mail Anda" in added.text
    assert "Instansi" not in plain.text


async def test_a_correction_nobody_answers_is_answered_where_it_tells_who_wrote(
    teller: Teller,
) -> None:
    """An edited message of an anonymous report: the warning stands alone."""
    edit = {"channel": "telegram", "from": ANI, "edits": "m1"}
    await teller.play(
        {"channel": "telegram", "from": ANI, "id": "m1", "text": "ANONIM Jalan rusak"}
    )
    quiet = await teller.play(edit | {"text": "ANONIM Jalan rusak sekali di Curug"})
    (warned,) = await teller.play(edit | {"text": "ANONIM Jalan rusak, HP 081200000001"})

    assert quiet == []
    assert warned.text.startswith("Instansi tidak melihat no. HP Anda.")


async def test_danger_comes_first_in_the_answer_and_the_warning_last(teller: Teller) -> None:
    """112 before everything else."""
    words = "Tolong ada kebakaran besar! Nama saya Ani Wulandari"
    (receipt,) = await teller.play(MESSAGE | {"text": words, "anonymous": True})

    assert receipt.text.index("112") < receipt.text.index("Instansi tidak melihat nama Anda.")


# --- boxes -------------------------------------------------------------------------------------


def test_a_box_opens_with_the_private_key_alone() -> None:
    """Not with the public one, nor with another ministry's."""
    told = Told(record_id="r", case_code="c", channel="sms", at="2026-01-01", sender=ANI)
    box = Ministry(PUBLIC).seal(told)

    assert list(opened(PRIVATE, box)) == [told]
    for wrong in (PUBLIC, read_key(new_pair()[0])):
        with pytest.raises(ValueError, match="another key"):
            list(opened(wrong, box))


def test_the_length_of_a_box_tells_nothing() -> None:
    """A long name and a short one make boxes of one size."""
    told = Told(record_id="r", case_code="c", channel="sms", at="2026-01-01")
    boxes = [
        Ministry(PUBLIC).seal(msgspec.structs.replace(told, name=name)) for name in ("A", "A" * 200)
    ]

    assert len(boxes[0]) == len(boxes[1])
