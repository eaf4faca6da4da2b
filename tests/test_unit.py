"""The systemd unit and the alert rules, checked by their own tools where those are present."""

import re
import subprocess
from pathlib import Path

import peers
import pytest

from gateway.metrics import HELP

DEPLOY = Path(__file__).parents[1] / "deploy"
UNIT = DEPLOY / "lapor-gateway.service"
RULES = DEPLOY / "prometheus-rules.yml"


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit with a program that exists on this machine."""
    copy = tmp_path / UNIT.name
    copy.write_text(re.sub(r"\nExecStart=\S+", "\nExecStart=/bin/true", UNIT.read_text()))
    return copy


@pytest.mark.peer
def test_systemd_accepts_the_unit(unit: Path) -> None:
    """No directive is unknown to the systemd of Debian 12."""
    program = peers.need("systemd-analyze")

    done = subprocess.run(
        [program, "verify", unit], capture_output=True, text=True, check=False, env={"LC_ALL": "C"}
    )

    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.peer
def test_the_unit_is_hardened(unit: Path) -> None:
    """The tool's own measure of exposure stays at 2.0 or below, on a scale that ends at 10."""
    program = peers.need("systemd-analyze")

    done = subprocess.run(
        [program, "security", "--offline=true", "--threshold=20", "--no-pager", unit],
        capture_output=True,
        text=True,
        check=False,
        env={"LC_ALL": "C.UTF-8"},
    )

    assert done.returncode == 0, done.stdout[-500:]
    exposure = re.search(r"exposure level for lapor-gateway.service: ([0-9.]+)", done.stdout)
    assert exposure
    assert float(exposure[1]) <= 2.0


def test_wrong_settings_are_not_tried_again() -> None:
    """Exit code 78 ends the service instead of restarting it for ever."""
    assert "\nRestartPreventExitStatus=78\n" in UNIT.read_text()


def test_the_unit_holds_no_secret_and_no_old_type() -> None:
    """Secrets come as credentials only, and Type=notify-reload would fall back to simple."""
    directives = [line for line in UNIT.read_text().splitlines() if not line.startswith("#")]

    assert "Type=notify" in directives
    assert not [line for line in directives if line.startswith(("Environment", "SetCredential"))]


def test_every_alert_asks_for_a_metric_there_is() -> None:
    """An alert on a misspelt name would never fire."""
    named = set(re.findall(r"\bgateway_\w+", RULES.read_text()))

    known = {f"gateway_{name}{suffix}" for name in HELP for suffix in ("", "_total")}
    assert named - {"gateway_build_info"} <= known


def test_promtool_accepts_the_rules() -> None:
    """Prometheus itself reads every expression."""
    promtool = peers.find("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (apt-get install prometheus)")

    done = subprocess.run(
        [promtool, "check", "rules", RULES], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
