"""What follows from how a delivery ended, in the transaction that writes the end down."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import msgspec

from channels.contract import Channel, Receipt, Refused
from forwarder import outbox
from forwarder.item import Item, Result
from forwarder.outbox import CHANNEL
from forwarder.ports import Transaction
from forwarder.routing import Routes
from gateway import records
from gateway.back import money
from gateway.elsewhere import another_way
from gateway.fetching import Fetching, attached
from gateway.revise import revise
from gateway.vault import Vault


class _Words(msgspec.Struct, frozen=True):
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """A record that arrived moves its case on; a file joins it; an answer may go elsewhere."""

    vault: Vault
    centrals: Routes
    channels: Mapping[str, Channel]
    #: By outbox target.
    fetchings: Mapping[str, Fetching]
    #: How far the office's clock is ahead of UTC: what answers cost is counted by its months.
    utc_hours: int = 7

    def forwarded(self, tx: Transaction, items: Sequence[Item], now: int) -> None:
        """Records a central store has taken."""
        records.forwarded(tx, [item.record_id for item in items], now)

    def ended(self, tx: Transaction, results: Sequence[Result], now: int) -> None:
        """Files that came, answers that cannot be delivered."""
        for result in results:
            if result.item.target in self.fetchings:
                self._attach(tx, result, now)
            elif _is_out_of_reach(result):
                self._redirect(tx, result, now)
            elif isinstance(result.outcome, Receipt):
                self._spend(tx, result.item, now)

    def _attach(self, tx: Transaction, result: Result, now: int) -> None:
        kept = self.fetchings[result.item.target].kept(result.item)
        if kept:
            change = partial(attached, kept=kept)
            record_id = result.item.record_id
            revise(tx, self.vault, record_id, change, centrals=self.centrals, now=now)

    def _spend(self, tx: Transaction, item: Item, now: int) -> None:
        """An answer has left that costs something."""
        name = item.target.removeprefix(CHANNEL)
        channel = self.channels.get(name)
        units = channel.cost(text_of(item)) if channel and not channel.keeps() else 0
        if units:
            money.spend(tx, name, money.month_of(now, self.utc_hours), units)

    def _redirect(self, tx: Transaction, result: Result, now: int) -> None:
        entry = another_way(tx, result.item, channels=self.channels, vault=self.vault, now=now)
        if entry:
            outbox.put(tx, self.vault, [entry], now)


def text_of(item: Item) -> str:
    """The words of an answer."""
    return msgspec.json.decode(item.body, type=_Words).text


def _is_out_of_reach(result: Result) -> bool:
    outcome = result.outcome
    refused = isinstance(outcome, Refused) and outcome.unreachable
    return refused and result.item.target.startswith(CHANNEL)
