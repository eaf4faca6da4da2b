"""The figures for flags on real messages, which are not part of this repository."""

import os
from pathlib import Path

import pytest

from gateway.evaluation.flags import COMPLAINTS, MAILS, MESSAGES, TWEETS, measure

DATA = Path(os.environ.get("LAPOR_DATA", Path(__file__).parents[2] / "shared" / "data"))

pytestmark = pytest.mark.skipif(
    not all((DATA / file).is_file() for file in (MESSAGES, MAILS, TWEETS, *COMPLAINTS)),
    reason=f"{DATA} holds no evaluation data; set LAPOR_DATA",
)


def test_frauds_are_flagged_and_complaints_are_not() -> None:
    """95 of 100 frauds and advertisements; of complaints at most one in two hundred."""
    for figure in measure(DATA):
        assert figure.reached, figure
