"""The one door to the database: SQLite or PostgreSQL behind the same plain functions."""

from gateway.store.engine import Insert, Urgent
from gateway.store.errors import (
    StoreBusy,
    StoreConflict,
    StoreError,
    StoreOvertaken,
    StoreUnavailable,
)
from gateway.store.store import Store

__all__ = [
    "Insert",
    "Store",
    "StoreBusy",
    "StoreConflict",
    "StoreError",
    "StoreOvertaken",
    "StoreUnavailable",
    "Urgent",
]
