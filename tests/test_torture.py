"""The short form of every line of the torture chamber; `make torture` has the long ones."""

import os
import random
from pathlib import Path

import pytest
from torture.case import Case, Chamber, Engine
from torture.cases import CASES

LINES = [
    pytest.param(case, engine, id=f"{case.name} on {engine}")
    for case in CASES
    if "short" in case.sizes
    for engine in case.engines
]


@pytest.mark.parametrize(("case", "engine"), LINES)
async def test_what_the_bar_asks_holds(
    case: Case, engine: Engine, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if refused := case.refused():
        pytest.skip(refused)
    reason = case.lacking()
    if reason and "LAPOR_REQUIRE_PEERS" not in os.environ:
        pytest.skip(reason)
    assert not reason
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")  # noqa: T201 (pytest shows it when the test fails)
    server = request.getfixturevalue("postgres") if engine == "postgresql" else None
    chamber = Chamber(size="short", engine=engine, folder=tmp_path, server=server, seed=seed)
    found = await case.run(chamber)
    assert found.passed, found.figure
