"""
What a model learns from: corrected records, and a table of reports from before the gateway.

The words of corrected records are opened where they are learned from and nowhere kept. Those of a
table are sealed beside the models, so that the next training has them too.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from channels.officer_table import Table
from gateway.errors import SettingsError
from gateway.learning.corrections import Corrected
from gateway.learning.versions import Versions
from gateway.vault import Vault
from gateway.write_whole import write_whole
from normalizer.record import Record
from normalizer.text import title_of, words
from normalizer.understand import where_of

_OLD = "old.sealed"


class NoColumn(SettingsError):
    """A table lacks a column that was named."""


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """A past report and the value it should have got."""

    text: str
    label: str
    title: str = ""
    address: str = ""


class Columns(msgspec.Struct, frozen=True, kw_only=True):
    """The names of a table's columns; "" where there is none such."""

    text: str
    label: str
    title: str = ""
    address: str = ""


def past_of(corrected: Corrected) -> Past:
    """A corrected record, with what its citizen gave of title and place."""
    record = corrected.record
    title = (
        "" if record.title == title_of(record.clean_text, where_of(record.place)) else record.title
    )
    return Past(
        text=record.clean_text, label=corrected.value, title=title, address=_address(record)
    )


def past_in(table: Table, columns: Columns) -> Iterator[Past]:
    """The reports of a table; rows without words or without a label are left out."""
    heads = [cell.strip() for cell in table.rows[0].cells] if table.rows else []
    at = {}
    for field, name in msgspec.structs.asdict(columns).items():
        if name and name not in heads:
            raise NoColumn(f"{table.name}: there is no column {name}; it has {', '.join(heads)}")
        if name:
            at[field] = heads.index(name)
    for row in table.rows[1:]:
        cells = {field: row.cells[n].strip() for field, n in at.items() if n < len(row.cells)}
        if cells.get("text") and cells.get("label"):
            yield Past(**cells)


def keep(versions: Versions, vault: Vault, reports: Sequence[Past]) -> None:
    """Keep the reports of a table, sealed, instead of those of an earlier one."""
    with suppress(FileExistsError):
        versions.folder.mkdir(parents=True)
    sealed = vault.seal(msgspec.msgpack.encode(reports))
    write_whole(_file(versions), msgspec.msgpack.encode(sealed))


def kept(versions: Versions, vault: Vault) -> list[Past]:
    """The reports of the table that was given last."""
    file = _file(versions)
    if not file.is_file():
        return []
    try:
        sealed = msgspec.msgpack.decode(file.read_bytes(), type=tuple[bytes, bytes])
        return msgspec.msgpack.decode(vault.open(*sealed), type=list[Past])
    except (OSError, ValueError, msgspec.DecodeError) as exc:
        raise SettingsError(f"{file}: cannot be read: {exc}") from exc


def forget(versions: Versions) -> None:
    """Delete the reports of a table."""
    _file(versions).unlink(missing_ok=True)


def _file(versions: Versions) -> Path:
    return versions.folder / _OLD


def _address(record: Record) -> str:
    """What the citizen gave as the place; a name that was found in the words is none."""
    name = record.place.name if record.place else ""
    return "" if set(words(name)) <= set(words(record.clean_text)) else name
