"""
Whole complaints as stories: what a citizen sends, what they see, what record results.

A story is a file in fixtures/stories. It is told to the real pipeline on a real database; only the
channels are stand-ins, whose payload is the message itself, and the clock, which the story moves.

    story = "One sentence."        questions = false  # optional: [pipeline] questions
    [[step]]                       what happens, in this order:
    wait = 30                      seconds pass
    forwarded = true               the central store takes all that waits for it
    channel = "telegram"           someone sends: `from` and any field of InboundMessage
    from = "ani"
    id = "m1"                      the provider's id, for edits
    text = "STATUS {1}"            {1} is the case code of the first record, {2} of the second
    files = ["jalan.jpg"]          attachments by name; `point` is [lat, lon]
    answers = 1                    in the thread of the first answer they got
    sees = ["receipt: Kode {1}"]   every answer that goes out then: its kind, and words from it
    offers = ["ANONIM {1}"]        what the buttons of the last answer say
    [[record]]                     in the end, in the order they began; only what is named
"""

import tomllib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import msgspec
from clock import Clock
from normalizing import RULES

from channels.contract import (
    Attachment,
    Channel,
    Delivery,
    InboundMessage,
    Outcome,
    Parsed,
    Point,
    Receipt,
    RemoteFile,
    Reply,
)
from forwarder import claiming, outbox
from forwarder.backoff import Policy
from forwarder.item import Item, Result, Rules
from forwarder.ports import Transaction
from forwarder.routing import everything_to
from gateway import records
from gateway.codes import CaseCodes
from gateway.conversation import Timing
from gateway.craft import Craft
from gateway.files import Files
from gateway.files_leaving import let_go
from gateway.journal import Journal
from gateway.ministry import Ministry
from gateway.naming import kept_id
from gateway.pipeline import Pipeline
from gateway.reading import Reader
from gateway.recording import Recorder
from gateway.store import Store
from gateway.turn import CHATS, Manners
from gateway.vault import Vault
from gateway.workshop import InThread
from normalizer.record import Record

T = TypeVar("T")

STORIES = Path(__file__).parent / "fixtures" / "stories"
CHANNELS = ("sms", "telegram", "whatsapp", "line", "mail", "web", "api", "x")
DAY = 86_400_000
QUIET = 20
#: What a step may say beside the fields of a message.
ABOUT = frozenset(
    {"wait", "forwarded", "channel", "from", "id", "point", "files", "remote", "remarks"}
    | {"answers", "sees", "offers"}
)


class Spoken(Channel):
    """A channel whose payload is the message itself."""

    name: ClassVar[str] = "spoken"
    Options: ClassVar[type[msgspec.Struct]] = msgspec.Struct

    def __init__(self) -> None:
        pass

    def parse(self, payload: bytes) -> Parsed:
        """Read the message."""
        return msgspec.json.decode(payload, type=InboundMessage)

    async def reply(self, reply: Reply) -> Outcome:
        """Nothing to do."""
        return Receipt(reference=reply.id)


class PowerCut(BaseException):
    """The end of a process in the middle of its work."""


