"""The figures as a page, docs/quality.md."""

from collections.abc import Sequence

from gateway.evaluation.figure import Figure

_HEAD = """# How well complaints are read

Made by `lapor-gateway evaluate --data DIR --write docs/quality.md`; the sets are no part of this
repository. Where something is fitted the figure is from five-fold cross-validation unless its
detail says otherwise; "rules" means a fresh installation. What goes wrong, and why, stands in
docs/quality-notes.md.

| task | measure | value | to reach | examples | |
| --- | --- | --- | --- | --- | --- |
"""


def page(figures: Sequence[Figure]) -> str:
    """A Markdown page with one row for each figure."""
    return _HEAD + "".join(_row(figure) for figure in figures)


def _row(figure: Figure) -> str:
    reach = "" if figure.reach is None else f"{figure.reach:.3g}"
    value = f"{figure.value:.3f}" if figure.reached else f"**{figure.value:.3f}** short"
    cells = (figure.task, figure.measure, value, reach, f"{figure.n:,}", figure.detail)
    return f"| {' | '.join(cells)} |\n"
