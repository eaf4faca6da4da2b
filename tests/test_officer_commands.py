"""What officers do by the command line: a table comes in, a signal becomes a report."""

import json
import sqlite3
from pathlib import Path

import pytest
from clock import Clock
from gateway_process import Gateway

from channels.contract import Delivery, InboundMessage, Signal
from channels.officer import Officer
from channels.officer_found import external_id
from gateway import signals, work
from gateway.codes import CaseCodes
from gateway.filing import Desk, Filed, Filing, found_in
from gateway.journal import Journal
from gateway.store import Store
from gateway.vault import Vault

TABLE = """No;Isi Laporan;Nama;Lokasi;Tanggal
A-1;Jalan rusak di depan SD Contoh;Warga Satu;Desa Contoh;03/01/2026
A-2;Lampu jalan mati sejak kemarin;Warga Dua;Desa Contoh;04/01/2026
A-3;;;;
A-2;Lampu jalan mati sejak kemarin;Warga Dua;Desa Contoh;04/01/2026
"""


async def test_a_table_is_looked_at_then_imported_once(gateway: Gateway, tmp_path: Path) -> None:
    """The preview changes nothing; the import makes records; importing again adds nothing."""
    table = tmp_path / "lama.csv"
    table.write_text(TABLE, encoding="utf-8")
    await gateway.start()

    looked = await gateway.command("import", str(table), "--preview")
    imported = await gateway.command("import", str(table))
    again = await gateway.command("import", str(table))
    await gateway.stop()
    without = await gateway.command("import", str(table))

    assert looked.returncode == 0, looked.stderr
    assert "2 rows can be imported, 2 cannot" in looked.stdout
    assert "2 imported, 0 were there already, 2 left out" in imported.stdout
    assert "0 imported, 2 were there already, 2 left out" in again.stdout
    assert "0 imported, 2 were there already" in without.stdout
    assert sorted(_texts(gateway)) == [
        "Jalan rusak di depan SD Contoh",
        "Lampu jalan mati sejak kemarin",
    ]


async def test_what_cannot_be_read_is_told_in_a_sentence(gateway: Gateway, tmp_path: Path) -> None:
    """A file that is no table, a column that is not there."""
    await gateway.start()
    await gateway.stop()
    table = tmp_path / "lama.csv"
    table.write_text("Kolom;Lain\n1;2\n", encoding="utf-8")

    unread = await gateway.command("import", str(table))
    wrong = await gateway.command("import", str(table), "--column", "text=Isi")
    unknown = await gateway.command("signals", "report", "77")

    assert (unread.returncode, wrong.returncode, unknown.returncode) == (1, 1, 1)
    assert "no column is recognised as text or link" in unread.stderr
    assert "there is no column Isi" in wrong.stderr
    assert "there is no signal 77" in unknown.stderr


async def test_a_signal_becomes_a_report_of_its_author_once(
    database: Store, vault: Vault, clock: Clock
) -> None:
    """The words, the link and who wrote them stay; a second click reports nothing anew."""
    journal = Journal(database, vault, clock=lambda: clock.milliseconds)
    await journal.open()
    [seen] = await journal.accept("x", [Delivery(external_id="1800", payload=b"{}")])
    signal = Signal(
        source="banjir", text="Banjir di Contoh", author="@warga", url="https://x.test/1"
    )
    await database.write(lambda tx: tx.run(work.ADOPT, start=0, end=1 << 40, limit=9, now=1 << 50))
    [row] = await database.read(lambda tx: work.load(tx, [seen.id]))
    await database.write(lambda tx: signals.put(tx, vault, [(row, signal)]))
    desk = Desk(database=database, journal=journal, vault=vault, clock=lambda: clock.milliseconds)

    first = await desk.file(Filing(signal=seen.id, who="petugas"))
    again = await desk.file(Filing(signal=seen.id, who="petugas"))
    with pytest.raises(LookupError):
        await desk.file(Filing(signal=404, who="petugas"))
    [kept] = await database.read(lambda tx: list(signals.recent(tx, vault, since=0)))
    name = external_id(found_in(kept, "petugas"))
    payload = await database.read(lambda tx: work.sealed(tx, "officer", name))

    code = CaseCodes(vault.derive("case codes")).of(seen.id + 1)  # the row after the signal's
    assert (first, again) == (Filed(new=1, case_code=code), Filed(known=1, case_code=code))
    assert kept.record_id
    assert payload
    message = Officer(Officer.Options(), bytes(32)).parse(vault.open(*payload))
    assert isinstance(message, InboundMessage)
    assert (message.text, message.source_url) == ("Banjir di Contoh", "https://x.test/1")
    assert "@warga" in (message.sender, message.name)
    rows = await database.read(lambda tx: tx.all("select who, what from audit"))
    assert rows == [("petugas", f"made a report of signal {seen.id}")]


def _texts(gateway: Gateway) -> list[str]:
    with sqlite3.connect(gateway.data_dir / "central.db") as central:
        rows = central.execute("select text, reporter from records").fetchall()
    assert all(json.loads(row[1])["pseudonym"] for row in rows)
    return [row[0] for row in rows]