@dataclass(slots=True, kw_only=True)
class Teller:
    """Tells stories to a pipeline and remembers what citizens saw."""

    database: Store
    vault: Vault
    clock: Clock
    folder: Path
    journal: Journal
    questions: bool = True
    ministry: Ministry | None = None
    #: Whether the store takes comments.
    comments: bool = False
    sent: int = 0
    worker: Pipeline | None = None
    #: Done by somebody else right before each commit of the pipeline.
    meanwhile: Callable[[], Awaitable[None]] | None = None
    #: After so many commits the power fails, once.
    writes_left: int | None = None
    #: Answers by number, as the citizen got them.
    heard: list[Reply] = field(default_factory=list)

    async def tell(self, story: Mapping[str, Any]) -> None:
        """Play every step; AssertionError where a citizen sees something else."""
        self.questions = story.get("questions", True)
        for number, step in enumerate(story["step"], 1):
            seen = await self.play(step)
            expected = [await self.filled(line) for line in step.get("sees", [])]
            told = [f"{reply.kind}: {reply.text}" for reply in seen]
            where = f"step {number}: {step.get('text', '')!r}"
            assert len(told) == len(expected), (where, told)
            for line, wanted in zip(told, expected, strict=True):
                kind, _, words = wanted.partition(": ")
                assert line.startswith(f"{kind}:"), (where, line, wanted)
                assert words in line, (where, line, wanted)
            if "offers" in step:
                offered = [button.says for button in seen[-1].buttons]
                assert offered == [await self.filled(says) for says in step["offers"]], where

    async def play(self, step: Mapping[str, Any]) -> list[Reply]:
        """One step; the answers it leads to."""
        self.clock.advance(step.get("wait", 0))
        if step.get("forwarded"):
            await self._forward()
        if set(step) - {"wait", "forwarded", "sees", "offers"}:
            await self.send(step)
        await self.work()
        replies = await self.replies()
        new, self.heard = replies[len(self.heard) :], replies
        return new

    async def work(self) -> None:
        """Work until nothing is due, whatever the power does."""
        self.worker = self.worker or self.pipeline()
        try:
            while await self.worker.step():
                pass
        except PowerCut:
            self.worker, self.writes_left = self.pipeline(), None
            await self.work()

    def pipeline(self) -> Pipeline:
        """A pipeline as the gateway builds it, with the rules it ships."""
        recorder = Recorder(
            rules=RULES,
            vault=self.vault,
            codes=CaseCodes(self.vault.derive("case codes")),
            files=Files(self.folder / "attachments"),
            manners=self._manners(),
            ministry=self.ministry,
        )
        channels: dict[str, Channel] = dict.fromkeys(CHANNELS, Spoken())
        return Pipeline(
            database=self,
            vault=self.vault,
            workshop=InThread(Craft(Reader(channels, self.vault), recorder)),
            timing=Timing(part_timeout=900_000, match_window=30 * DAY),
            clock=lambda: self.clock.milliseconds,
            centrals=everything_to("central"),
            let_go=partial(let_go, self, Files(self.folder / "attachments")),
        )

    def _manners(self) -> Manners:
        return Manners(
            centrals=everything_to("central"),
            receipt_patience=0,
            replies_per_hour=240,
            share_identity=True,
            asks=CHATS if self.questions else frozenset(),
            commented=("central",) if self.comments else (),
        )

    async def records(self) -> list[tuple[Record, str]]:
        """Every record and its public state, by the journal row it began with."""
        rows = await self.rows(
            "select r.document, r.data_key, r.state from records r join journal j"
            " on j.channel = r.channel and j.external_id = r.external_id order by j.id"
        )
        return [
            (msgspec.json.decode(self.vault.open(bytes(r[0]), bytes(r[1])), type=Record), r[2])
            for r in rows
        ]

    async def write(self, work: Callable[[Transaction], T], /) -> T:
        """Commit for the pipeline, or let the power fail before it."""
        if self.meanwhile:
            await self.meanwhile()
        if self.writes_left == 0:
            raise PowerCut
        if self.writes_left:
            self.writes_left -= 1
        return await self.database.write(work)

    async def read(self, work: Callable[[Transaction], T], /) -> T:
        """Look, for the pipeline."""
        return await self.database.read(work)

    async def rows(self, sql: str) -> Sequence[tuple[Any, ...]]:
        """Whatever the tables hold."""
        return await self.database.read(lambda tx: tx.all(sql))

    async def send(self, step: Mapping[str, Any]) -> None:
        """Let a message arrive; nobody looks at it yet."""
        self.sent += 1
        channel, sender = step.get("channel", "telegram"), step.get("from", "ani")
        told = {name: value for name, value in step.items() if name not in ABOUT}
        told["text"] = await self.filled(told.get("text", ""))
        point = step.get("point")
        message = replace(
            InboundMessage(**{"sender": sender, "return_address": sender, **told}),
            remarks=tuple(step.get("remarks", ())),
            point=Point(lat=point[0], lon=point[1]) if point else None,
            attachments=tuple(map(_file, step.get("files", ()))),
            remote=tuple(RemoteFile(key=name, name=name) for name in step.get("remote", ())),
            answers=tuple(self.heard[n - 1].id for n in _listed(step.get("answers", []))),
        )
        name = kept_id(self.vault, channel, step.get("id", f"m{self.sent}"))
        delivery = Delivery(external_id=name, payload=msgspec.json.encode(message))
        await self.journal.accept(channel, [delivery])

    async def _forward(self) -> None:
        """The central store takes what is due."""
        now = self.clock.milliseconds
        rules = Rules(policy=Policy(), resend=True, jitter=lambda: 0.0, on_delivered=_forwarded)
        wanted = claiming.Claim(
            target="central:central", owner="w", limit=100, lease_ms=1, resend=True
        )

        def settle(tx: Transaction) -> int:
            items = claiming.claim(tx, wanted, now)
            results = [Result(item=item, outcome=Receipt()) for item in items]
            outbox.settle(tx, results, rules, now)
            return len(items)

        while await self.database.write(settle):
            pass

    async def replies(self) -> list[Reply]:
        """Every answer, oldest first."""
        rows = await self.rows(
            "select body, data_key from outbox join outbox_bodies using (id)"
            " where reply_id is not null order by id"
        )
        return [
            msgspec.json.decode(self.vault.open(bytes(row[0]), bytes(row[1])), type=Reply)
            if row[1]
            else Reply(id="", to="", text="", kind="erased")
            for row in rows
        ]

    async def filled(self, line: str) -> str:
        """The line with case codes in it."""
        if "{" not in line:
            return line
        codes = [record.case_code for record, _ in await self.records()]
        return line.format("", *codes)


