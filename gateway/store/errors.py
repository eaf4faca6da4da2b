"""
What can go wrong at the database.

    StoreError
    ├── StoreBusy          another gateway process has the SQLite file
    └── StoreUnavailable   disk full, locked, connection lost: weather, try again
"""


class StoreError(Exception):
    """The database cannot be used as it is."""


class StoreUnavailable(StoreError):
    """The database did not take it now; nothing was stored, the same may work later."""


class StoreBusy(StoreError):
    """Another gateway process has this database; only one may."""
