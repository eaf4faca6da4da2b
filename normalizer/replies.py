"""
What a citizen is told, in their language, in the words of config/replies.

`wording.py` names the sentences and their placeholders; a language we have no sentences for is
answered in Indonesian.
"""

from collections.abc import Mapping
from typing import Protocol

from normalizer.wording import STATES, ButtonName, Replies, Sentence, StepName

_DEFAULT = "id"


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


def _state(replies: Replies, state: str) -> str:
    """A state a newer central store may have invented is told as it is."""
    return str(getattr(replies.states, state)) if state in STATES else state
