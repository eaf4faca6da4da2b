"""What officers say is the same, or is not: on both engines, in the tables themselves."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import story
from clock import Clock
from story import Teller

from forwarder.ports import Transaction
from forwarder.routing import everything_to
from gateway import clusters
from gateway.access.person import Person, Role
from gateway.back.planning import people_of
from gateway.handling.joining import Joiner
from gateway.handling.kin import PAGE_ROWS, Kin, kin_of
from gateway.handling.likely import Likely, likely_for
from gateway.handling.seeing import NotHere, Seen, see
from gateway.vault import Vault
from normalizer.record import Record

RINI = Person(id=1, login="rini", name="Rini", role=Role.OFFICER)
LAMP = "Lampu jalan depan balai desa Sukamulya padam sejak hari Senin, mohon diperbaiki"
#: Near enough to be asked about, not near enough to be joined unasked.
ALIKE = "Lampu jalan dekat balai desa Sukamulya mati, tolong segera diperbaiki, gelap kalau malam"
OTHERS = (
    "Sampah menumpuk di belakang pasar Cikupa sudah seminggu tidak diangkut",
    "Jembatan bambu di kampung Flamboyan ambruk, warga memutar jauh",
    "Air keran mati total di perumahan Bumi Asri selama tiga hari",
)


@pytest.fixture
async def teller(
    database_url: str, vault: Vault, clock: Clock, tmp_path: Path
) -> AsyncIterator[Teller]:
    async with story.teller(database_url, vault, clock, tmp_path) as telling:
        yield telling


async def told(teller: Teller, *texts: str) -> list[Record]:
    """One report of each text, each by somebody else."""
    for number, text in enumerate(texts):
        await teller.play({"channel": "sms", "from": f"+62812000000{number:02}", "text": text})
        teller.clock.advance(60)
    return [record for record, _ in await teller.records()]


class Officer:
    """Looks at cases and joins them."""

    def __init__(self, teller: Teller) -> None:
        self._teller = teller
        self._joiner = Joiner(vault=teller.vault, centrals=everything_to("central"))

    async def join(self, one: Record, other: Record) -> bool:
        """Say that two are the same."""

        def write(tx: Transaction) -> bool:
            pair = [see(tx, self._teller.vault, each.case_code) for each in (one, other)]
            return self._joiner.join(tx, *pair, person=RINI, now=self._now)

        return await self._teller.database.write(write)

    async def part(self, record: Record) -> bool:
        """Say that one is not."""

        def write(tx: Transaction) -> bool:
            seen = see(tx, self._teller.vault, record.case_code)
            return self._joiner.part(tx, seen, person=RINI, now=self._now)

        return await self._teller.database.write(write)

    async def differ(self, one: Record, other: Record) -> None:
        """Say that two sound alike and are not the same."""

        def write(tx: Transaction) -> None:
            pair = [see(tx, self._teller.vault, each.case_code) for each in (one, other)]
            self._joiner.differ(tx, *pair, person=RINI, now=self._now)

        await self._teller.database.write(write)

    async def kin(self, record: Record, page: int = 1, agency: str = "") -> Kin:
        """Look at a cluster."""
        return await self._teller.database.read(
            lambda tx: kin_of(
                tx,
                self._teller.vault,
                see(tx, self._teller.vault, record.case_code),
                agency=agency,
                page=page,
            )
        )

    async def codes(self, record: Record) -> set[str]:
        """The case codes of its first page."""
        return {one.case_code for one in (await self.kin(record)).page}

    async def counted(self, record: Record) -> int:
        """How many reports matching takes it for."""

        def read(tx: Transaction) -> int:
            return clusters.size(tx, clusters.whole(tx, record.record_id))

        return await self._teller.database.read(read)

    async def likely(self, record: Record, agency: str = "") -> list[Likely]:
        """What is suggested."""

        def read(tx: Transaction) -> list[Likely]:
            vault = self._teller.vault
            return likely_for(tx, vault, see(tx, vault, record.case_code), agency=agency)

        return await self._teller.database.read(read)

    async def audit(self) -> list[Any]:
        """Who did what."""
        rows = await self._teller.rows("select who, what from audit order by id")
        return [tuple(row) for row in rows]

    @property
    def _now(self) -> int:
        return self._teller.clock.milliseconds


async def test_two_reports_become_one_and_their_reporters_hear_together(teller: Teller) -> None:
    officer = Officer(teller)
    first, second, _ = await told(teller, *OTHERS)
    assert await officer.join(second, first)

    assert await officer.codes(first) == {first.case_code, second.case_code}
    people = await teller.database.read(lambda tx: people_of(tx, first.record_id))
    assert set(people) == {first.record_id, second.record_id}
    newer = {record.record_id: record for record, _ in await teller.records()}[second.record_id]
    assert newer.revision == 2
    assert newer.duplicate
    assert (newer.duplicate.of, newer.duplicate.relation) == (first.record_id, "same")
    assert newer.duplicate.volume == 2
    what = f"joined cases {second.case_code} and {first.case_code}"
    assert await officer.audit() == [("rini", what)] * 2


async def test_joining_again_changes_nothing(teller: Teller) -> None:
    officer = Officer(teller)
    first, second, _ = await told(teller, *OTHERS)
    assert await officer.join(first, second)
    assert not await officer.join(second, first)
    assert not await officer.join(first, first)
    assert await officer.counted(first) == 2


@pytest.mark.parametrize("leaving", [0, 1, 2])
async def test_whoever_leaves_the_others_stay_together(teller: Teller, leaving: int) -> None:
    """Also the report a cluster is named after."""
    officer = Officer(teller)
    records = await told(teller, *OTHERS)
    await officer.join(records[0], records[1])
    await officer.join(records[1], records[2])
    gone = records.pop(leaving)
    assert await officer.part(gone)

    assert await officer.codes(gone) == {gone.case_code}
    assert await officer.codes(records[0]) == {one.case_code for one in records}
    assert await officer.codes(records[1]) == {one.case_code for one in records}
    assert not await officer.part(gone)
    # And back again.
    assert await officer.join(gone, records[1])
    assert (await officer.kin(gone)).reports == 3


@pytest.mark.parametrize("leaving", [0, 1, 2])
async def test_a_report_that_was_joined_by_its_words_leaves_as_well(
    teller: Teller, leaving: int
) -> None:
    officer = Officer(teller)
    records = await told(teller, LAMP, LAMP, LAMP)
    assert (await officer.kin(records[0])).reports == 3
    gone = records.pop(leaving)
    assert await officer.part(gone)

    assert await officer.codes(gone) == {gone.case_code}
    assert await officer.codes(records[0]) == {one.case_code for one in records}
    people = await teller.database.read(lambda tx: people_of(tx, gone.record_id))
    assert set(people) == {gone.record_id}


async def test_what_sounds_alike_is_suggested_until_it_is_joined(teller: Teller) -> None:
    officer = Officer(teller)
    first, second = await told(teller, LAMP, ALIKE)
    assert (await officer.kin(first)).reports == 1
    assert [one.record.case_code for one in await officer.likely(first)] == [second.case_code]
    await officer.join(first, second)
    assert await officer.likely(first) == []


async def test_what_was_told_apart_is_suggested_no_more(teller: Teller) -> None:
    officer = Officer(teller)
    first, second = await told(teller, LAMP, ALIKE)
    await officer.differ(second, first)
    assert await officer.likely(first) == await officer.likely(second) == []
    what = f"told cases {second.case_code} and {first.case_code} apart"
    assert (await officer.audit())[-2:] == [("rini", what)] * 2


async def test_what_was_parted_is_suggested_no_more_until_it_is_joined_again(
    teller: Teller,
) -> None:
    officer = Officer(teller)
    first, second, third = await told(teller, LAMP, LAMP, LAMP)
    await officer.part(second)
    assert await officer.likely(second) == await officer.likely(first) == []
    await officer.join(second, first)
    await officer.part(third)
    assert await officer.codes(second) == {first.case_code, second.case_code}
    assert await officer.likely(third) == []


async def test_an_agency_sees_its_own_reports_alone(teller: Teller) -> None:
    officer = Officer(teller)
    first, second, _ = await told(teller, *OTHERS)
    await officer.join(first, second)
    mine = first.agency.value or ""
    assert mine != second.agency.value
    kin = await officer.kin(first, agency=mine)
    assert kin.reports == 2
    assert [bool(one.record) for one in kin.page] == [True, False]

    def look(tx: Transaction) -> Seen:
        return see(tx, teller.vault, second.case_code, mine)

    with pytest.raises(NotHere):
        await teller.database.read(look)


async def test_a_large_cluster_comes_a_page_at_a_time(teller: Teller) -> None:
    officer = Officer(teller)
    records = await told(teller, *[LAMP] * (PAGE_ROWS + 3))
    kin = await officer.kin(records[0])
    rest = await officer.kin(records[0], page=2)
    assert (kin.reports, kin.senders, len(kin.page), len(rest.page)) == (23, 23, 20, 3)
