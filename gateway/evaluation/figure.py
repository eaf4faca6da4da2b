"""One measured figure beside what was to be reached."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What `lapor-gateway evaluate` prints as a row."""

    #: Such as "kelurahan, learned".
    task: str
    #: Such as "recall".
    measure: str
    value: float
    #: What was to be reached; None where the figure is told without one.
    reach: float | None
    #: How many examples it was measured on.
    n: int
    detail: str = ""

    @property
    def reached(self) -> bool:
        """Whether it is as good as wanted."""
        return self.reach is None or self.value >= self.reach
