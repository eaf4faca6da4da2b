"""
What a citizen is told, in their language, in the words of config/replies.

`wording.py` names the sentences and their placeholders; a language we have no sentences for is
answered in Indonesian.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from normalizer.record import PrivateKind
from normalizer.wording import STATES, ButtonName, Replies, Sentence, StepName

_DEFAULT = "id"
_MOST_KINDS = 3


class Speech(Protocol):
    """Whatever holds the sentences, by language."""

    @property
    def replies(self) -> Mapping[str, Replies]:
        """One language each."""


def phrase(rules: Speech, name: Sentence, language: str | None, **values: str) -> str:
    """
    One sentence with its values filled in.

    A public state, given as `state`, is told in the citizen's words. KeyError where a value the
    sentence needs is not given.
    """
    replies = rules.replies.get(language or _DEFAULT) or rules.replies[_DEFAULT]
    if "state" in values:
        values["state"] = _state(replies, values["state"])
    sentence: str = getattr(replies, name)
    return sentence.format_map(values)


def button(rules: Speech, name: ButtonName, language: str | None) -> str:
    """What stands on a button."""
    replies = rules.replies.get(language or _DEFAULT) or rules.replies[_DEFAULT]
    return str(getattr(replies.buttons, name))


def step(rules: Speech, name: StepName, language: str | None) -> str:
    """One step of a timeline in a word."""
    replies = rules.replies.get(language or _DEFAULT) or rules.replies[_DEFAULT]
    return str(getattr(replies.steps, name))


def kinds_told(rules: Speech, kinds: Sequence[PrivateKind], language: str | None) -> str:
    """What tells who somebody is, by its kinds alone; the first few of them, to fit an SMS."""
    private = (rules.replies.get(language or _DEFAULT) or rules.replies[_DEFAULT]).private
    named = ", ".join(getattr(private, kind) for kind in kinds[:_MOST_KINDS])
    return f"{named} {private.more}" if len(kinds) > _MOST_KINDS else named


def _state(replies: Replies, state: str) -> str:
    """A state a newer central store may have invented is told as it is."""
    return str(getattr(replies.states, state)) if state in STATES else state
