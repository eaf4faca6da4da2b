"""Citizens are told: everybody who reported it, once, in their language, when they may be."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec
import pytest
from cases import STORE, reported, update
from clock import Clock
from forwarding import NOW, record_id

from channels.contract import Channel, Receipt, Reply
from channels.mail import Mail
from channels.mail_options import MailOptions
from channels.sms import Sms
from channels.sms_options import SmsOptions
from channels.telegram import Telegram
from channels.whatsapp import Whatsapp
from forwarder import claiming, outbox
from forwarder.backoff import Policy
from forwarder.claiming import Claim
from forwarder.item import Result, Rules
from forwarder.ports import Transaction
from forwarder.routing import NOWHERE
from forwarder.update import Update
from gateway import clusters, neighbours, operate, records
from gateway.back import money, notices, silence
from gateway.back.planning import plan
from gateway.back.quiet import quiet_until
from gateway.back.speech import read_speech
from gateway.back.statuses import Statuses, StatusesFile, read_statuses
from gateway.back.take import Taker
from gateway.back.telling import BUDGET, Teller
from gateway.following import Following
from gateway.naming import hidden_lane
from gateway.notices_options import Notices
from gateway.operate import Order
from gateway.store import Store
from gateway.vault import Vault

T = TypeVar("T")

ANI, BUDI = "+6281200000001", "+6281200000002"
#: Ten in the morning on the clock of Jakarta.
MORNING = datetime(2026, 1, 5, 3, 0, tzinfo=UTC)
DAY = 86_400


def doors() -> dict[str, Channel]:
    """Channels with a way out that is never used here."""
    key = bytes(32)
    return {
        "sms": Sms(SmsOptions(send_url="http://127.0.0.1:9/send", sender="1708"), key),
        "telegram": Telegram(Telegram.Options(), key),
        "whatsapp": Whatsapp(Whatsapp.Options(), key),
        "mail": Mail(MailOptions(relay="127.0.0.1:9"), key),
    }


class Office:
    """A store that tells, and the gateway that passes it on, at a time the test chooses."""

    def __init__(self, database: Store, vault: Vault, **manners: Any) -> None:  # noqa: ANN401 (settings)
        self.database = database
        self.vault = vault
        self.clock = Clock(MORNING)
        self.channels = doors()
        self.manners = Notices(**manners)
        self.utc_hours = 7
        self.statuses = read_statuses(None)
        self._count = 0

    async def tells(self, number: int = 1, **said: Any) -> None:  # noqa: ANN401 (fields of an update)
        """Something happens to a case now."""
        self._count += 1
        name = said.pop("name", f"u{self._count}")
        at = (self.clock.milliseconds - NOW) // 1000
        await self.take(update(name, **{"at": at, "record_id": record_id(number), **said}))

    async def take(self, *updates: Update) -> None:
        """Updates are told."""
        taker = Taker(
            vault=self.vault,
            statuses=self.statuses,
            on_news=lambda tx, news, now: plan(tx, news, fold=60_000, now=now),
        )
        now = self.clock.milliseconds
        await self.database.write(lambda tx: taker.take(tx, STORE, updates, now))

    async def passes_on(self, after: float = 60) -> list[Reply]:
        """The notices that go out after so many seconds."""
        self.clock.advance(after)
        before = len(await self.sent())
        teller = self.teller()
        while await teller.step():
            pass
        return (await self.sent())[before:]

    def teller(self, database: Any = None) -> Teller:  # noqa: ANN401 (a Database)
        """What tells."""
        return Teller(
            database=database or self.database,
            vault=self.vault,
            channels=self.channels,
            speech=read_speech(None),
            manners=self.manners,
            utc_hours=self.utc_hours,
            clock=lambda: self.clock.milliseconds,
        )

    async def sent(self) -> list[Reply]:
        """Every answer in the outbox."""
        rows = await self.database.read(
            lambda tx: tx.all(
                "select body, data_key from outbox join outbox_bodies using (id)"
                " where kind = 'update' order by id"
            )
        )
        return [
            msgspec.json.decode(self.vault.open(bytes(body), bytes(key)), type=Reply)
            for body, key in rows
        ]

    async def open(self) -> list[tuple[str, str | None, int]]:
        """State, reason and due time of what is still to be told."""
        rows = await self.database.read(notices.listed)
        return [(row.state, row.reason, row.due) for row in rows]

    async def leaves(self, channel: str) -> None:
        """Everything on its way by a channel has arrived."""
        following = Following(
            vault=self.vault, centrals=NOWHERE, channels=self.channels, fetchings={}, utc_hours=7
        )
        rules = Rules(
            policy=Policy(),
            resend=False,
            jitter=lambda: 0.0,
            on_delivered=following.forwarded,
            on_ended=following.ended,
        )
        wanted = Claim(target=f"channel:{channel}", owner="w", limit=100, lease_ms=1, resend=False)

        def settle(tx: Transaction) -> int:
            now = self.clock.milliseconds
            items = [item.unsealed(self.vault) for item in claiming.claim(tx, wanted, now)]
            outbox.settle(tx, [Result(item=i, outcome=Receipt()) for i in items], rules, now)
            return len(items)

        while await self.database.write(settle):
            pass


@pytest.fixture
def office(database: Store, vault: Vault) -> Office:
    return Office(database, vault)


# --- to whom, and in which words --------------------------------------------------------------


async def test_the_reporter_is_told_after_a_minute(
    office: Office, database: Store, vault: Vault
) -> None:
    """On their channel, with the state in the words of their language."""
    await reported(database, vault, 1, to=f"{ANI} 1708")
    await office.tells(status="dalam proses")

    assert await office.passes_on(after=59) == []
    [notice] = await office.passes_on(after=1)

    assert (notice.to, notice.kind, notice.case_code) == (f"{ANI} 1708", "update", "C0000001X")
    assert notice.text.splitlines() == [
        "Laporan C0000001X: sedang ditindaklanjuti oleh instansi.",
        "Tidak ingin kabar seperti ini? Kirim BERHENTI.",
    ]
    assert await office.passes_on() == []


async def test_everybody_who_reported_it_is_told_in_their_language(
    office: Office, database: Store, vault: Vault
) -> None:
    """By their own case code; whoever reported it twice hears of it once."""
    await reported(database, vault, 1, to=ANI)
    cluster = record_id(1)
    await reported(
        database,
        vault,
        2,
        channel="telegram",
        to="17",
        language="en",
        cluster=cluster,
        lane="b" * 32,
    )
    await reported(
        database,
        vault,
        3,
        channel="telegram",
        to="17",
        language="en",
        cluster=cluster,
        lane="b" * 32,
        at=NOW + 5,
    )
    await reported(database, vault, 4, to=BUDI)
    await _grow(database, cluster, 2)

    await office.tells(status="selesai", text="Lampu sudah diganti.")
    told = await office.passes_on()

    assert [(one.to, one.text.splitlines()[:-1]) for one in sorted(told, key=lambda r: r.to)] == [
        (
            ANI,
            [
                "Laporan C0000001X: selesai.",
                "Sudah selesai? Balas SELESAI C0000001X atau BELUM C0000001X.",
                "Jawaban petugas atas laporan C0000001X: Lampu sudah diganti.",
            ],
        ),
        (
            "17",
            [
                "What you also reported (C0000003X): closed.",
                "Is it solved? Reply SOLVED C0000003X or UNSOLVED C0000003X.",
                "The office answers what you also reported (C0000003X): Lampu sudah diganti.",
            ],
        ),
    ]


async def test_two_clusters_that_became_one_are_told_together(
    office: Office, database: Store, vault: Vault
) -> None:
    """Whatever name a report joined under."""
    await reported(database, vault, 1)
    await reported(database, vault, 2, to="+6281200000002")
    await reported(database, vault, 3, to="+6281200000003", cluster=record_id(2))
    await database.write(lambda tx: clusters.unite(tx, record_id(1), record_id(2), now=NOW))

    await office.tells(3, status="dalam proses")

    assert len(await office.passes_on()) == 3


async def test_what_was_written_to_somebody_unknown_is_not_told_to_others(
    office: Office, database: Store, vault: Vault
) -> None:
    """Nor is personal data in an answer: they hear how the case stands."""
    await reported(database, vault, 1, anonymous=True)
    await reported(database, vault, 2, to=BUDI, cluster=record_id(1))
    await _grow(database, record_id(1), 1)

    await office.tells(1, kind="answer", status="dalam proses", text="Bapak sudah kami datangi.")
    texts = {one.to: one.text for one in await office.passes_on()}

    assert "Bapak sudah kami datangi." in texts[ANI]
    assert "datangi" not in texts[BUDI]
    assert "sedang ditindaklanjuti" in texts[BUDI]


async def test_personal_data_in_an_answer_stays_with_whom_it_was_written_to(
    office: Office, database: Store, vault: Vault
) -> None:
    """The others read the same answer with a mark in its place."""
    await reported(database, vault, 1)
    await _public(database, vault, 1)
    await reported(database, vault, 2, to=BUDI, cluster=record_id(1))
    await _grow(database, record_id(1), 1)

    await office.tells(1, text="Kami hubungi Bapak di 0812-0000-0099 besok.")
    texts = {one.to: one.text for one in await office.passes_on()}

    assert "0812-0000-0099" in texts[ANI]
    assert "0812-0000-0099" not in texts[BUDI]
    assert "Kami hubungi" in texts[BUDI]


async def test_a_word_nobody_knows_is_told_as_it_is(
    office: Office, database: Store, vault: Vault
) -> None:
    """Never dropped."""
    await reported(database, vault, 1)
    await office.tells(status="Menanti ilham")

    [notice] = await office.passes_on()

    assert notice.text.startswith("Laporan C0000001X: Menanti ilham.")


async def test_a_question_and_a_transfer_are_told_and_the_question_waits_for_an_answer(
    office: Office, database: Store, vault: Vault
) -> None:
    """Whoever answers next answers the office."""
    await reported(database, vault, 1)
    await office.tells(status="Terdisposisi ke Dinas Contoh")
    await office.tells(kind="question", text="Di RT berapa?")

    [notice] = await office.passes_on()

    assert notice.text.splitlines()[:2] == [
        "Laporan C0000001X kini ditangani oleh dinas contoh.",
        "Petugas bertanya tentang laporan C0000001X, silakan balas pesan ini: Di RT berapa?",
    ]
    asked = await database.read(lambda tx: tx.all("select topic, record_id from questions"))
    assert [tuple(row) for row in asked] == [("answer", record_id(1))]


async def test_buttons_are_offered_where_people_chat(
    office: Office, database: Store, vault: Vault
) -> None:
    """What they say names the case."""
    await reported(database, vault, 1, channel="telegram", to="17")
    await office.tells(status="selesai")

    [notice] = await office.passes_on()

    assert [button.says for button in notice.buttons] == ["SELESAI C0000001X", "BELUM C0000001X"]


# --- once -------------------------------------------------------------------------------------


async def test_several_updates_within_a_minute_are_one_notice(
    office: Office, database: Store, vault: Vault
) -> None:
    """It tells how the case stands in the end, and all that was said."""
    await reported(database, vault, 1)
    await office.tells(status="terverifikasi")
    office.clock.advance(20)
    await office.tells(kind="answer", text="Petugas berangkat.")
    office.clock.advance(20)
    await office.tells(status="dalam proses")

    [notice] = await office.passes_on(after=20)

    assert notice.text.splitlines()[:2] == [
        "Laporan C0000001X: sedang ditindaklanjuti oleh instansi.",
        "Jawaban petugas atas laporan C0000001X: Petugas berangkat.",
    ]


async def test_an_update_that_comes_late_says_nothing_about_now(
    office: Office, database: Store, vault: Vault
) -> None:
    """Nobody is told that a closed case is being verified."""
    await reported(database, vault, 1)
    await office.tells(status="selesai")
    assert len(await office.passes_on()) == 1

    await office.tells(status="terverifikasi", at=10)
    assert await office.passes_on() == []

    await office.tells(kind="answer", status="dalam proses", text="Kami cek.", at=20)
    [notice] = await office.passes_on()
    assert notice.text == "Jawaban petugas atas laporan C0000001X: Kami cek."


async def test_the_same_said_of_each_report_of_one_thing_is_told_once(
    office: Office, database: Store, vault: Vault
) -> None:
    """A store that closes three reports of one lamp one after the other."""
    await reported(database, vault, 1)
    await reported(database, vault, 2, to=BUDI, cluster=record_id(1))
    await _grow(database, record_id(1), 1)

    await office.tells(1, status="selesai")
    first = await office.passes_on()
    await office.tells(2, status="selesai")
    again = await office.passes_on()

    assert len(first) == 2
    assert again == []


class PowerCut(BaseException):
    """The end of a process in the middle of its work."""


@pytest.mark.parametrize("writes", [0, 1])
async def test_whatever_stops_the_process_everybody_is_told_once(
    office: Office, database: Store, vault: Vault, writes: int
) -> None:
    """Before the commit nothing has happened, behind it the answer stands in the outbox."""
    await reported(database, vault, 1)
    await reported(database, vault, 2, to=BUDI, cluster=record_id(1))
    await _grow(database, record_id(1), 1)
    await office.tells(status="selesai")
    office.clock.advance(60)

    class Cut:
        """The power fails before or right behind the first write."""

        async def write(self, work: Any, /) -> Any:  # noqa: ANN401 (as Database.write)
            if writes:
                await database.write(work)
            raise PowerCut

        async def read(self, work: Any, /) -> Any:  # noqa: ANN401 (as Database.read)
            return await database.read(work)

    with pytest.raises(PowerCut):
        await office.teller(Cut()).step()
    await office.passes_on()

    assert sorted(one.to for one in await office.sent()) == [ANI, BUDI]


async def test_several_machines_tell_and_take_at_once(
    office: Office, database: Store, vault: Vault
) -> None:
    """Each reporter hears each thing once, however the work falls."""
    for number in range(1, 21):
        await reported(database, vault, number, to=f"+62812000000{number:02}")
    tellers = [office.teller() for _ in range(4)]

    async def told(number: int) -> None:
        await office.tells(number, name=f"x{number}", status="dalam proses")
        office.clock.advance(60)
        await asyncio.gather(*(teller.step() for teller in tellers))

    await asyncio.gather(*(told(number) for number in range(1, 21)))
    await office.passes_on()

    assert len({one.to for one in await office.sent()}) == 20
    assert len(await office.sent()) == 20


# --- when -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("utc_hours", "at", "until"),
    [
        (7, datetime(2026, 3, 1, 16, 59, tzinfo=UTC), datetime(2026, 3, 1, 23, 0, tzinfo=UTC)),
        (8, datetime(2026, 3, 1, 15, 59, tzinfo=UTC), datetime(2026, 3, 1, 22, 0, tzinfo=UTC)),
        (9, datetime(2026, 3, 1, 14, 59, tzinfo=UTC), datetime(2026, 3, 1, 21, 0, tzinfo=UTC)),
    ],
)
async def test_a_notice_at_a_minute_to_midnight_waits_for_the_morning(  # noqa: PLR0913, PLR0917 (a table)
    office: Office, database: Store, vault: Vault, utc_hours: int, at: datetime, until: datetime
) -> None:
    """On the clock of the office: WIB, WITA, WIT; what else happens at night goes with it."""
    office.utc_hours = utc_hours
    await reported(database, vault, 1)
    office.clock.now = at - timedelta(minutes=1)
    await office.tells(status="dalam proses")

    assert await office.passes_on() == []
    assert await office.open() == [("waiting", None, int(until.timestamp() * 1000))]

    await office.tells(text="Petugas berangkat.")
    office.clock.now = until - timedelta(seconds=1)
    assert await office.passes_on(after=0) == []
    [notice] = await office.passes_on(after=1)
    assert "Petugas berangkat." in notice.text


async def test_news_of_an_emergency_waits_for_no_morning(
    office: Office, database: Store, vault: Vault
) -> None:
    """Whoever reported a fire is told at night."""
    await reported(database, vault, 1, urgency="darurat")
    office.clock.now = datetime(2026, 3, 1, 17, 0, tzinfo=UTC)
    await office.tells(status="dalam proses")

    assert len(await office.passes_on()) == 1


async def test_a_word_that_is_urgent_takes_along_what_waits_for_the_morning(
    office: Office, database: Store, vault: Vault
) -> None:
    """As the operator's table says."""
    words = {"words": {"evakuasi": {"state": "ditindaklanjuti", "urgent": True}}}
    await reported(database, vault, 1)
    office.clock.now = datetime(2026, 3, 1, 17, 0, tzinfo=UTC)
    await office.tells(text="Petugas berangkat.")
    assert await office.passes_on() == []

    office.statuses = Statuses(msgspec.convert(words, StatusesFile))
    await office.tells(status="evakuasi")
    [notice] = await office.passes_on()

    assert "Petugas berangkat." in notice.text


