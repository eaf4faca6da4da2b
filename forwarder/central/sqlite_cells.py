"""A record's JSON as the cells of its row: plain values, and JSON text where a field is nested."""

import types
import typing

import msgspec

from normalizer.record import Record

# SQLite's integers have 64 bits.
LARGEST = 2**63 - 1
NULL = b"null"


def _is_nested(annotation: object) -> bool:
    if isinstance(annotation, types.UnionType):
        return any(map(_is_nested, typing.get_args(annotation)))
    return typing.get_origin(annotation) is tuple or (
        isinstance(annotation, type) and issubclass(annotation, msgspec.Struct)
    )


# Nested fields stay the JSON they are: taking them apart would cost more than storing them.
_Cells = msgspec.defstruct(
    "_Cells",
    [
        (field.name, msgspec.Raw if _is_nested(field.type) else typing.Any, None)
        for field in msgspec.structs.fields(Record)
    ],
    rename={field.name: field.encode_name for field in msgspec.structs.fields(Record)},
)
_DECODER = msgspec.json.Decoder(_Cells)


def cells_of(document: bytes) -> list[object]:
    """
    The values of a document, in the order of the record's fields.

    Raises ValueError for what is no record's JSON, OverflowError for an integer SQLite cannot hold.
    """
    return [_cell(value) for value in msgspec.structs.astuple(_DECODER.decode(document))]


def _cell(value: object) -> object:
    if isinstance(value, msgspec.Raw):
        text = bytes(value)
        return None if text == NULL else text.decode()
    if isinstance(value, dict | list):
        return msgspec.json.encode(value).decode()
    if isinstance(value, int) and abs(value) > LARGEST:
        raise OverflowError("an integer beyond 64 bits")
    return value
