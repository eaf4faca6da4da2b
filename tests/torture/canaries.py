"""
S13 and S14: secrets and persons that occur nowhere else, looked for wherever they may have got to.

The office of canary_office.py knows nothing but canaries, its peers quote all they are told, and at
its doors everything goes wrong that canary_people.py can think of. What must be found as well is
counted beside: the words in the central store and under the seal, the secrets at who is shown them.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

from gateway_process import Gateway
from ledger import central, rows

from torture.canary_bugs import HEAVY, PLAIN, put_bugs
from torture.canary_commands import Order, wrong_settings
from torture.canary_day import Day
from torture.canary_office import Rude, furnish
from torture.canary_people import Public
from torture.canary_words import Canaries, Probe
from torture.case import Case, Chamber, Finding

PARKED = """
select 'j' || journal_id from work where state = 'parked'
union all select 'o' || id from outbox where state = 'parked' limit 4
"""
LEAST_SECRETS, LEAST_PERSONAL = 20, 50
#: Of what lies under the seal at least so much is seen: a mail may cut a word in ways of its own.
SEEN = 0.95


@asynccontextmanager
async def _day(chamber: Chamber) -> AsyncIterator[Day]:
    gateway, rude, canaries = Gateway(chamber.folder), Rude(), Canaries(chamber.seed)
    async with rude.serving():
        with chamber.store() as store:
            furnish(gateway, canaries, rude, store)
            try:
                yield Day(chamber, gateway, rude, canaries, Public(gateway, canaries))
            finally:
                gateway.kill()


async def secrets(chamber: Chamber) -> Finding:
    """Every secret is in use; then all commands, wrong settings and bugs of commands."""
    async with _day(chamber) as day:
        gateway, hidden = day.gateway, day.canaries.hidden
        async with gateway:
            await day.rounds(chamber.pick(short=1, quick=1, full=5))
            await day.look_at_what_runs()
            backup = gateway.home / "backup.tar"
            orders = list(_orders(day, backup))
            # Of the short form those that take no long look: each is a process.
            await day.command(*chamber.pick(short=orders[-6:], quick=orders, full=orders))
        day.look_at_files()
        day.look_into_backup(backup)
        mistakes = list(_mistakes(day))
        await day.command(*chamber.pick(short=mistakes[-8:], quick=mistakes, full=mistakes))
        shown = day.shown()
        probe = Probe(hidden.values())
        leaked = day.leaked(probe, also_readable=True)
        told = day.leaked(Probe(day.canaries.personal), also_readable=False)
        stored, wanted = day.in_central_store()
    figure = (
        f"{len(probe)} secrets, {shown} of them seen by the peers they are for, {day.commands}"
        f" commands and wrong settings: {_places(leaked, day)};"
        f" {len(day.canaries.personal)} personal words: {_places(told, day)}; {stored} of {wanted}"
        " in the central store"
    )
    held = len(probe) >= LEAST_SECRETS and shown >= LEAST_SECRETS // 2 and stored == wanted
    return Finding(figure=figure, passed=held and not leaked and not told)


async def persons(chamber: Chamber) -> Finding:
    """What people say passes through every door and every fault, and stays inside."""
    async with _day(chamber) as day:
        gateway = day.gateway
        put_bugs(gateway.home / "bugs")
        gateway.env["PYTHONPATH"] = str(gateway.home / "bugs")
        # Who ends the reading process is tried again ten times.
        bugs = chamber.pick(short=(PLAIN,), quick=(PLAIN, HEAVY), full=(PLAIN, HEAVY))
        async with gateway:
            await day.rounds(chamber.pick(short=1, quick=3, full=30), *bugs)
            await day.look_at_what_runs()
            parked = [("parked", "show", row[0]) for row in rows(gateway, PARKED)]
            words = (("status",), ("parked", "list"), *parked)
            await day.command(*(_order(day, *one) for one in words))
        day.look_at_files()
        probe = Probe(day.canaries.personal)
        leaked = day.leaked(probe, also_readable=False)
        told = day.leaked(Probe(day.canaries.hidden.values()), also_readable=True)
        stored, wanted = day.in_central_store()
        sealed, all_of_it = day.under_seal()
    figure = (
        f"{len(probe)} words of {len(day.canaries.people)} persons,"
        f" {day.public.statuses.total()} requests, {len(parked)} parked looked at:"
        f" {_places(leaked, day)}; secrets: {_places(told, day)}; of who reported {stored} of"
        f" {wanted} words in the central store, {sealed} of {all_of_it} under the seal"
    )
    held = len(probe) >= LEAST_PERSONAL and stored == wanted and sealed >= SEEN * all_of_it
    return Finding(figure=figure, passed=held and bool(parked) and not leaked and not told)


def _orders(day: Day, backup: Path) -> Iterator[Order]:
    password = day.canaries.secrets["officers_password"]
    code = str(central(day.gateway, "select case_code from records limit 1")[0][0])
    parked = [("parked", "show", row[0]) for row in rows(day.gateway, PARKED)]
    for words in (
        ("check",),
        ("verify",),
        ("reconcile",),
        ("reconcile", "--json", "--ask"),
        *parked,
        ("parked", "show", f"{parked[0][2] if parked else 'j1'}", "--raw"),
        ("parked", "retry", "--all"),
        ("notices", "list"),
        ("deadlines", "--cases"),
        ("signals", "list"),
        ("holds",),
        ("replay", "--dry-run"),
        ("retain", "--dry-run"),
        ("breach-report", "--since", "2026-01-01"),
        ("conform", "lapor"),
        ("conform", "lapor", "--send"),
        ("tighten", code, "rahasia", "--reason", "uji"),
        ("user", "list"),
        ("export",),
        ("status", "--json"),
        ("parked", "list"),
        ("reveal", code, "--reason", "uji"),
        ("backup", str(backup)),
    ):
        yield _order(day, *words)
    yield _order(day, "user", "add", "sari", typed=f"{password}\n{password}\n")


def _mistakes(day: Day) -> Iterator[Order]:
    """Settings that are wrong, and bugs, each with a secret in it."""
    values = list(day.canaries.secrets.values())
    for number, written in enumerate(wrong_settings(day.canaries.secrets["lapor_password"])):
        folder = day.gateway.home / f"wrong-{number}"
        folder.mkdir()
        (folder / "gateway.toml").write_text(written)
        yield Order(words=("check", "--config", str(folder), "--data", str(folder / "data")))
    for words in ("run", "status", "verify"):
        yield _order(day, words, bug=f"cannot go on with {' '.join(values)}")


def _order(day: Day, *words: str, typed: str = "", bug: str = "") -> Order:
    gateway = day.gateway
    folders = ("--config", str(gateway.config_dir), "--data", str(gateway.data_dir))
    return Order(words=(*words, *folders), typed=typed, bug=bug)


def _places(leaked: dict[str, int], day: Day) -> str:
    """For the figure."""
    if leaked:
        return ", ".join(f"{many} in {name}" for name, many in sorted(leaked.items())[:6])
    return f"0 in {day.lines:,} lines of log and {len(day.closed) - 1} other places"


CASES = (
    Case(number="S13", what="secrets that nobody may see again", run=secrets),
    Case(number="S14", what="what people say, and who they are, in no log", run=persons),
)
