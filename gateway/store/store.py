"""
The store: one writer thread with group commit, a few readers, and migrations at opening.

Whatever queued while the last commit ran shares the next one, and every waiter is told after its
own commit. Work is a plain function of a transaction; it may be run a second time (alone, when a
neighbour in its group failed), so it must have no effect outside the transaction. `Urgent`
work shares its commit with nobody and goes before what else queued.
"""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from forwarder.ports import Transaction
from gateway.store.engine import BoundTransaction, Connection, Engine, Urgent
from gateway.store.errors import StoreConflict, StoreError, StoreOvertaken, StoreUnavailable
from gateway.store.migrate import migrate, refuse_marked
from gateway.store.sqlite import Sqlite

T = TypeVar("T")

# One group's size: enough to carry any burst, small enough that nobody waits long for the others.
GROUP = 256
# So long nobody wants anything written before the store takes time for itself.
IDLE_SECONDS = 0.1
# After so long it leaves nothing in its log, where destroyed keys would still be found.
QUIET_SECONDS = 1.0
READERS = 2


class Job:
    """A piece of work and who waits for it."""

    __slots__ = ("error", "future", "result", "work")

    def __init__(self, work: Callable[[Transaction], Any], future: asyncio.Future[Any]) -> None:
        self.work = work
        self.future = future
        self.result: Any = None
        self.error: BaseException | None = None


