"""The bench leaves nothing behind, also when it is ended in the middle."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
PATIENCE = 60.0


def of(folder: Path) -> list[str]:
    """The commands that run on files below a folder."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            command = (entry / "cmdline").read_text() if entry.name.isdigit() else ""
        except OSError:
            continue  # it ended meanwhile
        if str(folder) in command:
            found.append(command)
    return found


def test_ending_the_bench_ends_its_gateways(tmp_path: Path) -> None:
    """SIGTERM stops the servers it measures, and removes their files."""
    command = [sys.executable, "bench/run.py", "--quick", "--only", "start"]
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE) as bench:
        until = time.monotonic() + PATIENCE
        while not of(tmp_path) and time.monotonic() < until:
            time.sleep(0.05)
        begun = of(tmp_path)
        bench.send_signal(signal.SIGTERM)
        _, told = bench.communicate(timeout=PATIENCE)

    assert begun
    assert b"ended from outside" in told
    assert of(tmp_path) == []
    assert list(tmp_path.iterdir()) == []
