"""The SMS channel behind a real Kannel: what telephones send and get, what Kannel reports."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from kannel import Kannel, Telephones, running_kannel
from kannel import Sms as Received
from ports import unused_port
from sms_gateway import KEY, RecordingInbox, receiving

from channels.contract import (
    Attachment,
    DeliveryReport,
    InboundMessage,
    Part,
    Receipt,
    Refused,
    Reply,
    Secret,
)
from channels.sms import Sms

pytestmark = pytest.mark.peer

CITIZEN = "6281200001234"
TO = "+6281200001234 1708"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Kannel, its telephones and our channel, connected."""

    kannel: Kannel
    telephones: Telephones
    channel: Sms
    inbox: RecordingInbox

    async def said(self) -> object:
        """What the next thing that Kannel brings says."""
        return self.channel.parse((await self.inbox.next()).payload)


@pytest.fixture
async def link(tmp_path: Path) -> AsyncIterator[Link]:
    """Parts are not joined by Kannel here, for that is what it does after its own timeout."""
    port = unused_port()
    hook = f'post-url = "http://127.0.0.1:{port}/in/sms/kannel?id=%I&ts=%T&secret=invented"'
    async with running_kannel(tmp_path / "kannel", hook, combine=False) as kannel:
        options = Sms.Options(
            preset="kannel",
            secrets=(Secret("invented"),),
            secret_in="query:secret",
            send_url=kannel.send_url,
            username="gateway",
            password=Secret("invented"),
            dlr_url=f"http://127.0.0.1:{port}/in/sms",
        )
        channel, inbox = Sms(options, KEY), RecordingInbox()
        async with receiving(channel, inbox, port=port):
            telephones = await kannel.telephones()
            yield Link(kannel=kannel, telephones=telephones, channel=channel, inbox=inbox)
            await telephones.hang_up()
        await channel.close()


async def test_every_kind_of_sms_arrives_as_it_was_written(link: Link) -> None:
    """GSM-7 with its extension table, UCS-2 with emoji and bare octets come through whole."""
    await link.telephones.text(CITIZEN, "1708", "Lampu {jalan} €  mati é")
    gsm7 = await link.said()
    await link.telephones.ucs2(CITIZEN, "1708", "Banjir 😢 di RT 04")
    ucs2 = await link.said()
    await link.telephones.octets(CITIZEN, "1708", b"\x00\x01\xc8")
    octets = await link.said()

    assert isinstance(gsm7, InboundMessage)
    assert (gsm7.text, gsm7.sender, gsm7.return_address) == (
        "Lampu {jalan} €  mati é",
        "+6281200001234",
        TO,
    )
    assert gsm7.sent_at is not None
    assert isinstance(ucs2, InboundMessage)
    assert ucs2.text == "Banjir 😢 di RT 04"
    assert isinstance(octets, InboundMessage)
    assert octets.attachments == (
        Attachment(name="sms.bin", media_type="application/octet-stream", content=b"\x00\x01\xc8"),
    )


async def test_the_key_is_kannels_own_id_and_the_secret_is_not_kept(link: Link) -> None:
    """The journal knows a message by the id Kannel repeats in retries, and no secret is in it."""
    await link.telephones.text(CITIZEN, "1708", "air mati")
    delivery = await link.inbox.next()

    assert f"kannel?id={delivery.external_id}&ts=".encode() in delivery.payload
    assert b"invented" not in delivery.payload


async def test_a_part_that_kannel_could_not_join_says_which_it_is(link: Link) -> None:
    """X-Kannel-UDH becomes the reference, number and total by which parts are joined."""
    await link.telephones.part(CITIZEN, "1708", "bagian dua", bytes([5, 0, 3, 44, 3, 2]))
    said = await link.said()

    assert isinstance(said, InboundMessage)
    assert said.part == Part(reference="1708:8:44:3", number=2, total=3)
    assert said.text == "bagian dua"


async def test_a_receipt_reaches_the_telephone_and_nothing_else_does(link: Link) -> None:
    """Our empty acknowledgement is no SMS: the first thing the citizen gets is the receipt."""
    await link.telephones.text(CITIZEN, "1708", "lampu mati")
    await link.inbox.next()
    outcome = await link.channel.reply(Reply(id="1", to=TO, text="Laporan diterima: ABCD1234E"))
    got = await link.telephones.receive()

    assert outcome == Receipt(reference="0: Accepted for delivery")
    assert got == Received(
        sender="1708", receiver="+6281200001234", text="Laporan diterima: ABCD1234E"
    )


