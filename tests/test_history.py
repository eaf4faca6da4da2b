"""How a case stands and how it came there: to anybody the public part, the rest to its sender."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import story
from clock import Clock
from story import Teller

from forwarder.update import Update
from gateway.back import timeline
from gateway.back.history import public_steps, shown
from gateway.back.statuses import read_statuses
from gateway.back.take import Taker
from gateway.back.timeline import Kept
from gateway.vault import Vault

LAMP = "Lampu jalan mati di Jl. Flamboyan sejak Senin"
DAY = 86_400


@pytest.fixture
async def teller(
    database_url: str, vault: Vault, clock: Clock, tmp_path: Path
) -> AsyncIterator[Teller]:
    async with story.teller(database_url, vault, clock, tmp_path) as telling:
        await telling.play({"channel": "sms", "text": LAMP})
        [(record, _)] = await telling.records()
        taker = Taker(vault=vault, statuses=read_statuses(None), on_news=lambda *_: None)
        at = clock.milliseconds
        told: list[dict[str, Any]] = [
            {"status": "terverifikasi"},
            {"status": "Menanti ilham"},
            {"status": "dalam proses"},
            {"kind": "answer", "status": "dalam proses", "text": "Tiang sudah dipesan."},
        ]
        updates = [
            Update(update_id=f"u{n}", record_id=record.record_id, at=at + n * DAY * 1000, **said)
            for n, said in enumerate(told)
        ]
        clock.advance(9 * DAY)
        now = clock.milliseconds
        await telling.database.write(lambda tx: taker.take(tx, "ministry", updates, now))
        yield telling


async def test_the_sender_reads_what_happened_and_what_the_office_wrote(teller: Teller) -> None:
    """With the days of the office's clock."""
    [reply] = await teller.play({"channel": "sms", "text": "STATUS {1}"})

    assert reply.text.splitlines()[1:] == [
        "Riwayat: 3/1 diteruskan, 5/1 ditindaklanjuti, 6/1 dijawab.",
        f"Jawaban petugas atas laporan {reply.case_code}: Tiang sudah dipesan.",
    ]


async def test_anybody_else_reads_the_public_part(teller: Teller) -> None:
    """Whoever knows the code."""
    [reply] = await teller.play({"channel": "sms", "from": "budi", "text": "STATUS {1}"})

    assert "Riwayat: 3/1 diteruskan, 5/1 ditindaklanjuti, 6/1 dijawab." in reply.text
    assert "Tiang" not in reply.text
    assert "ilham" not in reply.text


async def test_what_was_erased_is_told_to_nobody(teller: Teller) -> None:
    """The steps stay."""
    [(record, _)] = await teller.records()
    await teller.database.write(lambda tx: timeline.forget(tx, [record.record_id]))

    [reply] = await teller.play({"channel": "sms", "text": "STATUS {1}"})

    assert "Riwayat" in reply.text
    assert "Tiang" not in reply.text


def test_the_same_state_again_is_no_step() -> None:
    """What the office said in between is one, and a state that comes back as well."""
    states = ["diteruskan", "diteruskan", "selesai", "ditindaklanjuti", "selesai"]
    kept = [Kept(n, "status", state, b"", None) for n, state in enumerate(states)]
    kept.insert(2, Kept(1, "answer", "diteruskan", b"", None))
    kept.append(Kept(9, "status", None, b"", None))

    assert [what for _, what in public_steps(kept)] == [
        "diteruskan",
        "answer",
        "selesai",
        "ditindaklanjuti",
        "selesai",
    ]
    assert [one.what for one in shown(kept)][-1] == "selesai"
