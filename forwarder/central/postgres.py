"""
A central store in somebody's PostgreSQL database: the ministry's, the province's.

The same tables as the embedded store, so that what reads one reads the other. Records are upserted
by their id, an older revision never takes the place of a newer one, and pushing again changes
nothing. What the server or the network does is weather. Schema: postgres_schema.py.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, ClassVar, TypeVar
from urllib.parse import urlsplit

import msgspec

from channels.contract import Outcome, Receipt, Secret, TryLater, Uncertain
from forwarder.central.contract import Central
from forwarder.ledger import Case
from forwarder.push import Push
from forwarder.update import Page

A = TypeVar("A")
T = TypeVar("T")


class PostgresOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of a central store of kind postgres."""

    #: postgresql://account@host/database
    url: str = ""
    password: Secret | None = None
    schema: Annotated[str, msgspec.Meta(pattern="^[a-z_][a-z0-9_]{0,62}$")] = "lapor"
    #: Make schema, tables and views at the start; false: an administrator has done it.
    make_tables: bool = True
    #: Hours ahead of UTC in the views: WIB 7, WITA 8, WIT 9.
    utc_offset: Annotated[int, msgspec.Meta(ge=-12, le=14)] = 7
    #: Seconds for one statement.
    timeout: Annotated[float, msgspec.Meta(gt=0)] = 15.0
    #: Seconds between two looks for updates somebody entered; 0: nobody looks.
    poll: Annotated[float, msgspec.Meta(ge=0)] = 10.0

    def __post_init__(self) -> None:
        if self.url and not self.url.startswith("postgresql://"):
            raise ValueError("url: expected postgresql://…")
        if urlsplit(self.url).password or "password=" in self.url:
            raise ValueError("url: a password does not belong here; name a secret in `password`")


class PostgresCentral(Central):
    """Records in a database elsewhere."""

    kind: ClassVar[str] = "postgres"
    Options = PostgresOptions
    takes_batches: ClassVar[bool] = True
    takes_anchors: ClassVar[bool] = True
    takes_comments = True

    def __init__(self, name: str, options: PostgresOptions) -> None:
        super().__init__(name)
        # psycopg takes 15 MB; whoever has no such store does not pay for it.
        from forwarder.central.postgres_tables import Tables  # noqa: PLC0415

        self.poll_every = options.poll or None
        self._options = options
        self._thread = ThreadPoolExecutor(1, f"central-{name}")
        self._tables = Tables(
            options.url,
            password=options.password.value if options.password else "",
            schema=options.schema,
            make=options.make_tables,
            utc_offset=options.utc_offset,
            timeout=options.timeout,
        )

    async def push(self, pushes: Sequence[Push]) -> Sequence[Outcome]:
        """Store a batch in one transaction."""
        return await self._in_thread(self._tables.store, pushes)

    async def find(self, push: Push) -> Receipt | Uncertain | None:
        """Whether this revision is in the history, or this comment among the comments."""
        return await self._in_thread(self._tables.has, push)

    async def holds(self, cases: Sequence[Case]) -> Sequence[bool | None]:
        """Whether these revisions are in the history."""
        return await self._in_thread(self._tables.held, cases)

    async def poll(self, cursor: str) -> Page | TryLater:
        """What officers entered since."""
        return await self._in_thread(self._tables.entered, cursor)

    def problems(self) -> Sequence[str]:
        """What is missing to reach the database."""
        if not self._options.url:
            return [f"central store {self.name}: url is empty"]
        return ()

    async def close(self) -> None:
        """Finish the batch under way and close the connection."""
        await self._in_thread(lambda _: self._tables.let_go(), None)
        self._thread.shutdown()

    async def _in_thread(self, call: Callable[[A], T], argument: A) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, call, argument)