@pytest.mark.parametrize(
    ("clock", "begin", "end", "minutes"),
    [
        ("20:59", "21:00", "06:00", None),
        ("21:00", "21:00", "06:00", 540),
        ("23:59", "21:00", "06:00", 361),
        ("00:00", "21:00", "06:00", 360),
        ("05:59", "21:00", "06:00", 1),
        ("06:00", "21:00", "06:00", None),
        ("13:00", "12:00", "14:00", 60),
        ("14:00", "12:00", "14:00", None),
        ("23:00", "21:00", "21:00", None),
    ],
)
def test_quiet_hours_end_in_the_morning(
    clock: str, begin: str, end: str, minutes: int | None
) -> None:
    """Also where they begin and end on the same day, and where there are none."""
    now = int(datetime.fromisoformat(f"2026-12-31T{clock}:00+08:00").timestamp() * 1000)

    found = quiet_until(now, begin, end, 8)

    assert found == (None if minutes is None else now + minutes * 60_000)


async def test_a_window_that_closes_before_the_morning_is_used(
    office: Office, database: Store, vault: Vault
) -> None:
    """A message at night is better than none, where there is no other way."""
    await reported(
        database, vault, 1, channel="whatsapp", to='{"to":"x"}', at=_ms("2026-02-28T17:30:00Z")
    )
    office.clock.now = datetime(2026, 3, 1, 16, 0, tzinfo=UTC)
    await office.tells(status="dalam proses")

    [notice] = await office.passes_on()

    assert notice.heard_at == datetime(2026, 2, 28, 17, 30, tzinfo=UTC)


