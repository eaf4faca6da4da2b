"""What the trail says, in the language of its reader; what is stored stays as it was written."""

import ast
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from gateway import access
from gateway.access import trail_list
from gateway.access.trail import enter
from gateway.access.trail_list import Wanted
from gateway.console.deeds import meant, said
from gateway.console.words import read_words
from gateway.store import Store

SOURCES = Path(access.__file__).parents[1]
WRITING = {"enter", "note", "_note", "_audit"}


def sentences(tree: ast.AST) -> Iterator[str]:
    """What is written into the trail, as the source has it, with a word in place of each value."""
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call):
            continue
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        if name in WRITING:
            given = [*call.args, *(one.value for one in call.keywords if one.arg == "what")]
            yield from filter(None, map(_sentence, given))


def _sentence(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = [one.value if isinstance(one, ast.Constant) else "7" for one in node.values]
        return "".join(map(str, parts))
    return ""


def test_every_sentence_of_the_sources_is_known() -> None:
    """Whoever writes another one into the trail says it here in both languages."""
    found = {
        sentence
        for source in SOURCES.rglob("*.py")
        for sentence in sentences(ast.parse(source.read_text("utf-8")))
        if " " in sentence
    }
    # Values that are no single words; how they are said is below.
    found -= {
        "7 (7)",
        "7 case 7 to 7 reporters",
        "made case 7 7",
        "joined cases 7",
        "told cases 7 apart",
    }

    assert len(found) > 30
    assert sorted(one for one in found if said(one, "id") == one) == []


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("looked at case 7K2M9Q4RX", "membuka laporan 7K2M9Q4RX"),
        ("added user ani, officer of Dinas PU", "menambah pengguna ani, Petugas (Dinas PU)"),
        (
            "made user ani verifier of Dinas PU, was officer",
            "mengubah pengguna ani menjadi Verifikator (Dinas PU), sebelumnya Petugas",
        ),
        ("added user ani, viewer", "menambah pengguna ani, Pengamat"),
        ("accepted (7K2M9Q4RX)", "menerima usulan (7K2M9Q4RX)"),
        (
            "corrected: topic jalan, place 36.03.17 (7K2M9Q4RX)",
            "mengoreksi: topik jalan, tempat 36.03.17 (7K2M9Q4RX)",
        ),
        ("took back: correct (7K2M9Q4RX)", "membatalkan koreksi (7K2M9Q4RX)"),
        (
            "sent question about case A to 2 reporters",
            "mengirim pertanyaan tentang laporan A kepada 2 pelapor",
        ),
        (
            "closed with an answer case A to 1 reporters",
            "menutup laporan A dengan jawaban kepada 1 pelapor",
        ),
        ("made case A anonymous and confidential", "menjadikan laporan A anonim dan rahasia"),
        ("held case A: perkara: 12/2026", "menahan laporan A dari penghapusan: perkara: 12/2026"),
        ("retention: nothing was due", "retensi: tidak ada yang jatuh tempo"),
        ("drop 2 rows salah alamat", "menyisihkan 2 baris salah alamat"),
        ("told cases A and B apart", "menyatakan laporan A dan B bukan hal yang sama"),
        ("joined cases A and B", "menggabungkan laporan A dan B"),
        ("retry 2 rows", "mencoba lagi 2 baris"),
        ("jalan of A is jalan_rusak", "jalan laporan A adalah jalan_rusak"),
        ("A is 1234 in sp4n", "A bernomor 1234 di sp4n"),
        ("signed in with a recovery code, 3 are left", "masuk dengan kode pemulihan, sisa 3"),
        ("something an older program wrote", "something an older program wrote"),
        ("", ""),
    ],
)
def test_a_sentence_is_said_in_the_language_of_its_reader(written: str, shown: str) -> None:
    """Codes, numbers and what somebody typed stand in their places; what is unknown stays."""
    assert said(written, "id") == shown
    assert said(written, "en") == written


def test_both_languages_name_the_same_values() -> None:
    words = read_words()
    for name, sentence in words["en"]["trail"]["said"].items():
        other = words["id"]["trail"]["said"][name]
        assert sorted(part.split("}")[0] for part in sentence.split("{")[1:]) == sorted(
            part.split("}")[0] for part in other.split("{")[1:]
        ), name


async def test_words_of_the_page_find_what_was_written_in_english(
    database: Store,
) -> None:
    """And words that stand in the entry itself still do."""
    for what in ("looked at case A", "looked at the personal data in the words of case B", "x_y"):
        await database.write(partial(enter, who="ani", what=what, now=1))

    async def found(words: str, language: str) -> list[str]:
        wanted = Wanted(words=words, meant=tuple(meant(words, language)))
        rows = await database.read(lambda tx: trail_list.entries(tx, wanted, 10))
        return [one.what for one in rows]

    assert await found("membuka laporan", "id") == ["looked at case A"]
    assert await found("membuka laporan", "en") == []
    assert await found("Data Pribadi", "id") == [
        "looked at the personal data in the words of case B"
    ]
    assert await found("looked", "id") == [
        "looked at the personal data in the words of case B",
        "looked at case A",
    ]
    assert await found("x_", "id") == ["x_y"]
