"""Rotation and erasure under load with the real process: nothing lost, all accounted for."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
from gateway_process import Gateway
from ledger import central, rows, until_drained, until_recorded
from load import Sms, post

from gateway.commands.keys import PRIVATE, PUBLIC
from gateway.custody.rewrapping import TABLES
from gateway.secrets import Secrets, gateway_key
from gateway.vault import KEY_BYTES, Vault

TOPICS = ("Lampu jalan padam", "Sampah menumpuk", "Jalan berlubang", "Air keruh")


class Rush:
    """People who write all the time, until told to stop."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self.acknowledged = 0
        self._stop = asyncio.Event()

    async def run(self) -> None:
        """Write one after the other, two side by side."""
        async with aiohttp.ClientSession() as session:
            await asyncio.gather(*(self._person(session, number) for number in range(2)))

    def stop(self) -> None:
        """It is enough."""
        self._stop.set()

    async def _person(self, session: aiohttp.ClientSession, number: int) -> None:
        made = 0
        while not self._stop.is_set():
            made += 1
            flag = "ANONIM " if made % 3 == 0 else ""
            text = f"{flag}{TOPICS[number]} di gang {made} nomor {number}{made}"
            sms = Sms(id=f"r{number}-{made}", sender=f"+6281200{number}{made:05}", text=text)
            status = await post(session, self._gateway.url, sms)
            self.acknowledged += status == 200
            await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def rush(gateway: Gateway) -> AsyncIterator[Rush]:
    """A rush for as long as the block takes."""
    people = Rush(gateway)
    running = asyncio.create_task(people.run())
    await until_recorded(gateway, 10)
    yield people
    people.stop()
    await running
    await until_drained(gateway)


async def ran(gateway: Gateway, *words: str) -> str:
    finished = await gateway.command(*words)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


def ring(gateway: Gateway) -> bytes:
    return gateway_key(Secrets({}), gateway.data_dir, may_create=False).value


def data_keys(gateway: Gateway) -> list[bytes]:
    return [
        bytes(row[0])
        for table in TABLES
        for row in rows(gateway, f"select data_key from {table} where data_key is not null")
    ]


async def test_a_key_is_rotated_while_people_write(gateway: Gateway) -> None:
    """Nothing acknowledged is lost; in the end no row needs the old key, and codes are the same."""
    async with gateway:
        async with rush(gateway) as people:
            codes = central(
                gateway, "select record_id, case_code from records order by received_at"
            )
            before = ring(gateway)
            told = await ran(gateway, "keys", "rotate")
            second = await ran(gateway, "keys", "rotate")
        whole = await ran(gateway, "verify")
        balance = json.loads(await ran(gateway, "reconcile", "--json"))
        exported = await ran(gateway, "export")
    after = ring(gateway)
    # Everything opens without the key from between, and nothing is wrapped by the first one.
    vault = Vault(before + after[-KEY_BYTES:])
    now = dict(central(gateway, "select record_id, case_code from records"))

    assert "data keys were wrapped" in told + second
    assert len(after) == 2 * KEY_BYTES
    assert after[:KEY_BYTES] == before
    assert [key for key in data_keys(gateway) if vault.rewrapped(key) is not None] == []
    assert "whole" in whole
    assert balance["balances"]
    assert balance["total"]["received"] == people.acknowledged
    assert len(now) == len(exported.splitlines()) > 10
    assert all(now[record_id] == code for record_id, code in codes)


async def test_an_interrupted_rotation_is_taken_up_again(gateway: Gateway) -> None:
    """The process was killed between; the next start opens everything, and --resume ends it."""
    async with gateway:
        async with rush(gateway):
            pass
        rotating = asyncio.create_task(gateway.command("keys", "rotate"))
        while len(ring(gateway)) == KEY_BYTES:  # noqa: ASYNC110 (a file tells nobody)
            await asyncio.sleep(0.01)
        gateway.kill()
        await rotating
        await gateway.start()
        await ran(gateway, "keys", "rotate", "--resume")
        await ran(gateway, "verify")
    vault = Vault(ring(gateway))

    assert [key for key in data_keys(gateway) if vault.rewrapped(key) is not None] == []
    assert len(ring(gateway)) == 2 * KEY_BYTES


async def test_people_are_erased_while_others_write(gateway: Gateway) -> None:
    """Their cases are blank in the store, the chain is whole, all messages are accounted for."""
    async with gateway:
        async with rush(gateway) as people:
            found = central(gateway, "select case_code from records order by received_at limit 3")
            for (code,) in found[:2]:
                await ran(gateway, "erase", "--case", code, "--reason", "permintaan")
            await ran(gateway, "tighten", found[2][0], "anonim", "--reason", "aduan pegawai")
        whole = await ran(gateway, "verify")
        balance = json.loads(await ran(gateway, "reconcile", "--json"))
    codes = ", ".join(f"'{code}'" for (code,) in found[:2])
    texts = central(
        gateway, f"select text, title, clean_text from records where case_code in ({codes})"
    )
    history = central(
        gateway,
        "select count(*) from record_revisions v join records r using (record_id)"
        f" where r.case_code in ({codes})",
    )

    assert texts == [("", "", "")] * 2
    assert history == [(2,)]
    assert "whole" in whole
    assert balance["balances"]
    assert balance["total"]["received"] == people.acknowledged


async def test_the_ministry_makes_its_keys_once(gateway: Gateway, tmp_path: Path) -> None:
    """A second pair is not written over the first; the private one is its owner's alone."""
    made = await gateway.command_alone("keys", "new", "ministry", "--out", str(tmp_path))
    again = await gateway.command_alone("keys", "new", "ministry", "--out", str(tmp_path))
    public = (tmp_path / PUBLIC).read_text().strip()

    assert public in made.stdout
    assert (tmp_path / PRIVATE).stat().st_mode & 0o077 == 0
    assert (tmp_path / PRIVATE).read_text() not in made.stdout
    assert again.returncode == 1
    assert "already" in again.stderr
