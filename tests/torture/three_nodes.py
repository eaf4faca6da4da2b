"""
PostgreSQL on three nodes of this machine: one takes writes, two follow, every commit is on two.

Promotion is by hand, as an operator without Patroni does it: the standby that has more of the log
becomes the primary, and the other one follows it from then on.
"""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from ports import unused_port
from postgres import START_SECONDS, initialise, not_root, programs_found
from processes import end_at_once

STANDBYS = ("s1", "s2")
SETTINGS = (
    "fsync=off",  # what is killed here are processes, not machines
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "shared_buffers=32MB",
    "log_min_messages=fatal",
    "hot_standby=on",
    "wal_receiver_status_interval=1",
    "wal_retrieve_retry_interval=200ms",
)
TWO_COPIES = "synchronous_standby_names=ANY 1 (s1, s2)"


@dataclass(slots=True, kw_only=True)
class Node:
    """One server."""

    name: str
    #: Its folder has the data folder `data`.
    home: Path
    port: int
    prefix: list[str]
    user: str | None
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        """Of this node alone."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def start(self, *settings: str) -> None:
        """Start it and wait until it answers."""
        with (self.home / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *self.prefix,
                    *[str(programs_found() / "postgres"), "-D", str(self.home / "data")],
                    *[f"-p{self.port}", *(f"-c{one}" for one in (*SETTINGS, *settings))],
                ],
                stdout=log,
                stderr=log,
                cwd=self.home,
                user=self.user,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self.process.poll() is None, (self.home / "log").read_text()
            assert time.monotonic() < deadline, f"{self.name} does not answer"
            time.sleep(0.05)

    def kill(self) -> None:
        """End it and its children as a power cut would."""
        if self.process is None or self.process.poll() is not None:
            return
        end_at_once(self.process.pid)
        self.process.wait(START_SECONDS)

    def one(self, sql: str) -> object:
        """The first value a statement gives."""
        with psycopg.connect(self.url, autocommit=True, connect_timeout=5) as connection:
            row = connection.execute(sql.encode()).fetchone()
            return row[0] if row else None

    def set(self, name: str, value: str) -> None:
        """Change a setting for good."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f"alter system set {name} = '{value}'".encode())
            connection.execute("select pg_reload_conf()")
        deadline = time.monotonic() + START_SECONDS
        while self.one(f"show {name}") != value:
            assert time.monotonic() < deadline, f"{name} does not change"
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            self.one("select 1")
        except psycopg.OperationalError:
            return False
        return True


@dataclass(slots=True, kw_only=True)
class ThreeNodes:
    """A primary and two standbys."""

    primary: Node
    standbys: list[Node] = field(default_factory=list)

    @property
    def url(self) -> str:
        """All of them; whichever takes writes is meant."""
        nodes = sorted([self.primary, *self.standbys], key=lambda node: node.name)
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in nodes)
        return f"postgresql://postgres@{hosts}/postgres?target_session_attrs=read-write"

    def promote(self) -> None:
        """Make the standby with more of the log the primary; the dead one stays out."""
        new, other = sorted(
            self.standbys, key=lambda node: int(str(node.one(RECEIVED))), reverse=True
        )
        new.one("select pg_promote()")
        other.set("primary_conninfo", followed(new, other.name))
        self.primary, self.standbys = new, [other]


RECEIVED = "select pg_wal_lsn_diff(pg_last_wal_receive_lsn(), '0/0')::bigint"


def followed(primary: Node, name: str) -> str:
    """How a standby of this name finds its primary."""
    return f"host=127.0.0.1 port={primary.port} user=postgres application_name={name}"


@contextmanager
def three_nodes() -> Iterator[ThreeNodes]:
    """Start them in a folder that is gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix="lapor-nodes-"))
    nodes: list[Node] = []
    try:
        for name in ("primary", *STANDBYS):
            folder = home / name
            folder.mkdir()
            home.chmod(0o711)
            prefix, user = not_root(folder)
            node = Node(name=name, home=folder, port=unused_port(), prefix=prefix, user=user)
            nodes.append(node)
            if name == "primary":
                initialise([*prefix, str(programs_found() / "initdb")], folder, user)
                node.start()
            else:
                _copy(nodes[0], node)
                node.start(TWO_COPIES)
        nodes[0].set(*TWO_COPIES.split("="))
        yield ThreeNodes(primary=nodes[0], standbys=nodes[1:])
    finally:
        for node in nodes:
            node.kill()
        shutil.rmtree(home, ignore_errors=True)


def _copy(primary: Node, standby: Node) -> None:
    command = [*standby.prefix, str(programs_found() / "pg_basebackup"), "--no-sync"]
    subprocess.run(
        [
            *[*command, "--write-recovery-conf", "--checkpoint=fast"],
            *["-D", str(standby.home / "data"), "-d", followed(primary, standby.name)],
        ],
        check=True,
        capture_output=True,
        cwd=standby.home,
        user=standby.user,
    )
