"""What is measured on real pairs, where the sets are there."""

import os
from pathlib import Path

import pytest

from gateway.evaluation.matching import PAIRS, fit, measure

DATA = Path(os.environ.get("LAPOR_DATA", Path(__file__).parents[2] / "shared" / "data"))


def test_weights_are_found_that_tell_two_kinds_apart() -> None:
    """What speaks for it gets a positive weight, what speaks against it a negative one."""
    features = [(1.0, 0.0), (0.9, 0.2), (0.1, 0.8), (0.0, 1.0)] * 5
    _, speaks_for, against = fit(features, [1, 1, 0, 0] * 5)

    assert speaks_for > 0 > against


@pytest.mark.skipif(not (DATA / PAIRS).exists(), reason="the evaluation sets are not here")
def test_figures_are_reached() -> None:
    """Every one, on the development rows, with what is fitted fitted without them."""
    short = [figure for figure in measure(DATA) if not figure.reached]

    assert short == []
