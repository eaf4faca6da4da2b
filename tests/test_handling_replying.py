"""An officer answers: what is written down, what citizens get, what was shown before."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import story
from clock import Clock
from story import CHANNELS, Spoken, Teller

from channels.gsm7 import segments
from channels.sms import Sms
from forwarder.ports import Transaction
from forwarder.routing import everything_to
from gateway.access.person import Person, Role
from gateway.back import timeline
from gateway.back.speech import read_speech
from gateway.back.telling import Teller as Telling
from gateway.config_files import SHIPPED
from gateway.handling import presence
from gateway.handling.alarming import Alarm
from gateway.handling.choices import read_choices
from gateway.handling.deciding import Decider, Outcome
from gateway.handling.replying import OFFICE, Ahead, Replier, Word
from gateway.handling.seeing import Outdated, Seen, see, unchanged
from gateway.handling.templates import read_templates
from gateway.handling.trace import trace_of
from gateway.handling.transferring import Transfers
from gateway.notices_options import Notices
from gateway.settings import read_settings
from gateway.store import Store
from gateway.vault import Vault
from normalizer.record import Record

RINI = Person(id=1, login="rini", name="Rini", role=Role.OFFICER)
ANI, BUDI = "+6281200000001", "+6281200000002"
LAMP = "Lampu jalan depan balai desa Sukamulya padam sejak hari Senin, mohon diperbaiki"
DAY = Notices(fold=0, quiet_from="00:00", quiet_until="00:00")
SPEECH = read_speech(None)


@pytest.fixture
async def teller(
    database_url: str, vault: Vault, clock: Clock, tmp_path: Path
) -> AsyncIterator[Teller]:
    async with story.teller(database_url, vault, clock, tmp_path) as telling:
        yield telling


class Officer:
    """Answers, with the channels and the teller of a gateway."""

    def __init__(self, teller: Teller, manners: Notices = DAY) -> None:
        self._teller = teller
        channels: dict[str, Any] = dict.fromkeys(CHANNELS, Spoken())
        self.channels = channels | {"sms": Sms(Sms.Options(), bytes(32))}
        self.replier = Replier(
            vault=teller.vault,
            channels=self.channels,
            speech=lambda: SPEECH,
            manners=manners,
            utc_hours=7,
        )
        self._telling = Telling(
            database=teller.database,
            vault=teller.vault,
            channels=self.channels,
            speech=SPEECH,
            manners=manners,
            utc_hours=7,
            clock=lambda: self.now,
        )

    @property
    def now(self) -> int:
        """The time of the story."""
        return self._teller.clock.milliseconds

    async def seen(self, code: str) -> Seen:
        """The case as it stands."""
        return await self._teller.database.read(lambda tx: see(tx, self._teller.vault, code))

    async def says(self, record: Record, word: Word) -> int:
        """Answer."""

        def write(tx: Transaction) -> int:
            seen = see(tx, self._teller.vault, record.case_code)
            return self.replier.reply(tx, seen, word, person=RINI, now=self.now)

        return await self._teller.database.write(write)

    async def ahead(self, record: Record, word: Word) -> Ahead:
        """Look at what would go out."""
        seen = await self.seen(record.case_code)
        return await self._teller.database.read(
            lambda tx: self.replier.ahead(tx, seen, word, self.now)
        )

    async def sent(self) -> list[Any]:
        """What citizens are sent now."""
        before = len(await self._teller.replies())
        while await self._telling.step():
            pass
        return (await self._teller.replies())[before:]


def decider(teller: Teller) -> Decider:
    """What changes what was derived."""
    settings = read_settings(SHIPPED, teller.folder, {})
    choices, centrals = read_choices(settings), everything_to("central")
    return Decider(vault=teller.vault, centrals=centrals, choices=choices)


async def told(teller: Teller, *senders: str, channel: str = "sms", text: str = LAMP) -> Record:
    """The same, reported by each; the first record."""
    for sender in senders:
        await teller.play({"channel": channel, "from": sender, "text": text})
        teller.clock.advance(60)
    return (await teller.records())[0][0]


async def test_the_preview_is_what_everybody_gets(teller: Teller) -> None:
    officer = Officer(teller)
    record = await told(teller, ANI, BUDI)
    word = Word(text="Lampu diganti besok pagi.", once="1")
    ahead = await officer.ahead(record, word)
    assert await officer.says(record, word) == 2
    sent = {reply.to: reply.text for reply in await officer.sent()}
    assert set(sent) == {ANI, BUDI}
    assert ahead.messages == (sent[ANI],)
    assert ahead.units == segments(sent[ANI])
    assert "Lampu diganti besok pagi." in sent[BUDI]
    assert record.case_code not in sent[BUDI]


async def test_a_first_answer_moves_the_case_on_and_stands_in_its_timeline(teller: Teller) -> None:
    officer = Officer(teller)
    record = await told(teller, ANI)
    await officer.says(record, Word(text="Sedang dicek.", once="1"))
    seen = await officer.seen(record.case_code)
    assert seen.status.state == "ditindaklanjuti"
    steps = await teller.database.read(lambda tx: timeline.of(tx, record.record_id, teller.vault))
    assert [(one.store, one.kind, one.told and one.told.text) for one in steps] == [
        (OFFICE, "answer", "Sedang dicek.")
    ]
    await officer.says(record, Word(text="Sudah menyala.", closes=True, once="2"))
    assert (await officer.seen(record.case_code)).status.state == "selesai"
    texts = [reply.text for reply in await officer.sent()]
    assert "SELESAI" in texts[-1]


async def test_of_two_officers_at_once_the_slower_one_looks_again(
    postgres_url: str, vault: Vault, clock: Clock, tmp_path: Path
) -> None:
    """Two processes of a cluster: the second answer waits for the first, and then is outdated."""
    async with story.teller(postgres_url, vault, clock, tmp_path) as teller:
        officer, record = Officer(teller), await told(teller, ANI)
        stand = (await officer.seen(record.case_code)).stand
        answered, commit = Event(), Event()

        def answer(tx: Transaction, *, once: str) -> int:
            seen = unchanged(tx, vault, record.case_code, "", stand=stand)
            word = Word(text="Sudah menyala.", closes=True, once=once)
            return officer.replier.reply(tx, seen, word, person=RINI, now=officer.now)

        def answer_slowly(tx: Transaction) -> int:
            told_to = answer(tx, once="1")
            answered.set()
            commit.wait(5)
            return told_to

        elsewhere = await Store.open(postgres_url)
        first = asyncio.create_task(teller.database.write(answer_slowly))
        await asyncio.to_thread(answered.wait, 5)
        second = asyncio.create_task(elsewhere.write(partial(answer, once="2")))
        await asyncio.wait([second], timeout=0.5)
        commit.set()
        assert await first == 1
        with pytest.raises(Outdated):
            await second
        await elsewhere.close()
        assert len(await officer.sent()) == 1


async def test_a_form_that_is_sent_twice_says_it_once(teller: Teller) -> None:
    officer = Officer(teller)
    record = await told(teller, ANI)
    word = Word(text="Sedang dicek.", once="same")
    assert [await officer.says(record, word), await officer.says(record, word)] == [1, 0]
    assert len(await officer.sent()) == 1


async def test_one_reporter_alone_may_be_answered(teller: Teller) -> None:
    officer = Officer(teller)
    record = await told(teller, ANI, BUDI)
    assert await officer.says(record, Word(text="Di mana persisnya?", everybody=False)) == 1
    assert [reply.to for reply in await officer.sent()] == [ANI]


async def test_a_question_is_answered_into_the_case(teller: Teller) -> None:
    officer = Officer(teller)
    record = await told(teller, ANI)
    await officer.says(record, Word(kind="question", text="Nomor tiangnya berapa?"))
    [asked] = await officer.sent()
    assert "Nomor tiangnya berapa?" in asked.text
    await teller.play({"channel": "sms", "from": ANI, "text": "nomor tiang 17", "wait": 3600})
    seen = await officer.seen(record.case_code)
    trace = await teller.database.read(lambda tx: trace_of(tx, teller.vault, seen))
    assert "nomor tiang 17" in [one.text for one in trace if one.kind == "said"]


async def test_who_is_anonymous_is_answered_and_not_seen(teller: Teller) -> None:
    officer = Officer(teller)
    await told(teller, ANI, channel="telegram", text=f"ANONIM {LAMP}")
    record = (await teller.records())[0][0]
    assert record.anonymous
    assert await officer.says(record, Word(text="Sedang dicek.")) == 1
    assert [reply.to for reply in await officer.sent()] == [ANI]
    rows = await teller.rows("select what from audit")
    assert rows
    assert not any(ANI in row[0] for row in rows)


async def test_nobody_is_woken_and_the_preview_says_so(teller: Teller) -> None:
    night = Notices(fold=0, quiet_from="08:00", quiet_until="10:00")  # the story begins at 8.30
    officer = Officer(teller, night)
    record = await told(teller, ANI)
    word = Word(text="Sedang dicek.")
    ahead = await officer.ahead(record, word)
    assert ahead.due == officer.now + (90 - 1) * 60_000
    await officer.says(record, word)
    assert await officer.sent() == []


async def test_a_month_without_money_is_told_before(teller: Teller) -> None:
    officer = Officer(teller, Notices(fold=0, quiet_from="00:00", quiet_until="00:00"))
    record = await told(teller, ANI)
    officer.channels["sms"] = Sms(
        Sms.Options(preset="kannel", send_url="http://127.0.0.1:9/send"), bytes(32)
    )
    poor = Replier(
        vault=teller.vault,
        channels=officer.channels,
        speech=lambda: SPEECH,
        manners=Notices(budget={"sms": 1}),
        utc_hours=7,
    )
    seen = await officer.seen(record.case_code)
    long = Word(text="Sedang dicek. " * 30)
    ahead = await teller.database.read(lambda tx: poor.ahead(tx, seen, long, officer.now))
    assert ahead.over_budget
    assert ahead.is_cut


async def test_an_emergency_hears_of_112_first_and_once(teller: Teller) -> None:
    night = Notices(fold=0, quiet_from="08:00", quiet_until="10:00")
    officer = Officer(teller, night)
    record = await told(teller, ANI)
    alarm = Alarm(vault=teller.vault, decider=decider(teller))

    def raised(tx: Transaction) -> bool:
        seen = see(tx, teller.vault, record.case_code)
        return alarm.raise_it(tx, seen, RINI, officer.now)

    assert await teller.database.write(raised)
    assert not await teller.database.write(raised)
    [warned] = await officer.sent()
    assert warned.text.index("112") < warned.text.index(record.case_code)
    after = (await teller.records())[0][0]
    assert (after.urgency.value, after.revision) == ("darurat", 2)
    assert [tuple(row) for row in await teller.rows("select step, level from escalations")] == [
        ("darurat", "darurat")
    ]


async def test_an_emergency_that_was_taken_back_can_be_raised_again(teller: Teller) -> None:
    officer = Officer(teller)
    record = await told(teller, ANI)
    decides = decider(teller)
    alarm = Alarm(vault=teller.vault, decider=decides)

    def raised(tx: Transaction) -> bool:
        seen = see(tx, teller.vault, record.case_code)
        return alarm.raise_it(tx, seen, RINI, officer.now)

    def taken_back(tx: Transaction) -> Outcome:
        return decides.undo(tx, RINI, now=officer.now)[record.record_id]

    assert await teller.database.write(raised)
    assert len(await officer.sent()) == 1
    teller.clock.advance(60)
    assert await teller.database.write(taken_back) == "done"
    assert (await officer.seen(record.case_code)).record.urgency.value != "darurat"
    teller.clock.advance(60)
    assert await teller.database.write(raised)
    [warned] = await officer.sent()
    assert "112" in warned.text
    assert (await officer.seen(record.case_code)).record.urgency.value == "darurat"
    assert len(await teller.rows("select step from escalations")) == 2
    assert not await teller.database.write(raised)


async def test_who_had_it_urgent_already_still_makes_it_an_emergency(teller: Teller) -> None:
    """A corrected urgency told the citizen nothing; an emergency tells them of 112, once."""
    officer = Officer(teller)
    record = await told(teller, ANI)
    decides = decider(teller)
    alarm = Alarm(vault=teller.vault, decider=decides)

    def corrected(tx: Transaction) -> Outcome:
        return decides.correct(
            tx, RINI, record.record_id, {"urgency": "darurat"}, revision=1, now=officer.now
        )

    def raised(tx: Transaction) -> bool:
        seen = see(tx, teller.vault, record.case_code)
        return alarm.raise_it(tx, seen, RINI, officer.now)

    assert await teller.database.write(corrected) == "done"
    assert [await teller.database.write(raised) for _ in range(2)] == [True, False]
    [warned] = await officer.sent()
    assert "112" in warned.text


async def test_a_transfer_teaches_and_tells_who_has_it_now(teller: Teller) -> None:
    officer = Officer(teller)
    record = await told(teller, ANI)
    transfers = Transfers(vault=teller.vault, decider=decider(teller))
    agency = "Dinas Lingkungan Hidup"

    def passed_on(tx: Transaction, name: str) -> Outcome:
        seen = see(tx, teller.vault, record.case_code)
        return transfers.transfer(tx, seen, name, person=RINI, now=officer.now)

    assert await teller.database.write(partial(passed_on, name="Dinas Ngarang")) == "strange"
    assert await teller.database.write(partial(passed_on, name=agency)) == "done"
    assert await teller.database.write(partial(passed_on, name=agency)) == "same"
    [notice] = await officer.sent()
    assert agency in notice.text
    after = (await teller.records())[0][0]
    assert (after.agency.value, after.agency.by) == (agency, "officer")
    assert (await officer.seen(record.case_code)).status.state == "diterima"


async def test_a_case_that_changed_meanwhile_is_not_written_on(teller: Teller) -> None:
    officer = Officer(teller)
    record = await told(teller, ANI)
    stand = (await officer.seen(record.case_code)).stand
    await officer.says(record, Word(text="Sedang dicek."))

    def again(tx: Transaction) -> Seen:
        return unchanged(tx, teller.vault, record.case_code, "", stand=stand)

    with pytest.raises(Outdated):
        await teller.database.write(again)


async def test_who_looks_is_seen_by_others_and_noted_once(teller: Teller) -> None:
    record = await told(teller, ANI)
    code, now = record.case_code, teller.clock.milliseconds
    budi = Person(id=2, login="budi", name="Budi", role=Role.OFFICER)

    async def enters(person: Person, at: int, *, plain: bool = False) -> None:
        await teller.database.write(
            lambda tx: presence.enter(tx, see(tx, teller.vault, code), person, at, plain=plain)
        )

    async def others(login: str, at: int) -> list[str]:
        found = await teller.database.read(
            lambda tx: presence.others(tx, record.record_id, login, at)
        )
        return [one.name for one in found]

    await enters(RINI, now)
    await enters(budi, now + 1)
    await enters(budi, now + 2, plain=True)
    await enters(budi, now + 3, plain=True)
    assert await others("budi", now + 3) == ["Rini"]
    assert await others("rini", now + 3) == ["Budi"]
    late = now + 3 + presence.LEASE_MS
    assert await others("rini", late) == []
    await enters(budi, late)
    rows = await teller.rows("select who, what from audit order by id")
    assert [tuple(row) for row in rows] == [
        ("rini", f"looked at case {code}"),
        ("budi", f"looked at case {code}"),
        ("budi", f"looked at the personal data in the words of case {code}"),
        ("budi", f"looked at case {code}"),
    ]
    await teller.database.write(lambda tx: presence.leave(tx, record.record_id, "budi"))
    assert await others("rini", late) == []


def test_the_shipped_sentences_fill_in() -> None:
    assert len(read_templates(None)) >= 5
