"""
How much private data is found when it is planted into real complaints, in many invented forms.

No set has private data marked, so invented numbers, names and addresses are put between two words
of complaints that have no digits of their own; found is what is covered whole, with its kind. It
tells how forms and neighbours are coped with, not how often people write in ways nobody thought of.
"""

import gzip
import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from gateway.evaluation.figure import Figure
from normalizer.privacy import spans_in
from normalizer.record import PrivateKind

COMPLAINTS = Path("surabaya_mediacenter_2022") / "dev.jsonl.gz"
_TRIALS = 500
_SEED = 4
_FIRST = ("Siti", "Budi", "Agus", "Dewi", "Wulan", "Joko", "Ketut", "Ujang", "Yohana", "Hasan")
_LAST = ("Santoso", "Lestari", "Hidayat", "Siregar", "Wijaya", "Nasution", "Kusuma", "Saputra")
_PROVINCES = ("32", "33", "35", "36", "51", "13", "73", "91")
# What stands around the value, which is marked with {}.
_FORMS: Mapping[PrivateKind, tuple[str, ...]] = {
    "nik": ("NIK {}", "nik saya: {}", "({})", "no ktp {}", "{}"),
    "kk": ("no KK {}", "KK: {}", "nomor kartu keluarga {}"),
    "phone": ("hub {}", "WA {}", "hp:{}", "{}", "telp. {}", "no saya {}"),
    "email": ("{}", "email {}", "kirim ke {}"),
    "account": ("rek BRI {}", "no rek {}", "norek: {}", "rekening mandiri {}", "id pelanggan {}"),
    "plate": ("mobil {}", "nopol {}", "truk plat {}", "motor dengan nopol {}"),
    "address": ("alamat: {},", "alamat rumah saya {},", "saya tinggal di {},", "beralamat di {},"),
    "name": ("nama saya {},", "a.n. {},", "atas nama {},", "Nama: {},", "Bpk. {},", "Ibu {},"),
}


class _Row(msgspec.Struct, frozen=True):
    text: str


def measure(data: Path) -> list[Figure]:
    """The share of planted data that is found, for each kind."""
    texts = _texts(data / COMPLAINTS)
    return [_recall(kind, texts) for kind in _FORMS]


def _recall(kind: PrivateKind, texts: Sequence[str]) -> Figure:
    chance = random.Random(f"{_SEED} {kind}")  # noqa: S311 (the same trials each time)
    hits = sum(_found(kind, chance.choice(texts), chance) for _ in range(_TRIALS))
    return Figure(
        task=f"privacy, {kind} planted",
        measure="recall",
        value=round(hits / _TRIALS, 3),
        reach=None,
        n=_TRIALS,
        detail=f"{hits} found whole and as {kind}",
    )


def _found(kind: PrivateKind, text: str, chance: random.Random) -> bool:
    """Whether a value put between two words of a text is found."""
    words = text.split(" ")
    at = chance.randrange(len(words) + 1)
    value = _value(kind, chance)
    form = chance.choice(_FORMS[kind])
    before = " ".join((*words[:at], form[: form.index("{}")]))
    planted = " ".join((f"{before}{value}{form[form.index('{}') + 2 :]}", *words[at:]))
    start, end = len(before), len(before) + len(value)
    return any(
        span.kind == kind and span.start <= start and end <= span.end for span in spans_in(planted)
    )


def _value(kind: PrivateKind, chance: random.Random) -> str:
    return chance.choice(tuple(_values(kind, chance)))


def _values(kind: PrivateKind, chance: random.Random) -> Iterator[str]:
    """Ways to write an invented value of a kind."""
    place, day = f"{chance.choice(_PROVINCES)}0{chance.randint(1, 9)}01", chance.randint(1, 28)
    rest = f"{chance.randint(1, 12):02}{chance.randint(50, 99)}000{chance.randint(1, 9)}"
    mobile = f"08{chance.choice('125')}{chance.randint(1, 9)}0000000{chance.randint(0, 9)}"
    first, last, house = chance.choice(_FIRST), chance.choice(_LAST), chance.randint(1, 99)
    if kind in {"nik", "kk"}:
        woman = 40 if kind == "nik" and chance.random() < 0.5 else 0  # noqa: PLR2004 (half)
        number = f"{place}{day + woman:02}{rest}"
        yield from (number, " ".join(number[at : at + 4] for at in range(0, 16, 4)))
        yield f"{number[:6]}-{number[6:12]}-{number[12:]}"
    elif kind == "phone":
        yield from (mobile, f"{mobile[:4]}-{mobile[4:8]}-{mobile[8:]}", f"+62{mobile[1:]}")
        yield from (f"{mobile[:4]} {mobile[4:8]} {mobile[8:]}", f"62{mobile[1:]}", "(021) 0000001")
        yield from (f"{mobile[:4]}.{mobile[4:8]}.{mobile[8:]}", "0274-000001", "031 0000001")
    elif kind == "email":
        yield from (f"{first.lower()}.{last.lower()}{house}@example.org", f"{first}@example.co.id")
    elif kind == "account":
        yield from ("0000010000015", "0000-01-000001-50-1", "000 0000 0012", "520000000001")
    elif kind == "plate":
        yield from (f"B {house}12 XYZ", f"AB {house}1 CD", f"DK{house}00AA", f"l {house}12 ab")
    elif kind == "address":
        street = f"Jl. {chance.choice(('Mawar', 'Melati Indah', 'Raya Contoh'))} No. {house}"
        yield from (street, f"{street} RT 02 RW 05", f"gang contoh no {house}", f"Contoh {house}/2")
        yield f"Perum Contoh Indah Blok C{house}"
    else:
        yield from (f"{first} {last}", first, f"Moh. {first} {last}", f"{first} {last}".upper())


def _texts(file: Path) -> list[str]:
    with gzip.open(file) as lines:
        rows = (msgspec.json.decode(line, type=_Row).text for line in lines)
        return [text for text in rows if not any(map(str.isdigit, text))]
