"""
Whether a version that is tried is better than what decides now.

Both are asked about the reports officers corrected or confirmed after the version was made: the one
that is tried here and now, the other by what stood in the record when the officer came.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gateway.learning.corrections import Corrected
from normalizer.model import Model
from normalizer.model_features import Evidence

#: So many corrections must have come before a version may take over by itself.
ENOUGH = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """How often each was right."""

    corrections: int
    shadow_right: int
    current_right: int

    def __str__(self) -> str:
        verdict = "it takes over" if self.won else "it does not take over"
        return (
            f"on {self.corrections} later corrections what is tried was right {self.shadow_right}"
            f" times, what decides now {self.current_right} times: {verdict}"
        )

    @property
    def won(self) -> bool:
        """Whether the version that is tried may take over."""
        return self.corrections >= ENOUGH and self.shadow_right > self.current_right


def try_out(
    model: Model, corrections: Sequence[Corrected], evidence: Callable[[Corrected], Evidence]
) -> Trial:
    """Ask a model about each correction that an officer's own word did not precede."""
    counted = [one for one in corrections if one.derived_by != "officer"]
    return Trial(
        corrections=len(counted),
        shadow_right=sum(model.ask(evidence(one)).value == one.value for one in counted),
        current_right=sum(one.derived == one.value for one in counted),
    )
