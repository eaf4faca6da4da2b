"""Other reports of a district, for a drawing of where one lies: on both engines."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import story
from clock import Clock
from story import Teller

from forwarder.ports import Transaction
from gateway.board import rows
from gateway.console.report_map import HEIGHT, WIDTH, drawing
from gateway.handling.around import points_around
from gateway.handling.seeing import see
from gateway.vault import Vault
from normalizer.record import MapPoint

LAMP = "Lampu jalan padam di kecamatan Cikupa Kabupaten Tangerang"


@pytest.fixture
async def teller(
    database_url: str, vault: Vault, clock: Clock, tmp_path: Path
) -> AsyncIterator[Teller]:
    async with story.teller(database_url, vault, clock, tmp_path) as telling:
        yield telling


async def test_points_of_the_same_district_are_found(teller: Teller) -> None:
    near = {"channel": "web", "text": LAMP, "point": [-6.24, 106.51]}
    await teller.play(near | {"from": "ani"})
    await teller.play(near | {"from": "budi", "point": [-6.23, 106.52]})
    await teller.play({"channel": "web", "from": "cici", "text": LAMP})
    records = [record for record, _ in await teller.records()]
    ids = [record.record_id for record in records]
    await teller.database.write(lambda tx: rows.refresh(tx, teller.vault, ids))

    def around(tx: Transaction, number: int, agency: str = "") -> dict[str, MapPoint]:
        seen = see(tx, teller.vault, records[number].case_code)
        return points_around(tx, teller.vault, seen, agency=agency)

    found = await teller.database.read(lambda tx: around(tx, 0))
    assert found == {records[1].case_code: MapPoint(lat=-6.23, lon=106.52)}
    assert await teller.database.read(lambda tx: around(tx, 0, "Dinas Lain")) == {}
    assert await teller.database.read(lambda tx: around(tx, 2)) == {}


def test_a_drawing_keeps_everything_in_its_frame_and_tells_its_scale() -> None:
    here = MapPoint(lat=-6.2, lon=106.5)
    others = [("A", MapPoint(lat=-6.1, lon=106.6)), ("B", MapPoint(lat=-6.21, lon=106.5))]
    drawn = drawing(here, [*others, ("far", MapPoint(lat=3.0, lon=98.0))])
    assert [dot.label for dot in drawn.others] == ["A", "B"]
    assert all(0 < dot.x < WIDTH and 0 < dot.y < HEIGHT for dot in drawn.others)
    [north, south] = drawn.others
    assert north.y < drawn.here.y < south.y
    assert drawn.metres == 10_000
    assert drawing(here, []).metres == 500
