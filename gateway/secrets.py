"""
Secret values by name, and the gateway key.

gateway.toml holds names only. The value of `sms_secret` is, in this order: the content of the file
named by LAPOR_SMS_SECRET_FILE; the credential `sms_secret` systemd put into
$CREDENTIALS_DIRECTORY; the variable LAPOR_SMS_SECRET. The last is for trying things out: an
environment can be read in /proc. No message here contains a value. See systemd.exec(5).
"""

import base64
import binascii
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gateway.durable import sync_folder
from gateway.errors import SecretError

NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
# A key or a password; whatever is longer is the wrong file.
MOST_BYTES = 64 * 1024
KEY_NAME = "gateway_key"
KEY_FILE = "gateway.key"
KEY_BYTES = 32


class Secrets:
    """Everything secret this process was given."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def __repr__(self) -> str:
        return "<secrets>"

    def value(self, name: str) -> str:
        """The secret of this name; SecretError says where it was looked for."""
        found = self.find(name)
        if found is None:
            raise SecretError(
                f"the secret {name} is missing (looked for ${_variable(name)}_FILE, "
                f"$CREDENTIALS_DIRECTORY/{name} and ${_variable(name)})"
            )
        return found

    def find(self, name: str) -> str | None:
        """The secret of this name, or None where nobody gave one."""
        if not NAME.fullmatch(name):
            # Not repeated: it may be the secret itself, written in the wrong place.
            raise SecretError(
                "expected the name of a secret (a-z, 0-9 and _), never the secret itself"
            )
        file = self._file(name)
        if file is not None:
            return _usable(name, _read(name, file))
        value = self._environment.get(_variable(name))
        return None if value is None else _usable(name, value)

    def _file(self, name: str) -> Path | None:
        named = self._environment.get(f"{_variable(name)}_FILE")
        if named:
            return Path(named)
        credential = Path(self._environment.get("CREDENTIALS_DIRECTORY") or "/nowhere") / name
        return credential if credential.exists() else None


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayKey:
    """The key everything at rest is sealed with."""

    value: bytes
    #: The file it was made in just now; None where it was there already.
    created: Path | None = None

    def __repr__(self) -> str:
        return "<gateway key>"


def gateway_key(secrets: Secrets, data_dir: Path, *, may_create: bool) -> GatewayKey:
    """
    The gateway key: the secret `gateway_key`, else data/gateway.key, else a new one made there.

    `may_create` must be false where a database exists already: a new key would not open it, and
    half of the journal sealed with another key is found out when it is needed.
    """
    file = data_dir / KEY_FILE
    given = secrets.find(KEY_NAME)
    if given is not None:
        return GatewayKey(value=_decoded(given, f"the secret {KEY_NAME}"))
    if file.exists():
        if file.stat().st_mode & 0o077:
            raise SecretError(f"{file} can be read by others; chmod 600 {file}")
        return GatewayKey(value=_decoded(_read(KEY_NAME, file), str(file)))
    if not may_create:
        raise SecretError(
            f"the gateway key is missing: neither the secret {KEY_NAME} nor {file} is there, "
            "and without it the stored messages cannot be opened; bring it back from your backup"
        )
    try:
        return GatewayKey(value=_created(file), created=file)
    except OSError as exc:
        raise SecretError(f"{file} cannot be made: {exc.strerror}") from exc


def _variable(name: str) -> str:
    return f"LAPOR_{name.upper()}"


def _read(name: str, file: Path) -> str:
    try:
        with file.open("rb") as opened:
            content = opened.read(MOST_BYTES + 1)
        text = content.decode()
    except OSError as exc:
        raise SecretError(f"the secret {name} cannot be read: {exc.strerror}") from exc
    except UnicodeDecodeError:
        # Not chained: the original error would show the bytes.
        raise SecretError(f"the secret {name} is not UTF-8 text") from None
    if len(content) > MOST_BYTES:
        raise SecretError(f"the secret {name} is longer than {MOST_BYTES} bytes")
    return text


def _usable(name: str, value: str) -> str:
    # Editors and `echo` end a file with a line feed; no secret ends with one on purpose.
    value = value.rstrip("\r\n")
    if not value.strip():
        raise SecretError(f"the secret {name} is empty")
    return value


def _decoded(text: str, source: str) -> bytes:
    """The key, or the ring of keys a rotation made of it, one to a line; the newest is the last."""
    ring = []
    for word in text.split():
        key = b""
        with suppress(binascii.Error, ValueError):
            key = base64.b64decode(word, validate=True)
        ring.append(key)
    if not ring or any(len(key) != KEY_BYTES for key in ring):
        raise SecretError(f"{source} is no gateway key: expected {KEY_BYTES} bytes in base64")
    return b"".join(ring)


def _created(file: Path) -> bytes:
    key = os.urandom(KEY_BYTES)
    replace_key(file, key)
    return key


def replace_key(file: Path, ring: bytes) -> None:
    """Write a key or a ring of them, one to a line, in place of what was there."""
    keys = [ring[at : at + KEY_BYTES] for at in range(0, len(ring), KEY_BYTES)]
    # Complete under another name first: a key cut short by a full disk would lock everything in.
    draft = file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as opened:
        opened.writelines(base64.b64encode(key) + b"\n" for key in keys)
        opened.flush()
        os.fsync(opened.fileno())
    draft.rename(file)
    sync_folder(file.parent)
