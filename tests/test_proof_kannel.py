"""The main job on real SMS: a real Kannel before and behind the running gateway."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from gateway_process import Gateway
from kannel import Telephones, running_kannel
from ledger import assert_proven, central, rows, until_drained

pytestmark = pytest.mark.peer

# A ring of its own for each kind; together 200 messages of 200 citizens.
GSM7, UCS2, LONG = 80, 60, 60
SERVICE = "1708"
PATIENCE = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One message, with the parts it is sent in."""

    sender: str
    text: str
    kind: str
    parts: tuple[tuple[bytes, str], ...] = ()


def messages() -> list[Said]:
    """200 messages: both alphabets, one SMS or several, references of 8 and of 16 bits."""
    gsm7 = [f"Lampu jalan €{n} [padam] di Melati, é {n}" for n in range(GSM7)]
    ucs2 = [f"Banjir “setinggi lutut” 😢 di RT {n}" for n in range(UCS2)]
    said = [(text, "gsm7") for text in gsm7] + [(text, "ucs2") for text in ucs2]
    short = [
        Said(sender=f"62812000{number:05}", text=text, kind=kind)
        for number, (text, kind) in enumerate(said)
    ]
    return short + [_long(number) for number in range(LONG)]


def _long(number: int) -> Said:
    total = 2 + number % 3
    texts = [f"bagian {part} dari {total} tentang jembatan {number}; " for part in range(total)]
    texts[-1] = texts[-1].rstrip()
    reference = bytes([8, 4, 2, number]) if number % 2 else bytes([0, 3, number])
    parts = tuple(
        (bytes([len(reference) + 2]) + reference + bytes([total, part]), text)
        for part, text in enumerate(texts, start=1)
    )
    return Said(sender=f"62813000{number:05}", text="".join(texts), kind="long", parts=parts)


async def send(telephones: Telephones, said: list[Said], chance: random.Random) -> None:
    """Everything, parts of different citizens mixed and in any order."""
    pieces = [(one, part) for one in said for part in one.parts or ((b"", one.text),)]
    chance.shuffle(pieces)
    for one, (header, text) in pieces:
        if header:
            await telephones.part(one.sender, SERVICE, text, header)
        elif one.kind == "ucs2":
            await telephones.ucs2(one.sender, SERVICE, text)
        else:
            await telephones.text(one.sender, SERVICE, text)


@pytest.mark.slow
async def test_two_hundred_sms_are_two_hundred_records_and_receipts(
    gateway: Gateway, tmp_path: Path
) -> None:
    """
    Every SMS that Kannel brings is one record, and its citizen gets the code of that record.

    Kannel's delivery reports settle the receipts and are no complaints.
    """
    said = messages()
    hook = f'post-url = "{gateway.url}/in/sms?id=%I&ts=%T&secret=invented"'
    async with running_kannel(tmp_path / "kannel", hook, combine=False) as kannel:
        gateway.env = {"LAPOR_SMS_SECRET": "invented", "LAPOR_SMS_PASSWORD": "invented"}
        gateway.settings = {
            "channels": {
                "sms": {
                    "preset": "kannel",
                    "secrets": ["sms_secret"],
                    "secret_in": "query:secret",
                    "send_url": kannel.send_url,
                    "username": "gateway",
                    "password": "sms_password",
                    "dlr_url": f"{gateway.url}/in/sms",
                }
            }
        }
        await gateway.start()
        telephones = await kannel.telephones()
        async with asyncio.timeout(PATIENCE):
            _, receipts = await asyncio.gather(
                send(telephones, said, random.Random(1)),  # noqa: S311 (the same each time)
                _receive(telephones, len(said)),
            )
            while _confirmed(gateway) < len(said):  # noqa: ASYNC110 (another process)
                await asyncio.sleep(0.1)
        await until_drained(gateway)
        await telephones.hang_up()
        await gateway.stop()
    records = central(gateway, "select external_id, text, case_code, revision from records")
    codes = {text: code for _, text, code, _ in records}

    assert Counter(text for _, text, *_ in records) == Counter(one.text for one in said)
    assert {revision for *_, revision in records} == {1}
    assert sorted(receipts) == sorted(f"+{one.sender}" for one in said)
    assert [one for one in said if codes[one.text] not in receipts[f"+{one.sender}"]] == []
    assert rows(gateway, "select kind, state, count(*) from outbox group by 1, 2") == [
        ("receipt", "delivered", 200),
        ("record", "delivered", 200),
    ]
    assert len(records) == len(said) == 200
    await assert_proven(gateway)


async def _receive(telephones: Telephones, number: int) -> dict[str, str]:
    got = [await telephones.receive() for _ in range(number)]
    assert {sms.sender for sms in got} == {SERVICE}
    return {sms.receiver: sms.text for sms in got}


def _confirmed(gateway: Gateway) -> int:
    found = rows(gateway, "select count(*) from outbox where feedback like 'delivered%'")
    return int(found[0][0])
