"""
What a line of the torture chamber is: a numbered test, run in one of three sizes on one engine.

`short` belongs to every run of the tests (some seconds a line), `quick` to `make torture QUICK=1`
(under a minute a line), `full` to `make torture` before a release.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

from postgres import Postgres

T = TypeVar("T")

Size = Literal["short", "quick", "full"]
Engine = Literal["sqlite", "postgresql"]
ENGINES: tuple[Engine, ...] = ("sqlite", "postgresql")
ALL_SIZES: frozenset[Size] = frozenset({"short", "quick", "full"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one line came to."""

    #: Such as "0 of 12,345 acknowledged lost".
    figure: str
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Chamber:
    """Where a case runs."""

    size: Size
    engine: Engine
    #: Empty, and of this case alone.
    folder: Path
    #: The server of the run, where the engine is PostgreSQL.
    server: Postgres | None = None
    #: Of whatever is left to chance; printed when the case fails.
    seed: int = 0

    def pick(self, *, short: T, quick: T, full: T) -> T:
        """The number that belongs to the size."""
        return {"short": short, "quick": quick, "full": full}[self.size]

    @contextmanager
    def store(self) -> Iterator[dict[str, Any]]:
        """Settings for a gateway with a new empty store, which is gone afterwards."""
        if self.server is None:
            yield {}
            return
        url = self.server.database()
        try:
            yield {"store": {"url": url}}
        finally:
            self.server.drop(url)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One numbered line, as in the list of the reliability bar."""

    #: "R1", "S7"; several lines may share one.
    number: str
    what: str
    run: Callable[[Chamber], Awaitable[Finding]]
    engines: tuple[Engine, ...] = ENGINES
    sizes: frozenset[Size] = field(default=ALL_SIZES)
    #: Why it cannot run on this machine, or nothing.
    lacking: Callable[[], str | None] = lambda: None
    #: Why the kernel does not allow it here, or nothing; unlike a peer it cannot be installed, so
    #: the line is skipped also where all peers must be there.
    refused: Callable[[], str | None] = lambda: None

    @property
    def name(self) -> str:
        """How a person tells the cases apart."""
        return f"{self.number} {self.what}"
