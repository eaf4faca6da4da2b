"""A gateway of a case, and what its promises are weighed by: nothing lost, nothing twice."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fault_server import FaultServer
from gateway_process import Gateway
from ledger import assert_journaled, assert_proven
from load import Load
from sms_gateway import SendApiPeer, serving

from torture.case import Chamber, Finding

# Nothing here is asked to be fast; whoever waits longer waits for what will not come.
PATIENCE = 120.0
# Quick retries, so that a line sees many.
QUICK: Mapping[str, float] = {"base": 0.02, "cap": 0.1, "told_cap": 0.3}


@asynccontextmanager
async def gateway_in(chamber: Chamber, **settings: Any) -> AsyncIterator[Gateway]:  # noqa: ANN401 (TOML)
    """A gateway with an empty store on the chamber's engine, not started yet."""
    with chamber.store() as store:
        gateway = Gateway(chamber.folder / "gateway-home", {**store, **settings})
        gateway.home.mkdir()
        try:
            yield gateway
        finally:
            gateway.kill()


@asynccontextmanager
async def telephones() -> AsyncIterator[tuple[SendApiPeer, dict[str, Any]]]:
    """The SMS provider that receipts go to, and the channel's settings for it."""
    peer = SendApiPeer()
    async with serving(peer.routes()) as send_api:
        yield peer, {"sms": {"send_url": f"{send_api}/send"}}


def http_store(url: str, **options: Any) -> dict[str, Any]:  # noqa: ANN401 (TOML)
    """A section of a central store behind HTTP, with a short patience."""
    return {"kind": "http", "url": url, "allow_private": True, "timeout": 0.4, **options}


async def until(true: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
    """Wait for something that no event tells of."""
    deadline = time.monotonic() + patience
    while not true():
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.05)


def documents_in(store: FaultServer) -> list[dict[str, Any]]:
    """The records a store holds."""
    return [json.loads(body)["data"] for body in store.records.values()]


def texts_in(store: FaultServer) -> Counter[str]:
    """The texts of the records a store holds."""
    return Counter(text_of(body) for body in store.records.values())


def text_of(body: bytes) -> str:
    """What the citizen said, as a record in a push has it."""
    return str(json.loads(body)["data"]["text"]).strip()


def receipts_of(peer: SendApiPeer) -> Counter[str]:
    """How often each receipt went out."""
    return Counter(form["id"] for _, _, form, _ in peer.asked)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """What was acknowledged, against what is there in the end."""

    acknowledged: int
    lost: int
    twice: int

    @property
    def passed(self) -> bool:
        """Nothing lost and nothing twice; nothing at all would prove nothing."""
        return bool(self.acknowledged) and not (self.lost or self.twice)

    def __str__(self) -> str:
        return f"{self.lost} of {self.acknowledged:,} acknowledged lost, {self.twice} twice"


def weigh(load: Load, held: Counter[str]) -> Weighed:
    """Each message of a load against the texts a store holds."""
    wanted = Counter(message.text for message in load.messages.values())
    return Weighed(
        acknowledged=wanted.total(),
        lost=(wanted - held).total(),
        twice=(held - wanted).total(),
    )


async def proven(gateway: Gateway, load: Load) -> None:
    """What is true after every line: the journal holds it all, the chain is whole, sums agree."""
    assert_journaled(gateway, load)
    await assert_proven(gateway)


def finding(weighed: Weighed, *more: str, also: bool = True) -> Finding:
    """The figure of a line, with what else it has to tell; `also` is what else must be true."""
    return Finding(figure="; ".join((str(weighed), *more)), passed=weighed.passed and also)


def memory_of(pid: int, what: str = "VmRSS") -> int:
    """Mebibytes of a process now, or at the most (VmHWM)."""
    status = Path(f"/proc/{pid}/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith(f"{what}:")]
    return int(line.split()[1]) // 1024
