"""
Reading complaints: how many a second one core makes records of, with the places of all the country.

Texts are invented, 15 to 60 words with greetings, short forms and typing errors, about places of
the tenant's area; as many are read together as the gateway takes from its journal. The table is the
shipped one, every regency of it filled with invented districts and villages up to as many as the
country has. Comparing with earlier reports is measured elsewhere.
"""

import random
import time
from collections.abc import Iterator, Sequence
from statistics import median

from bench.messages import SYLLABLES, WORDS
from bench.peers import QUICK, Scale
from bench.table import Figure
from gateway.config_files import config_files
from gateway.filtering import Said, report_of
from gateway.pipeline import BATCH
from normalizer.gazetteer import DISTRICT, REGENCY, code_of, number_of, read_gazetteer
from normalizer.normalize import normalize
from normalizer.report import Report
from normalizer.rules import Rules, read_rules
from normalizer.text import clean
from normalizer.understand import matter_of, understand_all

TENANT = "36.03"
WANTED = 1_000
# Words come again, and the gateway remembers them: it is measured as it runs, not as it starts.
WARM = 2_000
ROUNDS, QUICK_ROUND, ROUND = 5, 500, 2_000
DISTRICTS, VILLAGES = 14, 13

GREETINGS = ("", "", "Assalamualaikum. ", "Selamat pagi Pak, ", "Yth. Bapak Bupati, ")
ENDINGS = ("", "", " Terima kasih", " Mohon segera ditindaklanjuti, terima kasih.", " tlg dibantu")
WHERE = (
    "di desa {village} kec {district}",
    "di Kp. {name} RT 0{digit}/0{digit} {village}",
    "jl raya {name} depan pasar {village}",
    "dekat SDN {digit} {village}, {district}",
    "di jalan {name} no {digit}4",
)
SMALL = """
yang yg di ini itu sudah sdh tidak tdk dan untuk karena krn saya kami warga pak mohon tolong sejak
kemarin tadi malam belum blm ada lagi dengan dgn bisa akan agar setiap hari sekali banget jg
""".split()  # noqa: SIM905 (nobody reads a column of words)


async def normalizing(scale: Scale) -> list[Figure]:
    """Messages a second of one core's time, the middle of several rounds."""
    rules = read_rules({**config_files(None), "places.csv": _country()}, TENANT)
    count = QUICK_ROUND if scale.rows <= QUICK.rows else ROUND
    reports = _reports(rules, random.Random(TENANT))  # noqa: S311 (words, no secrets)
    _seconds([next(reports) for _ in range(WARM)], rules)
    rounds = [_seconds([next(reports) for _ in range(count)], rules) for _ in range(ROUNDS)]
    rate = count / median(rounds)
    return [
        Figure(
            name="normalize, whole country: messages a second of CPU",
            ours=f"{rate:,.0f}/s",
            ratio=rate / WANTED,
            target=f"≥ {WANTED:,}",
            met=rate >= WANTED,
        )
    ]


def _seconds(reports: Sequence[Report], rules: Rules) -> float:
    began = time.process_time()
    for start in range(0, len(reports), BATCH):
        batch = reports[start : start + BATCH]
        messages = [report.message for report in batch]
        texts = [clean(matter_of(message), rules.abbreviations) for message in messages]
        found = understand_all(messages, texts, rules)
        for report, understood in zip(batch, found, strict=True):
            normalize(report, rules, (), understood=understood)
    return time.process_time() - began


def _country() -> bytes:
    """The shipped table with what its regencies lack, which are most."""
    shipped = config_files(None)["places.csv"]
    known = read_gazetteer(shipped)
    chance = random.Random(0)  # noqa: S311 (words, no secrets)
    lines = [shipped.decode().rstrip("\n")]
    for regency in known.within(0):
        if regency % REGENCY == 0 and len(known.within(regency)) <= 1:
            lines += _filled(regency, chance)
    return "\n".join(lines).encode() + b"\n"


def _filled(regency: int, chance: random.Random) -> Iterator[str]:
    for district in range(1, DISTRICTS):
        whole = regency + district * DISTRICT
        yield f"{code_of(whole)},{_name(chance)}"
        for village in range(1, VILLAGES):
            yield f"{code_of(whole + 2000 + village)},{_name(chance)}"


def _reports(rules: Rules, chance: random.Random) -> Iterator[Report]:
    known = rules.places.gazetteer
    inside = known.within(number_of(TENANT))
    villages = [number for number in inside if number % DISTRICT]
    while True:
        village = chance.choice(villages)
        where = chance.choice(WHERE).format(
            village=known.name(village),
            district=known.name(village - village % DISTRICT),
            name=_name(chance),
            digit=chance.randrange(1, 9),
        )
        said = _typed(chance.choices(WORDS + SMALL * 4, k=chance.randrange(10, 52)), chance)
        at = chance.randrange(len(said))
        said[at:at] = [where]
        said[0] = said[0].capitalize() if at else said[0]
        text = chance.choice(GREETINGS) + " ".join(said) + chance.choice(ENDINGS)
        yield report_of(Said(text=text))


def _typed(spoken: list[str], chance: random.Random) -> list[str]:
    """One word in twenty has a letter too few, one in ten ends with a sign."""
    for at, word in enumerate(spoken):
        draw = chance.random()
        if draw < 0.05:
            cut = chance.randrange(len(word))
            spoken[at] = word[:cut] + word[cut + 1 :]
        elif draw < 0.15:
            spoken[at] = word + chance.choice(",,..?!")
    return spoken


def _name(chance: random.Random) -> str:
    return "".join(chance.choices(SYLLABLES, k=chance.choice((2, 3, 3, 4)))).capitalize()
