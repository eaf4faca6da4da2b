"""The figure for wording on real sentences, which are not part of this repository."""

import os
from pathlib import Path

import pytest

from gateway.evaluation.wording import PAIRS, measure

DATA = Path(os.environ.get("LAPOR_DATA", Path(__file__).parents[2] / "shared" / "data"))

pytestmark = pytest.mark.skipif(
    not (DATA / PAIRS).is_file(),
    reason=f"{DATA} holds no evaluation data; set LAPOR_DATA",
)


def test_informal_sentences_come_as_close_to_formal_ones_as_wanted() -> None:
    """The formal form reaches the figure, and clean_text is better than what was written."""
    as_written, cleaned, formal = measure(DATA)

    assert formal.reached, formal
    assert formal.value >= 0.76
    assert as_written.value < cleaned.value < formal.value
