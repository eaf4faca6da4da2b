"""
An office of an older program, as `old/record.py` recorded it, put into an empty database.

It has a backlog: messages nobody has read, records and receipts on their way, a long SMS without
its second part; and a case that is held, a person who was erased, one who is anonymous.
"""

import re
import sqlite3
from base64 import b64encode
from contextlib import closing
from pathlib import Path

import psycopg

#: The number of its schema: the last one before there was a console.
VERSION = 13
#: What opens it.
KEY = b64encode(bytes(range(32))).decode()
#: All it had acknowledged, and how many of them nobody had read.
RECEIVED, UNREAD = 17, 6
#: Records that wait for the store `ministry`; with those yet to be made it gets so many.
TO_DELIVER = 3
RECORDS_TO_COME = 10
#: Receipts on their way, and all that are still to be sent by SMS.
RECEIPTS_TO_COME = 9

FOLDER = Path(__file__).parent / "old"
BLOB = re.compile(r"\bX'([0-9A-F]*)'")
# Rows with an id of their own leave PostgreSQL's counters where they were.
COUNTERS = """
select format('select setval(%L, greatest((select max(id) from %I), 1))',
              pg_get_serial_sequence(table_name, 'id'), table_name)
from information_schema.columns where is_identity = 'YES' and table_schema = 'public'
"""


def put(url: str) -> None:
    """Make its tables and rows in this database, which is empty."""
    engine = "sqlite" if url.startswith("sqlite:") else "postgresql"
    tables = (FOLDER / f"tables-{VERSION}.{engine}.sql").read_text()
    rows = (FOLDER / f"rows-{VERSION}.sql").read_text()
    if engine == "sqlite":
        with closing(sqlite3.connect(url.removeprefix("sqlite://"))) as database:
            database.executescript(tables + "begin;" + rows + "commit;")
        return
    with psycopg.connect(url) as server:
        server.execute(tables.encode())
        server.execute(BLOB.sub(r"'\\x\1'", rows).encode())
        for (counter,) in server.execute(COUNTERS).fetchall():
            server.execute(counter)
