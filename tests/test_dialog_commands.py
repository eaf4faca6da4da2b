"""Commands on every channel: what is one, what only begins like one."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from normalizing import said

from channels.contract import Attachment, InboundMessage, RemoteFile
from normalizer.codes import spell
from normalizer.dialog_commands import command_of, has_things
from normalizer.report import Command

CODE = spell(123_456_789_012)
SPACED = f"{CODE[:4]} {CODE[4:8]} {CODE[8]}"


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("ANONIM", Command(name="hide", anonymous=True)),
        (f"anonim {CODE}", Command(name="hide", anonymous=True, case_code=CODE)),
        (f"/anonim {SPACED}.", Command(name="hide", anonymous=True, case_code=CODE)),
        ("Anonymous", Command(name="hide", anonymous=True)),
        ("RAHASIA", Command(name="hide", confidential=True)),
        ("tolong rahasiakan laporan saya", Command(name="hide", confidential=True)),
        ("Rahasiakan nama saya ya", Command(name="hide", anonymous=True)),
        (f"rahasia dan anonim {CODE}",
         Command(name="hide", anonymous=True, confidential=True, case_code=CODE)),
        ("ANONIM 7K3M9QW2", Command(name="hide", anonymous=True, given="7K3M9QW2")),
    ],
)  # fmt: skip
def test_the_two_flags_can_be_asked_for(text: str, command: Command) -> None:
    """One of them or both, with the code or without, in Indonesian or English."""
    assert command_of(said(text)) == command


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("BATAL", Command(name="withdraw")),
        ("batalkan laporan saya", Command(name="withdraw")),
        ("cancel", Command(name="withdraw")),
        (f"Batal {CODE}", Command(name="withdraw", case_code=CODE)),
        (f"BATAL {CODE} sudah diperbaiki",
         Command(name="withdraw", case_code=CODE, text="sudah diperbaiki")),
        ("Batal, sudah beres", Command(name="withdraw", text="sudah beres")),
        ("hapus laporan saya", Command(name="withdraw")),
        (f"HAPUS {CODE}", Command(name="withdraw", case_code=CODE)),
        ("HAPUS", Command(name="erase")),
        ("hapus semua data saya!", Command(name="erase")),
        ("delete my data", Command(name="erase")),
        ("HAPUS YA", Command(name="erase", sure=True)),
        ("ya, hapus", Command(name="erase", sure=True)),
    ],
)  # fmt: skip
def test_taking_back_a_report_is_not_erasing_a_person(text: str, command: Command) -> None:
    """BATAL is about one report, HAPUS about who somebody is; with a code it is the report."""
    assert command_of(said(text)) == command


@pytest.mark.parametrize(
    ("text", "command"),
    [
        (f"tambah {CODE} masih mati, parah.",
         Command(name="add", case_code=CODE, text="masih mati, parah.")),
        (f"TAMBAH {SPACED}: masih mati", Command(name="add", case_code=CODE, text="masih mati")),
        (f"add {CODE} still broken", Command(name="add", case_code=CODE, text="still broken")),
        (f"TAMBAH {CODE}", Command(name="add", case_code=CODE)),
        ("TAMBAH", Command(name="add")),
        ("TAMBAH lampu masih mati", Command(name="add", text="lampu masih mati")),
        ("Tambahan: sudah 3 hari.", Command(name="add", text="sudah 3 hari.")),
        ("/tambah masih mati", Command(name="add", text="masih mati")),
        ("TAMBAH 7K3M9QW2 jalan", Command(name="add", given="7K3M9QW2", text="jalan")),
    ],
)  # fmt: skip
def test_an_addition_names_its_report_or_is_written_as_taught(text: str, command: Command) -> None:
    """Without a code only the word as our own messages write it."""
    assert command_of(said(text)) == command


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("selesai", "solved"), ("Sudah selesai, Pak!", "solved"), ("done", "solved"),
        ("BELUM", "unsolved"), ("blm selesai", "unsolved"), ("not yet", "unsolved"),
        ("ya", "yes"), ("Iya pak", "yes"), ("tidak", "no"), ("gak", "no"),
        ("kirim", "send"),
        ("P", "hello"), ("ppp", "hello"), ("tes tes", "hello"), ("Halo, Pak", "hello"),
        ("Assalamu\u2019alaikum wr. wb.", "hello"), ("Selamat pagi, admin", "hello"),
        ("terima kasih banyak", "thanks"), ("Oke siap", "thanks"), ("matur nuwun", "thanks"),
        ("\U0001f44d\U0001f3fd", "thanks"), ("\U0001f64f\U0001f64f", "thanks"),
    ],
)  # fmt: skip
def test_one_word_can_be_an_answer(text: str, name: str) -> None:
    """Also with a polite word behind it."""
    command = command_of(said(text))

    assert command
    assert command.name == name


@pytest.mark.parametrize(("text", "number"), [("1", 1), (" 9. ", 9), ("no 2", 2), ("Pilih 3", 3)])
def test_a_digit_chooses(text: str, number: int) -> None:
    """1 to 9 answer a numbered question."""
    assert command_of(said(text)) == Command(name="choice", number=number)


@pytest.mark.parametrize(
    "text",
    [
        "Batal haji tahun ini, uang tidak kembali",
        "Rahasia umum pungli di sekolah",
        "Tambah lampu di jalan kami",
        "TAMBAH LAMPU DI JALAN KAMI",
        "Tambahkan 1500000 untuk perbaikan",
        "Hapus pungutan di sekolah",
        "hapus genangan 30 cm di jalan",
        "Tolong perbaiki jalan",
        "Belum ada lampu di gang kami",
        "Selesai proyek, jalan malah rusak",
        "P min lampu mati",
        "tes jalan rusak",
        "Cek ombak besar menghantam rumah",
        "Ya Allah jalan rusak lagi",
        "10",
        "\U0001f621",
    ],
)
def test_what_only_begins_like_a_command_is_a_report(text: str) -> None:
    """One word too many and it is a report: a lost report is worse than a missed command."""
    assert command_of(said(text)) is None


def test_a_photo_is_no_command_whatever_stands_below_it_but_an_addition_is_one() -> None:
    """What was sent with it would be lost."""
    photo = Attachment(name="a.jpg", media_type="image/jpeg", content=b"x")
    below = InboundMessage(sender="", text="selesai", attachments=(photo,))
    added = InboundMessage(sender="", text=f"TAMBAH {CODE} ini fotonya", attachments=(photo,))

    assert command_of(below) is None
    assert command_of(added) == Command(name="add", case_code=CODE, text="ini fotonya")


def test_a_file_yet_to_be_fetched_and_one_that_cannot_be_count_as_things() -> None:
    """Whoever sends only a video too large has sent something."""
    remote = InboundMessage(sender="", text="", remote=(RemoteFile(key="f1"),))
    gone = InboundMessage(sender="", text="", remarks=("file not fetched: video, 31 MB",))

    assert has_things(remote)
    assert has_things(gone)
    assert command_of(gone) is None
    assert not has_things(InboundMessage(sender="", text="", remarks=("dmarc: none",)))


@pytest.mark.parametrize("text", ["p" * 59 + "x", "ok " * 19 + "x", "pak " * 14 + "x", "a" * 9999])
def test_no_text_takes_long(text: str) -> None:
    """Patterns with many ways to fail would stop everybody else's messages."""
    began = time.perf_counter()
    command_of(said(text))

    assert time.perf_counter() - began < 0.1


@given(st.text(st.sampled_from("ANONIMRAHSTUBLKGY YAhapus 7k3m9/.,:-\n\U0001f44d")))
def test_every_text_is_a_command_or_none(text: str) -> None:
    """Whatever is typed, the dialog has an opinion and no error."""
    assert isinstance(command_of(said(text)), Command | None)
