"""
Several messages that are one: the parts of a long SMS, an album, photos followed by words.

Parts are put together by their numbers, whatever the order they came in; a gap stays visible in the
text and in a remark. Everything else is put together in the order it came.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from channels.contract import InboundMessage
from normalizer.dialog_commands import command_of

GAP = "[…]"

_MOST_NAMED = 3
# Fields of a message that any one part may bring.
_TOLD_ONCE = (
    "title",
    "return_address",
    "name",
    "contact",
    "place",
    "point",
    "topic",
    "context",
    "source_url",
)


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
        _together(ordered, ""),
        text=_spelled({n: message.text for n, message in by_number.items()}, missing),
        matter=_spelled(matters, missing) if matters else None,
        remarks=tuple(dict.fromkeys(remarks)),
    )


def merge(messages: Sequence[InboundMessage]) -> InboundMessage:
    """
    One message of several that came one after the other; ANONIM among them counts for all.

    ValueError where there is none.
    """
    if not messages:
        raise ValueError("a message is made of at least one")
    if len(messages) == 1:
        return messages[0]
    parts = [message for message in messages if message.part]
    if parts:
        return merge([join(parts), *(message for message in messages if not message.part)])
    asked = [command_of(message) for message in messages]
    hidden = [command for command in asked if command and command.name == "hide"]
    told = [m for m, command in zip(messages, asked, strict=True) if command not in hidden]
    whole = _together(told or messages, "\n")
    return replace(
        whole,
        anonymous=whole.anonymous or any(command.anonymous for command in hidden),
        confidential=whole.confidential or any(command.confidential for command in hidden),
    )


def _together(messages: Sequence[InboundMessage], glue: str) -> InboundMessage:
    """Everything the messages bring, in their order."""
    texts = [message.text for message in messages if message.text.strip()]
    matters = [_matter(message) for message in messages if _matter(message).strip()]
    apart = any(message.matter is not None for message in messages)
    return replace(
        messages[0],
        text=glue.join(texts),
        matter=glue.join(matters) if apart else None,
        sent_at=min((m.sent_at for m in messages if m.sent_at), default=None),
        attachments=tuple(file for message in messages for file in message.attachments),
        remote=tuple(file for message in messages for file in message.remote),
        part=None,
        album="",
        anonymous=any(message.anonymous for message in messages),
        confidential=any(message.confidential for message in messages),
        answers=_every(message.answers for message in messages),
        remarks=_every(message.remarks for message in messages),
        **{name: _first(messages, name) for name in _TOLD_ONCE},
    )


def _matter(message: InboundMessage) -> str:
    return message.text if message.matter is None else message.matter


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
