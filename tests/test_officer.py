"""What officers put down: the author stays the author, and twice entered is once kept."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from api_gateway import not_started
from doors import Site, door
from ledger import central, until_recorded

from channels.contract import Attachment, InboundMessage, Refused, Reply, Secret
from channels.officer import PATH, Officer
from channels.officer_options import OfficerOptions

KEY = bytes(range(32))
SECRET = "rahasia-kantor"
NEXT = "rahasia-kantor-baru"
POST = {
    "text": "Lampu jalan di Melati padam semua",
    "link": "https://www.instagram.example/p/Contoh1/",
    "author": "@wargacontoh",
    "system": "instagram",
    "by": "Petugas Satu",
}


def opened(*secrets: str, **options: Any) -> Officer:  # noqa: ANN401 (any setting)
    """The channel with these secrets."""
    named = tuple(Secret(secret) for secret in secrets or (NEXT, SECRET))
    return Officer(OfficerOptions(secrets=named, **options), KEY)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """The officer's door."""
    async with door(opened(), tmp_path) as served:
        yield served


async def enter(site: Site, found: object, secret: str = SECRET) -> tuple[int, Any]:
    """Post one finding; status and JSON of the answer."""
    body = found if isinstance(found, bytes) else json.dumps(found).encode()
    status, text = await site.post(PATH, body, {"X-Secret": secret})
    return status, json.loads(text)


async def said(site: Site) -> InboundMessage:
    """What the journal will be read as."""
    message = opened().parse((await site.payloads())[0])
    assert isinstance(message, InboundMessage)
    return message


async def test_a_finding_is_kept_in_its_authors_name(site: Site) -> None:
    """Who posted it complained; the officer is named beside it."""
    status, answer = await enter(site, POST)
    message = await said(site)

    assert (status, len(answer["case_code"])) == (201, 9)
    assert (message.text, message.name) == (POST["text"], "@wargacontoh")
    assert message.sender == "instagram:@wargacontoh"
    assert message.source_url == POST["link"]
    assert message.remarks == ("source: instagram", "entered by: Petugas Satu")
    assert message.return_address is None


async def test_a_link_alone_is_enough(site: Site) -> None:
    """The words may follow; what was seen is not lost meanwhile."""
    await enter(site, {"link": POST["link"]})

    assert (await said(site)).text == POST["link"]


async def test_a_scan_comes_along(site: Site) -> None:
    """Files stand in the JSON as base64; what they are, their bytes tell."""
    content = base64.b64encode(b"%PDF-1.7 surat").decode()
    await enter(site, {"files": [{"name": "surat.pdf", "content": content}]})

    assert (await said(site)).attachments == (
        Attachment(name="surat.pdf", media_type="application/pdf", content=b"%PDF-1.7 surat"),
    )


async def test_what_is_entered_twice_is_kept_once(site: Site) -> None:
    """By another officer as well; the second one hears the code of the first."""
    first = await enter(site, POST)
    again = await enter(site, POST | {"by": "Petugas Dua"})
    other = await enter(site, POST | {"text": "Lampu di Mawar juga padam"})

    assert (first[0], again[0], other[0]) == (201, 200, 201)
    assert first[1] == again[1] != other[1]
    assert len(await site.payloads()) == 2


async def test_the_other_systems_id_decides_where_there_is_one(site: Site) -> None:
    """The same id in the same system is the same report; in another system it is another."""
    await enter(site, POST | {"id": "17"})
    status, _ = await enter(site, POST | {"id": "17", "text": "changed since"})
    await enter(site, POST | {"id": "17", "system": "facebook"})

    assert status == 200
    assert len(await site.payloads()) == 2


async def test_ids_stand_nowhere_in_plain(site: Site) -> None:
    """Somebody's system uses the identity number of the citizen."""
    await enter(site, POST | {"id": "3200000000000001"})

    assert "3200000000000001" not in (await site.external_ids())[0]


@pytest.mark.parametrize("secret", [SECRET, NEXT])
async def test_both_secrets_of_a_rotation_open(site: Site, secret: str) -> None:
    """Old and new."""
    assert (await enter(site, POST, secret))[0] == 201


