"""The new words of a mail, without the conversation below and the signature."""

import pytest

from channels.mail_trim import trimmed

NEW = "Jalan masih rusak.\nMohon dicek."
QUOTE = "> Laporan Anda kami terima.\n> Kode 7K3M9QX2A"
OLD = "Laporan Anda kami terima.\nKode 7K3M9QX2A"
MAN = "SP4N-LAPOR! <lapor@example.id>"


@pytest.mark.parametrize(
    "below",
    [
        f"Pada Sen, 5 Jan 2026 pukul 10.13 {MAN} menulis:\n\n{QUOTE}",
        f"Pada Sen, 5 Jan 2026 pukul 10.13 {MAN}\nmenulis:\n\n{QUOTE}",
        f"Pada tanggal Senin, 5 Januari 2026, Bagian Pengaduan\n{MAN}\nmenulis:\n{QUOTE}",
        f"On Mon, Jan 5, 2026 at 10:13 AM {MAN} wrote:\n\n{QUOTE}",
        f"On Mon, Jan 5, 2026 at 10:13 AM {MAN} wrote:\n\n{OLD}",
        f"Tanggal 5 Jan 2026 10.13, {MAN} menulis:\n{OLD}",
        f"-----Original Message-----\nFrom: x\n\n{OLD}",
        f"----- Pesan Asli -----\nDari: x\n\n{OLD}",
        f"________________________________\nDari: {MAN}\nDikirim: Senin\nKepada: Budi\n\n{OLD}",
        f"From: {MAN}\nSent: Monday\nTo: Budi\nSubject: Laporan\n\n{OLD}",
        f"*Dari:* {MAN}\n*Tanggal:* Senin\n\n{OLD}",
        QUOTE,
        "-- \nBudi Santoso\nRT 03",
        "--\nBudi Santoso",
        "Sent from my iPhone",
        "Dikirim dari Yahoo Mail di Android",
        "Terkirim dari Samsung Galaxy saya",
        "Dapatkan Outlook untuk Android",
        f"Dikirim dari iPhone saya\n\nOn 5 Jan 2026, at 10.13, {MAN} wrote:\n\n{QUOTE}",
        f"-- \nBudi\n\nPada 5 Jan 2026 10.13, {MAN} menulis:\n{QUOTE}",
    ],
)
def test_what_stands_below_the_new_words_goes(below: str) -> None:
    """Attributions, header blocks, quotes, signatures and device lines of common programs."""
    assert trimmed(f"{NEW}\n\n{below}\n") == NEW


@pytest.mark.parametrize(
    "text",
    [
        "Pada rapat RT kemarin Pak Lurah menulis:\nakan diperbaiki bulan depan.\nNyatanya belum.",
        "Pada 5 Januari 2026 lampu padam.\nSampai sekarang belum menyala.",
        "Dari: warga RT 03\nKami minta lampu jalan.",
        "Foto diambil pagi ini.\n--\n" + "\n".join(f"Baris {n}" for n in range(30)),
        f"---------- Forwarded message ---------\nFrom: {MAN}\nDate: Senin\n\nKeluhan warga.",
        f"Mohon ditindaklanjuti.\n\n---------- Pesan terusan ----------\nDari: {MAN}\n\nKeluhan.",
        "Sent from my heart: jalan kami rusak parah .\nTolong.\n2\n3\n4\n5\n6\n7",
    ],
)
def test_a_citizens_own_words_stay(text: str) -> None:
    """Sentences that begin like a quotation, and everything that was forwarded, are kept."""
    assert trimmed(text) == text


def test_answers_between_quoted_lines_stay() -> None:
    """Who answers line by line, or below the quotation, loses no answer."""
    text = (
        f"On 5 Jan 2026, {MAN} wrote:\n> Di mana?\nDi Jl. Melati.\n> Sejak kapan?\nSejak Senin.\n"
    )

    assert trimmed(text) == "Di Jl. Melati.\nSejak Senin."


def test_nothing_but_a_quotation_stays_whole() -> None:
    """Where no new words can be told the text is left alone."""
    assert trimmed(QUOTE) == QUOTE
