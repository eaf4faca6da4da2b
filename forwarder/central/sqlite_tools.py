"""
sqlite-utils, without numpy beside it.

Where numpy is installed (`train` needs it) sqlite-utils reads it for its number types, of which
none comes here: a quarter of a second at every start, and memory for as long as the gateway runs.
"""

import sys

_NUMPY = "numpy"

if _NUMPY in sys.modules:
    from sqlite_utils import Database
    from sqlite_utils.db import Table
else:
    sys.modules[_NUMPY] = None  # type: ignore[assignment]  # as if it were not installed
    try:
        from sqlite_utils import Database
        from sqlite_utils.db import Table
    finally:
        del sys.modules[_NUMPY]

__all__ = ["Database", "Table"]
