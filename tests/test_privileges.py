"""What the gateway needs of a machine: no rights but to its own data, and nobody reads that."""

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import peers
import pytest
from gateway_process import Gateway
from load import Crowd, Load

from channels.registry import CHANNELS
from channels.telegram import Telegram
from gateway.settings import read_settings

ROOT = Path(__file__).parents[1]
UNIT = (ROOT / "deploy" / "lapor-gateway.service").read_text().splitlines()
#: What takes rights away; `systemd-analyze security` weighs them (test_unit.py), this names them.
TAKEN = (
    *("DynamicUser=yes", "UMask=0077", "StateDirectoryMode=0700", "NoNewPrivileges=yes"),
    *("CapabilityBoundingSet=", "AmbientCapabilities=", "ProtectSystem=strict", "ProtectHome=yes"),
    *("PrivateTmp=yes", "PrivateDevices=yes", "RestrictSUIDSGID=yes", "MemoryDenyWriteExecute=yes"),
)
NOBODY = 65534
#: Everything but the folder is read-only, in a world of mounts of its own.
READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,ro,bind / && exec "$@"'


def test_the_unit_takes_every_right_away() -> None:
    """Each of them by name, so that none goes away unseen behind a good sum."""
    assert [one for one in TAKEN if one not in UNIT] == []
    assert not [line for line in UNIT if line.startswith(("User=", "ReadWritePaths="))]


def test_it_listens_to_this_machine_alone_unless_told(tmp_path: Path) -> None:
    """Public, internal, and each channel that listens by itself."""
    (tmp_path / "config").mkdir()
    settings = read_settings(tmp_path / "config", tmp_path / "data", {})
    channels = [
        kind(kind.Options(**({"mode": "webhook"} if kind is Telegram else {})), bytes(32))
        for kind in CHANNELS
    ]
    addresses = [settings.http.public, settings.http.internal]
    addresses += [at for channel in channels for at in channel.listening_on()]

    assert len(addresses) > 2
    assert [at for at in addresses if not at.startswith("127.0.0.1:")] == []


@pytest.mark.usefixtures("on_both_engines")
async def test_whatever_is_written_is_its_owners_alone(gateway: Gateway) -> None:
    """Also where the system's own mask would let everybody read: database, files, key, copies."""
    gateway.prefix = ["sh", "-c", 'umask 0; exec "$@"', "sh"]
    crowd = Crowd(1)
    load = Load(gateway, crowd)
    async with gateway:
        for message in (crowd.sms(), crowd.mail(), crowd.mail()):
            await load.send(message)
    copied = await gateway.command("backup", str(gateway.data_dir / "copy.tar"))
    assert copied.returncode == 0, copied.stderr

    written = [gateway.data_dir, *gateway.data_dir.rglob("*")]
    loose = [path for path in written if stat.S_IMODE(path.lstat().st_mode) & 0o077]
    assert [path for path in written if path.name == "gateway.key"]
    assert loose == []


@pytest.fixture
def elsewhere() -> Iterator[Path]:
    """A folder that somebody without rights can get to; that of a test is its owner's alone."""
    folder = Path(tempfile.mkdtemp(prefix="lapor-privileges-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.peer
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give its rights away")
async def test_nobody_at_all_can_run_it_on_a_read_only_machine(elsewhere: Path) -> None:
    """No user of its own, no capability, no way to new rights; only the data can be written."""
    setpriv, unshare = peers.need("setpriv"), peers.need("unshare")
    gateway = Gateway(elsewhere)
    gateway.data_dir.mkdir()
    for folder in (elsewhere, gateway.data_dir):
        os.chown(folder, NOBODY, NOBODY)
    rights = [str(setpriv), f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    rights += ["--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"]
    mounts = [str(unshare), "--mount", "--propagation=private", "sh", "-c", READ_ONLY]
    gateway.prefix = [*mounts, str(elsewhere), *rights]
    crowd = Crowd(2)
    try:
        async with gateway:
            status = Path(f"/proc/{gateway.pid}/status").read_text()  # noqa: ASYNC240 (of the kernel)
            await Load(gateway, crowd).send(crowd.sms())
            places = list(elsewhere.rglob("gateway.db"))  # noqa: ASYNC240 (a few files)
    finally:
        gateway.kill()

    told = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert set(told["Uid"].split()) == {str(NOBODY)}
    assert told["NoNewPrivs"] == "1"
    assert {int(told[name], 16) for name in ("CapEff", "CapPrm", "CapBnd", "CapInh")} == {0}
    assert len(places) == 1