async def test_characters_beyond_gsm7_reach_the_telephone(link: Link) -> None:
    """A text that needs UCS-2 is sent as UCS-2, so no character turns into a question mark."""
    await link.channel.reply(Reply(id="1", to=TO, text="Selesai ✅ terima kasih"))
    got = await link.telephones.receive()

    assert got.text == "Selesai ✅ terima kasih"


async def test_a_long_answer_comes_in_parts_and_ends_in_dots(link: Link) -> None:
    """What exceeds three SMS is shortened by us, visibly, and not cut by Kannel."""
    await link.channel.reply(Reply(id="1", to=TO, text="panjang " * 100))
    parts = [await link.telephones.receive() for _ in range(3)]

    assert [part.header[-2:] for part in parts] == [b"\x03\x01", b"\x03\x02", b"\x03\x03"]
    assert parts[-1].text.endswith("panjang...")


async def test_delivery_reports_come_back_to_the_reply(link: Link) -> None:
    """Kannel's reports name our reply, whatever its id looks like, and each is kept once."""
    await link.channel.reply(Reply(id="a b/1%d:x", to=TO, text="Terima kasih"))
    await link.telephones.receive()
    deliveries = [await link.inbox.next() for _ in range(2)]
    said = {delivery.external_id: link.channel.parse(delivery.payload) for delivery in deliveries}

    assert said == {
        "dlr:a b/1%d:x:8": DeliveryReport(
            reply_id="a b/1%d:x", delivered=False, final=False, detail="8 ACK"
        ),
        "dlr:a b/1%d:x:1": DeliveryReport(
            reply_id="a b/1%d:x", delivered=True, final=True, detail="1"
        ),
    }


async def test_kannel_repeats_what_was_not_stored(link: Link) -> None:
    """While the journal cannot store, Kannel is told so and brings the same message again."""
    link.inbox.is_full = True
    await link.telephones.text(CITIZEN, "1708", "jembatan putus")
    await link.inbox.refused.wait()
    link.inbox.is_full = False
    said = await link.said()

    assert isinstance(said, InboundMessage)
    assert said.text == "jembatan putus"


async def test_what_kannel_refuses_is_refused_for_good(link: Link) -> None:
    """A number Kannel does not take is not tried again, and the reason is Kannel's own."""
    outcome = await link.channel.reply(Reply(id="1", to="+abc 1708", text="halo"))

    assert isinstance(outcome, Refused)
    assert outcome.reason.startswith("answered 400 ")


async def test_a_wrong_account_is_refused(link: Link) -> None:
    """A wrong password parks the answer for a person, with Kannel's words."""
    options = Sms.Options(
        preset="kannel",
        send_url=link.kannel.send_url,
        username="gateway",
        password=Secret("wrong"),
    )
    channel = Sms(options, KEY)
    outcome = await channel.reply(Reply(id="1", to=TO, text="halo"))
    await channel.close()

    assert outcome == Refused(reason="answered 403 Authorization failed for sendsms")


async def test_utf8_after_recoding_is_the_same_text(tmp_path: Path) -> None:
    """With mo-recode Kannel brings UCS-2 as UTF-8, and get-url brings it all in the query."""
    port = unused_port()
    query = "id=%I&ts=%T&from=%p&to=%P&coding=%c&charset=%C&udh=%u&text=%b"
    hook = f'get-url = "http://127.0.0.1:{port}/in/sms/kannel?{query}"'
    channel, inbox = Sms(Sms.Options(), KEY), RecordingInbox()
    async with (
        running_kannel(tmp_path / "kannel", hook, recode=True) as kannel,
        receiving(channel, inbox, port=port),
    ):
        telephones = await kannel.telephones()
        await telephones.ucs2(CITIZEN, "1708", "Banjir  😢 di RT 04")
        recoded = channel.parse((await inbox.next()).payload)
        await telephones.octets(CITIZEN, "1708", b"\x00\x01\xc8")
        octets = channel.parse((await inbox.next()).payload)
        await telephones.hang_up()

    assert isinstance(recoded, InboundMessage)
    assert (recoded.text, recoded.return_address) == ("Banjir  😢 di RT 04", TO)
    assert isinstance(octets, InboundMessage)
    assert octets.attachments[0].content == b"\x00\x01\xc8"
