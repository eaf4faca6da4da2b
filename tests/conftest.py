"""Fixtures every test may ask for, and two guards every test gets: environment and network."""

import asyncio
import ipaddress
import logging
import os
import re
import socket
from collections.abc import AsyncIterator, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp_jinja2
import jinja2
import peers
import pytest
import structlog
from clock import Clock
from gateway_process import Gateway
from hypothesis import settings
from jinja2.bccache import Bucket
from ports import unused_port
from postgres import Postgres, PostgresAbsent, running_postgres

from gateway.log import configure
from gateway.store import Store
from gateway.vault import Vault

# Read by us, by libraries or by the service manager: none of it may reach a test from outside.
FOREIGN = re.compile(
    r"LAPOR_|LISTEN_|WATCHDOG_|PG(?!_BIN)|NOTIFY_SOCKET|CREDENTIALS_DIRECTORY|JOURNAL_STREAM|"
    r"NO_COLOR|FORCE_COLOR|.*_proxy$",
    re.IGNORECASE,
)

# How long one example takes says how busy the machine is.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Leaving out half of the store tests is a decision, so it has to be typed."""
    parser.addoption("--without-postgres", action="store_true", help="skip what needs PostgreSQL")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where peers are required (`.ci/run`), a skipped peer test is a failed one."""
    report = yield
    if peers.REQUIRED and item.get_closest_marker("peer") and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped although peers are required"
    return report


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings of the machine the tests run on reach no test."""
    for name in list(os.environ):
        if FOREIGN.match(name):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that would reach another host fails, also where the code under test catches errors."""
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex
    resolve = socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any, /) -> None:  # noqa: ANN401 (as socket)
        _refuse_to_leave(address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any, /) -> int:  # noqa: ANN401 (as socket)
        _refuse_to_leave(address)
        return connect_ex(self, address)

    def guarded_resolve(host: Any, *rest: Any, **named: Any) -> Any:  # noqa: ANN401 (as socket)
        _refuse_to_leave((host,))
        return resolve(host, *rest, **named)

    monkeypatch.setattr(socket.socket, "connect", guarded_connect)
    monkeypatch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
    monkeypatch.setattr(socket, "getaddrinfo", guarded_resolve)


def _refuse_to_leave(address: object) -> None:
    if not isinstance(address, tuple):
        return  # a unix socket
    host = address[0].decode() if isinstance(address[0], bytes) else address[0]
    if host in (None, "", "localhost", "0.0.0.0", "::") or _is_loopback(host):
        return
    pytest.fail(f"a test tried to reach {host}: tests stay on this machine")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@pytest.fixture(autouse=True)
def strict_logs() -> Iterator[None]:
    """Whoever logs a text, a sender or a secret fails here first, see gateway/log.py."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    configure("json", "debug", strict=True)
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


class CompiledTemplates(jinja2.BytecodeCache):
    """Templates of this run, compiled once for all its consoles."""

    def __init__(self) -> None:
        self._code: dict[tuple[str, str], Any] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give what was compiled from the same text."""
        bucket.code = self._code.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep it."""
        if bucket.code:
            self._code[bucket.key, bucket.checksum] = bucket.code


@pytest.fixture(scope="session", autouse=True)
def templates_compiled_once() -> Iterator[None]:
    """A gateway starts one console; the tests start hundreds."""
    setup = aiohttp_jinja2.setup
    with pytest.MonkeyPatch.context() as patch:
        kept = CompiledTemplates()
        patch.setattr(aiohttp_jinja2, "setup", partial(setup, bytecode_cache=kept))
        yield


@pytest.fixture
def free_port() -> int:
    """A port on 127.0.0.1 nobody listens on; `ports.unused_port()` gives more of them."""
    return unused_port()


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still until the test moves it."""
    return Clock()


@pytest.fixture
def vault() -> Vault:
    """Encryption at rest with a key that is worth nothing."""
    return Vault(bytes(range(32)))


@pytest.fixture(scope="session")
def postgres(request: pytest.FixtureRequest) -> Iterator[Postgres]:
    """A running PostgreSQL; absent means failed, unless --without-postgres was typed."""
    if request.config.getoption("--without-postgres"):
        pytest.skip("--without-postgres")
    try:
        with running_postgres(_migrate) as server:
            yield server
    except PostgresAbsent as absent:
        pytest.fail(str(absent), pytrace=False)


def _migrate(url: str) -> None:
    async def open_and_close() -> None:
        await (await Store.open(url)).close()

    # In a thread, because pytest-asyncio may already have a loop in this one.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, open_and_close()).result()


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """An empty, migrated database on PostgreSQL."""
    url = postgres.copy()
    yield url
    postgres.drop(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty, migrated database of one's own, on both engines in turn."""
    if request.param == "sqlite":
        yield f"sqlite://{tmp_path}/gateway.db"
        return
    yield request.getfixturevalue("postgres_url")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Store]:
    """An open store, on both engines in turn."""
    store = await Store.open(database_url)
    yield store
    await store.close()


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    """The real process, not started yet; whatever still runs when the test ends is killed."""
    process = Gateway(tmp_path / "gateway-home")
    process.home.mkdir()
    yield process
    process.kill()


@pytest.fixture(params=["sqlite", "postgresql"])
def on_both_engines(request: pytest.FixtureRequest, gateway: Gateway) -> None:
    """
    Let a test's `gateway` run on an empty database, on both engines in turn.

    For a whole file: `pytestmark = pytest.mark.usefixtures("on_both_engines")`.
    """
    if request.param == "postgresql":
        gateway.database_url = request.getfixturevalue("postgres_url")
