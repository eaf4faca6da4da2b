"""
R22: a message that ends whoever reads it, makes it spin for ever, swell, or call itself.

No channel is known to have such a message, so the process gets a bug: `sitecustomize` is the first
thing a Python imports.
"""

from pathlib import Path

from ledger import rows, until_drained
from load import Message, Sms

from torture.case import Case, Chamber, Finding
from torture.doors import CLIENTS
from torture.kills import besieged
from torture.verdict import judge

BUG = """
import os, signal
from channels.sms import Sms

read = Sms.parse

def parse(self, payload):
    if b"racun-mati" in payload:
        os.kill(os.getpid(), signal.SIGKILL)
    while b"racun-putar" in payload:
        pass
    if b"racun-bengkak" in payload:
        held = []
        while True:
            held.append(bytearray(1 << 24))
    return parse(self, payload) if b"racun-dalam" in payload else read(self, payload)

Sms.parse = parse
"""
REASONS = """
select count(*) from work where state = 'parked' and (reason like '%its reading ended the process%'
  or reason like '%bug: MemoryError%' or reason like '%bug: RecursionError%')
"""
BURST = 60


async def _poisoned(chamber: Chamber) -> Finding:
    # What spins takes minutes of the processor until it is parked.
    most = chamber.pick(short=1, quick=1, full=5)
    kinds = {"mati": most, "bengkak": most, "dalam": most} | chamber.pick(
        short={}, quick={}, full={"putar": 1}
    )
    async with besieged(chamber) as siege:
        _put_bug(chamber.folder / "bug")
        siege.gateway.env["PYTHONPATH"] = str(chamber.folder / "bug")
        await siege.gateway.start()
        poison = [_poison(kind, number) for kind, most in kinds.items() for number in range(most)]
        async with siege.load.running(**CLIENTS):
            await siege.load.acknowledgements(BURST)
            await siege.load.send(*poison)
            await siege.load.acknowledgements(BURST)
        for message in poison:
            del siege.load.messages[message.mark]
        await until_drained(siege.gateway)
        parked = rows(siege.gateway, REASONS)[0][0]
        await siege.gateway.stop()
        heard = siege.answers.heard()
        verdict = await judge(siege.gateway, siege.load, heard, parked=len(poison))
    done = f"{parked} of {len(poison)} poisonous messages parked with the reason"
    found = verdict.finding(done, chamber.seed)
    return Finding(figure=found.figure, passed=found.passed and parked == len(poison))


def _put_bug(folder: Path) -> None:
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(BUG)


def _poison(kind: str, number: int) -> Message:
    mark = f"racun-{kind}-{number}"
    sms = Sms(id=mark, sender=f"+62815{number:08}", text=f"Jalan rusak {mark}")
    return Message(mark=mark, channel="sms", text=sms.text, wires=(sms,))


CASES = (
    Case(
        number="R22",
        what="a message that kills its reader, swells, spins or calls itself",
        run=_poisoned,
        # Each poison ends ten processes before it is parked; see test_pipeline.py for the rule.
        sizes=frozenset({"quick", "full"}),
    ),
)
