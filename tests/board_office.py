"""A board over records of invented reports, filled as the pipeline and its neighbours would."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

import msgspec
from clock import Clock
from forwarding import document, record_id

from forwarder.routing import NOWHERE
from gateway import records
from gateway.board.filter import Filter, Scope
from gateway.board.follower import Follower
from gateway.board.listing import Page, page
from gateway.records import Joined, Written
from gateway.revise import revise
from gateway.store import Store
from gateway.vault import Vault
from normalizer.record import Record

SURE = {"value": "jalan", "confidence": 0.9}
OFFICE = {"value": "Dinas Bina Marga", "confidence": 0.9}


@dataclass
class BoardOffice:
    """A store with a follower that looks when the test says so."""

    database: Store
    vault: Vault
    clock: Clock
    told: list[None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.follower = self.process("one")

    def process(self, owner: str) -> Follower:
        """A process of the cluster that follows."""
        return Follower(
            self.database,
            self.vault,
            now=lambda: self.clock.milliseconds,
            owner=owner,
            told=lambda: self.told.append(None),
        )

    async def receive(
        self, number: int, *, joined: Joined | None = None, channel: str = "sms", **values: object
    ) -> None:
        """A report arrives now; certain about topic and agency unless something else is said."""
        now = self.clock.milliseconds
        made: dict[str, object] = msgspec.json.decode(document(number))
        at = datetime.fromtimestamp(now / 1000, tz=UTC).isoformat()
        made |= {"topic": SURE, "agency": OFFICE, "received_at": at, "channel": channel, **values}
        row = Written(
            record_id=record_id(number),
            revision=1,
            case_code=f"C{number:07}X",
            channel=channel,
            external_id=f"m-{number}",
            received_at=now,
            pseudonym="p",
            document=self.vault.seal(msgspec.json.encode(made)),
            identity=self.vault.seal(b"{}"),
            keys=(),
            number=number,
            joined=joined,
        )
        await self.database.write(lambda tx: records.write(tx, [row], now=now))

    async def revise(self, number: int, **changes: object) -> None:
        """The record changes."""

        def change(record: Record) -> Record:
            values = msgspec.to_builtins(record)
            values |= changes
            return msgspec.convert(values, Record)

        await self.database.write(
            lambda tx: revise(
                tx,
                self.vault,
                record_id(number),
                change,
                centrals=NOWHERE,
                now=self.clock.milliseconds,
            )
        )

    async def look(self) -> int:
        """The follower looks a moment later."""
        self.clock.advance(1)
        return await self.follower.look()

    async def page(self, wanted: Filter | None = None, scope: Scope | None = None) -> Page:
        """A page of the list."""
        return await self.database.read(
            partial(
                page,
                vault=self.vault,
                wanted=wanted or Filter(),
                scope=scope or Scope(),
                now=self.clock.milliseconds,
            )
        )

    async def numbers(self, wanted: Filter | None = None, scope: Scope | None = None) -> list[int]:
        """The numbers of the records on a page."""
        return [line.number for line in (await self.page(wanted, scope)).lines]

    async def columns(self, number: int) -> Mapping[str, object]:
        """A row as it stands."""
        names = ("revision", "state", "topic", "agency", "rank", "erased", "due_at", "closed_at")
        rows = await self.database.read(
            lambda tx: tx.all(
                "select revision, state, topic, agency, rank, erased, due_at, closed_at"
                " from board where number = :number",
                number=number,
            )
        )
        return dict(zip(names, rows[0], strict=True)) if rows else {}
