"""
A town's reports over some months, invented: what the pages with figures are tried on.

The records are real ones, sealed and made into rows of the board; who answers when is drawn from a
seed, so that every run sees the same town.
"""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

import msgspec
from forwarding import record_id

from forwarder.ports import Database, Transaction
from gateway import due, records
from gateway.board import rows
from gateway.records import Written
from gateway.vault import Vault
from normalizer.deadlines import Clock
from normalizer.record import Agency, Duplicate, Judgement, Place, Record, Reporter, Urgency

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
TOPICS = {
    "jalan": ("Dinas Pekerjaan Umum dan Penataan Ruang", 30),
    "pju": ("Dinas Perhubungan", 18),
    "sampah": ("Dinas Lingkungan Hidup", 16),
    "drainase": ("Dinas Pekerjaan Umum dan Penataan Ruang", 10),
    "air_bersih": ("Perumda Air Minum (PDAM)", 8),
    "kependudukan": ("Dinas Kependudukan dan Pencatatan Sipil", 7),
    "kesehatan": ("Dinas Kesehatan", 5),
    "sarana_sekolah": ("Dinas Pendidikan", 4),
    "": ("", 3),
}
CHANNELS = {"whatsapp": 34, "web": 18, "sms": 14, "telegram": 10, "x": 9, "instagram": 8}
PLACES = {"36.03.01": 9, "36.03.17": 14, "36.03.22": 11, "36.03.28": 7, "36.03.19": 5, "": 4}
# No number of a journal row a citizen makes beside them.
FIRST = 1_000_000
NUMBERS = "select number from records where :number = 0 or number = :number"
#: A record, what the store told of it, and how it stands.
Story = tuple[Written, list[tuple[object, ...]], str]


@dataclass(slots=True, kw_only=True)
class Town:
    """Whose reports these are."""

    database: Database
    vault: Vault
    #: Milliseconds since 1970.
    now: int
    chance: random.Random = field(default_factory=lambda: random.Random(7))  # noqa: S311 (a test)

    async def fill(self, count: int, days: int, first: int = 1) -> None:
        """So many reports in the last days, rising a little, fewer at weekends."""
        numbers = range(first, first + count)
        made = [self._report(number, self._moment(days)) for number in numbers]
        for start in range(0, count, 500):
            part = made[start : start + 500]
            await self.database.write(partial(self._put, made=part))

    async def watch(self, clock: Clock | None = None, *, only: int = 0) -> None:
        """Give every report its deadlines, and the board its rows; or one report of them."""

        def write(tx: Transaction) -> None:
            after: due.Place | None = (0, "") if clock else None
            while clock and after is not None:
                begun, after = due.new(tx, self.vault, clock, after=after, now=self.now)
                due.begin(tx, begun)
            numbers = [row[0] for row in tx.all(NUMBERS, number=only and FIRST + only)]
            for start in range(0, len(numbers), 500):
                rows.put(tx, rows.made(tx, self.vault, numbers[start : start + 500]))

        await self.database.write(write)

    def _moment(self, days: int) -> int:
        while True:
            back = days * (1 - self.chance.random() ** 0.8)
            at = self.now - int(back * DAY_MS)
            if datetime.fromtimestamp(at / 1000, UTC).weekday() < 5 or self.chance.random() < 0.5:
                return at

    def _report(self, number: int, at: int) -> Story:
        draw = self.chance.choices
        topic = draw([*TOPICS], [weight for _, weight in TOPICS.values()])[0]
        agency = TOPICS[topic][0]
        channel = draw([*CHANNELS], [*CHANNELS.values()])[0]
        place = draw([*PLACES], [*PLACES.values()])[0]
        same = number > 9 and self.chance.random() < 0.13
        of = record_id(self.chance.randrange(1, number)) if same else ""
        record = Record(
            record_id=record_id(number),
            revision=1,
            case_code=f"C{number:07}X",
            received_at=datetime.fromtimestamp(at / 1000, UTC),
            sent_at=None,
            channel=channel,
            external_id=f"m-{number}",
            visibility="public",
            reporter=Reporter(pseudonym="p" * 32),
            anonymous=False,
            confidential=False,
            text="Laporan yang direka",
            clean_text="laporan yang direka",
            title="Laporan yang direka",
            language="id",
            type=Judgement(value="pengaduan" if number % 9 else "aspirasi", confidence=0.9),
            topic=Judgement(value=topic or None, confidence=0.8),
            agency=Agency(value=agency or None, confidence=0.8),
            urgency=Urgency(value="darurat" if number % 50 == 0 else "biasa"),
            place=Place(name="Tempat", code=place, level="kecamatan", confidence=0.9)
            if place
            else None,
            duplicate=Duplicate(cluster=of, relation="same", of=of, score=0.9, why=())
            if same
            else None,
        )
        lines, state = self._story(number, at, slow=agency.startswith(("Dinas Pek", "Perumda")))
        document = msgspec.json.encode(record)
        row = Written(
            record_id=record.record_id,
            revision=1,
            case_code=record.case_code,
            channel=channel,
            external_id=record.external_id,
            received_at=at,
            pseudonym="p",
            document=self.vault.seal(document),
            identity=self.vault.seal(b"{}"),
            keys=(),
            number=FIRST + number,
        )
        return row, lines, state

    def _story(self, number: int, at: int, *, slow: bool) -> tuple[list[tuple[object, ...]], str]:
        """What the store told of it since, and how it stands."""
        pace = 2.2 if slow else 1.0
        answered = at + int(self.chance.lognormvariate(3.2, 0.9) * HOUR_MS * pace)
        solved = answered + int(self.chance.lognormvariate(4.6, 0.7) * HOUR_MS * pace)
        lines: list[tuple[object, ...]] = []
        state = "diteruskan"
        for kind, moment, becomes in (
            ("answer", answered, "ditindaklanjuti"),
            ("closed", solved, "selesai"),
        ):
            if moment >= self.now or self.chance.random() < 0.06:
                break
            lines.append((record_id(number), "sp4n", f"{number}-{kind}", moment, kind, becomes))
            state = becomes
        return lines, state

    def _put(self, tx: Transaction, made: list[Story]) -> None:
        records.write(tx, [row for row, _, _ in made], now=self.now)
        for row, lines, state in made:
            changed = max([row.received_at, *(int(str(line[3])) for line in lines)])
            tx.run(
                "update records set state = :state, updated_at = :at where record_id = :id",
                state=state,
                at=changed,
                id=row.record_id,
            )
        columns = ("record_id", "store", "update_id", "at", "taken_at", "kind", "state")
        told = [(*line[:4], line[3], *line[4:], "", b"") for _, lines, _ in made for line in lines]
        tx.insert("timeline", (*columns, "word", "document"), told)
