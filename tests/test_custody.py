"""What a person may order about personal data, on both engines: each in the tables themselves."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import msgspec
import pytest
import story
from clock import Clock
from story import Teller

from forwarder.ports import Transaction
from forwarder.routing import everything_to
from gateway import chain
from gateway.custody import breach, holding
from gateway.custody.desk import Custodian
from gateway.custody.duty import Done, Duty, Refused
from gateway.custody.rewrapping import TABLES
from gateway.files import Files
from gateway.identities import sender_of
from gateway.ministry import Ministry, new_pair, opened, read_key
from gateway.naming import is_hidden
from gateway.reconcile import reconcile, total
from gateway.sections import Retention
from gateway.store import Store
from gateway.store.migrations import MIGRATIONS
from gateway.vault import Vault
from normalizer.record import Record

ANI, BUDI = "+6281200000001", "+6281200000002"
PRIVATE, PUBLIC = (read_key(key) for key in new_pair())
WORDS = "Saya Ani Wulandari, HP 081200000001. Lampu padam di Flamboyan"
REPORT: dict[str, Any] = {
    "channel": "sms",
    "from": ANI,
    "text": WORDS,
    "name": "Ani",
    "contact": "ani@example.org",
}
OTHER: dict[str, Any] = {
    "channel": "sms",
    "from": BUDI,
    "text": "Sampah menumpuk di Curug",
    "name": "Budi",
}
DAY = 86_400
NO_DAYS: Mapping[str, int] = MappingProxyType({})


@pytest.fixture
async def teller(
    database_url: str, vault: Vault, clock: Clock, tmp_path: Path
) -> AsyncIterator[Teller]:
    async with story.teller(database_url, vault, clock, tmp_path) as telling:
        telling.ministry = Ministry(PUBLIC)
        yield telling


def custodian(
    teller: Teller, days: Mapping[str, int] = NO_DAYS, *, two_persons: bool = False
) -> Custodian:
    lines = {name: 0 for name in Retention.__struct_fields__ if name != "closed"}
    return Custodian(
        database=teller.database,
        vault=teller.vault,
        ministry=teller.ministry,
        centrals=everything_to("central"),
        files=Files(teller.folder / "attachments"),
        retention=msgspec.convert({**lines, **days}, Retention),
        two_persons=two_persons,
        clock=lambda: teller.clock.milliseconds,
    )


async def ordered(
    teller: Teller,
    verb: Literal["tighten", "reveal", "hold", "release", "erase", "approve"],
    case: Record | None = None,
    *,
    who: str = "sari",
    two_persons: bool = False,
    **more: Any,  # noqa: ANN401 (a duty's own)
) -> Done:
    code = case.case_code if case else ""
    duty = Duty(verb=verb, case_code=code, who=who, reason="perlu", **more)
    return await custodian(teller, two_persons=two_persons).carry_out(duty)


async def reported(teller: Teller, *messages: dict[str, Any]) -> list[Record]:
    for message in messages:
        await teller.play(message)
    return [record for record, _ in await teller.records()]


async def audit(teller: Teller) -> list[str]:
    return [f"{row[0]}: {row[1]}" for row in await teller.rows("select who, what from audit")]


async def count(teller: Teller, sql: str) -> int:
    return int((await teller.rows(f"select count(*) from {sql}"))[0][0])


# --- tighten -----------------------------------------------------------------------------------


async def test_staff_make_a_report_anonymous_as_if_the_citizen_had_asked(teller: Teller) -> None:
    """Masked, sealed, tied to nobody, its message without a key; and it is written down who did."""
    (record,) = await reported(teller, REPORT)
    await ordered(teller, "tighten", record, anonymous=True)
    ((after, _),) = await teller.records()
    (told,) = opened(PRIVATE, after.reporter.sealed or "")
    (lane,) = (await teller.rows("select pseudonym from records"))[0]
    sender = await teller.database.read(lambda tx: sender_of(tx, teller.vault, record.record_id))

    assert (after.revision, after.anonymous, after.reporter.name) == (2, True, None)
    assert "Ani" not in after.text
    assert (told.sender, told.name, told.text) == (ANI, "Ani", WORDS)
    assert is_hidden(lane)
    assert sender
    assert (sender.return_address, sender.sender) == (ANI, "")
    assert await count(teller, "journal where data_key is not null") == 0
    assert await audit(teller) == [f"sari: made case {record.case_code} anonymous: perlu"]


async def test_a_flag_is_never_taken_back(teller: Teller) -> None:
    """There is no order for it, and one for the other flag leaves it."""
    (record,) = await reported(teller, REPORT)
    await ordered(teller, "tighten", record, anonymous=True)
    await ordered(teller, "tighten", record, confidential=True)
    done = await ordered(teller, "tighten", record, anonymous=True)
    ((after, _),) = await teller.records()

    assert (after.anonymous, after.confidential, after.visibility) == (True, True, "private")
    assert (after.revision, done.lines) == (3, (f"{record.case_code} is so already",))


async def test_an_unknown_case_is_no_case(teller: Teller) -> None:
    """Nothing is written."""
    with pytest.raises(LookupError):
        await custodian(teller).carry_out(Duty(verb="hold", case_code="X", who="sari"))


# --- reveal ------------------------------------------------------------------------------------


async def test_who_is_named_is_shown_with_a_reason(teller: Teller) -> None:
    """And it is written down who looked."""
    (record,) = await reported(teller, REPORT)
    done = await ordered(teller, "reveal", record)

    assert done.data == {
        "channel": "sms",
        "sender": ANI,
        "name": "Ani",
        "contact": "ani@example.org",
    }
    assert await audit(teller) == [f"sari: revealed who reported case {record.case_code}: perlu"]


async def test_who_is_anonymous_is_revealed_by_nobody_here(teller: Teller) -> None:
    """Not even the return address."""
    (record,) = await reported(teller, REPORT | {"text": f"ANONIM {WORDS}"})

    with pytest.raises(Refused, match="ministry"):
        await ordered(teller, "reveal", record)


async def test_two_persons_are_two_and_one_look_is_one(teller: Teller) -> None:
    """Whoever asked cannot approve; what was approved is seen once, by the one who asked."""
    (record,) = await reported(teller, REPORT)
    asked = await ordered(teller, "reveal", record, two_persons=True)
    number = int(re.findall(r"request (\d+)", asked.lines[0])[0])
    with pytest.raises(Refused, match="waits"):
        await ordered(teller, "reveal", record, two_persons=True)
    with pytest.raises(Refused, match="cannot approve"):
        await ordered(teller, "approve", number=number)
    await ordered(teller, "approve", number=number, who="tono")
    seen = await ordered(teller, "reveal", record, two_persons=True)
    again = await ordered(teller, "reveal", record, two_persons=True)

    assert asked.data == {}
    assert seen.data["sender"] == ANI
    assert again.data == {}


# --- erase and hold ----------------------------------------------------------------------------


async def test_an_erased_case_is_blank_everywhere_and_the_chain_is_whole(teller: Teller) -> None:
    """Keys, words, questions, answers, fingerprints; the certificate names rows of the chain."""
    first, second = await reported(teller, REPORT, OTHER)
    await teller.play({"forwarded": True})
    prints = await count(teller, "fingerprints")
    done = await ordered(teller, "erase", first)
    (after, _), (left, _) = await teller.records()
    (certificate,) = done.data["certificates"]
    verdict = await teller.database.read(chain.verify)
    row = (await teller.rows("select digest from journal order by id"))[0]
    pushes = await teller.rows(
        "select revision, state, data_key is null from outbox"
        f" where kind = 'record' and record_id = '{first.record_id}' order by revision"
    )
    account = total(await teller.database.read(reconcile))

    assert (after.text, after.clean_text, after.title, after.place) == ("", "", "", None)
    assert "Lampu" not in repr(after)
    assert (after.remarks, after.revision) == (("erased on 2026-01-03",), 2)
    assert left == second
    assert verdict.broken is None
    assert list(certificate["journal"]) == [f"0:1:{bytes(row[0]).hex()}"]
    assert (certificate["stores"], certificate["revision"]) == (("central",), 2)
    assert [tuple(push) for push in pushes] == [(1, "delivered", True), (2, "pending", False)]
    assert await count(teller, "reporters where data_key is not null") == 1
    assert await count(teller, "journal where data_key is not null") == 1
    assert await count(teller, "fingerprints") < prints
    assert account.balances


async def test_all_of_a_person_is_erased_named_or_not(teller: Teller) -> None:
    """Commands too; nobody else's."""
    await reported(
        teller,
        REPORT,
        REPORT | {"text": "Pungli di Curug", "anonymous": True},
        {"channel": "sms", "from": ANI, "text": "STATUS"},
        OTHER,
    )
    done = await ordered(teller, "erase", channel="sms", sender=ANI)
    texts = [record.text for record, _ in await teller.records()]

    assert len(done.data["certificates"]) == 2
    assert texts == ["", "", OTHER["text"]]
    assert await count(teller, "journal where data_key is not null") == 1


