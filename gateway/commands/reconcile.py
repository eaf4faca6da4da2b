"""`lapor-gateway reconcile`: where every message is, and whether the stores have what they took."""

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import click

from forwarder import ledger
from forwarder.ledger import Case
from gateway.build_centrals import build_centrals
from gateway.commands.common import Place, looking, place_options, show_table
from gateway.holdings import Holding, ask, chosen
from gateway.reconcile import WORDS, Account, total
from gateway.reconcile import reconcile as account_for
from gateway.settings import Settings

STORE_WORDS = (
    *("store", "delivered", "waiting", "parked"),
    *("asked", "there", "missing", "silent"),
)
SHOWN = 20


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option("--ask", "asking", is_flag=True, help="Also ask the stores for what they took.")
@click.option("--whole", is_flag=True, help="With --ask: for all of it, not for a sample.")
@place_options
def reconcile(place: Place, *, as_json: bool, asking: bool, whole: bool) -> None:
    """
    Account for every message: exit code 1 if one is unaccounted for, or a store lacks what it took.

    Example: lapor-gateway reconcile --ask
    """
    with looking(place) as (settings, tx):
        accounts = account_for(tx)
        sent = ledger.sums(tx)
        cases = {name: chosen(tx, name, whole=whole) for name in sent} if asking else {}
    held = asyncio.run(_ask(settings, cases))
    stores = [_store(name, sent[name], held.get(name)) for name in sorted(sent)]
    balances = total(accounts).balances
    if as_json:
        rows = [_account(account) for account in accounts]
        said = {"balances": balances, "total": _account(total(accounts)), "days": rows}
        click.echo(json.dumps({**said, "stores": stores}))
    else:
        _show(accounts, stores)
    if not balances or any(holding.missing for holding in held.values()):
        sys.exit(1)


async def _ask(settings: Settings, cases: Mapping[str, Sequence[Case]]) -> Mapping[str, Holding]:
    """What each store says; one that is no longer in the settings, or a person's, is not asked."""
    centrals = build_centrals(settings) if cases else {}
    try:
        return {
            name: await ask(central, cases[name])
            for name, central in centrals.items()
            if name in cases and not central.by_hand
        }
    finally:
        for central in centrals.values():
            await central.close()


def _show(accounts: Sequence[Account], stores: Sequence[Mapping[str, Any]]) -> None:
    whole = total(accounts)
    rows = [_cells(account, _day(account)) for account in accounts] + [_cells(whole, "all")]
    show_table(("day", "channel", "received", *WORDS, "unaccounted"), rows)
    if stores:
        shown = [
            ["-" if row[word] is None else row[word] for word in STORE_WORDS] for row in stores
        ]
        show_table(STORE_WORDS, shown)
    for row in stores:
        for record_id in row["missing_records"][:SHOWN]:
            click.echo(f"{row['store']} lacks {record_id}")
    click.echo("balances" if whole.balances else "DOES NOT BALANCE")


def _store(name: str, sent: Mapping[str, int], held: Holding | None) -> dict[str, Any]:
    """One store: what was sent there, and what it says it has."""
    return {
        "store": name,
        "delivered": sent.get("delivered", 0),
        "waiting": sent.get("pending", 0) + sent.get("uncertain", 0),
        "parked": sent.get("parked", 0),
        "asked": held.asked if held else None,
        "there": held.there if held else None,
        "missing": len(held.missing) if held else None,
        "silent": held.silent if held else None,
        "missing_records": list(held.missing) if held else [],
    }


def _account(account: Account) -> dict[str, Any]:
    return {
        "channel": account.channel,
        "day": _day(account) if account.day else None,
        "received": account.received,
        "balances": account.balances,
        **{word: account.counts.get(word, 0) for word in (*WORDS, "unaccounted")},
    }


def _cells(account: Account, day: str) -> list[object]:
    counts = [account.counts.get(word, 0) for word in (*WORDS, "unaccounted")]
    return [day, account.channel, account.received, *counts]


def _day(account: Account) -> str:
    return (date(1970, 1, 1) + timedelta(days=account.day)).isoformat()
