"""Which stores get a record, and that one of them being away holds up nobody."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from fault_server import FaultServer, status
from forwarding import NOW, SMS, document, record_entry, record_id, reply_entry
from lanes import Lanes
from msgspec.structs import replace

from channels.contract import Receipt
from forwarder.central.http import HttpCentral, HttpOptions
from forwarder.central.sqlite import SqliteCentral, SqliteOptions
from forwarder.item import Item
from forwarder.outbox import Entry
from forwarder.routing import ALL, Only, Routes, everything_to
from forwarder.target import to_channel
from gateway import records
from gateway.build_routes import build_routes
from gateway.errors import SettingsError
from gateway.records import Written
from gateway.revise import follow_up, revise
from gateway.settings import read_settings
from gateway.store import Store
from gateway.vault import Vault
from normalizer.record import Agency, Judgement, Place, Record

RECORD = msgspec.json.decode(document(1), type=Record)
ROADS = replace(
    RECORD,
    topic=Judgement(value="jalan", confidence=0.9),
    agency=Agency(value="pupr", confidence=0.9),
    place=Place(code="36.03.01.2001"),
)


@pytest.mark.parametrize(
    ("only", "named"),
    [
        (Only(), True),
        (Only(topics=("jalan", "drainase")), True),
        (Only(topics=("sampah",)), False),
        (Only(types=("pengaduan",), topics=("jalan",)), True),
        (Only(types=("aspirasi",), topics=("jalan",)), False),
        (Only(places=("36.03",)), True),
        (Only(places=("36.03.01.2001",)), True),
        (Only(places=("36.0", "36.03.1")), False),
        (Only(agencies=("pupr",)), True),
        (Only(agencies=("dlh",), places=("36.03",)), False),
    ],
)
def test_a_rule_names_records_by_all_its_lists(only: Only, *, named: bool) -> None:
    """Each list that is not empty must name the record; a place stands for all within it."""
    routes = Routes(stores={"all": ALL, "some": only})

    assert routes.of(ROADS) == (("all", "some") if named else ("all",))


@pytest.mark.parametrize(
    "only", [Only(topics=("jalan",)), Only(places=("36.03",)), Only(agencies=("pupr",))]
)
def test_what_nobody_could_decide_is_named_by_no_list(only: Only) -> None:
    """It goes to the store without a rule, and never nowhere."""
    assert Routes(stores={"some": only, "all": ALL}).of(RECORD) == ("all",)


# --- settings -----------------------------------------------------------------------------------


def settings_with(tmp_path: Path, rule: str) -> Routes:
    (tmp_path / "gateway.toml").write_text(
        f'[central.all]\nkind = "sqlite"\n[central.province]\nkind = "sqlite"\n{rule}'
    )
    return build_routes(read_settings(tmp_path, tmp_path, {}))


def test_a_topic_stands_for_those_under_it(tmp_path: Path) -> None:
    """Whoever wants clean water wants the burst pipes too; the taxonomy says what is under what."""
    routes = settings_with(tmp_path, '[central.province.only]\ntopics = ["air_bersih"]\n')
    burst = replace(RECORD, topic=Judgement(value="pipa_bocor", confidence=0.8))

    assert routes.of(burst) == ("all", "province")
    assert routes.of(RECORD) == ("all",)


def test_one_store_takes_what_no_rule_names(tmp_path: Path) -> None:
    """Rules that leave no store for the rest would be a wrong door: the gateway does not start."""
    (tmp_path / "gateway.toml").write_text(
        '[central.a]\nkind = "sqlite"\n[central.a.only]\ntopics = ["jalan"]\n'
    )

    with pytest.raises(SettingsError, match="central: one store must be without `only`"):
        read_settings(tmp_path, tmp_path, {})


def test_a_misspelt_rule_is_refused(tmp_path: Path) -> None:
    """It would otherwise let everything through."""
    with pytest.raises(SettingsError, match=r"central\.province\.only\.topic: is not a setting"):
        settings_with(tmp_path, '[central.province.only]\ntopic = ["jalan"]\n')


# --- revisions ----------------------------------------------------------------------------------

HEARD = Routes(stores={"all": ALL, "roads": Only(topics=("jalan",)), "waste": Only(topics=("x",))})


async def written(database: Store, vault: Vault, record: Record) -> Written:
    """A record as the pipeline writes it, its first revision sent where the rules say."""
    row = Written(
        record_id=record.record_id,
        revision=record.revision,
        case_code=record.case_code,
        channel=record.channel,
        external_id=record.external_id,
        received_at=NOW,
        pseudonym="p" * 32,
        document=vault.seal(msgspec.json.encode(record)),
        identity=vault.seal(b"{}"),
        keys=(),
    )
    await database.write(lambda tx: records.write(tx, [row], now=NOW))
    return row


async def sent(lanes: Lanes) -> list[tuple[str, int]]:
    rows = await lanes.database.read(
        lambda tx: tx.all("select target, revision from outbox order by revision, target")
    )
    return [(row[0].removeprefix("central:"), row[1]) for row in rows]


@pytest.fixture
def lanes(database: Store, vault: Vault) -> Lanes:
    return Lanes(database, vault)


async def test_a_revision_goes_where_the_record_went_and_where_it_belongs_now(lanes: Lanes) -> None:
    """A corrected topic: the old store hears of it, the new one begins at revision 2."""
    await written(lanes.database, lanes.vault, ROADS)
    await lanes.put([replace_target(record_entry(1), name) for name in HEARD.of(ROADS)])
    waste = Judgement(value="x", confidence=1.0, by="officer")

    await lanes.database.write(
        lambda tx: revise(
            tx,
            lanes.vault,
            record_id(1),
            lambda record: replace(record, topic=waste),
            centrals=HEARD,
            now=NOW,
        )
    )

    assert await sent(lanes) == [
        ("all", 1),
        ("roads", 1),
        ("all", 2),
        ("roads", 2),
        ("waste", 2),
    ]


async def test_what_a_citizen_adds_follows_the_record(lanes: Lanes) -> None:
    """A revision the pipeline makes reaches a store whose rule does not name it any more."""
    second = replace(await written(lanes.database, lanes.vault, ROADS), revision=2)
    await lanes.put([replace_target(record_entry(1), name) for name in HEARD.of(ROADS)])
    await lanes.put([replace_target(record_entry(1, 2), "all")])

    await lanes.database.write(
        lambda tx: follow_up(tx, lanes.vault, [second], centrals=HEARD, now=NOW)
    )
    await lanes.database.write(
        lambda tx: follow_up(tx, lanes.vault, [second], centrals=everything_to("all"), now=NOW)
    )

    assert await sent(lanes) == [("all", 1), ("roads", 1), ("all", 2), ("roads", 2)]


def replace_target(entry: Entry, name: str) -> Entry:
    return replace(entry, target=f"central:{name}")


# --- lanes --------------------------------------------------------------------------------------


@pytest.fixture
async def away() -> AsyncIterator[FaultServer]:
    async with FaultServer() as server:
        yield server


async def test_a_dead_store_holds_up_neither_the_other_nor_the_receipts(
    lanes: Lanes, away: FaultServer, tmp_path: Path
) -> None:
    """
    Two stores, one dead: the other has everything and every citizen their receipt.

    When the dead one is back it gets each revision once and in order.
    """
    many = 30
    away.health = status(503)
    here = SqliteCentral("here", SqliteOptions(), tmp_path)
    options = HttpOptions(url=away.url, allow_private=True)
    there = HttpCentral("there", options, lambda: lanes.clock.milliseconds)
    receipts: list[str] = []

    async def reply(item: Item) -> Receipt:
        receipts.append(item.record_id)
        return Receipt()

    for revision in (1, 2):
        entries = [record_entry(number, revision) for number in range(many)]
        await lanes.put(
            [replace_target(one, name) for one in entries for name in ("here", "there")]
        )
    # As the pipeline puts them: to wait for a store, or go alone some seconds later.
    patience = NOW + 3_600_000
    await lanes.put([reply_entry(n, lane=str(n), due=patience) for n in range(many)])

    async with lanes.running(here, there, to_channel("sms", reply)):
        await lanes.until("central:here", "delivered", 2 * many)
        await lanes.until(SMS, "delivered", many)
        states = await lanes.states("central:there")
        away.health = None
        lanes.clock.advance(3600)
        await lanes.until("central:there", "delivered", 2 * many)
    await here.close()
    await there.close()

    assert set(states) == {"pending"}
    assert len(set(receipts)) == len(receipts) == many
    for number in range(many):
        keys = [key for key in away.records if key.startswith(record_id(number))]
        assert keys == [f"{record_id(number)}-1", f"{record_id(number)}-2"]
