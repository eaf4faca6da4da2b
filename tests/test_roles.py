"""One gateway as several processes: who does what, and that together they do all of it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import psycopg
import pytest
from cluster_process import Cluster, cluster
from gateway_process import Gateway
from load import Crowd, Load, Sms, post

SEED = 7
READ_ONLY = "alter database {name} set default_transaction_read_only = {value}"
CUT = """
select pg_terminate_backend(pid) from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid()
"""


@pytest.fixture
async def together(tmp_path: Path, postgres_url: str) -> AsyncIterator[Cluster]:
    """A cluster on it."""
    async with cluster(tmp_path, postgres_url) as found:
        yield found


async def test_intake_takes_in_and_a_worker_does_the_rest(together: Cluster) -> None:
    """What one process acknowledged another makes a record of and delivers."""
    intake, worker = await together.start(door="intake", desk="worker")
    load = Load(intake, Crowd(SEED))
    async with load.running(sms=2, mail=1):
        await load.acknowledgements(20)
    await together.store.until(lambda: len(together.store.records) == len(load.messages))

    assert "lapor-gateway is ready as intake" in intake.log
    assert "settled" not in intake.log
    assert await intake.stop() == 0
    assert await worker.stop() == 0


async def test_a_worker_opens_no_door_to_citizens_and_intake_none_to_officers(
    together: Cluster,
) -> None:
    intake, worker = await together.start(door="intake", desk="worker")
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(f"{worker.url}/lapor")
    console = [(await each.get("/console/static/console.css"))[0] for each in (intake, worker)]
    metrics = [(await each.get("/metrics"))[0] for each in (intake, worker)]

    assert console == [404, 404]
    assert metrics == [200, 200]


@pytest.mark.parametrize("role", ["intake", "worker"])
async def test_on_sqlite_one_process_does_everything(gateway: Gateway, role: str) -> None:
    gateway.role = role
    await gateway.start(wait=False)

    assert await gateway.ended() != 0
    assert f"role {role}: SQLite belongs to one process" in gateway.log


async def test_a_part_of_a_gateway_makes_no_key_of_its_own(together: Cluster) -> None:
    """Two machines that each made one could not read each other's messages."""
    intake = together.member("door", "intake")
    intake.env = {}
    await intake.start(wait=False)
    code = await asyncio.wait_for(intake.ended(), 60)

    assert code != 0
    assert "the gateway key is missing" in intake.log


async def test_without_a_server_that_writes_senders_hear_it_and_all_goes_on_by_itself(
    together: Cluster, postgres_url: str
) -> None:
    """Connections cut and only a read-only server left, as in a failover; then one that writes."""
    intake, _ = await together.start(door="intake", desk="worker")
    load = Load(intake, Crowd(SEED))
    with psycopg.connect(postgres_url, autocommit=True) as standby:
        async with load.running(sms=3, mail=1):
            await load.acknowledgements(5)
            standby.execute(READ_ONLY.format(name=standby.info.dbname, value="on").encode())
            standby.execute(CUT)
            await load.refusal(503)
            await load.refusal(451)
            status, missing = await intake.get("/health/ready")
            standby.execute("set default_transaction_read_only = off")
            standby.execute(READ_ONLY.format(name=standby.info.dbname, value="off").encode())
            await load.acknowledgements(10)
    await together.store.until(lambda: len(together.store.records) == len(load.messages))

    assert status == 503
    assert "the database takes no writes" in missing


async def test_at_a_locked_table_nobody_waits_long_and_nothing_is_stored_twice(
    together: Cluster, postgres_url: str
) -> None:
    """The commit is never cancelled: it may come to be stored while its sender tries again."""
    (intake,) = await together.start(door="intake")
    sms = Sms(id="once", sender="+6280000000001", text="lampu padam")
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session:
        with psycopg.connect(postgres_url) as other:
            other.execute("lock table journal in access exclusive mode")
            answers = [await post(session, intake.url, sms) for _ in range(2)]
        while (answer := await post(session, intake.url, sms)) == 503:  # noqa: ASYNC110 (a sender)
            await asyncio.sleep(0.1)
    with psycopg.connect(postgres_url) as after:
        rows = after.execute("select count(*) from journal").fetchone()

    assert (answers, answer, rows) == ([503, 503], 200, (1,))
