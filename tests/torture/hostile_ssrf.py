"""S7: addresses and names that lead inside, also ones that move between looks (DNS rebinding)."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

from torture.case import Case, Chamber, Finding
from torture.hostile_names import ADDRESSES

INSIDE = Path(__file__).with_name("hostile_names.py")
#: A network and a file system view of its own: no question and no connection leaves it.
APART = ("unshare", *(["--map-root-user"] if os.geteuid() else []), "--net", "--mount")
SET_UP = "ip link set lo up && " + " && ".join(
    f"ip address add {address}/32 dev lo" for address in ADDRESSES
)


async def run(chamber: Chamber) -> Finding:
    """Each way out is shown every name and every spelling."""
    rounds = chamber.pick(short=1, quick=3, full=50)
    resolv = chamber.folder / "resolv.conf"
    resolv.write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    script = (
        f"{SET_UP} && mount --bind {resolv} /etc/resolv.conf && {sys.executable} {INSIDE} {rounds}"
    )
    process = await asyncio.create_subprocess_exec(
        *APART, "sh", "-c", script, stdout=subprocess.PIPE
    )
    out, _ = await process.communicate()
    told = json.loads(out)
    ours, careless = told["ours"], told["careless"]
    figure = (
        f"{ours.get('inside', 0)} connections inside by 4 ways out, shown {ours['asked']:,} names"
        f" and spellings, {ours.get('public', 0)} to the address that was checked; a careless"
        f" client was led inside {careless.get('inside', 0)} times, shown {careless['asked']}"
    )
    for what in told["led"]:
        print(what)  # noqa: T201 (what to mend)
    passed = not ours.get("inside") and bool(ours.get("public")) and bool(careless.get("inside"))
    return Finding(figure=figure, passed=passed)


def lacking_namespaces() -> str | None:
    """Why no network of its own can be made here, or nothing."""
    try:
        done = subprocess.run([*APART, "sh", "-c", SET_UP], capture_output=True, check=False)
    except OSError as exc:
        return str(exc)
    return None if done.returncode == 0 else "no network namespaces (apt: iproute2; unshare)"


CASES = (
    Case(
        number="S7",
        what="addresses that lead inside, names that move",
        run=run,
        engines=("sqlite",),
        lacking=lacking_namespaces,
    ),
)
