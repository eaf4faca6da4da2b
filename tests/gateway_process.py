"""
The real gateway as a real process: `lapor-gateway run` on free ports, to be fed and killed.

Everything it needs lies below one directory: `config/gateway.toml` (written from `settings` at
every start, so a test may change them between two), `data/` and `log`. Ports stay the same over
restarts, as they do for a provider that keeps on sending.
"""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import aiohttp
from ports import unused_port

# A start takes about a second; fifty of them on a machine that builds something else take longer.
READY_SECONDS = 60.0
# More than the gateway's own bound for draining.
STOP_SECONDS = 60.0
# A bound for a command that hangs. One that reads thousands of rows on a machine with many other
# things to do takes a minute and is right all the same.
COMMAND_SECONDS = 240.0

Sections = dict[str, Any]


class Gateway:
    """One gateway; `async with` starts it and stops it again."""

    def __init__(self, home: Path, settings: Sections | None = None) -> None:
        self.home = home
        self.config_dir = home / "config"
        self.data_dir = home / "data"
        self.log_file = home / "log"
        ports = (unused_port(), unused_port(), unused_port())
        self.public, self.internal, self.smtp = (f"127.0.0.1:{port}" for port in ports)
        self.url = f"http://{self.public}"
        self.internal_url = f"http://{self.internal}"
        #: Sections of gateway.toml; the addresses above are added unless they say otherwise.
        self.settings: Sections = settings or {}
        #: A database on PostgreSQL, whatever `settings` say; "" for the one they name.
        self.database_url = ""
        #: Beside PATH and HOME this is the whole environment of the process.
        self.env: dict[str, str] = {}
        #: Programs to run it under, such as strace and its options.
        self.prefix: list[str] = []
        self.role = "all"
        self.process: subprocess.Popen[bytes] | None = None
        #: Of every start so far: each is the leader of a session of its own.
        self.pids: list[int] = []

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self, *, wait: bool = True) -> None:
        """Start the process and return when it is ready for citizens."""
        self._write_settings()
        program = [sys.executable, "-m", "gateway", "run", "--role", self.role]
        folders = ["--config", str(self.config_dir), "--data", str(self.data_dir)]
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: ASYNC220 (returns at once)
                [*self.prefix, *program, *folders],
                cwd=self.home,
                env={"PATH": os.environ["PATH"], "HOME": str(self.home), **self.env},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.pids.append(self.process.pid)
        if wait:
            await self.until_ready()

    async def until_ready(self) -> None:
        """Wait for 200 from /health/ready; a process that ended instead fails with its log."""
        deadline = time.monotonic() + READY_SECONDS
        while not await self.ready():
            assert self.running, f"the gateway ended instead of starting:\n{self.log}"
            assert time.monotonic() < deadline, f"the gateway did not get ready:\n{self.log}"
            await asyncio.sleep(0.02)

    async def ready(self) -> bool:
        """Whether /health/ready says so."""
        try:
            status, _ = await self.get("/health/ready")
        except (aiohttp.ClientError, TimeoutError):
            return False
        return status == 200

    async def get(self, path: str) -> tuple[int, str]:
        """Status and body of an internal page."""
        timeout = aiohttp.ClientTimeout(total=30)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(self.internal_url + path) as response,
        ):
            return response.status, await response.text()

    def kill(self) -> None:
        """End the process as a power cut would, and everything it started."""
        if self.process:
            if self.running:
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(STOP_SECONDS)

    async def stop(self) -> int:
        """Ask it to finish, and return its exit code."""
        assert self.process
        if self.running:
            self.process.send_signal(signal.SIGTERM)
        return await asyncio.to_thread(self.process.wait, STOP_SECONDS)

    async def ended(self) -> int:
        """The exit code of a process that ends without being asked, or was asked already."""
        assert self.process
        return await asyncio.to_thread(self.process.wait, STOP_SECONDS)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, such as SIGHUP."""
        assert self.process
        self.process.send_signal(number)

    async def command(self, *words: str, typed: str = "") -> "subprocess.CompletedProcess[str]":
        """Run another command of `lapor-gateway` on the same folders; `typed` is piped in."""
        folders = ["--config", str(self.config_dir), "--data", str(self.data_dir)]
        return await self.command_alone(*words, *folders, typed=typed)

    async def command_alone(
        self, *words: str, typed: str = ""
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command that is about no gateway."""
        return await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "gateway", *words],
            cwd=self.home,
            env={"PATH": os.environ["PATH"], "HOME": str(self.home), **self.env},
            input=typed,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
        )

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self.process is not None and self.process.poll() is None

    @property
    def pid(self) -> int:
        """The process id."""
        assert self.process
        return self.process.pid

    @property
    def log(self) -> str:
        """Everything it has written to stdout and stderr since the first start."""
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    @property
    def central_db(self) -> Path:
        """The embedded central store."""
        return self.data_dir / "central.db"

    def _write_settings(self) -> None:
        addresses: Sections = {
            "http": {"public": self.public, "internal": self.internal},
            "channels": {"mail": {"listen": self.smtp}},
        }
        if self.database_url:
            addresses["store"] = {"url": self.database_url}
        self.config_dir.mkdir(parents=True, exist_ok=True)
        self.data_dir.mkdir(mode=0o700, exist_ok=True)
        text = "\n".join(_lines(_merged(addresses, self.settings)))
        (self.config_dir / "gateway.toml").write_text(text)


def shipped_config() -> Path:
    """The checkout's config folder."""
    return Path(__file__).parents[1] / "config"


def copy_config(target: Path, *names: str) -> None:
    """Copy files of the shipped config folder, for a test that edits them."""
    for name in names:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(shipped_config() / name, target / name)


def _merged(below: Sections, above: Mapping[str, Any]) -> Sections:
    merged = dict(below)
    for key, value in above.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), dict)
        merged[key] = _merged(merged[key], value) if both else value
    return merged


def _lines(table: Sections, path: tuple[str, ...] = ()) -> Iterator[str]:
    """TOML for tables, strings, numbers, booleans, and lists of all of them."""
    if path:
        yield f"[{'.'.join(path)}]"
    yield from _body(table, path)


def _body(table: Sections, path: tuple[str, ...]) -> Iterator[str]:
    tables = {key: value for key, value in table.items() if isinstance(value, dict)}
    lists = {key: value for key, value in table.items() if _is_tables(value)}
    for key, value in table.items():
        if key not in tables and key not in lists:
            yield f"{key} = {json.dumps(value)}"
    for key, value in tables.items():
        yield from _lines(value, (*path, key))
    for key, values in lists.items():
        for value in values:
            yield f"[[{'.'.join((*path, key))}]]"
            yield from _body(value, (*path, key))


def _is_tables(value: object) -> bool:
    return isinstance(value, list) and any(isinstance(one, dict) for one in value)