async def test_with_another_way_the_morning_is_waited_for_and_that_way_taken(
    office: Office, database: Store, vault: Vault
) -> None:
    """They left a telephone number; their chat is closed by then."""
    await reported(
        database,
        vault,
        1,
        channel="whatsapp",
        to='{"to":"x"}',
        contact="0812-0000-0042",
        at=_ms("2026-02-28T17:30:00Z"),
    )
    office.clock.now = datetime(2026, 3, 1, 16, 0, tzinfo=UTC)
    await office.tells(status="dalam proses")

    assert await office.passes_on() == []
    [notice] = await office.passes_on(after=7 * 3600)

    assert (notice.to, notice.heard_at) == ("+6281200000042", None)


async def test_who_filled_in_a_form_is_told_where_they_left_an_address(
    office: Office, database: Store, vault: Vault
) -> None:
    """The form itself cannot be answered."""
    await reported(database, vault, 1, channel="web", to="", contact="warga@example.org")
    await office.tells(status="dalam proses")

    [notice] = await office.passes_on()

    assert "warga@example.org" in notice.to


# --- and whether at all -----------------------------------------------------------------------


async def test_who_asked_for_no_notices_gets_none(
    office: Office, database: Store, vault: Vault
) -> None:
    """Until they ask for them again."""
    await reported(database, vault, 1, lane="a" * 32)
    lane = hidden_lane(vault, "a" * 32)
    await database.write(lambda tx: silence.silence(tx, lane, NOW))
    await office.tells(status="dalam proses")
    assert await office.passes_on() == []

    await database.write(lambda tx: silence.speak(tx, lane))
    await office.tells(status="selesai")
    assert len(await office.passes_on()) == 1