async def test_what_is_erased_twice_is_erased_once(teller: Teller) -> None:
    """One certificate, one blank revision."""
    (record,) = await reported(teller, REPORT)
    await ordered(teller, "erase", record)
    done = await ordered(teller, "erase", record)

    assert done.data["certificates"] == []
    assert await count(teller, "certificates") == 1


async def test_a_hold_wins_over_everybody_until_it_is_released(teller: Teller) -> None:
    """Over `erase`, over the citizen's own HAPUS and over the schedule."""
    (record,) = await reported(teller, REPORT)
    await ordered(teller, "hold", record)
    with pytest.raises(Refused, match="held"):
        await ordered(teller, "erase", record)
    await teller.play(REPORT | {"text": "HAPUS"})
    await teller.play(REPORT | {"text": "HAPUS YA"})
    ((held, _),) = await teller.records()
    known = await teller.database.read(lambda tx: sender_of(tx, teller.vault, record.record_id))
    first = (await teller.rows("select data_key from journal order by id"))[0][0]
    (listed,) = await teller.database.read(holding.listed)
    released = await ordered(teller, "release", record)
    ((gone, _),) = await teller.records()

    assert held == record
    assert known
    assert first is not None
    assert (listed.case_code, listed.who) == (record.case_code, "sari")
    assert listed.asked_at == teller.clock.milliseconds
    assert "erased as its sender asked" in released.lines[0]
    assert gone.text == ""


