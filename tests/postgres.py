"""
A PostgreSQL server for the tests: the one that is given, else one of our own for the session.

Ours is initdb + postgres on a unix socket in a temporary directory, with fsync off: durability on
PostgreSQL is proven by its own people. A server refuses to run as root, so as root it is started
inside a user namespace (where we are nobody, and files keep their owner), or else as nobody.
Each test gets a database of its own, copied from a migrated template in about 0.15 s where the
files lie in memory; below a TMPDIR on a disk it takes several times as long.
"""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import psycopg
from processes import children, end_at_once
from psycopg.conninfo import conninfo_to_dict

ABSENT = """no PostgreSQL for the tests; looked for, in this order:
  1. $GATEWAY_TEST_POSTGRES: a postgresql:// address of a server where we may create databases
  2. $PG_BIN: a directory that holds initdb and postgres
  3. /usr/lib/postgresql/*/bin (apt-get install postgresql)
  4. the Python package pgserver, of which only the programs are used (make test installs it)
Run pytest --without-postgres to leave these tests out."""

# A fresh server is up within a second or two; a crowded build machine may need far longer.
START_SECONDS = 60.0

SETTINGS = (
    "fsync=off",
    "synchronous_commit=on",  # the gateway insists on it, see design section 10
    "full_page_writes=off",
    "listen_addresses=",
    "shared_buffers=32MB",
    "max_connections=100",
    "autovacuum=off",
    "log_min_messages=fatal",
)


class PostgresAbsent(Exception):
    """No server was given and no programs were found to start one."""


class Postgres:
    """A running server; `database` makes an empty one, `copy` one that is migrated already."""

    def __init__(
        self, address: str, migrate: Callable[[str], None], *, in_memory: bool = False
    ) -> None:
        self._address = address
        self._migrate = migrate
        # Where a file costs nothing, copying them is several times faster than logging each page.
        self._strategy = "strategy file_copy" if in_memory and self._knows_strategies() else ""
        self._template: str | None = None
        # The pid keeps apart two test runs that share one given server.
        self._names = (f"lapor_test_{os.getpid()}_{number}" for number in count(1))

    def database(self, template: str = "template0") -> str:
        """The postgresql:// address of a new database."""
        name = next(self._names)
        self._execute(f"create database {name} template {template} {self._strategy}")
        return self._url(name)

    def copy(self) -> str:
        """The postgresql:// address of a new database that holds every table and no row."""
        if self._template is None:
            url = self.database()
            self._migrate(url)
            self._template = _name(url)
        return self.database(self._template)

    def drop(self, url: str) -> None:
        """Remove a database, whoever is still connected."""
        self._execute(f"drop database if exists {_name(url)} with (force)")

    def close(self) -> None:
        """Remove what is left on a server that is not ours alone."""
        if self._template is not None:
            self.drop(self._url(self._template))

    def _knows_strategies(self) -> bool:
        with psycopg.connect(self._address) as connection:
            return connection.info.server_version >= 15_00_00

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self._address, autocommit=True) as connection:
            connection.execute(statement.encode())

    def _url(self, name: str) -> str:
        head, question, tail = self._address.partition("?")
        return head.rpartition("/")[0] + "/" + name + question + tail


def _name(url: str) -> str:
    return str(conninfo_to_dict(url)["dbname"])


@contextmanager
def running_postgres(migrate: Callable[[str], None]) -> Iterator[Postgres]:
    """Yield the given server or one of our own; raise PostgresAbsent where there is neither."""
    given = os.environ.get("GATEWAY_TEST_POSTGRES")
    with _given(given, migrate) if given else _own(migrate) as server:
        try:
            yield server
        finally:
            server.close()


@contextmanager
def _given(address: str, migrate: Callable[[str], None]) -> Iterator[Postgres]:
    if "://" not in address or not conninfo_to_dict(address).get("dbname"):
        message = "GATEWAY_TEST_POSTGRES must be postgresql://user@host/database"
        raise PostgresAbsent(message)
    yield Postgres(address, migrate)


@contextmanager
def _own(migrate: Callable[[str], None]) -> Iterator[Postgres]:
    with own_postgres() as own:
        yield Postgres(own.address, migrate, in_memory=_in_memory(own.home))


