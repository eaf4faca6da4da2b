"""Free TCP ports on loopback, for programs that cannot be told to choose one themselves."""

import secrets
import socket

# Below those the kernel gives to outgoing connections and to whoever asks for any (32768 and up):
# until our program listens there, nobody else is given it by chance.
PORTS = range(20_000, 32_000)


def unused_port() -> int:
    """A port nobody listens on right now."""
    while True:
        port = secrets.choice(PORTS)
        with socket.socket() as listener:
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