async def test_nobody_is_told_of_a_report_they_took_back_or_were_erased_from(
    office: Office, database: Store, vault: Vault
) -> None:
    """Also where that happened while the notice waited."""
    await reported(database, vault, 1)
    await reported(database, vault, 2, to=BUDI, lane="b" * 32)
    await office.tells(1, status="dalam proses")
    await office.tells(2, status="dalam proses")
    await database.write(lambda tx: records.move(tx, record_id(1), "dibatalkan", now=NOW))
    forget = f"update reporters set data_key = null where record_id = '{record_id(2)}'"
    await database.write(lambda tx: tx.run(forget))

    assert await office.passes_on() == []
    assert await office.open() == []


async def test_a_used_up_budget_holds_notices_until_next_month(
    database: Store, vault: Vault
) -> None:
    """They are kept and listed, and go when there is money again, with all that came meanwhile."""
    office = Office(database, vault, budget={"sms": 2})
    for number in (1, 2, 3):
        await reported(database, vault, number, to=f"+628120000000{number}")
        await office.tells(number, status="dalam proses")

    assert len(await office.passes_on()) == 2
    february = _ms("2026-01-31T17:00:00Z")
    assert await office.open() == [("held", BUDGET, february)]
    listed = await database.read(operate.parked)
    assert [(row.id[0], row.where, row.reason) for row in listed] == [("n", "notice", BUDGET)]

    await office.leaves("sms")
    assert await database.read(lambda tx: dict(money.spent(tx, "2026-01"))) == {"sms": 2}

    await office.tells(3, status="selesai")
    office.clock.now = datetime(2026, 1, 31, 23, 30, tzinfo=UTC)
    [late] = await office.passes_on()
    assert "selesai" in late.text


