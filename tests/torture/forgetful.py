"""
Files and folders that forget: when the power fails, what was synced stays, and of the rest some.

As strict as POSIX allows: the sync of a file says nothing about its name, for that its folder must
be synced, and the sync of one folder says nothing about any other. Of what was written and not
synced each sector of 512 bytes is kept or lost by chance, and so is each change of a name.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

SECTOR = 512
#: How much of what was not synced is found again; one of them for each cut.
SHARES = (0.0, 0.1, 0.5, 0.9, 1.0)


class Write(NamedTuple):
    """Bytes and where they go."""

    at: int
    data: bytes


class Length(NamedTuple):
    """The file is cut there, or filled up with zeros."""

    bytes: int


@dataclass(slots=True)
class Content:
    """What a file holds for certain, and what was asked of it since."""

    certain: bytearray = field(default_factory=bytearray)
    unsure: list[Write | Length] = field(default_factory=list)

    def sync(self) -> None:
        """All of it is certain now."""
        for change in self.unsure:
            apply(self.certain, change)
        self.unsure.clear()

    def after_a_cut(self, chance: random.Random, share: float) -> bytes:
        """What somebody finds; of what was not synced about such a share."""
        found = bytearray(self.certain)
        for change in self.unsure:
            for piece in _pieces(change):
                if chance.random() < share:
                    apply(found, piece)
        return bytes(found)


def apply(content: bytearray, change: Write | Length) -> None:
    """Do to the bytes what was asked."""
    if isinstance(change, Length):
        del content[change.bytes :]
        content.extend(bytes(change.bytes - len(content)))
        return
    content.extend(bytes(max(0, change.at - len(content))))
    content[change.at : change.at + len(change.data)] = change.data


def _pieces(change: Write | Length) -> Iterator[Write | Length]:
    if isinstance(change, Length):
        yield change
        return
    for start in range(0, len(change.data), SECTOR):
        yield Write(change.at + start, change.data[start : start + SECTOR])


@dataclass(slots=True, eq=False, kw_only=True)
class File:
    """One file, which may have several names, or none any more."""

    mode: int
    owner: tuple[int, int]
    #: In nanoseconds.
    changed: int = 0
    links: int = 0
    now: bytearray = field(default_factory=bytearray)
    kept: Content = field(default_factory=Content)

    def do(self, change: Write | Length) -> None:
        """Take a change, which is not certain yet."""
        apply(self.now, change)
        self.kept.unsure.append(change)

    def sync(self) -> None:
        """What it holds is certain now."""
        self.kept.sync()

    def forget(self, chance: random.Random, share: float) -> None:
        """Become what somebody finds after a cut."""
        found = self.kept.after_a_cut(chance, share)
        self.now, self.kept = bytearray(found), Content(bytearray(found))


class Naming(NamedTuple):
    """A name that goes, a name that comes, or both at once, which is a renaming."""

    gone: bytes | None
    come: bytes | None = None
    node: "Node | None" = None


@dataclass(slots=True, eq=False, kw_only=True)
class Folder:
    """Names, and what they stand for."""

    mode: int
    owner: tuple[int, int]
    changed: int = 0
    links: int = 0
    now: dict[bytes, "Node"] = field(default_factory=dict)
    certain: dict[bytes, "Node"] = field(default_factory=dict)
    unsure: list[Naming] = field(default_factory=list)

    def do(self, naming: Naming) -> None:
        """Take a change, which is not certain yet."""
        _name(self.now, naming)
        self.unsure.append(naming)

    def sync(self) -> None:
        """Its names are certain now."""
        for naming in self.unsure:
            _name(self.certain, naming)
        self.unsure.clear()

    def forget(self, chance: random.Random, share: float) -> None:
        """Become what somebody finds after a cut."""
        for naming in self.unsure:
            if chance.random() < share:
                _name(self.certain, naming)
        self.unsure.clear()
        self.now = dict(self.certain)


Node = File | Folder


def _name(names: dict[bytes, Node], naming: Naming) -> None:
    if naming.gone is not None:
        names.pop(naming.gone, None)
    if naming.come is not None and naming.node is not None:
        names[naming.come] = naming.node


def all_below(root: Folder) -> Iterator[Node]:
    """The folder and everything in it, each once however many names it has."""
    seen, left = {id(root)}, list[Node]([root])
    while left:
        node = left.pop()
        yield node
        if isinstance(node, Folder):
            for child in node.now.values():
                if id(child) not in seen:
                    seen.add(id(child))
                    left.append(child)


def settle(root: Folder) -> None:
    """Make all of it certain, as sync(1) does."""
    for node in all_below(root):
        node.sync()


def cut(root: Folder, chance: random.Random, share: float) -> None:
    """Let the power fail, and leave what somebody finds."""
    # Each folder forgets before what is in it is looked at.
    for node in all_below(root):
        node.forget(chance, share)
        node.links = 0
    for node in all_below(root):
        if isinstance(node, Folder):
            for child in node.now.values():
                child.links += 1
