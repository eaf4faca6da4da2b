"""What deploy/ ships: a proxy before two gateways, an image, a compose file, a Patroni example."""

import hashlib
import re
import signal
import subprocess
import tomllib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import haproxy
import peers
import psycopg
import pytest
from cluster_process import Cluster, cluster
from gateway_process import Gateway
from load import Crowd, Load

from gateway.settings import read_settings

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
LETTER = b"%PDF-1.7 surat dari RT"
SEED = 11


@pytest.fixture
async def together(tmp_path: Path, postgres_url: str) -> AsyncIterator[Cluster]:
    """Gateways whose attachments lie in one folder; none started yet."""
    async with cluster(tmp_path, postgres_url) as found:
        found.settings["attachments"] = {"place": str(tmp_path / "share")}
        proxied = {"trusted_proxy_header": "X-Forwarded-For"}
        found.settings["channels"] = {"web": proxied}
        yield found


@pytest.fixture
async def proxy(together: Cluster, tmp_path: Path) -> AsyncIterator[Gateway]:
    """The proxy before two of them; it is addressed as if it were one."""
    (tmp_path / "proxy").mkdir()
    proxy = Gateway(tmp_path / "proxy")
    gateways = await together.start(one="all", two="all")
    with haproxy.running(proxy, gateways):
        yield proxy


def asked(url: str, sql: str) -> list[tuple[Any, ...]]:
    """Rows of the gateways' database."""
    with psycopg.connect(url) as connection:
        return connection.execute(sql.encode()).fetchall()


# --- the proxy -----------------------------------------------------------------------------------


@pytest.mark.peer
@pytest.mark.slow
async def test_a_gateway_that_dies_under_load_is_left_out_and_taken_back(
    proxy: Gateway, together: Cluster, postgres_url: str
) -> None:
    """Senders who repeat find the other one; all that was acknowledged is there once."""
    one, two = together.members.values()
    chains = "select chain, count(*) from journal group by chain"
    load = Load(proxy, Crowd(SEED))
    async with load.running(sms=4, mail=2):
        await load.acknowledgements(60)
        assert len(asked(postgres_url, chains)) == 2  # both take in
        one.kill()
        await load.acknowledgements(60)
        await one.start()
        two.signal(
            signal.SIGTERM
        )  # stops in order: says that it is not ready, finishes what is in hand
        await load.acknowledgements(60)
        assert await two.ended() == 0
    await together.store.until(lambda: len(together.store.records) == len(load.messages))

    kept = "".join(map(str, together.store.records.values()))
    assert [mark for mark in load.messages if mark not in kept] == []
    assert len(asked(postgres_url, "select 1 from records")) == len(load.messages)


@pytest.mark.slow
async def test_a_form_and_its_file_may_meet_two_gateways(
    together: Cluster, postgres_url: str, tmp_path: Path
) -> None:
    """The page comes from one, its answer goes to the other; the file lies where both see it."""
    one, two = await together.start(one="all", two="all")
    for number, (giver, taker) in enumerate([(one, two), (two, one)]):
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
            async with session.get(f"{giver.url}/lapor") as response:
                page = await response.text()
            form = aiohttp.FormData(default_to_multipart=True)
            form.add_field("token", page.partition('name="token" value="')[2].partition('"')[0])
            form.add_field("text", f"Lampu jalan nomor {number} mati di Cikupa")
            form.add_field("place", "Cikupa")
            form.add_field("files", LETTER + bytes([number]), filename="surat.pdf")
            async with session.post(f"{taker.url}/lapor", data=form) as response:
                assert response.status == 200
    await together.store.until(lambda: len(together.store.records) == 2)

    letters = {hashlib.sha256(LETTER + bytes([number])).hexdigest() for number in range(2)}
    assert {row[0] for row in asked(postgres_url, "select sha256 from record_files")} == letters
    assert {path.name for path in (tmp_path / "share").glob("*/*")} == letters
    assert list(tmp_path.glob("*/data/attachments/??/*")) == []  # noqa: ASYNC240 (a test may wait)
    assert len(asked(postgres_url, "select distinct chain from journal")) == 2


@pytest.mark.peer
async def test_officers_pages_are_behind_it_and_orders_and_figures_are_not(
    proxy: Gateway,
) -> None:
    """Only /console of the internal listener is to be reached from outside."""
    found = {}
    async with aiohttp.ClientSession() as session:
        for path in ("/console/static/console.css", "/metrics", "/health/ready", "/order", "/file"):
            async with session.get(f"{proxy.internal_url}{path}") as response:
                found[path] = response.status

    assert found.pop("/console/static/console.css") == 200
    assert set(found.values()) == {403}


@pytest.mark.peer
def test_the_proxys_file_is_valid_as_it_is_shipped() -> None:
    """With the names of the compose network, which nobody here can resolve."""
    command = [str(peers.need("haproxy")), "-c", "-f", str(haproxy.CONFIG)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stderr
    assert "[ALERT]" not in checked.stderr


# --- the image and the compose file --------------------------------------------------------------


def test_the_image_gets_all_of_the_program() -> None:
    """A package that is not copied would be missed when it runs."""
    copied = set(re.findall(r"^COPY (\w+) \1$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE))
    named = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]

    assert {name.partition(".")[0] for name in named} | {"config"} == copied


def test_the_settings_of_the_compose_file_can_be_used(tmp_path: Path) -> None:
    """With the secrets it hands in."""
    secrets = {
        name: f"LAPOR_{name.upper()}_FILE"
        for name in ("sms_secret", "central_password", "gateway_key")
    }
    (tmp_path / "secret").write_text("invented")
    text = (DEPLOY / "compose.yaml").read_text()
    given = {name: str(tmp_path / "secret") for name in secrets.values() if name in text}
    settings = read_settings(DEPLOY / "config", Path("/data"), given)

    assert settings.attachments.place in text
    assert settings.store_url.startswith("postgresql://")
    assert f"{settings.file.parent.name}:/config:ro" in text


@pytest.mark.peer
def test_the_compose_file_is_one(tmp_path: Path) -> None:
    """docker-compose reads it and finds every file it names."""
    (tmp_path / "secrets").mkdir()
    text = (DEPLOY / "compose.yaml").read_text()
    for name in re.findall(r"\./secrets/(\w+)", text):
        (tmp_path / "secrets" / name).touch()
    (tmp_path / "compose.yaml").write_text(text)
    command = [str(peers.need("docker-compose")), "-f", "compose.yaml", "config", "--quiet"]
    checked = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stderr
