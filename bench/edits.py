"""Invented reports, the edits people and machines make to them, and what only looks like one."""

import random
import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from bench.messages import SYLLABLES, WORDS

SLANG = {
    "tidak": "gak",
    "sudah": "udah",
    "dengan": "dgn",
    "untuk": "utk",
    "karena": "krn",
    "segera": "sgr",
    "sampai": "smpe",
    "belum": "blm",
    "banyak": "bnyk",
    "yang": "yg",
}
CUT = 160
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_LEAST = 5

Edit = Callable[[str, random.Random], str]


@lru_cache(maxsize=20_000)
def report(number: int) -> str:
    """The invented report of this number: three sentences, names, a house number and an RT."""
    chance = random.Random(number)  # noqa: S311 (words, no secrets)
    names = ["".join(chance.choices(SYLLABLES, k=3)).capitalize() for _ in range(5)]
    said = [" ".join(chance.choices(WORDS, k=chance.randrange(5, 10))) for _ in range(3)]
    house, rt = chance.randrange(1, 200), chance.randrange(1, 30)
    return (
        f"Mohon perhatian, {said[0]} di jalan {names[0]} nomor {house} desa {names[1]} RT {rt:02d}."
        f" Sudah lama {said[1]} dekat warung {names[2]} {names[3]}, warga tidak bisa lewat."
        f" Karena itu {said[2]}, kata pak {names[4]}. Terima kasih"
    )


def _typed(text: str, most: int, chance: random.Random) -> str:
    spoken = text.split()
    places = [at for at, word in enumerate(spoken) if word.islower() and len(word) >= _LEAST]
    for at in chance.sample(places, min(most, len(places))):
        word, letter = spoken[at], chance.randrange(len(spoken[at]) - 1)
        spoken[at] = chance.choice(
            (
                word[:letter] + word[letter + 1 :],
                word[:letter] + chance.choice(_LETTERS) + word[letter:],
                word[:letter] + word[letter + 1] + word[letter] + word[letter + 2 :],
            )
        )
    return " ".join(spoken)


def _slang(text: str) -> str:
    return " ".join(SLANG.get(word, word) for word in text.split())


def _reordered(text: str, chance: random.Random) -> str:
    sentences = re.split(r"(?<=\.) ", text)
    chance.shuffle(sentences)
    return " ".join(sentences)


def _dropped(text: str, chance: random.Random) -> str:
    spoken = text.split()
    kept = {"tidak", "sudah", "belum", "jalan", "desa"}
    places = [at for at, word in enumerate(spoken) if word.islower() and word not in kept]
    gone = set(chance.sample(places, 2))
    return " ".join(word for at, word in enumerate(spoken) if at not in gone)


SMALL: Mapping[str, Edit] = {
    "format": lambda text, _: text.upper().replace(",", " ..."),
    "one or two typing errors": lambda text, chance: _typed(text, chance.choice((1, 2)), chance),
    "greeting and signature": lambda text, _: f"Selamat pagi bapak ibu. {text}. Hormat kami, Rudi",
    "passed on": lambda text, chance: f"RT @warga{chance.randrange(1000)}: {text}",
    "wrapped by mail": lambda text, _: "\n".join("> " + line for line in text.split(", ")),
}
EDITS: Mapping[str, Edit] = {
    **SMALL,
    "many typing errors": lambda text, chance: _typed(text, 5, chance),
    "slang": lambda text, _: _slang(text),
    "cut off": lambda text, _: text[:CUT],
    "quoted": lambda text, _: f'Bagaimana ini kelanjutannya: "{text}"',
    "another order": _reordered,
    "more is said": lambda text, _: (
        f"{text}. Sampai sekarang belum ada petugas yang datang ke sini"
    ),
    "words dropped": _dropped,
    "several": lambda text, chance: _typed(_slang(f"Assalamualaikum {text}"), 2, chance),
}
NEGATIVES: Mapping[str, Edit] = {
    "another street": lambda text, chance: re.sub(
        r"(?<=di jalan )\w+", "".join(chance.choices(SYLLABLES, k=3)).capitalize() + "rejo", text
    ),
    "another house": lambda text, chance: re.sub(
        r"(?<=nomor )\d+", str(chance.randrange(300, 900)), text
    ),
    "the opposite": lambda text, _: text.replace("Sudah lama", "Belum lama"),
}
