"""Every regular expression of the product, found by running it: nothing is listed by hand."""

import ast
import importlib
import pkgutil
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PACKAGES = ("channels", "forwarder", "gateway", "normalizer")
#: The ways a pattern is asked; whatever goes through all of a text is the last.
WAYS = ("match", "fullmatch", "search", "finditer")
THROUGH_ALL = frozenset({"sub", "subn", "split", "findall", "finditer"})
CALLS = {"compile", "match", "fullmatch", "search", *THROUGH_ALL}
Written = tuple[str | bytes, int]
IMPORTED = re.compile(r"^(?:from .+ )?import (?:\([^)]*\)|.*)$", re.MULTILINE)
#: A name, the method of a pattern that is called, or that it is set or imported.
USED = re.compile(
    rf"\b([A-Za-z_]\w*)\b(?:\.({'|'.join(CALLS)})\b)?(\s*(?:=|: re\.))?", re.MULTILINE
)
ASKED = re.compile(r"\w\.([A-Z][A-Z_]+)\b")
#: What is made in a function and kept under no name of its own: how these files use it.
UNNAMED = {
    "gateway/console/deeds.py": frozenset({"fullmatch"}),
    "normalizer/text_table.py": frozenset({"match", "fullmatch"}),
}
#: By file and line, the patterns and flags that were compiled there.
Seen = defaultdict[tuple[str, int], set[Written]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One pattern, where it stands, and the ways it is used."""

    where: str
    pattern: str | bytes
    flags: int
    ways: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One call of `re` in the product."""

    file: str
    first: int
    last: int
    name: str
    ways: frozenset[str]
    #: The pattern, where it is written down as it is.
    written: Written | None


def every_pattern() -> tuple[list[Found], list[str]]:
    """All patterns, and calls never reached; for a process that has read no product yet."""
    with _recording() as seen:
        _run_the_product()
    found, unreached = set(), []
    for site in _sites():
        made = {
            one
            for (file, line), many in seen.items()
            if file == site.file and site.first <= line <= site.last
            for one in many
        }
        where = f"{site.file}: {site.name or f'line {site.first}'}"
        if not made and not site.written:
            unreached.append(where)
        ways = tuple(way for way in WAYS if way in site.ways)
        for pattern, flags in made or {site.written or ("", 0)}:
            found.add(Found(where=where, pattern=pattern, flags=flags, ways=ways))
    return sorted(found, key=repr), unreached


@contextmanager
def _recording() -> Iterator[Seen]:
    """Note what the product compiles, and where."""
    seen: Seen = defaultdict(set)
    inside, ours = vars(re), f"{ROOT}/"
    compiled: Callable[[object, int], re.Pattern[Any]] = inside["_compile"]

    def noted(pattern: object, flags: int) -> re.Pattern[Any]:
        made = compiled(pattern, flags)
        frame = sys._getframe(2)  # noqa: SLF001 (who called re.compile, re.search …)
        if frame.f_code.co_filename.startswith(ours):
            file = frame.f_code.co_filename.removeprefix(ours)
            seen[file, frame.f_lineno].add((made.pattern, made.flags))
        return made

    inside["_compile"] = noted
    try:
        yield seen
    finally:
        inside["_compile"] = compiled


def _run_the_product() -> None:
    """Import all of it, and let it read what people send."""
    for name in PACKAGES:
        package = importlib.import_module(name)
        for module in pkgutil.walk_packages(package.__path__, f"{name}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    handoff = importlib.import_module("gateway.handoff")
    options = importlib.import_module("forwarder.central.handoff").HandoffOptions()
    handoff.tracking_id_in("12345", options.tracking_id)
    importlib.import_module("gateway.console.deeds").said("an entry of the trail", "id")
    parsers = importlib.import_module("torture.hostile_parsers").parsers()
    for parser in parsers.values():
        for seed in parser.seeds:
            with suppress(*parser.refuses):
                parser.read(seed)


def _sites() -> Iterator[Site]:
    files = [file for package in PACKAGES for file in sorted((ROOT / package).rglob("*.py"))]
    texts = {str(file.relative_to(ROOT)): file.read_text() for file in files}
    used = _uses(texts)
    for file, text in texts.items():
        if "import re\n" not in text:
            continue
        nodes = list(ast.walk(ast.parse(text)))
        names = {
            id(node.value): ast.unparse(_target(node))
            for node in nodes
            if isinstance(node, ast.Assign | ast.AnnAssign)
        }
        for call in nodes:
            way = _way(call)
            if not way or not isinstance(call, ast.Call):
                continue
            name = names.get(id(call), "") if way == "compile" else ""
            yield Site(
                file=file,
                first=call.lineno,
                last=call.end_lineno or call.lineno,
                name=name,
                ways=used.get((file, name.rpartition(".")[2]), UNNAMED.get(file, frozenset(WAYS)))
                if way == "compile"
                else _as_ways({way}),
                written=_written(call),
            )


def _uses(texts: Mapping[str, str]) -> dict[tuple[str, str], frozenset[str]]:
    """By file and name, the methods of a pattern that are called; none where it is handed on."""
    called: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    kept: set[tuple[str, str]] = set()
    handed: set[tuple[str, str]] = set()
    for file, text in texts.items():
        for name, way, set_to in USED.findall(IMPORTED.sub("", text)):
            if way:
                called[file, name].add(way)
            else:
                (kept if set_to else handed).add((file, name))
    whole = "\n".join(texts.values())
    elsewhere = set(re.findall(r"\w+", " ".join(IMPORTED.findall(whole))) + ASKED.findall(whole))
    everywhere: defaultdict[str, set[str]] = defaultdict(set)
    for (_, name), ways in called.items():
        everywhere[name] |= ways
    handed |= {(file, name) for file, name in called if name in elsewhere & {n for _, n in handed}}
    used = {
        (file, name): everywhere[name] if name in elsewhere else called.get((file, name))
        for file, name in kept - handed
    }
    return {where: _as_ways(ways) for where, ways in used.items() if ways}


def _as_ways(methods: set[str]) -> frozenset[str]:
    return frozenset("finditer" if one in THROUGH_ALL else one for one in methods)


def _target(node: ast.Assign | ast.AnnAssign) -> ast.expr:
    return node.targets[0] if isinstance(node, ast.Assign) else node.target


def _way(node: ast.AST) -> str:
    """Which function of `re` is called, or none."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        owner = node.func.value
        if isinstance(owner, ast.Name) and owner.id == "re" and node.func.attr in CALLS:
            return node.func.attr
    return ""


def _written(call: ast.Call) -> Written | None:
    pattern = call.args[0]
    if isinstance(pattern, ast.Constant) and isinstance(pattern.value, str | bytes):
        return pattern.value, 0
    # Whatever it is, it repeats nothing.
    return ("x", 0) if ast.unparse(pattern).startswith("re.escape(") else None