def _in_memory(place: Path) -> bool:
    """Whether files there are on no disk, as Linux's `stat` names its file system."""
    told = subprocess.run(
        ["stat", "--file-system", "--format=%T", place], capture_output=True, text=True, check=False
    )
    return told.stdout.strip() == "tmpfs"


def programs_found() -> Path:
    """The directory that holds initdb and postgres."""
    package = importlib.util.find_spec("pgserver")  # found, not imported: importing starts things
    inside = Path(package.origin).parent / "pginstall/bin" if package and package.origin else None
    places = [
        *([Path(os.environ["PG_BIN"])] if "PG_BIN" in os.environ else []),
        *sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True),
        *([inside] if inside else []),
    ]
    for place in places:
        if (place / "initdb").exists() and (place / "postgres").exists():
            return place
    raise PostgresAbsent(ABSENT)


def _version(place: Path) -> float:
    return float(place.parent.name)


@contextmanager
def own_postgres(*settings: str) -> Iterator["Server"]:
    """A server of one's own, started, with these settings beside the usual ones."""
    # Not pytest's tmp_path: the path of a unix socket must stay below 108 characters.
    server = Server(programs_found(), Path(tempfile.mkdtemp(prefix="lapor-postgres-")), settings)
    try:
        server.make()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(server.home, ignore_errors=True)


class Server:
    """initdb and postgres on a unix socket below one folder; may be killed and started again."""

    def __init__(self, programs: Path, home: Path, settings: Sequence[str]) -> None:
        self.home = home
        self.address = f"postgresql://postgres@/postgres?host={home}"
        self._programs = programs
        self._settings = [f"-c{setting}" for setting in (*SETTINGS, *settings)]
        self._prefix, self._user = not_root(home)
        self._process: subprocess.Popen[bytes] | None = None

    def make(self) -> None:
        """Make an empty cluster."""
        initialise(self._program("initdb"), self.home, self._user)

    def start(self) -> None:
        """Start it, recovering from whatever ended it, and return when it takes connections."""
        with (self.home / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._program("postgres"), "-D", self._data, "-k", self.home, *self._settings],
                stdout=log,
                stderr=log,
                cwd=self.home,
                user=self._user,
                # Its own group: an interrupt typed at pytest must not end it before the last test.
                start_new_session=True,
            )
        _wait_until_ready(self._process, self.home)

    def stop(self) -> None:
        """PostgreSQL's fast shutdown: it does not wait for clients."""
        if self._process:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(START_SECONDS)

    def kill(self) -> None:
        """End the server and every process of it at once, as the kernel would."""
        assert self._process
        end_at_once(self._process.pid)
        self._process.wait()

    def kill_backend(self) -> bool:
        """End one process that serves a client; the server then recovers from it by itself."""
        assert self._process
        serving = [pid for pid, name in children(self._process.pid).items() if "[local]" in name]
        for pid in serving[:1]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return bool(serving)

    @property
    def _data(self) -> Path:
        return self.home / "data"

    def _program(self, name: str) -> list[str]:
        return [*self._prefix, str(self._programs / name)]


def not_root(home: Path) -> tuple[list[str], str | None]:
    """What to run a server with, and as whom, so that it may run here with its files in `home`."""
    root = os.geteuid() == 0
    prefix = ["unshare", "--user"] if root and _namespaces_work() else []
    user = "nobody" if root and not prefix else None
    if user:
        os.chown(home, pwd.getpwnam(user).pw_uid, -1)
    return prefix, user


def _namespaces_work() -> bool:
    if shutil.which("unshare") is None:
        return False
    return subprocess.run(["unshare", "--user", "true"], check=False).returncode == 0


def initialise(initdb: Sequence[str], home: Path, user: str | None) -> None:
    """Make an empty cluster in `data` below home."""
    options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-sync"]
    subprocess.run(
        [*initdb, *options, "--no-locale", "--pgdata", str(home / "data")],
        check=True,
        capture_output=True,
        cwd=home,
        user=user,
    )


def _wait_until_ready(server: "subprocess.Popen[bytes]", home: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            psycopg.connect(f"postgresql://postgres@/postgres?host={home}").close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise PostgresAbsent("PostgreSQL did not start: " + (home / "log").read_text())
