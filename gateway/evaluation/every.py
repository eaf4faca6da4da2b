"""Every task that is measured on real reports, by the name it is asked for."""

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path

from gateway.evaluation.figure import Figure

Measure = Callable[[Path], list[Figure]]

#: Names of modules in this package; each has `measure`.
TASKS = ("wording", "language", "kinds", "learning", "flags", "privacy", "places", "matching")


def measures(names: tuple[str, ...] = TASKS) -> Mapping[str, Measure]:
    """The measure of each task; a module is read only when its task is asked for."""
    found: dict[str, Measure] = {}
    for name in names:
        found[name] = import_module(f"gateway.evaluation.{name}").measure
    return found
