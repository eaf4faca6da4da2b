"""
An anonymous report without what tells who wrote it: as a message, and as a record made before.

A message is masked before anything is derived from it, so that no title, street or reason holds
what was taken out. A record that becomes anonymous later is masked wherever it has words. Names of
files, the post it was, and the provider's id of the message go as well.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

import msgspec

from channels.contract import Attachment, InboundMessage
from normalizer.privacy import kinds_of, masked, spans_in, taken_out
from normalizer.privacy_self import self_kinds, self_spans
from normalizer.record import PrivateKind, Record, Reporter, StoredFile

#: A file name's ending tells a program what to do and nobody who sent it.
_ENDING = re.compile(r"\.[a-z0-9]{1,5}")
_FILE_REMARKS = re.compile(r"^.*( is too large and only in the original mail)$", re.DOTALL)
_NOT_FETCHED = re.compile(r"^(file not fetched: ).*(: [^:]*)$", re.DOTALL)
# A piece shorter than this is found in too many words that are not it.
_LEAST = 4
#: Begins the one remark of a record that was erased.
ERASED = "erased"
#: Fields of a record that are words of ours, ids or numbers.
_NOT_WORDS = frozenset(
    ("schema", "record_id", "case_code", "channel", "external_id", "reporter", "privacy_spans")
)


def without_self(text: str) -> str:
    """A text with marks in place of what tells who wrote it."""
    return masked(text, self_spans(text)) if text else text


def self_told(message: InboundMessage) -> tuple[PrivateKind, ...]:
    """What an anonymous message tells of who wrote it, by its kinds; of any other, nothing."""
    if not message.anonymous:
        return ()
    return self_kinds(message.title, message.text, message.place)


def hidden_message(message: InboundMessage) -> InboundMessage:
    """An anonymous message as it may be read by those who must not know who wrote it."""
    return replace(
        message,
        text=without_self(message.text),
        matter=None if message.matter is None else without_self(message.matter),
        title=without_self(message.title),
        place=without_self(message.place),
        context=without_self(message.context),
        name="",
        contact="",
        source_url="",
        attachments=tuple(
            Attachment(
                name=_file_name(number, file.name),
                media_type=file.media_type,
                content=file.content,
            )
            for number, file in enumerate(message.attachments, 1)
        ),
        remarks=hidden_remarks(message.remarks),
    )


def hidden_record(record: Record) -> Record:
    """
    A record as an anonymous one, masked wherever it has words; of a masked one, itself.

    Flags, identity and pseudonym are its caller's to set.
    """
    taken = {
        piece
        for text in (record.text, record.clean_text)
        for piece in taken_out(text, self_spans(text))
    }
    pieces = sorted(taken, key=len, reverse=True)
    scrubbed = _scrubbed(msgspec.to_builtins(record), [p for p in pieces if len(p) >= _LEAST])
    text = without_self(record.text)
    private = spans_in(text)
    return msgspec.structs.replace(
        msgspec.convert(scrubbed, Record),
        external_id=record.record_id,
        source_url=None,
        context=without_self(record.context) if record.context else record.context,
        text=text,
        clean_text=without_self(record.clean_text),
        title=without_self(record.title),
        attachments=tuple(
            msgspec.structs.replace(file, name=_file_name(number, file.name))
            for number, file in enumerate(record.attachments, 1)
        ),
        remarks=hidden_remarks(record.remarks),
        privacy=kinds_of((*private, *spans_in(without_self(record.title)))),
        privacy_spans=private,
    )


def nameless(record: Record, pseudonym: str) -> Record:
    """The record with nobody in it but a pseudonym; what is sealed stays."""
    return msgspec.structs.replace(
        record,
        anonymous=True,
        reporter=Reporter(pseudonym=pseudonym, sealed=record.reporter.sealed),
    )


def hidden_file(file: StoredFile, number: int) -> StoredFile:
    """A file under a name that says nothing."""
    return msgspec.structs.replace(file, name=_file_name(number, file.name))


def hidden_remarks(remarks: Iterable[str]) -> tuple[str, ...]:
    """Remarks without names of files and what else may tell somebody."""
    return tuple(
        dict.fromkeys(
            without_self(_NOT_FETCHED.sub(r"\1a file\2", _FILE_REMARKS.sub(r"a file\1", remark)))
            for remark in remarks
        )
    )


def _file_name(number: int, name: str) -> str:
    ending = PurePosixPath(name).suffix.lower()
    return f"berkas-{number}{ending if _ENDING.fullmatch(ending) else ''}"


def _scrubbed(value: Any, pieces: list[str], key: str = "") -> Any:  # noqa: ANN401 (JSON)
    """Any field that repeats a piece that was taken out, or lies within one, without it."""
    if not pieces or key in _NOT_WORDS:
        return value
    if isinstance(value, dict):
        return {name: _scrubbed(one, pieces, name) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_scrubbed(one, pieces) for one in value]
    if not isinstance(value, str):
        return value
    for piece in pieces:
        value = re.sub(re.escape(piece), "[…]", value, flags=re.IGNORECASE)
        if len(value) >= _LEAST and value.lower() in piece.lower():
            return ""
    return value


def is_erased(record: Record) -> bool:
    """Whether a record is what `blank` left of one."""
    return not record.text and any(remark.startswith(f"{ERASED} on ") for remark in record.remarks)


def blank(record: Record, pseudonym: str, day: str) -> Record:
    """What stays of an erased record: when it came, its code, and what it was counted as."""
    agency = msgspec.structs.replace(record.agency, why=())
    return msgspec.structs.replace(
        nameless(record, pseudonym),
        reporter=Reporter(pseudonym=pseudonym),
        external_id=record.record_id,
        source_url=None,
        context=None,
        text="",
        clean_text="",
        title="",
        language=None,
        attachments=(),
        type=msgspec.structs.replace(record.type, why=()),
        topic=msgspec.structs.replace(record.topic, why=()),
        agency=agency,
        urgency=msgspec.structs.replace(record.urgency, why=()),
        flags=(),
        place=None,
        point=None,
        duplicate=None,
        privacy=(),
        privacy_spans=(),
        remarks=(f"{ERASED} on {day}",),
    )