@asynccontextmanager
async def teller(url: str, vault: Vault, clock: Clock, folder: Path) -> AsyncIterator[Teller]:
    """Somebody who can tell a story to the database at `url`."""
    database = await Store.open(url)
    journal = Journal(database, vault, clock=lambda: clock.milliseconds)
    await journal.open()
    yield Teller(database=database, vault=vault, clock=clock, folder=folder, journal=journal)
    await database.close()


def stories() -> list[Path]:
    """Every story, by name."""
    return sorted(STORIES.glob("*.toml"))


def read(path: Path) -> dict[str, Any]:
    """A story."""
    return tomllib.loads(path.read_text())


def of_record(record: Record, state: str) -> dict[str, Any]:
    """A record in the words of a story."""
    return {
        "text": record.text,
        "clean": record.clean_text,
        "revision": record.revision,
        "channel": record.channel,
        "anonymous": record.anonymous,
        "confidential": record.confidential,
        "visibility": record.visibility,
        "name": record.reporter.name or "",
        "place": record.place.name if record.place else "",
        "code": (record.place.code if record.place else "") or "",
        "point": [record.point.lat, record.point.lon] if record.point else [],
        "files": [file.name for file in record.attachments],
        "remarks": list(record.remarks),
        "type": record.type.value or "",
        "topic": record.topic.value or "",
        "urgency": record.urgency.value,
        "language": record.language or "",
        "context": record.context or "",
        "state": state,
    }


def _forwarded(tx: Transaction, items: Sequence[Item], now: int) -> None:
    records.forwarded(tx, [item.record_id for item in items], now)


def _file(name: str) -> Attachment:
    kinds = {"jpg": "image/jpeg", "ogg": "audio/ogg", "mp4": "video/mp4", "pdf": "application/pdf"}
    kind = kinds[name.rpartition(".")[2]]
    return Attachment(name=name, media_type=kind, content=f"invented {name}".encode())


def _listed(value: int | list[int]) -> list[int]:
    return value if isinstance(value, list) else [value]