class Store:
    """An opened database; see `forwarder.ports.Database` for what callers may expect."""

    def __init__(self, engine: Engine, loop: asyncio.AbstractEventLoop) -> None:
        self.engine = engine
        self._loop = loop
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._local = threading.local()
        self._reading: list[Connection] = []
        self._readers = ThreadPoolExecutor(READERS, "store-reader")
        # A process that fails must end, also where nobody came to close the store: what waits for
        # the writer then was acknowledged to nobody.
        self._writer = threading.Thread(target=self._write_groups, name="store-writer", daemon=True)
        self._connection: Connection | None = None

    @classmethod
    async def open(cls, url: str, copies: int = 1) -> "Store":
        """
        Open and migrate: sqlite:///absolute/path.db or postgresql://….

        With two copies a server must have synchronous standbys.
        Raises StoreError when the database belongs to another process or another version.
        """
        engine = engine_for(url, copies)
        store = cls(engine, asyncio.get_running_loop())
        await asyncio.to_thread(store._start)
        return store

    async def write(self, work: Callable[[Transaction], T], /) -> T:
        """Run `work` in the next group and return its value once that is on disk."""
        future: asyncio.Future[T] = self._loop.create_future()
        self._jobs.put(Job(work, future))
        return await future

    async def read(self, work: Callable[[Transaction], T], /) -> T:
        """Run `work` on a read-only connection, beside the writer."""
        return await self._loop.run_in_executor(self._readers, self._read, work)

    async def close(self) -> None:
        """Finish what is queued and close every connection."""
        self._jobs.put(None)
        await asyncio.to_thread(self._writer.join)
        await asyncio.to_thread(self._readers.shutdown)
        for connection in self._reading:
            connection.close()
        if isinstance(self.engine, Sqlite):
            self.engine.unlock()

    def _start(self) -> None:
        if isinstance(self.engine, Sqlite):
            self.engine.lock()
        try:
            self._connection = self.engine.connect(read_only=False)
            migrate(self.engine, self._connection)
        except self.engine.weather as exc:
            self._release()
            raise StoreUnavailable(f"the database cannot be opened: {exc}") from exc
        except StoreError:
            self._release()
            raise
        self._writer.start()

    def _release(self) -> None:
        if self._connection:
            self._connection.close()
        if isinstance(self.engine, Sqlite):
            self.engine.unlock()

    # --- the writer thread ---------------------------------------------------------------------

    def _write_groups(self) -> None:
        while (job := self._next()) is not None:
            jobs, more = self._gather(job)
            for group in _in_turn(jobs):
                if not self._commit(group) and len(group) > 1 and not _weather(group):
                    for alone in group:
                        alone.error = None
                        self._commit([alone])
                self._loop.call_soon_threadsafe(_tell, group)
            if not more:
                break
        self._tend(wholly=True)
        if self._connection:
            self._connection.close()

    def _next(self) -> Job | None:
        try:
            return self._jobs.get(timeout=IDLE_SECONDS)
        except Empty:
            self._tend()
        try:
            return self._jobs.get(timeout=QUIET_SECONDS)
        except Empty:
            self._tend(wholly=True)
            return self._jobs.get()

    def _gather(self, first: Job) -> tuple[list[Job], bool]:
        group = [first]
        try:
            while len(group) < GROUP:
                job = self._jobs.get_nowait()
                if job is None:
                    return group, False
                group.append(job)
        except Empty:
            pass
        return group, True

    def _commit(self, group: list[Job]) -> bool:
        try:
            connection = self._writable()
            with self._around(group[0].work, connection):
                transaction = BoundTransaction(self.engine, connection)
                for job in group:
                    job.result = job.work(transaction)
        except self.engine.conflict as exc:
            error: BaseException = StoreConflict(type(exc).__name__)
            error.__cause__ = exc
        except self.engine.weather as exc:
            error = StoreUnavailable(type(exc).__name__)
            error.__cause__ = exc
        except self.engine.errors as exc:
            error = StoreError(type(exc).__name__)
            error.__cause__ = exc
        except BaseException as exc:  # noqa: BLE001 (handed to whoever waits for this work)
            error = exc
        else:
            if isinstance(group[0].work, Urgent):
                group[0].work.committed()
            return True
        for job in group:
            job.error = error
        return False

    def _around(self, work: object, connection: Connection) -> AbstractContextManager[None]:
        if isinstance(work, Urgent) and work.is_one_statement():
            return self.engine.statement(connection)
        return self.engine.transaction(connection)

    def _writable(self) -> Connection:
        if self._connection is None or not self.engine.usable(self._connection):
            if self._connection:
                self._connection.close()
            self._connection = None
            self._connection = self._connect_again(read_only=False)
        return self._connection

    def _connect_again(self, *, read_only: bool) -> Connection:
        """
        Connect to a database that was right when it was opened.

        What is refused now, as a primary that lost its standbys a moment ago, may be right again.
        """
        try:
            connection = self.engine.connect(read_only=read_only)
        except StoreError as exc:
            raise StoreUnavailable(str(exc)) from exc
        try:
            refuse_marked(self.engine, connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _tend(self, *, wholly: bool = False) -> None:
        if self._connection:
            try:
                self.engine.tend(self._connection, wholly=wholly)
            except self.engine.weather:
                return  # the log stays longer; the next pause is another chance

    # --- the readers ---------------------------------------------------------------------------

    def _read(self, work: Callable[[Transaction], T]) -> T:
        connection: Connection | None = getattr(self._local, "connection", None)
        try:
            if connection is None or not self.engine.usable(connection):
                connection = self._connect_again(read_only=True)
                self._local.connection = connection
                self._reading.append(connection)
            with self.engine.transaction(connection):
                return work(BoundTransaction(self.engine, connection))
        except self.engine.weather as exc:
            raise StoreUnavailable(type(exc).__name__) from exc
        except self.engine.errors as exc:
            raise StoreError(type(exc).__name__) from exc


def database_file(url: str) -> Path:
    """The file a store URL of SQLite names."""
    return Path(unquote(urlsplit(url).path))


def engine_for(url: str, copies: int = 1) -> Engine:
    """The engine a store URL names."""
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return Sqlite(database_file(url))
    if parts.scheme in {"postgresql", "postgres"}:
        # Imported only here: the driver would cost every start on SQLite a tenth of a second.
        from gateway.store.postgres import Postgres  # noqa: PLC0415

        return Postgres(url, copies)
    raise StoreError(f"a store URL begins with sqlite:// or postgresql://, not {parts.scheme}://")


def _in_turn(jobs: list[Job]) -> Iterator[list[Job]]:
    """Urgent ones first and each by itself: somebody outside waits for them, not for the rest."""
    yield from ([job] for job in jobs if isinstance(job.work, Urgent))
    if rest := [job for job in jobs if not isinstance(job.work, Urgent)]:
        yield rest


def _weather(group: list[Job]) -> bool:
    """Whether the database failed, not one of the works: then all would only fail again."""
    error = group[0].error
    return isinstance(error, StoreUnavailable) and not isinstance(error, StoreOvertaken)


def _tell(group: list[Job]) -> None:
    for job in group:
        if job.future.done():  # its waiter was cancelled; the commit stands
            continue
        if job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.result)
