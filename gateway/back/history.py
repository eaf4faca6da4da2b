"""
The timeline of a case in short words, for who asks how it stands: pure.

To anybody its public part, when it came to which state and when the office spoke; what the office
wrote is added for the sender alone.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta

import msgspec

from channels.contract import PublicStep
from gateway.back.timeline import Kept, Told
from gateway.naming import moment
from gateway.vault import Vault
from normalizer.replies import Speech, phrase, step
from normalizer.wording import STEPS, StepName

#: So many of the last steps fit a short message.
SHOWN = 5
#: Said about the case by who handles it.
SPOKEN = ("answer", "question", "transfer")


def public_steps(steps: Iterable[Kept]) -> list[tuple[int, StepName]]:
    """When a case came to what; the same again and what nobody has a word for are left out."""
    found: list[tuple[int, StepName]] = []
    for one in steps:
        for word in filter(None, (one.kind if one.kind in SPOKEN else None, one.state)):
            known = next((name for name in STEPS if name == word), None)
            standing = [name for _, name in found if name not in SPOKEN][-1:]
            if known and known not in standing:
                found.append((one.at, known))
    return found


def shown(steps: Iterable[Kept]) -> tuple[PublicStep, ...]:
    """The public part, as channels show it."""
    return tuple(PublicStep(at=moment(at), what=what) for at, what in public_steps(steps))


def in_short(steps: Sequence[Kept], speech: Speech, language: str | None, *, utc_hours: int) -> str:
    """One line with dates; empty where nothing has happened yet."""
    words = []
    for at, what in public_steps(steps)[-SHOWN:]:
        day = moment(at) + timedelta(hours=utc_hours)
        words.append(f"{day.day}/{day.month} {step(speech, what, language)}")
    return phrase(speech, "history", language, steps=", ".join(words)) if words else ""


def last_answer(
    steps: Sequence[Kept], vault: Vault, speech: Speech, language: str | None, *, code: str
) -> str:
    """What the office wrote last; empty where it has written nothing."""
    for one in reversed(steps):
        if one.data_key is None:
            continue
        told = msgspec.json.decode(vault.open(one.document, one.data_key), type=Told)
        if told.text:
            text = " ".join(told.text.split())
            return phrase(speech, "notice_answer", language, code=code, text=text)
    return ""
