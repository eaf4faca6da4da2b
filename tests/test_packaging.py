"""What is shipped: plain names that must be ours alone, pinned libraries, configuration as data."""

import importlib.metadata
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = {"gateway", "channels", "normalizer", "forwarder"}
LOCKS = ("requirements.lock", "requirements-dev.lock")


def test_no_other_distribution_owns_our_names() -> None:
    """A library that brings a package of the same name would overwrite ours without a word."""
    owners = importlib.metadata.packages_distributions()

    assert {name: set(owners.get(name, [])) - {"lapor-gateway"} for name in PACKAGES} == {
        name: set() for name in PACKAGES
    }


def test_every_package_is_listed() -> None:
    """What is not listed in pyproject.toml would be missing from an installation."""
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    found = {
        ".".join(init.parent.relative_to(ROOT).parts)
        for name in PACKAGES
        for init in (ROOT / name).rglob("__init__.py")
    }

    assert set(listed) == found


@pytest.mark.parametrize("lock", LOCKS)
def test_locks_pin_versions_and_name_no_index(lock: str) -> None:
    """Every library has one version with hashes, and no address of any machine."""
    text = (ROOT / lock).read_text()
    pins = [line for line in text.splitlines() if line and line[0] not in "# "]

    assert pins
    assert [line for line in pins if not re.match(r"[A-Za-z0-9._-]+==\S+", line)] == []
    assert (
        re.findall(r"https?://\S+|--(?:extra-)?index-url|--trusted-host|--find-links", text) == []
    )
    assert text.count("--hash=sha256:") >= len(pins)


def test_every_dependency_has_bounds() -> None:
    """A new major version is a decision and comes with a change of pyproject.toml."""
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]

    assert [one for one in wanted if not re.search(r">=[\d.]+,<\d+", one)] == []


def test_config_is_data() -> None:
    """The operator's folder holds no Python, so that nothing can be imported from it."""
    assert [str(path) for path in (ROOT / "config").rglob("*.py")] == []


def test_no_tests_package_shadows_ours() -> None:
    """tests/ has no __init__ and one package: a tests/channels would be imported as channels."""
    packages = {path.parent.name for path in (ROOT / "tests").rglob("__init__.py")}
    assert packages == {"torture"}


def test_ci_script_is_sound() -> None:
    """The script parses, requires the peers and names no machine to fetch from."""
    script = ROOT / ".ci" / "run"

    parsed = subprocess.run(["bash", "-n", script], check=False)

    assert parsed.returncode == 0
    assert "export LAPOR_REQUIRE_PEERS=1\n" in script.read_text()
    assert "\nmake check\n" in script.read_text()
    for engine in ("sqlite", "postgresql"):
        assert f'\nmake torture QUICK=1 LINES="$lines --engine {engine}" &\n' in script.read_text()
    assert "://" not in script.read_text()


@pytest.mark.parametrize(
    ("typed", "writes"),
    [((), True), (("QUICK=1",), False), (("LINES=--only R1",), False)],
)
def test_some_lines_of_the_torture_chamber_replace_no_page(
    typed: tuple[str, ...], *, writes: bool
) -> None:
    """Only a run of all lines in full size becomes docs/torture.md."""
    told = subprocess.run(
        ["make", "-n", "torture", *typed], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert ("--write" in told.stdout) == writes
    assert all(word.partition("=")[2] in told.stdout for word in typed if "LINES" in word)
