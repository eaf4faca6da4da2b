"""
A PostgreSQL server of one case alone, which may be harmed: durable, on a disk of the case's choice.

The shared server of the tests runs with fsync off; this one does what an office's would do.
"""

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import postgres
import psycopg

START_SECONDS = 60.0
SETTINGS = (
    "listen_addresses=",
    "shared_buffers=16MB",
    "max_connections=40",
    "log_min_messages=panic",
    # What a killed server leaves in /dev/shm would stay there.
    "dynamic_shared_memory_type=mmap",
)
# For a disk of some megabytes.
SMALL = ("min_wal_size=4MB", "max_wal_size=8MB", "wal_recycle=off")


class OwnServer:
    """Start, kill and start again; `url` is that of its database."""

    def __init__(self, data: Path, *, small: bool = False) -> None:
        self._programs = postgres.programs_found()
        self._data = data
        self._small = small
        # The path of a unix socket must stay below 108 characters.
        self._home = Path(tempfile.mkdtemp(prefix="lapor-own-"))
        self._prefix, user = postgres.not_root(self._home)
        if user:
            raise postgres.PostgresAbsent("a server does not run as root, nor in a namespace here")
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"postgresql://postgres@/postgres?host={self._home}"

    @property
    def pid(self) -> int:
        """The process id of the server."""
        assert self._process
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the server has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def log(self) -> str:
        """What it had to say."""
        file = self._home / "log"
        return file.read_text(errors="replace") if file.exists() else ""

    def initialise(self) -> None:
        """Make an empty cluster."""
        options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale"]
        options += ["--wal-segsize=1"] if self._small else []
        self._run("initdb", [*options, "--pgdata", str(self._data)])

    async def start(self) -> None:
        """Start it and return when it takes connections."""
        chosen = (*SETTINGS, *(SMALL if self._small else ()))
        options = ["-D", str(self._data), "-k", str(self._home), *(f"-c{one}" for one in chosen)]
        with (self._home / "log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: ASYNC220 (returns at once)
                [*self._program("postgres"), *options],
                stdout=log,
                stderr=log,
                cwd=self._home,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while not await asyncio.to_thread(self._answers):
            assert self.running, f"PostgreSQL ended instead of starting: {self.log[-2000:]}"
            assert time.monotonic() < deadline, f"PostgreSQL did not start: {self.log[-2000:]}"
            await asyncio.sleep(0.05)

    def kill(self) -> None:
        """End it and all its processes as a power cut would."""
        if self._process:
            if self.running:
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(START_SECONDS)

    def remove(self) -> None:
        """Kill it and forget its socket; the data are the case's."""
        self.kill()
        shutil.rmtree(self._home, ignore_errors=True)

    @asynccontextmanager
    async def tended(self) -> AsyncIterator[None]:
        """Start it again whenever it has ended, as a service manager does."""
        tending = asyncio.create_task(self._tend())
        try:
            yield
        finally:
            tending.cancel()
            await asyncio.gather(tending, return_exceptions=True)

    async def _tend(self) -> None:
        while True:
            if not self.running:
                try:
                    await self.start()
                except AssertionError:  # its disk is still ill
                    self.kill()
            await asyncio.sleep(0.2)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def _program(self, name: str) -> list[str]:
        return [*self._prefix, str(self._programs / name)]

    def _run(self, name: str, options: Sequence[str]) -> None:
        command = [*self._program(name), *options]
        subprocess.run(command, check=True, capture_output=True, cwd=self._home)


@asynccontextmanager
async def own_server(data: Path, *, small: bool = False) -> AsyncIterator[OwnServer]:
    """A new server that runs, and is gone afterwards."""
    server = OwnServer(data, small=small)
    try:
        await asyncio.to_thread(server.initialise)
        await server.start()
        yield server
    finally:
        server.remove()
