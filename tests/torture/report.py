"""The lines of a run as text and as docs/torture.md."""

from collections.abc import Sequence
from dataclasses import dataclass

from torture.case import Case, Engine, Finding, Size

HEAD = """# What was done to the gateway, and what came of it

Written by `make torture` ({size} form). Every line is a numbered test of the reliability bar, run
against the real gateway as a process, once on each engine it can be run on.

| no. | what was done | engine | what came of it | seconds | passed |
| --- | --- | --- | --- | --- | --- |
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One case on one engine."""

    case: Case
    engine: Engine
    found: Finding
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether the bar was reached."""
        return self.found.passed

    def as_text(self) -> str:
        """A line for the terminal."""
        mark = "ok  " if self.passed else "FAIL"
        where = f"[{self.engine}]"
        return f"{mark} {self.case.name:<60} {where:<13} {self.found.figure} ({self.seconds:.0f} s)"

    def as_markdown(self) -> str:
        """A line of the table."""
        figure = self.found.figure.replace("|", "\\|")
        cells = (self.case.number, self.case.what, self.engine, figure, f"{self.seconds:.0f}")
        return f"| {' | '.join(cells)} | {'yes' if self.passed else 'NO'} |"


def as_markdown(size: Size, rows: Sequence[Row]) -> str:
    """The whole page."""
    return HEAD.format(size=size) + "\n".join(row.as_markdown() for row in rows) + "\n"
