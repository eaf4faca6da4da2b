"""What runs beside pipeline, outbox workers and channels, by the role of the process."""

from collections.abc import Awaitable, Callable
from functools import partial

from gateway.build import DAY_MS, UPKEEP, Parts
from gateway.build_craft import build_files
from gateway.clock import now_ms
from gateway.cluster import lead
from gateway.files_leaving import keep_letting_go
from gateway.heeding import heed
from gateway.leading import while_leading
from gateway.refill import refill
from gateway.roles import SERVING_OFFICERS, WORKING, Role

Watcher = tuple[str, Callable[[], Awaitable[None]]]


def watchers(parts: Parts, role: Role, rethink: Callable[[], None]) -> list[Watcher]:
    """Each with its name; `rethink` is called when a model was put in force or taken back."""
    found: list[Watcher] = [("leases", parts.cluster.run)] if parts.cluster else []
    if role != "console":
        found.append(("troubles", partial(parts.troubles.run, parts.store)))
    if role != "intake":
        found += [("board", parts.board.run), ("figures", parts.figures.run)]
    if role in SERVING_OFFICERS:
        found.append(("monitor", parts.monitor.run))
    if role in WORKING:
        found.append(("learned", partial(heed, parts.settings.data_dir, rethink)))
        found += _upkeep(parts)
    return found


def _upkeep(parts: Parts) -> list[Watcher]:
    """What follows from records, deadlines and time: done by one process of a cluster."""
    window = parts.settings.pipeline.match_window_days * DAY_MS
    again = partial(refill, parts.upkeep, parts.workshop, window=window, clock=now_ms)
    leaving = partial(keep_letting_go, parts.upkeep, build_files(parts.settings))
    once: list[Watcher] = [
        ("leaving files", leaving),
        ("rhythm", parts.rhythm.run),
        ("deadlines", parts.deadlines.run),
        ("anchors", parts.anchoring.run),
        ("holdings", parts.holdings.run),
        ("fingerprints", again),
        *parts.back.running(),
    ]
    ours = lead(parts.cluster, UPKEEP)
    return [(name, partial(while_leading, ours, run)) for name, run in once] + parts.back.asking()
