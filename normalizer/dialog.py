"""
What a message is before it is read as a complaint: a command, a part of a longer one, or a report.

A plain text is a complete report, so a command is only what leaves no doubt: a sentence that
happens to begin with "status" is a report. Parts of one message are put together in the order of
their numbers, whatever the order they came in; a gap stays visible in the text and in a remark.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from channels.contract import InboundMessage
from normalizer.codes import find_case_code, read_case_code
from normalizer.report import Command

GAP = "[…]"

_EDGES = " \t\r\n\f\v\xa0/#!.,:;-*_~\"'`<>()[]\u2013\u2014\u2018\u2019\u201c\u201d\u2026"
# A keyword with nothing behind it ("LAPOR") gets help as well: there is no complaint in it.
_HELP = frozenset(
    {"bantuan", "help", "info", "informasi", "panduan", "petunjuk", "menu", "mulai", "start"}
    | {"lapor", "aduan", "pengaduan"}
)
_STATUS = re.compile(
    r"(?:(?:cek|check|lihat|tanya|lacak|track)\s+)?status(?![^\W_])"
    r"(?:\s+(?:laporan|aduan|pengaduan|kasus|tiket|kode|nomor|no|saya|kami|report|case|code|my)\b)*"
    r"(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
# What somebody types who means a code: one word of about the right length with a digit in it.
_ATTEMPT = re.compile(r"(?=\S*\d)[0-9A-Za-z-]{6,14}")
_MOST_WORDS = 8
_MOST_NAMED = 3
# Fields of a message that any one part may bring.
_TOLD_ONCE = ("title", "return_address", "name", "contact", "place", "point", "source_url")


def command_of(message: InboundMessage) -> Command | None:
    """The command a message is, or None: then it is a report."""
    if message.attachments or message.point:
        return None
    said = message.text if message.matter is None else message.matter
    said = said.strip() or message.title.strip()
    core = said.strip(_EDGES + "?")
    if not core or core.lower() in _HELP:
        return Command(name="help")
    found = _STATUS.fullmatch(core)
    if found:
        return _status(found["rest"].strip(_EDGES + "=?"))
    # A code alone asks for its status; a lone word in capitals is no code.
    code = find_case_code(core)
    return Command(name="status", case_code=code) if code and len(core.split()) == 1 else None


def complete(parts: Sequence[InboundMessage]) -> bool:
    """Whether every part of the message is there."""
    numbers = {_number(message) for message in parts}
    return bool(parts) and numbers.issuperset(range(1, _total(parts) + 1))


def join(parts: Sequence[InboundMessage]) -> InboundMessage:
    """
    One message of its parts; what is missing is marked in the text and told in a remark.

    ValueError where there is no part at all.
    """
    by_number: dict[int, InboundMessage] = {}
    for message in parts:
        by_number.setdefault(_number(message), message)
    if not by_number:
        raise ValueError("a message has at least one part")
    missing = sorted(set(range(1, _total(parts) + 1)) - by_number.keys())
    ordered = [by_number[number] for number in sorted(by_number)]
    matters = {n: message.matter for n, message in by_number.items() if message.matter is not None}
    remarks = (*_every(message.remarks for message in ordered), *_incomplete(missing, parts))
    return replace(
        ordered[0],
        text=_spelled({n: message.text for n, message in by_number.items()}, missing),
        matter=_spelled(matters, missing) if matters else None,
        sent_at=min((m.sent_at for m in ordered if m.sent_at), default=None),
        attachments=tuple(file for message in ordered for file in message.attachments),
        part=None,
        anonymous=any(message.anonymous for message in ordered),
        confidential=any(message.confidential for message in ordered),
        answers=_every(message.answers for message in ordered),
        remarks=tuple(dict.fromkeys(remarks)),
        **{name: _first(ordered, name) for name in _TOLD_ONCE},
    )


def _status(rest: str) -> Command | None:
    code = read_case_code(rest)
    if not rest or code:
        return Command(name="status", case_code=code)
    found = find_case_code(rest)
    if found and len(rest.split()) <= _MOST_WORDS:
        return Command(name="status", case_code=found)
    return Command(name="status", given=rest) if _ATTEMPT.fullmatch(rest) else None


def _number(message: InboundMessage) -> int:
    return message.part.number if message.part else 1


def _total(parts: Sequence[InboundMessage]) -> int:
    return max((message.part.total for message in parts if message.part), default=1)


def _spelled(texts: Mapping[int, str], missing: Sequence[int]) -> str:
    """The texts in order, without a blank between: operators cut inside words."""
    pieces = sorted({**dict.fromkeys(missing, GAP), **texts}.items())
    return "".join(
        text
        for at, (_, text) in enumerate(pieces)
        if text != GAP or at == 0 or pieces[at - 1][1] != GAP
    )


def _incomplete(missing: Sequence[int], parts: Sequence[InboundMessage]) -> tuple[str, ...]:
    if not missing:
        return ()
    total = _total(parts)
    if len(missing) > _MOST_NAMED:
        return (f"incomplete: {len(missing)} of {total} parts are missing",)
    if len(missing) == 1:
        return (f"incomplete: part {missing[0]} of {total} is missing",)
    named = ", ".join(map(str, missing[:-1])) + f" and {missing[-1]}"
    return (f"incomplete: parts {named} of {total} are missing",)


def _every(groups: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for group in groups for value in group))


def _first(messages: Sequence[InboundMessage], name: str) -> Any:  # noqa: ANN401 (the field's own type)
    """What the first message says that says anything."""
    told = (getattr(message, name) for message in messages)
    return next((value for value in told if value), getattr(messages[0], name))
