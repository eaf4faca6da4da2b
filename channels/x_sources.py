"""What is read of X, how each source fares, and how long it waits after a setback."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from channels.contract import Trouble
from channels.x_answers import Setback
from channels.x_money import MENTIONS, rule_source
from channels.x_options import XOptions

_FIRST_PAUSE = 2.0
_LONGEST_PAUSE = 300.0
_LONGEST_PROBE = 900.0
_DOUBLINGS = 10
_JITTER = 0.1

_WORST: tuple[Trouble, ...] = ("bad_credentials", "no_credit", "conflict", "away", "throttled")


@dataclass(slots=True, kw_only=True)
class Source:
    """Mentions, or one rule."""

    name: str
    #: "" for mentions.
    query: str = ""
    rule: str = ""
    is_report: bool = True
    every: float
    #: When to look again, on the loop's clock.
    due: float = 0.0
    failures: int = 0
    setback: Setback | None = None


def sources(options: XOptions) -> list[Source]:
    """Mentions before rules, these in the order of the settings; none without any key."""
    if not (options.bearer_token or options.can_write):
        return []
    found = [
        Source(
            name=rule_source(rule.name),
            query=rule.query,
            rule=rule.name,
            is_report=rule.report,
            every=rule.every,
        )
        for rule in options.rules
    ]
    if options.account:
        found.insert(0, Source(name=MENTIONS, every=options.mentions_every))
    return found


def worst(some: Sequence[Source]) -> tuple[Trouble | None, str]:
    """The worst setback there is and where, as `Inbox.trouble` takes it."""
    held = [(one.name, one.setback) for one in some if one.setback]
    if not held:
        return None, ""
    name, stop = min(held, key=lambda pair: _WORST.index(pair[1].trouble))
    return stop.trouble, f"{name}: {stop.reason}"


def pause(stop: Setback, failures: int, probe: float) -> float:
    """Seconds until the next try, never two of us at the same moment."""
    if stop.wait is not None:
        wait = stop.wait
    elif stop.trouble == "away":
        wait = min(min(_FIRST_PAUSE, probe) * 2.0 ** min(failures - 1, _DOUBLINGS), _LONGEST_PAUSE)
    else:
        wait = min(probe * 2.0 ** min(failures - 1, _DOUBLINGS), _LONGEST_PROBE)
    return wait * (1 + random.uniform(0, _JITTER))  # noqa: S311 (no secret)