@pytest.mark.parametrize(
    "word", ["case", "person", "cases_days", "identities_days", "messages_days"]
)
async def test_a_hold_wins_over_who_erases_in_the_same_moment(
    teller: Teller, database_url: str, word: str
) -> None:
    """Another process has looked at the holds already, or would have, before this one commits."""
    if not database_url.startswith("postgresql"):
        pytest.skip("SQLite has one writer")
    (record,) = await reported(teller, REPORT)
    await closed(teller, 11)
    other = replace(teller, database=await Store.open(database_url))
    loop = asyncio.get_running_loop()

    async def erase() -> None:
        if word == "case":
            await ordered(other, "erase", record)
        elif word == "person":
            await ordered(other, "erase", channel="sms", sender=ANI)
        else:
            await retained(other, {word: 10})

    def hold(tx: Transaction) -> Future[None]:
        duty = Duty(verb="hold", case_code=record.case_code, who="sari", reason="perlu")
        holding.hold(tx, duty, 1)
        erasing = asyncio.run_coroutine_threadsafe(erase(), loop)
        while not erasing.done() and not tx.all("select 1 from pg_locks where not granted"):
            time.sleep(0.01)
        return erasing

    with suppress(Refused):
        await asyncio.wrap_future(await teller.database.write(hold))
    await other.database.close()
    ((kept, _),) = await teller.records()

    assert kept == record
    assert await count(teller, "reporters where data_key is not null") == 1
    assert await count(teller, "journal where data_key is not null") == 1


async def test_a_released_case_whose_sender_asked_for_nothing_stays(teller: Teller) -> None:
    """Only the hold is over."""
    (record,) = await reported(teller, REPORT)
    await ordered(teller, "hold", record)
    await ordered(teller, "release", record)
    ((after, _),) = await teller.records()

    assert after == record
    assert await teller.database.read(holding.listed) == []


async def test_a_file_goes_with_its_last_report(teller: Teller) -> None:
    """One that another report has too stays until that one is erased."""
    photo = REPORT | {"channel": "web", "files": ["a.pdf"]}
    first, second = await reported(teller, photo, photo | {"from": BUDI, "text": OTHER["text"]})
    (path,) = [path for path in (teller.folder / "attachments").rglob("*") if path.is_file()]
    await ordered(teller, "erase", first)
    stays = path.exists()
    await ordered(teller, "erase", second)

    assert stays
    assert not path.exists()


# --- retention ---------------------------------------------------------------------------------


async def closed(teller: Teller, days: int) -> None:
    await teller.database.write(lambda tx: tx.run("update records set state = 'selesai'"))
    teller.clock.advance(days * DAY)


async def retained(
    teller: Teller, days: Mapping[str, int], *, dry_run: bool = False
) -> dict[str, int]:
    duty = Duty(verb="retain", who="jadwal", dry_run=dry_run)
    return (await custodian(teller, days).carry_out(duty)).data


