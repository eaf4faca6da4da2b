"""
How many frauds and advertisements are flagged, how many complaints are flagged wrongly, and abuse.

Nothing is learned: the words of config/flags.toml are general knowledge, their weights and limits
were chosen on these dev rows. The e-mails are machine translations of English ones, and abuse in
tweets is not abuse in complaints; both are told without a figure to reach.
"""

import gzip
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from gateway.evaluation.figure import Figure
from normalizer.flags import FlagRules, FlagsFile, flag_rules, flags_of
from normalizer.record import FlagName

MESSAGES = Path("sms_spam_id") / "dev.jsonl"
MAILS = Path("email_spam_id_translated") / "dev.jsonl.gz"
TWEETS = Path("hate_abusive_tweets_id") / "dev.jsonl.gz"
COMPLAINTS = (
    Path("lapor_2017") / "dev.jsonl.gz",
    Path("surabaya_mediacenter_2022") / "dev.jsonl.gz",
    Path("surabaya_2017_multichannel") / "dev.jsonl.gz",
    Path("purbalingga_2025") / "dev.jsonl",
)
_SHIPPED = Path(__file__).parents[2] / "config" / "flags.toml"
_RECALL = 0.95
_CLEAN = 0.995
_BUSINESS: frozenset[FlagName] = frozenset({"fraud", "promotion", "spam"})


class _Row(msgspec.Struct, frozen=True):
    text: str
    label: str = ""
    abusive: int = 0


def measure(data: Path) -> list[Figure]:
    """Recall on frauds and advertisements, the share of complaints left alone, and abuse."""
    rules = flag_rules(msgspec.toml.decode(_SHIPPED.read_bytes(), type=FlagsFile))
    return [
        *_messages(_rows(data / MESSAGES), rules),
        *_mails(_rows(data / MAILS), rules),
        *(_left_alone(file.parent.name, _rows(data / file), rules) for file in COMPLAINTS),
        *_abuse(_rows(data / TWEETS), rules),
        *(_marked(file.parent.name, _rows(data / file), rules) for file in COMPLAINTS),
    ]


def _messages(rows: Sequence[_Row], rules: FlagRules) -> Iterator[Figure]:
    yield _share("SMS, fraud and promo", _labelled(rows, "fraud", "promo"), rules, reach=_RECALL)
    yield _share("SMS, fraud", _labelled(rows, "fraud"), rules)
    yield _share("SMS, promo", _labelled(rows, "promo"), rules)
    yield _left_alone("private SMS", _labelled(rows, "normal"), rules, reach=None)


def _mails(rows: Sequence[_Row], rules: FlagRules) -> Iterator[Figure]:
    yield _share("translated mails, spam", _labelled(rows, "spam"), rules)
    yield _left_alone("translated mails, ham", _labelled(rows, "ham"), rules, reach=None)


def _share(
    task: str, rows: Sequence[_Row], rules: FlagRules, *, reach: float | None = None
) -> Figure:
    hits = sum(_flagged(row, rules) for row in rows)
    return Figure(
        task=f"flags, {task}",
        measure="recall",
        value=round(hits / len(rows), 3),
        reach=reach,
        n=len(rows),
        detail=f"{hits} flagged",
    )


def _left_alone(
    task: str, rows: Sequence[_Row], rules: FlagRules, *, reach: float | None = _CLEAN
) -> Figure:
    hits = sum(_flagged(row, rules) for row in rows)
    return Figure(
        task=f"flags, {task}",
        measure="share not flagged",
        value=round(1 - hits / len(rows), 4),
        reach=reach,
        n=len(rows),
        detail=f"{hits} flagged as fraud, promotion or spam",
    )


def _abuse(rows: Sequence[_Row], rules: FlagRules) -> Iterator[Figure]:
    told = [
        (bool(row.abusive), any(flag.value == "abuse" for flag in flags_of(row.text, rules)))
        for row in rows
    ]
    right = told.count((True, True))
    flagged = right + told.count((False, True))
    abusive = right + told.count((True, False))
    for name, of in (("precision", flagged), ("recall", abusive)):
        yield Figure(
            task="flags, abuse in tweets",
            measure=name,
            value=round(right / of, 3),
            reach=None,
            n=len(rows),
            detail=f"{right} right of {flagged} flagged",
        )


def _marked(task: str, rows: Sequence[_Row], rules: FlagRules) -> Figure:
    """How many complaints are flagged for their tone; some of them rightly."""
    told = Counter(flag.value for row in rows for flag in flags_of(row.text, rules))
    return Figure(
        task=f"flags, {task}",
        measure="share flagged abuse or prank",
        value=round((told["abuse"] + told["prank"]) / len(rows), 4),
        reach=None,
        n=len(rows),
        detail=f"abuse {told['abuse']}, prank {told['prank']}",
    )


def _flagged(row: _Row, rules: FlagRules) -> bool:
    return any(flag.value in _BUSINESS for flag in flags_of(row.text, rules))


def _labelled(rows: Sequence[_Row], *labels: str) -> list[_Row]:
    return [row for row in rows if row.label in labels]


def _rows(file: Path) -> list[_Row]:
    content = file.read_bytes()
    lines = gzip.decompress(content) if file.suffix == ".gz" else content
    return [msgspec.json.decode(line, type=_Row) for line in lines.splitlines()]
