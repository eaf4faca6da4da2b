"""Debian's HAProxy with deploy/haproxy.cfg before two real gateways, all on loopback."""

import re
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import peers
from gateway_process import Gateway

CONFIG = Path(__file__).parents[1] / "deploy" / "haproxy.cfg"
STOP_SECONDS = 30.0
START_SECONDS = 60.0
PORTS = {"8080": "public", "8081": "internal", "2525": "smtp"}


def written(proxy: Gateway, gateways: Sequence[Gateway]) -> str:
    """The shipped file with our addresses in the place of the compose network's."""
    text = re.sub(r"(?ms)^resolvers docker\n.*?\n\n", "", CONFIG.read_text())
    text = text.replace(" port 8081 resolvers docker init-addr last,libc,none", "")
    for number, gateway in enumerate(gateways, 1):
        internal = gateway.internal.rpartition(":")[2]
        for port, name in PORTS.items():
            there = f"{getattr(gateway, name)} port {internal}"
            text = text.replace(f"gateway-{number}:{port}\n", f"{there}\n")
    for port, name in PORTS.items():
        text = text.replace(f"    bind :{port}\n", f"    bind {getattr(proxy, name)}\n")
    return text


@contextmanager
def running(proxy: Gateway, gateways: Sequence[Gateway]) -> Iterator[None]:
    """Serve at the addresses of `proxy`, a gateway that is never started."""
    program = peers.need("haproxy")
    config = proxy.home / "haproxy.cfg"
    config.write_text(written(proxy, gateways))
    with proxy.log_file.open("wb") as log:
        process = subprocess.Popen([program, "-db", "-f", config], stdout=log, stderr=log)
    try:
        _until_open(process, proxy)
        yield
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


def _until_open(process: "subprocess.Popen[bytes]", proxy: Gateway) -> None:
    """Wait until a citizen gets the form."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with urlopen(f"{proxy.url}/lapor", timeout=5):  # noqa: S310 (our own address)
                return
        except OSError:
            assert process.poll() is None, proxy.log
            assert time.monotonic() < deadline, proxy.log
            time.sleep(0.05)
