"""
Which tables are moved and in which order, and what their columns are on either engine.

Tables and columns are read from the database itself; the order is written here, and a table that
stands nowhere here is refused, so that a later migration is not forgotten.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

from forwarder.ports import Row
from gateway.store import StoreError

#: Whoever refers to another comes after it.
ORDER = (
    *("journal", "work", "records", "reporters", "fingerprints", "clusters", "signals"),
    *("outbox", "outbox_bodies", "timeline", "strays", "questions"),
    *("notices", "notice_lines", "silenced", "spent", "clocks", "clock_days", "escalations"),
    *("users", "recovery_codes", "sessions", "sign_in_tries", "api_keys", "aside"),
    *("audit", "trail_head", "anchors", "reveals", "holds", "certificates"),
    *("record_files", "leaving_files"),
    *("corrections", "decisions", "apart", "views", "presences", "board", "board_words"),
    *("figures", "figure_marks", "cursors", "rhythm", "troubles", "leases"),
)
#: What is not moved, and why.
STAYS = {
    "schema_version": "each database has its own: its migrations write it",
    "moving": "how far a move has come; there only until it is whole",
}
KINDS = {"blob": "bytes", "bytea": "bytes", "text": "text", "integer": "number", "bigint": "number"}


@dataclass(frozen=True)
class Shape:
    """One table; column types as its engine calls them."""

    name: str
    columns: tuple[str, ...]
    types: tuple[str, ...]
    #: The primary key, or all columns where there is none.
    key: tuple[str, ...]
    #: The column that numbers itself, "" for none.
    identity: str = ""

    @cached_property
    def kinds(self) -> dict[str, str]:
        """What each column holds, in words both engines share."""
        kinds = (KINDS.get(type_, type_) for type_ in self.types)
        return dict(zip(self.columns, kinds, strict=True))

    @cached_property
    def whole(self) -> str:
        """A statement for every row in any order."""
        return f"select {', '.join(self.columns)} from {self.name}"

    @cached_property
    def in_order(self) -> str:
        """Every row in the order of the key."""
        return f"{self.whole} order by {', '.join(self.key)}"

    @cached_property
    def after(self) -> str:
        """The rows behind a key; :k0, :k1 and so on are its values."""
        values = ", ".join(f":k{number}" for number in range(len(self.key)))
        names = ", ".join(self.key)
        return f"{self.whole} where ({names}) > ({values}) order by {names}"

    @cached_property
    def count(self) -> str:
        """How many rows there are."""
        return f"select count(*) from {self.name}"

    @cached_property
    def any_row(self) -> str:
        """One row, if there is any."""
        return f"select 1 from {self.name} limit 1"

    @cached_property
    def clear(self) -> str:
        """A statement that takes every row away."""
        return f"delete from {self.name}"

    @cached_property
    def number_on(self) -> str:
        """PostgreSQL's statement for the next number of the identity column."""
        sequence = f"pg_get_serial_sequence('{self.name}', '{self.identity}')"
        following = f"coalesce(max({self.identity}), 0) + 1"
        return f"select setval({sequence}, {following}, false) from {self.name}"

    def key_of(self, row: Row) -> tuple[object, ...]:
        """The key's values of a row."""
        return tuple(row[self.columns.index(name)] for name in self.key)


def shapes_of(catalogue: Iterable[Row]) -> dict[str, Shape]:
    """
    Shapes from rows of table, column, type, place in the primary key (0: none), is identity.

    Rows come by table, and by the order of columns in it.
    """
    shapes = {}
    for name, group in groupby(catalogue, key=lambda row: str(row[0])):
        rows = list(group)
        columns = tuple(str(row[1]) for row in rows)
        in_key = sorted((row[3], row[1]) for row in rows if row[3])
        shapes[name] = Shape(
            name=name,
            columns=columns,
            types=tuple(str(row[2]).lower() for row in rows),
            key=tuple(column for _, column in in_key) or columns,
            identity=next((row[1] for row in rows if row[4]), ""),
        )
    return shapes


def require_alike(source: Mapping[str, Shape], target: Mapping[str, Shape]) -> None:
    """Refuse where a table would be overlooked, or a column has no counterpart."""
    for name in sorted(source.keys() - STAYS.keys()):
        if name not in ORDER:
            raise StoreError(f"migrate-store does not know the table {name}; nothing was moved")
    for name in ORDER:
        if name not in source or name not in target:
            raise StoreError(f"the table {name} is missing; nothing was moved")
        if source[name].kinds != target[name].kinds:
            raise StoreError(f"the table {name} differs between the two; nothing was moved")
