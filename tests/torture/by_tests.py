"""
S3, S8, S11, S12, S18, S19: lines that usual tests show whole, run as one with a figure.

Which tests those are was found by reading them against the words of the line. A line fails with
any of its tests, with one that was skipped, and with one that is gone. They belong to every run of
the tests already, so here they run in full size alone; the tests bring both engines themselves.
"""

import asyncio
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from torture.case import Case, Chamber, Finding

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
LOCK = ROOT / "requirements.lock"
#: A bound for tests that hang.
SECONDS = 3_600.0
PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)", re.MULTILINE)

#: What shows a line: whole files, or tests by name.
FILES_OF_STRANGERS = (
    "test_files_hostile.py",
    "test_files.py",
    "test_media_type.py",
    "test_images.py",
    "test_console_report_hostile.py::test_hostile_names_of_files_and_their_contents_do_nothing",
    "test_console_report_hostile.py::test_files_are_kept_to_their_case_and_its_agency",
    "test_mail.py::test_a_file_name_is_no_path",
    "test_line_media.py::test_a_message_id_is_no_path",
    "test_web_form.py::test_a_compressed_bomb_is_counted_unpacked",
    "test_web_parse.py::test_a_file_is_what_its_bytes_say",
    "test_officer_table.py::test_what_is_no_table_is_refused_with_a_reason",
)
QUERIES = (
    "test_sql.py",
    "test_storable.py",
    "test_api_openapi.py::test_schemathesis_finds_nothing",
    "test_handling_around.py",
)
DOOR = (
    "test_access_guessing.py",
    "test_access_signing_in.py",
    "test_console_door.py",
    "test_console_people.py::test_guessing_the_password_behind_the_door_is_bounded",
    "test_console_people.py::test_nobody_ends_another_ones_session",
    "test_console_people.py::test_ones_own_account",
    "test_console_guard.py",
)
ROLES = (
    "test_role_matrix.py",
    "test_role_tenants.py",
    "test_access_person.py",
    "test_api_reports.py::test_nobody_sees_another_apps_report",
    "test_handling_deciding.py::test_an_agency_decides_about_its_own_cases_alone",
    "test_console_inbox.py::test_an_agency_sees_and_picks_its_own_cases_alone",
    "test_console_handoff.py::test_an_agency_sees_and_settles_its_own_cases_only",
)
SUPPLY = ("test_packaging.py", "test_security_document.py")
PRIVILEGES = ("test_privileges.py", "test_unit.py", "test_files.py::test_nobody_else_may_read_it")


def shown_by(*tests: str) -> Callable[[Chamber], Awaitable[Finding]]:
    """A run of these tests."""

    async def run(chamber: Chamber) -> Finding:
        return await asyncio.to_thread(_tested, chamber.folder, tests)

    return run


def _tested(folder: Path, tests: Sequence[str]) -> Finding:
    """Run them in a process of their own; without the variables of this run but the paths."""
    report = folder / "tests.xml"
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--no-header"),
            *(f"--junitxml={report}", f"--basetemp={folder / 'tests'}"),
            *(str(TESTS / one) for one in tests),
        ],
        cwd=ROOT,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    counts = counted(report.read_text()) if report.exists() else Counter[str]()
    files = sorted({one.split("::")[0] for one in tests})
    figure = (
        f"{counts['passed']} of {counts.total()} tests of {', '.join(files)} passed,"
        f" {counts['skipped']} skipped"
    )
    if ended.returncode:
        figure += f"; pytest ended with {ended.returncode}: {_last(ended.stdout)}"
    whole = counts.total() == counts["passed"] >= len(tests)
    return Finding(figure=figure, passed=whole and not ended.returncode)


def counted(report: str) -> Counter[str]:
    """How the tests of a JUnit report ended."""
    ends: Counter[str] = Counter()
    for test in ET.fromstring(report).iter("testcase"):  # noqa: S314 (pytest wrote it)
        kinds = {child.tag for child in test} & {"failure", "error", "skipped"}
        ends[min(kinds, default="passed")] += 1
    return ends


def _last(words: str) -> str:
    """The lines that name what failed, or the last there is."""
    lines = words.strip().splitlines()
    named = [line for line in lines if line.startswith(("FAILED", "ERROR"))]
    return "; ".join(named[:5] or lines[-1:])


async def supplied(chamber: Chamber) -> Finding:
    """Locks and bounds by tests, ruff's S rules on all of it, and what is installed as locked."""
    tested = await asyncio.to_thread(_tested, chamber.folder, SUPPLY)
    lint = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "ruff", "check", "--select", "S", "--output-format", "json", "."],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    holes = json.loads(lint.stdout)
    pins = PIN.findall(LOCK.read_text())
    other = [name for name, pin in pins if _installed(name) not in {pin, ""}]
    figure = (
        f"{tested.figure}; ruff's S rules find {len(holes)}; {len(pins)} libraries locked with"
        f" hashes, {len(other)} of them installed in another version (advisories are asked for by"
        " `make audit`, not here)"
    )
    return Finding(figure=figure, passed=tested.passed and not holes and not other)


def _installed(name: str) -> str:
    """The version that is there; "" where the library belongs to another system."""
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


async def inventory(chamber: Chamber) -> Finding:
    """`make sbom` names what the lock names: every library, its version, its hashes."""
    del chamber
    made = await asyncio.to_thread(
        subprocess.run,
        ["make", "sbom"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if made.returncode:
        return Finding(figure=f"`make sbom` failed: {_last(made.stderr)}", passed=False)
    listed = json.loads((ROOT / "build/sbom.cdx.json").read_text())["components"]
    found = {(_plain(one["name"]), one["version"]) for one in listed}
    wanted = {(_plain(name), pin) for name, pin in PIN.findall(LOCK.read_text())}
    bare = [one["name"] for one in listed if not _hashes(one)]
    figure = (
        f"{len(found)} of {len(wanted)} locked libraries stand in the SBOM, {len(bare)} of them"
        " without a hash"
    )
    return Finding(figure=figure, passed=found == wanted and not bare)


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _hashes(component: dict[str, object]) -> bool:
    """Where a requirements file gives hashes, they belong to the places it is loaded from."""
    return '"SHA-256"' in json.dumps(component)


def _lacking_sbom() -> str | None:
    ready = (ROOT / ".venv-audit" / "installed").exists()
    return None if ready else "no .venv-audit (made by `make sbom`, which loads its tools)"


def _line(number: str, what: str, run: Callable[[Chamber], Awaitable[Finding]]) -> Case:
    return Case(number=number, what=what, run=run, engines=("sqlite",), sizes=frozenset({"full"}))


CASES = (
    _line("S3", "bombs, slips, chimeras and viruses as attachments", shown_by(*FILES_OF_STRANGERS)),
    _line("S8", "SQL in filters, sorts, cursors and ids", shown_by(*QUERIES)),
    _line("S11", "guessing, planting and keeping a session", shown_by(*DOOR)),
    _line("S12", "every route by role, own and another agency's", shown_by(*ROLES)),
    _line("S18", "locks, lint and what is installed", supplied),
    Case(
        number="S18",
        what="inventory of what is delivered",
        run=inventory,
        engines=("sqlite",),
        sizes=frozenset({"full"}),
        lacking=_lacking_sbom,
    ),
    _line("S19", "no right but to its own data", shown_by(*PRIVILEGES)),
)
