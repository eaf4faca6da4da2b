"""The table of figures: what was measured, the peer beside it, and whether that is enough."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

HEADINGS = ("figure", "ours", "peer", "ratio", "target", "met")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the table."""

    name: str
    ours: str
    peer: str = ""
    #: Ours to the peer's, or whatever the target speaks of.
    ratio: float | None = None
    target: str = ""
    #: None: there is no target, the figure explains another one.
    met: bool | None = None

    @property
    def cells(self) -> tuple[str, ...]:
        """The line as text."""
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        met = {True: "yes", False: "NO", None: ""}[self.met]
        return (self.name, self.ours, self.peer, ratio, self.target, met)


def at_least(name: str, ours: float, peer: float, wanted: float) -> Figure:
    """A rate that should reach a share of the peer's."""
    ratio = ours / peer if peer else 0.0
    return Figure(
        name=name,
        ours=f"{ours:,.0f}/s",
        peer=f"{peer:,.0f}/s",
        ratio=ratio,
        target=f"≥ {wanted:g} of peer",
        met=ratio >= wanted,
    )


def show(figures: Sequence[Figure], notes: Sequence[str]) -> None:
    """Print for a person."""
    table = Table(header_style="bold")
    for heading in HEADINGS:
        table.add_column(heading, justify="left" if heading in {"figure", "target"} else "right")
    for figure in figures:
        style = {True: "green", False: "red", None: ""}[figure.met]
        table.add_row(*figure.cells[:-1], f"[{style}]{figure.cells[-1]}" if style else "")
    # Wide enough for a log file; a terminal decides for itself.
    console = Console() if Console().is_terminal else Console(width=132)
    console.print(table)
    for note in notes:
        console.print(f"  {note}", highlight=False)


def as_markdown(figures: Sequence[Figure], notes: Sequence[str]) -> str:
    """The same for docs/bench.md."""
    lines = [
        "# Figures",
        "",
        "Written by `make bench BENCH=--write`. Everything shares one machine, so compare and do",
        "not quote: the ratio to the peer in the same run is what counts.",
        "",
        f"| {' | '.join(HEADINGS)} |",
        f"| {' | '.join('---' for _ in HEADINGS)} |",
        *(f"| {' | '.join(figure.cells)} |" for figure in figures),
        "",
        *(f"- {note}" for note in notes),
    ]
    return "\n".join(lines).rstrip() + "\n"