async def test_nobody_leads_to_an_anonymous_person_once_it_is_over(teller: Teller) -> None:
    """Return address, answers and pseudonym go; the record and the ministry's box stay."""
    (record,) = await reported(teller, REPORT | {"text": f"ANONIM {WORDS}"})
    lane = (await teller.rows("select pseudonym from records"))[0][0]
    early = await retained(teller, {"anonymous_days": 30})
    await closed(teller, 31)
    dry = await retained(teller, {"anonymous_days": 30}, dry_run=True)
    done = await retained(teller, {"anonymous_days": 30})
    again = await retained(teller, {"anonymous_days": 30})
    ((after, _),) = await teller.records()
    everything = [await teller.rows(f"select * from {table}") for table in ("records", "work")]

    assert [list(counts.values()) for counts in (early, dry, done, again)] == [[0], [1], [1], [0]]
    assert after == record
    assert after.reporter.sealed
    assert await count(teller, "reporters where data_key is not null") == 0
    assert lane not in repr(everything)


@pytest.mark.parametrize(
    ("line", "table"), [("messages_days", "journal"), ("identities_days", "reporters")]
)
async def test_what_is_due_loses_its_keys_and_what_is_held_does_not(
    teller: Teller, line: str, table: str
) -> None:
    """A page at a time, each line of the schedule by its own days."""
    first, _ = await reported(teller, REPORT, OTHER)
    await ordered(teller, "hold", first)
    await closed(teller, 11)
    nothing = await retained(teller, {line: 12})
    done = await retained(teller, {line: 10})
    verdict = await teller.database.read(chain.verify)

    assert list(nothing.values()) == [0]
    assert list(done.values()) == [1]
    assert await count(teller, f"{table} where data_key is not null") == 1
    assert verdict.broken is None


async def test_whole_cases_go_with_a_certificate_each(teller: Teller) -> None:
    """As if somebody had erased them."""
    await reported(teller, REPORT, OTHER)
    await closed(teller, 11)
    await retained(teller, {"cases_days": 10})
    found = await teller.rows("select document from certificates")

    assert [record.text for record, _ in await teller.records()] == ["", ""]
    assert {json.loads(row[0])["who"] for row in found} == {"jadwal"}


# --- breach ------------------------------------------------------------------------------------


async def test_whose_data_was_touched_is_told_by_pseudonym(teller: Teller) -> None:
    """By period and table; contacts of the named alone."""
    await reported(teller, REPORT)
    teller.clock.advance(DAY)
    between = teller.clock.milliseconds
    anonymous = {"channel": "sms", "from": BUDI, "text": f"ANONIM {OTHER['text']}"}
    await reported(teller, anonymous)
    end = teller.clock.milliseconds + 1

    def looked(since: int, *tables: str) -> Any:  # noqa: ANN401 (what a read returns)
        return teller.database.read(
            lambda tx: [
                (one.anonymous, sorted(one.tables), list(breach.contacts(tx, teller.vault, one)))
                for one in breach.touched(tx, since=since, until=end, tables=tables)
            ]
        )

    everything = ["journal", "outbox", "records", "reporters"]
    assert await looked(0) == [
        (False, everything, ["Ani", ANI, "ani@example.org"]),
        (True, everything, []),
    ]
    assert await looked(between, "reporters") == [(True, ["reporters"], [])]


# --- rotation ----------------------------------------------------------------------------------


async def test_every_data_key_is_wrapped_by_the_newest_key(teller: Teller) -> None:
    """Then the old key opens nothing, names are the same, and the chain is whole."""
    await reported(teller, REPORT, REPORT | {"text": f"ANONIM {WORDS}"})
    before = await teller.records()
    teller.vault.renew(teller.vault.key + b"2" * 32)
    done = await custodian(teller).carry_out(Duty(verb="rewrap", who="sari"))
    again = await custodian(teller).carry_out(Duty(verb="rewrap", who="sari"))
    left = [
        row[0]
        for table in TABLES
        for row in await teller.rows(f"select data_key from {table} where data_key is not null")
        if teller.vault.rewrapped(bytes(row[0])) is not None
    ]
    verdict = await teller.database.read(chain.verify)

    assert sum(done.data.values()) > 5
    assert (again.data, left) == ({}, [])
    assert await teller.records() == before
    assert verdict.broken is None


def test_no_table_with_a_data_key_is_forgotten() -> None:
    """Whoever adds one hears of it here."""
    parts = [part for step in MIGRATIONS for part in step if isinstance(part, str)]
    step = " ".join(parts)
    made = re.findall(r"create table (\w+) \((.*?)\n\s*\)", step, re.DOTALL)

    assert {name for name, columns in made if " data_key " in f" {columns} "} == set(TABLES)
