"""The console's sentences, in Indonesian and English: words/id.toml and words/en.toml."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

LANGUAGES = ("id", "en")
DEFAULT = "id"
FOLDER = Path(__file__).with_name("words")


@cache
def read_words() -> Mapping[str, Mapping[str, Any]]:
    """Every sentence by language, page and name."""
    return {
        language: tomllib.loads((FOLDER / f"{language}.toml").read_text("utf-8"))
        for language in LANGUAGES
    }


def language_of(wish: str) -> str:
    """The wished language, or Indonesian where we do not have it."""
    return wish if wish in LANGUAGES else DEFAULT
