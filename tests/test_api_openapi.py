"""The OpenAPI document of /api/v1: it is true, as far as machines that read it can tell."""

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from api_app import APP_KEY, app, ask, opened, shown
from doors import Site, door

from channels.api_openapi import KEY_PATTERN, document
from channels.api_report import CaseState, Created, FormReport, Problem, Report, TopicList

TESTS = Path(__file__).parent
METHODS = {"get", "post"}


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """The API, for an app that may ask as often as it likes."""
    async with door(opened(app(rate_per_minute=1_000_000)), tmp_path) as served:
        yield served


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Path, method and description of everything there is."""
    for path, methods in json.loads(document(5))["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


async def test_the_document_is_open_to_everybody(site: Site) -> None:
    """Who writes an app reads it before there is a key."""
    response, said = await ask(site, "GET", "/api/v1/openapi.json")

    assert response.status == 200
    assert response.content_type == "application/json"
    assert said["openapi"] == "3.1.0"


def test_bodies_are_described_by_the_structs_that_read_them() -> None:
    """The schemas are msgspec's own, so they cannot say anything else than what is checked."""
    structs = (Report, FormReport, Created, CaseState, TopicList, Problem)
    _, made = msgspec.json.schema_components(structs, ref_template="#/components/schemas/{name}")
    told = json.loads(document(5))["components"]["schemas"]
    for addition in ("anyOf", "files"):
        told["FormReport"].pop(addition, None)
    told["FormReport"]["properties"].pop("files")

    assert told == json.loads(msgspec.json.encode(made))


def test_every_reference_leads_somewhere() -> None:
    """No schema is missing."""
    written = document(5).decode()
    names = set(json.loads(written)["components"]["schemas"])
    used = set(re.findall(r"#/components/schemas/(\w+)", written))

    assert used
    assert used <= names


async def test_every_operation_is_served_and_wants_a_key(site: Site) -> None:
    """A stranger gets 401 everywhere, and nowhere a 404 for a path that is described."""
    statuses = {
        (await ask(site, method, path.replace("{reference}", "x")))[0].status
        for path, method, _ in operations()
    }

    assert statuses == {401}


def test_every_refusal_is_a_problem_document() -> None:
    """RFC 9457 throughout; 401, 403, 405 and 429 can come from anywhere."""
    described = list(operations())

    assert described
    for _, method, operation in described:
        refusals = {
            status: answer for status, answer in operation["responses"].items() if status >= "400"
        }

        assert method in METHODS
        assert refusals.keys() >= {"401", "403", "405", "429"}
        assert all(set(one["content"]) == {"application/problem+json"} for one in refusals.values())


@pytest.mark.parametrize("key", ['"0b7f6f0c-6a1e"', "0b7f6f0c-6a1e", '"a b"', "x" * 255])
def test_the_pattern_of_the_key_takes_what_we_take(key: str) -> None:
    """Quoted or bare."""
    assert re.search(KEY_PATTERN, key)


@pytest.mark.slow
async def test_schemathesis_finds_nothing(site: Site, tmp_path: Path) -> None:
    """Hundreds of valid and broken requests: every answer is as described, none is a 5xx."""
    program = [str(Path(sys.executable).parent / "st"), "run", f"{site.url}/api/v1/openapi.json"]
    wanted = ["--checks", "all", "--max-examples", "30", "--seed", "1", "--continue-on-failure"]
    key = ["--header", f"Authorization:{shown()['Authorization']}"]
    process = await asyncio.create_subprocess_exec(
        *program, *wanted, *key, "--no-color",
        cwd=tmp_path,
        env=os.environ | {"SCHEMATHESIS_HOOKS": "api_hooks", "PYTHONPATH": str(TESTS)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    async with asyncio.timeout(240):
        told, _ = await process.communicate()

    assert process.returncode == 0, told.decode()[-6000:]
    assert "No issues found" in told.decode()
    assert APP_KEY not in told.decode()
    assert len(await site.payloads()) > 20
