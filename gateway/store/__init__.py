"""The one door to the database: SQLite or PostgreSQL behind the same plain functions."""

from gateway.store.errors import StoreBusy, StoreError, StoreUnavailable
from gateway.store.store import Store

__all__ = ["Store", "StoreBusy", "StoreError", "StoreUnavailable"]
