"""The figures for languages on real sentences, which are not part of this repository."""

import os
from pathlib import Path

import pytest

from gateway.evaluation.language import COMPLAINTS, SENTENCES, measure

DATA = Path(os.environ.get("LAPOR_DATA", Path(__file__).parents[2] / "shared" / "data"))

pytestmark = pytest.mark.skipif(
    not all((DATA / file).is_file() for file in (SENTENCES, *COMPLAINTS)),
    reason=f"{DATA} holds no evaluation data; set LAPOR_DATA",
)


def test_languages_are_told_as_well_as_wanted() -> None:
    """No language falls far behind, and complaints count as Indonesian."""
    figures = measure(DATA)

    for figure in figures:
        assert figure.reached, figure
        assert figure.value >= 0.75, figure