async def test_a_person_may_let_a_held_notice_go_or_put_it_aside(
    database: Store, vault: Vault
) -> None:
    """Whatever the budget says."""
    office = Office(database, vault, budget={"sms": 1})
    for number in (1, 2, 3):
        await reported(database, vault, number, to=f"+628120000000{number}")
        await office.tells(number, status="dalam proses")
    await office.passes_on()
    first, second = [row.id for row in await database.read(operate.parked)]

    now = office.clock.milliseconds
    for order in (
        Order(verb="retry", ids=[first]),
        Order(verb="drop", ids=[second], reason="told by telephone"),
    ):
        await database.write(lambda tx, order=order: operate.carry_out(tx, order, now))  # type: ignore[misc]

    assert len(await office.passes_on()) == 1
    assert await office.open() == []


@pytest.mark.parametrize(("letters", "units"), [(20, 1), (200, 2), (2000, 3)])
def test_an_sms_costs_what_it_takes(letters: int, units: int) -> None:
    """Long ones are cut; what costs nothing has no units."""
    assert doors()["sms"].cost("a" * letters) == units
    assert doors()["telegram"].cost("a" * letters) == 0


@pytest.mark.parametrize(
    ("now", "month", "following"),
    [
        ("2026-12-31T16:59:59Z", "2026-12", "2026-12-31T17:00:00Z"),
        ("2026-12-31T17:00:00Z", "2027-01", "2027-01-31T17:00:00Z"),
    ],
)
def test_months_are_those_of_the_office_s_clock(now: str, month: str, following: str) -> None:
    """A year ends like any other month."""
    assert money.month_of(_ms(now), 7) == month
    assert money.next_month(_ms(now), 7) == _ms(following)


# --- what the tests need ----------------------------------------------------------------------


def _ms(time: str) -> int:
    return int(datetime.fromisoformat(time).timestamp() * 1000)


async def _grow(database: Store, cluster: str, more: int) -> None:
    """So many reports joined a cluster, as the pipeline counts them."""
    values = {"cluster": cluster, "same": more, "fresh": more, "now": NOW, "yesterday": NOW - 1}
    await database.write(lambda tx: tx.run(clusters.GROW, **values))


async def _public(database: Store, vault: Vault, number: int) -> None:
    """The sender of a report hides nothing."""

    def change(tx: Transaction) -> None:
        stored = neighbours.documents(tx, [record_id(number)])[record_id(number)]
        document = msgspec.json.decode(vault.open(stored.document, stored.data_key or b""))
        document["confidential"] = False
        sealed = vault.seal(msgspec.json.encode(document))
        assert records.rewrite(tx, record_id(number), 2, sealed, now=NOW)

    await database.write(change)
