"""
Three PostgreSQL nodes under Patroni and an etcd, on loopback, in one folder: as docs/scale.md says.

Every commit is on two nodes (synchronous_mode_strict). A node is killed whole, Patroni with it, and
comes back as a standby. Patroni refuses to run as root, so there it runs in a user namespace.
"""

import json
import shutil
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import peers
from ports import unused_port
from postgres import PostgresAbsent, not_root, programs_found
from processes import end_at_once, started_with

NAMES = ("satu", "dua", "tiga")
UP_SECONDS = 180.0
# Patroni's shortest: who has not renewed for so long is taken for dead.
TTL, LOOP_WAIT, RETRY = 20, 5, 5
PARAMETERS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "shared_buffers": "32MB",
    "max_connections": 60,
    "wal_log_hints": "on",
}


def lacking_patroni() -> str | None:
    """Why there can be no cluster here, or nothing."""
    try:
        programs_found()
    except PostgresAbsent:
        return "no PostgreSQL (apt-get install postgresql)"
    missing = [program for program in ("patroni", "etcd") if not peers.find(program)]
    return (
        f"no {' and no '.join(missing)} (apt-get install patroni etcd-server)" if missing else None
    )


class Node:
    """Patroni with its PostgreSQL."""

    def __init__(self, name: str, home: Path, etcd: int) -> None:
        self.name = name
        self.home = home / name
        self.port, self.rest = unused_port(), unused_port()
        self._etcd = etcd
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start Patroni, which starts PostgreSQL when it may."""
        self.home.mkdir(exist_ok=True)
        prefix, user = not_root(self.home)
        settings = self.home / "patroni.yml"
        settings.write_text(json.dumps(self._settings()))  # JSON is YAML as well
        with (self.home / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*prefix, str(peers.find("patroni")), str(settings)],
                stdout=log,
                stderr=log,
                cwd=self.home,
                user=user,
                env={"PATH": "/usr/bin:/bin", "HOME": str(self.home)},
                start_new_session=True,
            )

    def kill(self) -> None:
        """End Patroni, the server and every process of it at once."""
        end_at_once(*started_with(str(self.home)))
        if self._process:
            self._process.wait()

    def members(self) -> list[dict[str, Any]]:
        """The cluster as this node sees it; empty where it does not answer."""
        with suppress(OSError, ValueError):
            address = f"http://127.0.0.1:{self.rest}/cluster"
            with urllib.request.urlopen(address, timeout=5) as answer:
                found: list[dict[str, Any]] = json.load(answer)["members"]
                return found
        return []

    def _settings(self) -> dict[str, Any]:
        here, rest = f"127.0.0.1:{self.port}", f"127.0.0.1:{self.rest}"
        hosts = [f"host {what} all 127.0.0.1/32 trust" for what in ("all", "replication")]
        cluster = {
            "ttl": TTL,
            "loop_wait": LOOP_WAIT,
            "retry_timeout": RETRY,
            "synchronous_mode": True,
            "synchronous_mode_strict": True,
            "postgresql": {"use_pg_rewind": True, "parameters": PARAMETERS},
        }
        return {
            "scope": "lapor",
            "name": self.name,
            "restapi": {"listen": rest, "connect_address": rest},
            "etcd3": {"host": f"127.0.0.1:{self._etcd}"},
            "bootstrap": {
                "dcs": cluster,
                "initdb": [{"encoding": "UTF8"}, {"locale": "C"}, {"auth": "trust"}],
            },
            "postgresql": {
                "listen": here,
                "connect_address": here,
                "data_dir": str(self.home / "data"),
                "bin_dir": str(programs_found()),
                "pgpass": str(self.home / "pgpass"),
                "authentication": {
                    who: {"username": "postgres", "password": "invented"}
                    for who in ("superuser", "replication", "rewind")
                },
                "parameters": {"unix_socket_directories": str(self.home)},
                "pg_hba": ["local all all trust", *hosts],
            },
        }


class Cluster:
    """The three nodes."""

    def __init__(self, nodes: list[Node]) -> None:
        self.nodes = nodes

    @property
    def url(self) -> str:
        """Whichever takes writes."""
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)
        return f"postgresql://postgres@{hosts}/postgres?target_session_attrs=read-write"

    def leader(self) -> Node:
        """The node that takes writes."""
        names = [one["name"] for one in self._members() if one["role"] == "leader"]
        return next(node for node in self.nodes if node.name in names)

    def until_whole(self) -> None:
        """Wait until all three are up and one of the others has every commit."""
        _until(self._is_whole, lambda: f"not whole: {self._members()}")

    def _is_whole(self) -> bool:
        members = self._members()
        roles = sorted(one["role"] for one in members)
        states = {one["state"] for one in members}
        return roles == ["leader", "replica", "sync_standby"] and states <= {"running", "streaming"}

    def _members(self) -> list[dict[str, Any]]:
        return next((found for node in self.nodes if (found := node.members())), [])


@contextmanager
def patroni_cluster() -> Iterator[Cluster]:
    """Start everything in a folder that is gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix="lapor-patroni-"))
    home.chmod(0o711)
    port, peer = unused_port(), unused_port()
    cluster = Cluster([Node(name, home, port) for name in NAMES])
    etcd = _etcd(home, f"http://127.0.0.1:{port}", f"http://127.0.0.1:{peer}")
    try:
        for node in cluster.nodes:
            node.start()
        cluster.until_whole()
        yield cluster
    finally:
        for node in cluster.nodes:
            node.kill()
        etcd.kill()
        etcd.wait()
        shutil.rmtree(home, ignore_errors=True)


def _etcd(home: Path, clients: str, peers_at: str) -> "subprocess.Popen[bytes]":
    options = {
        "data-dir": str(home / "etcd"),
        "listen-client-urls": clients,
        "advertise-client-urls": clients,
        "listen-peer-urls": peers_at,
        "initial-advertise-peer-urls": peers_at,
        "initial-cluster": f"default={peers_at}",
    }
    with (home / "etcd.log").open("wb") as log:
        return subprocess.Popen(
            [str(peers.find("etcd")), *(f"--{name}={value}" for name, value in options.items())],
            stdout=log,
            stderr=log,
            cwd=home,
            start_new_session=True,
        )


def _until(true: Callable[[], bool], otherwise: Callable[[], str]) -> None:
    deadline = time.monotonic() + UP_SECONDS
    while not true():
        assert time.monotonic() < deadline, otherwise()
        time.sleep(0.2)
