"""
Real programs at the other end: Kannel, Postfix, Dovecot, Chromium.

Where one is not installed its tests are skipped, loudly: the summary names the program and the
package. LAPOR_REQUIRE_PEERS=1 (`.ci/run` sets it) makes each such skip a failure, see conftest.py.
"""

import os
import shutil
from pathlib import Path

import pytest

# What apt-get calls the package that brings each program.
PACKAGES = {
    "bearerbox": "kannel",
    "smsbox": "kannel",
    "fakesmsc": "kannel-extras",
    "postfix": "postfix",
    "swaks": "swaks",
    "chromium": "chromium",
    "clamd": "clamav-daemon",
    "dovecot": "dovecot-imapd",
    "strace": "strace",
    "haproxy": "haproxy",
    "docker-compose": "docker-compose",
    "promtool": "prometheus",
    "systemd-analyze": "systemd",
}

# Debian keeps daemons and Kannel's test programs outside an ordinary user's PATH.
PLACES = ("/usr/sbin", "/usr/lib/kannel/test", "/usr/lib/kannel", "/sbin")

REQUIRED = os.environ.get("LAPOR_REQUIRE_PEERS") == "1"


def find(program: str) -> Path | None:
    """Where the program is, or None."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *PLACES])
    found = shutil.which(program, path=path)
    return Path(found) if found else None


def need(program: str) -> Path:
    """The program's path; without it the test ends here: skipped, or failed where required."""
    found = find(program)
    if found:
        return found
    reason = f"peer missing: {program} (apt-get install {PACKAGES.get(program, program)})"
    if REQUIRED:
        pytest.fail(reason)
    pytest.skip(reason)
