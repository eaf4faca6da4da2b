"""
Addresses as they are written in gateway.toml, and sockets the service manager opened for us.

Socket activation gives privileged ports without privileges, and no refused connection during a
restart. systemd passes open descriptors from 3 on and names them by FileDescriptorName: ours are
`public` and `internal`. See sd_listen_fds(3).
"""

import ipaddress
import os
import socket
from collections.abc import MutableMapping

NAMES = ("public", "internal")
FIRST = 3


def host_and_port(address: str) -> tuple[str, int]:
    """Split "127.0.0.1:8080" or "[::1]:8080"; ValueError says what is wrong with it."""
    host, colon, port = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not (colon and host and port.isascii() and port.isdigit() and int(port) < 1 << 16):
        raise ValueError("expected host:port, such as 127.0.0.1:8080")
    return host, int(port)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach it; a name other than localhost may be anything."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def passed_sockets(
    environment: MutableMapping[str, str], *, first: int = FIRST
) -> dict[str, socket.socket]:
    """
    The sockets we were started with, by name, and none when they were meant for another process.

    The variables are taken out of `environment`, so that no child believes they are for it.
    """
    pid = environment.pop("LISTEN_PID", "")
    count = environment.pop("LISTEN_FDS", "")
    names = environment.pop("LISTEN_FDNAMES", "").split(":")
    if pid != str(os.getpid()) or not count.isdigit():
        return {}
    return {
        name: _adopt(first + number)
        for number, name in zip(range(int(count)), names, strict=False)
        if name in NAMES
    }


def _adopt(descriptor: int) -> socket.socket:
    os.set_inheritable(descriptor, False)  # noqa: FBT003 (its only signature)
    adopted = socket.socket(fileno=descriptor)
    adopted.settimeout(0)
    return adopted
