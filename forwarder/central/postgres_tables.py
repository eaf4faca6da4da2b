"""The calls into a PostgreSQL database, on one connection that is opened when it is needed."""

from collections.abc import Sequence

import psycopg
from psycopg import sql

from channels.contract import Outcome, Receipt, Refused, TryLater, Uncertain
from forwarder.central.cases import PAGE, Kept, comment_cells, said_cells, update_of
from forwarder.central.postgres_schema import (
    ENTERED,
    FORGET,
    FORGET_COMMENTS,
    HAS,
    HAS_COMMENT,
    HELD,
    KEEP,
    KEEP_ANCHOR,
    KEEP_COMMENT,
    MAKE,
    UPSERT,
)
from forwarder.central.sqlite import Row, row_of
from forwarder.ledger import Case
from forwarder.push import Push
from forwarder.update import Page

# PostgreSQL takes no NUL in text, and none written as an escape in jsonb.
NUL, ESCAPED_NUL, INSTEAD = "\x00", "\\u0000", "\ufffd"
CONNECT_SECONDS = 5


class Tables:
    """What the thread of a store works with; its methods are called one at a time."""

    def __init__(  # noqa: PLR0913 (each a setting)
        self, url: str, *, password: str, schema: str, make: bool, utc_offset: int, timeout: float
    ) -> None:
        self._url = url
        self._password = password
        self._schema = schema
        self._make = make
        self._utc_offset = utc_offset
        self._timeout = timeout
        self._connection: psycopg.Connection | None = None

    def store(self, pushes: Sequence[Push]) -> Sequence[Outcome]:
        """A batch in one transaction; where the database refuses one of them, one by one."""
        rows = [row_of(push) if push.kind == "record" else said_cells(push) for push in pushes]
        good = [row for row in rows if not isinstance(row, Refused)]
        try:
            outcome: Outcome = self._stored(good)
        except (psycopg.DataError, psycopg.IntegrityError):
            return [row if isinstance(row, Refused) else self._alone(row) for row in rows]
        except psycopg.Error as exc:
            outcome = self._weather(exc)
        return [row if isinstance(row, Refused) else outcome for row in rows]

    def has(self, push: Push) -> Receipt | Uncertain | None:
        """Whether a revision or a comment is there."""
        query, key = HAS, (push.record_id, push.revision)
        try:
            if push.kind == "comment":
                said = comment_cells(push)
                if isinstance(said, Refused):
                    return None
                row = self._opened().execute(HAS_COMMENT, said[:1]).fetchone()
            else:
                row = self._opened().execute(query, key).fetchone()
        except psycopg.Error as exc:
            return Uncertain(reason=self._weather(exc).reason)
        return Receipt() if row else None

    def held(self, cases: Sequence[Case]) -> Sequence[bool | None]:
        """Which revisions are there, in one question."""
        asked = [case.record_id for case in cases], [case.revision for case in cases]
        try:
            found = {row[0] for row in self._opened().execute(HELD, asked).fetchall()}
        except psycopg.Error as exc:
            self._weather(exc)
            return [None] * len(cases)
        return [number in found for number in range(1, len(cases) + 1)]

    def entered(self, cursor: str) -> Page | TryLater:
        """What officers entered behind `cursor`: a transaction and a row number."""
        transaction, _, id_ = cursor.partition(":")
        at = (transaction or "0", int(id_ or 0), PAGE)
        try:
            rows = self._opened().execute(ENTERED, at).fetchall()
        except psycopg.Error as exc:
            return self._weather(exc)
        return Page(
            updates=tuple(update_of(row[1:], 0) for row in rows),
            cursor=f"{rows[-1][0]}:{rows[-1][1]}" if rows else cursor,
            more=len(rows) == PAGE,
        )

    def let_go(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _stored(self, rows: Sequence[Row | tuple[object, ...]]) -> Receipt:
        records = [row for row in rows if isinstance(row, Row)]
        kept = [row for row in rows if isinstance(row, Kept)]
        said = [row for row in rows if not isinstance(row, Row | Kept)]
        connection = self._opened()
        with connection.transaction(), connection.cursor() as cursor:
            cursor.executemany(KEEP, [row.revision for row in records])
            cursor.executemany(UPSERT, [_takeable(row.cells) for row in records])
            cursor.executemany(KEEP_COMMENT, [_takeable(row) for row in said])
            cursor.executemany(KEEP_ANCHOR, kept)
            forgets = [row.forgets for row in records if row.forgets]
            cursor.executemany(FORGET, forgets)
            cursor.executemany(FORGET_COMMENTS, [(id_,) for id_, _, whole in forgets if whole])
        return Receipt()

    def _alone(self, row: Row | tuple[object, ...]) -> Outcome:
        try:
            return self._stored([row])
        except (psycopg.DataError, psycopg.IntegrityError) as exc:
            # Its words quote the complaint; the name of the error does not.
            return Refused(reason=f"the database refuses the record: {type(exc).__name__}")
        except psycopg.Error as exc:
            return self._weather(exc)

    def _opened(self) -> psycopg.Connection:
        if self._connection is None:
            connection = psycopg.connect(
                self._url,
                autocommit=True,
                connect_timeout=CONNECT_SECONDS,
                application_name="lapor-gateway",
                options=f"-c statement_timeout={int(self._timeout * 1000)}",
                password=self._password or None,
            )
            try:
                self._prepare(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _prepare(self, connection: psycopg.Connection) -> None:
        schema = sql.Identifier(self._schema)
        connection.execute(sql.SQL("set search_path to {}").format(schema))
        if not self._make:
            return
        # POSIX counts hours west of Greenwich, hence the sign.
        zone = f"WIB{-self._utc_offset:+d}"
        with connection.transaction():
            for statement in MAKE:
                text = statement.replace("{schema}", schema.as_string(connection))
                connection.execute(text.replace("{zone}", zone).encode())

    def _weather(self, error: psycopg.Error) -> TryLater:
        self.let_go()
        words = (error.diag.message_primary or str(error)).splitlines() or [""]
        return TryLater(reason=f"{type(error).__name__}: {words[0]}")


def _takeable(cells: Sequence[object]) -> list[object]:
    return [
        cell.replace(NUL, INSTEAD).replace(ESCAPED_NUL, INSTEAD) if isinstance(cell, str) else cell
        for cell in cells
    ]
