"""Several processes of one gateway on one PostgreSQL, each as if on a machine of its own."""

import base64
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from fault_server import FaultServer
from gateway_process import Gateway, Sections

from gateway.roles import Role

#: The same on every machine, as an operator would give it to them.
KEY = base64.b64encode(bytes(range(32))).decode()


class Cluster:
    """Gateways by the names they were given; all deliver to one central store."""

    def __init__(self, folder: Path, url: str, store: FaultServer) -> None:
        self.folder = folder
        self.url = url
        self.store = store
        self.members: dict[str, Gateway] = {}
        #: Sections every one of them has beside database and store.
        self.settings: Sections = {"outbox": {"base": 0.05, "cap": 0.3, "told_cap": 1.0}}

    def member(self, name: str, role: Role) -> Gateway:
        """One more machine, not started yet."""
        home = self.folder / name
        home.mkdir()
        central = {"kind": "http", "url": self.store.url, "allow_private": True, "timeout": 5.0}
        shared = {"store": {"url": self.url}, "central": {"ministry": central}}
        gateway = Gateway(home, {**shared, **self.settings})
        gateway.role = role
        gateway.env = {"LAPOR_GATEWAY_KEY": KEY}
        self.members[name] = gateway
        return gateway

    async def start(self, **roles: Role) -> list[Gateway]:
        """Start machines by name and role, one after the other."""
        started = []
        for name, role in roles.items():
            started.append(self.member(name, role))
            await started[-1].start()
        return started

    def kill(self) -> None:
        """End all that still run."""
        for gateway in self.members.values():
            gateway.kill()


@asynccontextmanager
async def cluster(folder: Path, url: str) -> AsyncIterator[Cluster]:
    """A cluster without members on a database; what still runs in the end is killed."""
    async with AsyncExitStack() as stack:
        together = Cluster(folder, url, await stack.enter_async_context(FaultServer()))
        stack.callback(together.kill)
        yield together


def texts(store: FaultServer) -> Sequence[bytes]:
    """What the central store holds, each record once."""
    return list(store.records.values())
