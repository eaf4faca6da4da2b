"""
What was promised to those who sent, held against what the gateway and the others have in the end.

To be asked once everything is drained and the gateway has stopped.
"""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gateway_process import Gateway
from ledger import central, rows
from load import Load, Message
from processes import left_of

from torture.case import Finding

#: How many of the lost are named.
NAMED = 3
END_SECONDS = 10.0

OPEN_RECEIPTS = """
select count(*) from outbox where kind = 'receipt' and state != 'delivered'
  and not (state = 'parked' and reason like 'uncertain: may have%')
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is wrong, by kind; marks of messages, case codes, or sentences."""

    acknowledged: int
    receipts: int
    wrong: Mapping[str, Sequence[str]]

    def finding(self, done: str, seed: int) -> Finding:
        """The figure behind what was done; where it failed, with whose fate and the seed."""
        counts = [f"{len(found)} {kind}" for kind, found in self.wrong.items()]
        figure = f"{done}: of {self.acknowledged:,} acknowledged {', '.join(counts)}"
        figure += f" ({self.receipts:,} receipts)"
        failures = {kind: found[:NAMED] for kind, found in self.wrong.items() if found}
        if failures:
            figure += f"; seed {seed}, {failures}"
        # Where nothing was acknowledged nothing can be lost either, and nothing was shown.
        return Finding(figure=figure, passed=self.acknowledged > 0 and not failures)


async def judge(
    gateway: Gateway, load: Load, heard: Mapping[str, Sequence[str]], *, parked: int = 0
) -> Verdict:
    """Everything that can be seen from outside, and what the books say; so many had to park."""
    messages = load.messages.values()
    records = central(gateway, "select text, revision, case_code from records")
    texts = Counter(text.strip() for text, *_ in records)
    marks = {message.text.strip(): message.mark for message in messages}
    codes = [code for *_, code in records]
    wires = {wire.id for message in messages for wire in message.wires}
    wrong = {
        "lost": [*_lost(texts, messages), *(wires - load.acknowledged.keys())],
        "twice in the central store": [
            *(marks.get(text, text) for text, count in texts.items() if count > 1),
            *(code for _, revision, code in records if revision > 1),
        ],
        "never sent": [text for text in texts if text not in marks],
        "receipts twice": told_twice(codes, heard),
        "books wrong": [*_rows_wrong(gateway, len(wires), parked), *await books_wrong(gateway)],
        "processes left": await _left(gateway),
    }
    receipts = sum(map(len, heard.values()))
    return Verdict(acknowledged=len(load.acknowledged), receipts=receipts, wrong=wrong)


def told_twice(codes: Iterable[str], heard: Mapping[str, Sequence[str]]) -> list[str]:
    """The case codes that stand in more than one answer."""
    said = (text for texts in heard.values() for text in texts)
    words = Counter(word for text in said for word in {w.strip(".,;:!?()") for w in text.split()})
    return [code for code in codes if words[code] > 1]


def _lost(texts: Mapping[str, int], messages: Iterable[Message]) -> list[str]:
    return [message.mark for message in messages if message.text.strip() not in texts]


def _rows_wrong(gateway: Gateway, wires: int, to_park: int) -> list[str]:
    held = rows(gateway, "select count(*) from journal")[0][0]
    parked = rows(gateway, "select count(*) from work where state = 'parked'")[0][0]
    receipts = rows(gateway, OPEN_RECEIPTS)[0][0]
    found = {
        f"{held} rows for {wires} deliveries": held != wires + to_park,
        f"{parked} rows parked": parked != to_park,
        f"{receipts} receipts neither delivered nor in doubt": receipts > 0,
    }
    return [sentence for sentence, is_so in found.items() if is_so]


async def books_wrong(gateway: Gateway) -> list[str]:
    """`verify` finds the chain whole, and `reconcile` accounts for every row."""
    verified = await gateway.command("verify")
    reconciled = await gateway.command("reconcile", "--json")
    books = json.loads(reconciled.stdout) if reconciled.stdout else {}
    found = {
        f"chain: {verified.stdout}{verified.stderr}": verified.returncode != 0,
        f"reconcile: {books or reconciled.stderr}": not books.get("balances"),
    }
    return [sentence for sentence, is_so in found.items() if is_so]


async def _left(gateway: Gateway) -> list[str]:
    """What still runs of a gateway that was killed or stopped."""
    deadline = time.monotonic() + END_SECONDS
    left = left_of(gateway.pids)
    while left and time.monotonic() < deadline:
        await asyncio.sleep(0.05)
        left = left_of(gateway.pids)
    return list(left.values())