@pytest.mark.parametrize("channel", [opened(), Officer(OfficerOptions(), KEY)])
async def test_nobody_else_comes_in(tmp_path: Path, channel: Officer) -> None:
    """A wrong secret, none, and a door without any: 403 without a hint."""
    async with door(channel, tmp_path) as site:
        for secret in ("", "wrong"):
            status, answer = await enter(site, POST, secret)

            assert status == 403
            assert answer == {"type": "about:blank", "title": "Forbidden", "status": 403}
        assert await site.payloads() == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b'{"text": 7}', 400),
        (b'{"form": "lapor.web/1", "text": "x"}', 400),
        (b'{"text": " ", "author": "x"}', 400),
        (b'{"text": "x", "written_at": "2026-01-03T08:30:00"}', 400),
        (b'{"text": "' + b"x" * 5000 + b'"}', 413),
    ],
)
async def test_what_is_no_finding_is_refused(tmp_path: Path, body: bytes, status: int) -> None:
    """The tool hears what is wrong; nothing of it is kept."""
    async with door(opened(max_body_bytes=4096), tmp_path) as site:
        assert (await enter(site, body))[0] == status
        assert await site.payloads() == []


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
async def test_a_time_out_of_this_world_is_left_out(site: Site, at: str) -> None:
    """At the ends of the calendar there is no such time in UTC; the words are kept."""
    status, _ = await enter(site, {**POST, "written_at": at})

    assert (status, (await said(site)).sent_at) == (201, None)


async def test_a_full_disk_is_503(site: Site) -> None:
    """And no case code."""
    site.full = True

    assert (await enter(site, POST))[0] == 503


async def test_the_author_is_answered_where_they_gave_a_contact() -> None:
    """We have no way back ourselves; the gateway tries the contact by another channel."""
    outcome = await opened().reply(Reply(id="1", to="+6280000000001", text="halo"))

    assert outcome == Refused(reason="the author did not write to us", unreachable=True)


def test_what_is_left_undone_is_said() -> None:
    """`check` says that tools cannot post, or that a rotation has no end."""
    assert len(Officer(OfficerOptions(), KEY).problems()) == 1
    assert len(opened().problems()) == 1
    assert opened("one").problems() == []


@pytest.mark.parametrize("place", ["header:X-Secret", "query:secret", "hmac:X-Signature"])
async def test_the_simulator_is_let_in_and_read(tmp_path: Path, place: str) -> None:
    """`send officer` shows the secret in each way there is."""
    channel = opened(secret_in=place)
    picture = Attachment(name="a.png", media_type="image/png", content=b"\x89PNG\r\n\x1a\n")
    async with door(channel, tmp_path) as site:
        played = await channel.simulate("Lubang 😢", sender="@x", files=(picture,), at=site.url)
        message = await said(site)

        assert (played.accepted, played.answer) == (True, "201 Created")
        assert await site.external_ids() == [played.external_id]
        assert (message.text, message.name, len(message.attachments)) == ("Lubang 😢", "@x", 1)


async def test_the_simulator_says_when_nobody_answers(free_port: int) -> None:
    """A gateway that does not run is told as such."""
    at = f"http://127.0.0.1:{free_port}"
    played = await opened().simulate("halo", sender="@x", files=(), at=at)

    assert (played.accepted, played.answer) == (False, "no answer: ClientConnectorError")


async def test_a_finding_becomes_a_record(tmp_path: Path) -> None:
    """Through the real gateway, ten times at once: one record."""
    toml = '[channels.officer]\nenabled = true\nsecrets = ["office"]'
    with not_started(tmp_path, toml, office=SECRET) as gateway:
        async with gateway:
            played = await asyncio.gather(
                *(
                    opened(SECRET).simulate("Lampu padam", sender="@x", files=(), at=gateway.url)
                    for _ in range(10)
                )
            )
            await until_recorded(gateway, 1)

            assert all(one.accepted for one in played)
            assert central(gateway, "select channel, text from records") == [
                ("officer", "Lampu padam")
            ]
