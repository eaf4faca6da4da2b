"""The figures for kinds on real reports, which are not part of this repository."""

import os
from pathlib import Path

import pytest

from gateway.evaluation.kinds import LAPOR, PURBALINGGA, SURABAYA, measure

DATA = Path(os.environ.get("LAPOR_DATA", Path(__file__).parents[2] / "shared" / "data"))

pytestmark = pytest.mark.skipif(
    not all((DATA / file).is_file() for file in (LAPOR, SURABAYA, PURBALINGGA)),
    reason=f"{DATA} holds no evaluation data; set LAPOR_DATA",
)


def test_a_fresh_installation_tells_kinds_as_well_as_wanted() -> None:
    """Rules alone reach their figures, and stay where they are where none is set."""
    figures = {(figure.task, figure.measure): figure for figure in measure(DATA)}

    for figure in figures.values():
        assert figure.reached, figure
    assert figures["topic of 37, rules", "accuracy"].value >= 0.55
    assert figures["agency group, rules", "accuracy"].value >= 0.55
    assert figures["agency group, rules", "right one told or among the three"].value >= 0.75
