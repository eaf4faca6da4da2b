"""The figures for private data planted into real complaints, which are not in this repository."""

import os
from pathlib import Path

import pytest

from gateway.evaluation.privacy import COMPLAINTS, measure

DATA = Path(os.environ.get("LAPOR_DATA", Path(__file__).parents[2] / "shared" / "data"))

pytestmark = pytest.mark.skipif(
    not (DATA / COMPLAINTS).is_file(),
    reason=f"{DATA} holds no evaluation data; set LAPOR_DATA",
)


def test_private_data_is_found_among_the_words_of_complaints() -> None:
    """Whole and with its kind, wherever it stands."""
    for figure in measure(DATA):
        assert figure.value >= 0.95, figure
