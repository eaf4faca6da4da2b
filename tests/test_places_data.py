"""The figures for places on real reports, which are not part of this repository."""

import os
from pathlib import Path

import pytest

from gateway.evaluation.places import REPORTS, TABLE, measure

DATA = Path(os.environ.get("LAPOR_DATA", Path(__file__).parents[2] / "shared" / "data"))

pytestmark = pytest.mark.skipif(
    not ((DATA / REPORTS).is_file() and (DATA / TABLE).is_file()),
    reason=f"{DATA} holds no evaluation data; set LAPOR_DATA",
)


def test_villages_and_districts_are_found_as_well_as_wanted() -> None:
    """Learned streets reach the figures; rules alone answer seldom, but rightly."""
    figures = {(figure.task, figure.measure): figure for figure in measure(DATA)}

    for figure in figures.values():
        assert figure.reached, figure
    assert figures["kelurahan, rules", "precision"].value >= 0.91
    assert figures["kelurahan, rules", "recall"].value >= 0.25
    assert figures["kecamatan, rules", "precision"].value >= 0.92
    assert figures["kecamatan, rules", "recall"].value >= 0.45
