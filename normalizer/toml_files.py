"""TOML of config/, parsed once for each content: a start needs each large table in many places."""

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

# All files of config/, and once more where a reload has just changed them.
MOST_FILES = 32


@lru_cache(maxsize=MOST_FILES)
def parsed(content: bytes) -> Mapping[str, Any]:
    """What the text says, shared by all who ask; raises UnicodeDecodeError or TOMLDecodeError."""
    return tomllib.loads(content.decode())
