"""
TOML into frozen structs, strictly; whatever does not fit ends in one sentence with file and key.

A struct field of type `Secret` holds the *name* of a secret in the file and its value in the
struct. Nothing is coerced: "8080" is not a number, and a misspelt key is never ignored.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from channels.contract import Secret
from gateway.errors import SettingsError
from gateway.secrets import Secrets
from normalizer.toml_files import parsed

S = TypeVar("S", bound=msgspec.Struct)

# msgspec's words for TOML's types, in an operator's words.
WORDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "a text in quotes",
    "bool": "true or false",
    "array": "a list",
    "object": "a section",
    "Secret": "the name of a secret in quotes",
}
UNKNOWN = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
OWN = re.compile(r"([a-z_]+): (.*)", re.DOTALL)


def read_toml(file: Path) -> Mapping[str, Any]:
    """The content of a TOML file."""
    try:
        return parsed(file.read_bytes())
    except OSError as exc:
        raise SettingsError(f"{file}: cannot be read: {exc.strerror}") from exc
    except UnicodeDecodeError as exc:
        raise SettingsError(f"{file}: is not UTF-8 text, see byte {exc.start}") from exc
    except tomllib.TOMLDecodeError as exc:
        raise SettingsError(f"{file}: is not TOML: {exc}") from exc


class Decoder:
    """Decodes the sections of one file."""

    def __init__(self, file: Path, secrets: Secrets) -> None:
        self._file = file
        self._secrets = secrets

    def section(self, content: object, kind: type[S], key: str = "") -> S:
        """One section as a struct; `key` is its name in the file, "" for the file itself."""
        try:
            return msgspec.convert(content, kind, strict=True, dec_hook=self._resolve)
        except msgspec.ValidationError as exc:
            message, _, path = str(exc).rpartition(" - at `$")
            inside = path.removesuffix("`") if message else ""
            raise self._error(message or str(exc), key, inside, kind) from exc

    def refuse(self, key: str, why: str) -> SettingsError:
        """The error for a value that is well-formed and cannot be."""
        return SettingsError(f"{self._file}: {key.lstrip('.')}: {why}")

    def _resolve(self, kind: type, content: object) -> object:
        if kind is not Secret:
            raise NotImplementedError(kind)
        if not isinstance(content, str):
            raise TypeError("expected the name of a secret in quotes")
        return Secret(self._secrets.value(content))

    def _error(
        self, message: str, key: str, inside: str, kind: type[msgspec.Struct]
    ) -> SettingsError:
        unknown = UNKNOWN.fullmatch(message)
        if not unknown:
            named = OWN.fullmatch(message)  # a section's own check names the key it means
            place, why = (f".{named[1]}", named[2]) if named else ("", _in_words(message))
            return self.refuse(key + inside + place, why)
        names = sorted(_fields(kind, inside.split(".")[1:]))
        known = f"; there are {', '.join(names)}" if names else ""
        return self.refuse(f"{key}{inside}.{unknown[1]}", f"is not a setting{known}")


def _fields(kind: Any, path: Sequence[str]) -> Mapping[str, Any]:  # noqa: ANN401 (a field's type)
    """The names and types known at a place; none where it is no section."""
    if not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
        return {}
    fields = {one.encode_name: one.type for one in msgspec.structs.fields(kind)}
    return _fields(fields.get(path[0]), path[1:]) if path else fields


def _in_words(message: str) -> str:
    words = re.sub(r"`(\w+)`", lambda found: WORDS.get(found[1], found[1]), message)
    return words[:1].lower() + words[1:]
