"""
S2: a text that makes a regular expression go back and forth, for every one the product has.

What is judged is how the processor time grows with the length of the text, and no time as such:
eight times the text may cost eight times as much, and where it costs far more, somebody's single
message could stop everybody's.
"""

import asyncio
import json
import math
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any

from torture.case import Case, Chamber, Finding
from torture.hostile_patterns import ROOT, Found, every_pattern
from torture.hostile_pumps import Pump, pumps_of

SHORT, FACTOR = 500, 8
#: So many times more than the length grew: quadratic is 8, and a busy machine is below 3.
STEEP = 3.0
#: Whatever runs longer than this costs more than any text of this length may.
RUNAWAY_SECONDS = 0.4
#: Looked at again so often before it is called steep.
LOOKS = 10
#: Patterns that grow, and why nobody can make use of it: the most they are given, in characters.
CAPPED = {
    "gateway/handoff.py: AROUND": 200,
    "normalizer/privacy_people.py: _WORD_BEFORE": 14,
    "normalizer/privacy_self.py: _BLOCK": 300,
    "normalizer/privacy_self.py: _DASHED": 300,
    "normalizer/privacy_self.py: _GREETING": 300,
    "normalizer/text_spelling.py: _DISGUISED": 30,
}
#: Two that are known to be bad: a probe that lets them pass proves nothing.
KNOWN = (
    Found(where="a known one", pattern=r"\s+$", flags=0, ways=("search",)),
    Found(where="a known one", pattern=r"(?:a+)+b", flags=0, ways=("match",)),
)


class Runaway(BaseException):
    """A text costs more time than any may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """What came of all patterns."""

    patterns: int
    attacks: int
    steep: list[str]
    unreached: list[str]
    #: How many of the known bad ones were found.
    known: int


async def run(chamber: Chamber) -> Finding:
    """All patterns in a process of its own, which has read nothing of the product."""
    most = chamber.pick(short=10, quick=20, full=400)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        __file__,
        str(most),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "tests")))},
        stdout=subprocess.PIPE,
    )
    out, _ = await process.communicate()
    probed = Probed(**json.loads(out))
    figure = (
        f"{probed.patterns} regular expressions, {probed.attacks:,} texts: {len(probed.steep)} grow"
        f" faster than their text, {len(CAPPED)} more are given at most {max(CAPPED.values())}"
        f" characters; {len(probed.unreached)} not looked at; {probed.known} of {len(KNOWN)} known"
        " bad ones found"
    )
    for what in chain(probed.steep, probed.unreached):
        print(what)  # noqa: T201 (what to mend)
    passed = not (probed.steep or probed.unreached) and probed.known == len(KNOWN)
    return Finding(figure=figure, passed=passed)


def probe(most: int) -> Probed:
    """Attack each pattern with up to so many texts, in each way it is used."""
    found, unreached = every_pattern()
    unreached += sorted(CAPPED.keys() - {one.where for one in found})
    attacks, steep = 0, []
    with _clock():
        known = sum(_steep(one, most)[1] != "" for one in KNOWN)
        for one in found:
            if one.where not in CAPPED:
                count, what = _steep(one, most)
                attacks += count
                steep += [what] if what else []
    return Probed(
        patterns=len(found), attacks=attacks, steep=steep, unreached=unreached, known=known
    )


def _steep(found: Found, most: int) -> tuple[int, str]:
    """How many texts were tried, and the first that costs far more when it is longer."""
    asked: re.Pattern[Any] = re.compile(found.pattern, found.flags)
    attacks = 0
    for pump in pumps_of(found.pattern, found.flags, most):
        texts = [_as_in(found, pump, length) for length in (SHORT, FACTOR * SHORT)]
        for way in found.ways:
            attacks += 1
            grown = _growth(asked, way, *texts)
            if grown > STEEP:
                return attacks, f"{found.where}: {way}, {grown:.0f} times too much: {pump}"
    return attacks, ""


def _as_in(found: Found, pump: Pump, length: int) -> str | bytes:
    text = pump.text(length)
    return text.encode("latin-1", "replace") if isinstance(found.pattern, bytes) else text


def _growth(asked: re.Pattern[Any], way: str, short: str | bytes, long: str | bytes) -> float:
    """How many times more the longer text costs than its length would make it."""
    least, most = math.inf, math.inf
    for _ in range(LOOKS):
        least = min(least, _cost(asked, way, short), _cost(asked, way, short))
        most = min(most, _cost(asked, way, long))
        if math.inf in (least, most) or most <= STEEP * least * len(long) / len(short):
            break
    return math.inf if math.inf in (least, most) else most / least * len(short) / len(long)


def _cost(asked: re.Pattern[Any], way: str, text: str | bytes) -> float:
    """Processor seconds of this thread; without end for a runaway."""
    began = time.thread_time()
    try:
        signal.setitimer(signal.ITIMER_VIRTUAL, RUNAWAY_SECONDS)
        try:
            found = getattr(asked, way)(text)
            if way == "finditer":
                for _ in found:
                    pass
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    except Runaway:
        return math.inf
    return max(1e-6, time.thread_time() - began)


@contextmanager
def _clock() -> Iterator[None]:
    def ring(*_: object) -> None:
        raise Runaway

    before = signal.signal(signal.SIGVTALRM, ring)
    try:
        yield
    finally:
        signal.signal(signal.SIGVTALRM, before)


CASES = (
    Case(number="S2", what="texts that no regular expression likes", run=run, engines=("sqlite",)),
)


if __name__ == "__main__":
    print(json.dumps(asdict(probe(int(sys.argv[1])))))  # noqa: T201 (whoever started it reads it)
