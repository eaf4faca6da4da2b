"""What follows when a delivery ends: an answer goes another way, a file joins its record."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import msgspec
import pytest
from forwarding import NOW, document, record_id

from channels.contract import (
    Channel,
    Outcome,
    Receipt,
    Refused,
    RemoteFile,
    Reply,
    Sink,
    TryLater,
    Uncertain,
)
from channels.line import Line
from channels.mail import Mail
from channels.mail_options import MailOptions
from channels.sms import Sms
from channels.sms_options import SmsOptions
from forwarder import claiming, outbox
from forwarder.backoff import Policy
from forwarder.claiming import Claim
from forwarder.item import Result, Rules
from forwarder.outbox import Entry
from forwarder.ports import Transaction
from forwarder.routing import everything_to
from gateway import records
from gateway.fetching import MEDIA, Fetching, wanted
from gateway.files import Files
from gateway.following import Following
from gateway.records import Written
from gateway.revise import opened
from gateway.store import Store
from gateway.turn import Fetch
from gateway.vault import Vault
from normalizer.record import Record

LETTER = b"%PDF-1.4\n%%EOF\n"
CENTRALS = everything_to("central")


class Album(Line):
    """A door whose provider gives, delays or refuses a file as `answer` says."""

    answer: Outcome = Receipt(reference="application/pdf")

    async def fetch(self, file: RemoteFile, sink: Sink) -> Outcome:
        """The file, or what stands in the way."""
        assert file.key
        if isinstance(self.answer, Receipt):
            await sink.write(LETTER)
        return self.answer


def doors() -> dict[str, Channel]:
    sms = Sms(SmsOptions(send_url="http://127.0.0.1:9/send"), bytes(32))
    return {"line": Album(Album.Options(), bytes(32)), "sms": sms}


def following(vault: Vault, channels: Mapping[str, Channel], files: Path) -> Following:
    fetching = Fetching(channels["line"], Files(files))
    return Following(
        vault=vault,
        centrals=CENTRALS,
        channels=channels,
        fetchings={fetching.target().name: fetching},
    )


async def recorded(database: Store, vault: Vault, contact: str) -> None:
    """A record whose reporter left this contact."""
    written = Written(
        record_id=record_id(1),
        revision=1,
        case_code="C0000001X",
        channel="line",
        external_id="m-1",
        received_at=NOW,
        pseudonym="p" * 32,
        document=vault.seal(document(1)),
        identity=vault.seal(msgspec.json.encode({"sender": "U1", "contact": contact})),
        keys=(),
    )
    await database.write(lambda tx: records.write(tx, [written], now=NOW))


async def ended(  # noqa: PLR0917 (one delivery from end to end)
    database: Store, vault: Vault, then: Following, entry: Entry, outcome: Outcome | None
) -> None:
    """Put one entry, deliver it (None: by fetching), and write down how it ended."""
    rules = Rules(
        policy=Policy(),
        resend=True,
        jitter=lambda: 0.0,
        on_delivered=then.forwarded,
        on_ended=then.ended,
    )
    claim = Claim(target=entry.target, owner="w", limit=1, lease_ms=1, resend=True)
    await database.write(lambda tx: outbox.put(tx, vault, [entry], NOW))
    [item] = await database.write(lambda tx: claiming.claim(tx, claim, NOW))
    item = item.unsealed(vault)
    if outcome is None:
        [outcome] = await then.fetchings[entry.target].target().deliver([item])
    result = Result(item=item, outcome=outcome)
    await database.write(lambda tx: outbox.settle(tx, [result], rules, NOW))


def answer() -> Entry:
    reply = Reply(id="r1", to='{"to":"U1"}', text="Laporan Anda selesai.", kind="update")
    return Entry(
        record_id=record_id(1),
        kind="update",
        revision=1,
        target="channel:line",
        lane="p" * 32,
        body=msgspec.json.encode(reply),
        due=NOW,
    )


def _sent(vault: Vault, target: str, tx: Transaction) -> list[Reply]:
    rows = tx.all(
        "select body, data_key from outbox join outbox_bodies using (id) where target = :target",
        target=target,
    )
    return [
        msgspec.json.decode(vault.open(bytes(row[0]), bytes(row[1])), type=Reply) for row in rows
    ]


async def _record(database: Store, vault: Vault) -> Record:
    found = await database.read(lambda tx: records.find(tx, record_id(1)))
    assert found
    return opened(vault, found[1])


async def test_an_answer_out_of_reach_goes_to_the_number_they_left(
    database: Store, vault: Vault, tmp_path: Path
) -> None:
    """The same words by SMS, under a name of their own; the first one waits for a person."""
    await recorded(database, vault, "0812 0000 0001")
    then = following(vault, doors(), tmp_path)
    closed = Refused(reason="window closed", unreachable=True)
    await ended(database, vault, then, answer(), closed)
    [reply] = await database.read(partial(_sent, vault, "channel:sms"))
    [first] = await database.read(
        lambda tx: tx.all("select state, reason from outbox where target = :at", at="channel:line")
    )

    assert (reply.to, reply.text) == ("+6281200000001", "Laporan Anda selesai.")
    assert reply.id != "r1"
    assert first == ("parked", "window closed")


@pytest.mark.parametrize(
    ("contact", "outcome"),
    [
        ("", Refused(reason="blocked", unreachable=True)),
        ("datang ke rumah saya", Refused(reason="blocked", unreachable=True)),
        ("warga@example.org", Refused(reason="blocked", unreachable=True)),  # no door for mail
        ("0812 0000 0001", Refused(reason="malformed")),
    ],
)
async def test_without_another_way_it_waits_for_a_person(  # noqa: PLR0917 (fixtures)
    database: Store, vault: Vault, tmp_path: Path, contact: str, outcome: Refused
) -> None:
    """No contact, none of ours, or a refusal that is not about reaching them."""
    await recorded(database, vault, contact)
    then = following(vault, doors(), tmp_path)
    await ended(database, vault, then, answer(), outcome)
    others = await database.read(
        lambda tx: tx.all("select target from outbox where target <> :at", at="channel:line")
    )

    assert others == []


async def test_a_channel_that_only_keeps_answers_is_no_way(
    database: Store, vault: Vault, tmp_path: Path
) -> None:
    """A mail door without a relay would swallow it."""
    await recorded(database, vault, "warga@example.org")
    channels = doors() | {"mail": Mail(MailOptions(), bytes(32))}
    then = following(vault, channels, tmp_path)
    await ended(database, vault, then, answer(), Refused(reason="blocked", unreachable=True))

    assert await database.read(partial(_sent, vault, "channel:mail")) == []


def letter() -> Entry:
    file = RemoteFile(key="444", name="surat.pdf", media_type="application/pdf")
    [entry] = wanted([Fetch(record_id=record_id(1), channel="line", file=file)], NOW)
    return entry


async def test_a_file_that_came_is_one_revision_more_on_its_way(
    database: Store, vault: Vault, tmp_path: Path
) -> None:
    """Stored by its hash, named in the record, pushed to the central store."""
    await recorded(database, vault, "")
    then = following(vault, doors(), tmp_path)
    await ended(database, vault, then, letter(), None)
    record = await _record(database, vault)
    pushed = await database.read(
        lambda tx: tx.all("select revision from outbox where target = :at", at="central:central")
    )

    assert record.revision == 2
    assert [(file.name, file.media_type) for file in record.attachments] == [
        ("surat.pdf", "application/pdf")
    ]
    Files(tmp_path).open(record.attachments[0].sha256).close()
    assert pushed == [(2,)]


async def test_a_file_that_never_comes_is_told_in_the_record(
    database: Store, vault: Vault, tmp_path: Path
) -> None:
    """The words are safe, what is missing is visible, and nothing waits for it."""
    await recorded(database, vault, "")
    channels = doors()
    assert isinstance(channels["line"], Album)
    channels["line"].answer = Refused(reason="gone")
    then = following(vault, channels, tmp_path)
    await ended(database, vault, then, letter(), None)
    record = await _record(database, vault)
    [row] = await database.read(
        lambda tx: tx.all(
            "select state, reference from outbox where target = :at", at=f"{MEDIA}line"
        )
    )

    assert record.remarks == ("file not fetched: surat.pdf: gone",)
    assert row == ("delivered", "not fetched: gone")


@pytest.mark.parametrize("outcome", [TryLater(reason="busy"), Uncertain(reason="cut")])
async def test_a_file_is_asked_for_again_in_any_weather(
    database: Store, vault: Vault, tmp_path: Path, outcome: Outcome
) -> None:
    """Asking twice does no harm over there."""
    await recorded(database, vault, "")
    channels = doors()
    assert isinstance(channels["line"], Album)
    channels["line"].answer = outcome
    then = following(vault, channels, tmp_path)
    await ended(database, vault, then, letter(), None)
    [row] = await database.read(lambda tx: tx.all("select state, attempts from outbox"))

    assert row == ("pending", 1)
    assert (await _record(database, vault)).revision == 1
