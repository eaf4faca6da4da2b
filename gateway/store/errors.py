"""
What can go wrong at the database.

    StoreError
    ├── StoreBusy          another gateway process has the SQLite file
    ├── StoreConflict      an Insert met a row that is there already
    └── StoreUnavailable   disk full, locked, connection lost: weather, try again
        └── StoreOvertaken a work found that another was quicker: look again, and try again
"""


class StoreError(Exception):
    """The database cannot be used as it is."""


class StoreUnavailable(StoreError):
    """The database did not take it now; nothing was stored, the same may work later."""


class StoreOvertaken(StoreUnavailable):
    """What a work was made from has changed meanwhile; the database itself is well."""


class StoreBusy(StoreError):
    """Another gateway process has this database; only one may."""


class StoreConflict(StoreError):
    """One of the new rows has the key of a row that is there already; none went in."""
