"""Free TCP ports on loopback, for programs that cannot be told to choose one themselves."""

import socket


def unused_port() -> int:
    """A port nobody listens on right now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
