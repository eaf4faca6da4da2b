"""
A report on paper: what stands in it, and how it becomes a PDF.

It is printed by a process of its own (`gateway/figures/press.py`): the library for it takes 50 MB,
and the gateway keeps nothing of that.
"""

import asyncio
import sys
from typing import Literal

import msgspec

SECONDS = 60.0
# One at a time: somebody who presses a button ten times does not take the machine.
_printing = asyncio.Semaphore(1)


class Tile(msgspec.Struct, frozen=True, kw_only=True):
    """A number with what it is, and how it was before."""

    label: str
    value: str
    note: str = ""
    #: How it looks: nothing to see, something to look at.
    tone: Literal["plain", "bad", "warn", "good"] = "plain"


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """A column of a table; `width` is a share of the line's."""

    head: str
    width: float
    number: bool = False


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """A table with its heading."""

    heading: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    #: Below it, or instead of it where there are no rows.
    note: str = ""
    #: The last row is a sum.
    summed: bool = False


class Paper(msgspec.Struct, frozen=True, kw_only=True):
    """A whole report."""

    language: str
    title: str
    subtitle: str
    office: str
    tiles: tuple[Tile, ...]
    tables: tuple[Table, ...]
    #: At the foot of each page; {page} and {pages} are filled in.
    foot: str


class NotPrinted(Exception):
    """The report could not be made."""


async def printed(paper: Paper) -> bytes:
    """The report as a PDF."""
    async with _printing:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "gateway.figures.press"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(SECONDS):
                made, _ = await process.communicate(msgspec.json.encode(paper))
        except BaseException:
            process.kill()
            await process.wait()
            raise
    if process.returncode:
        raise NotPrinted(f"the press ended with {process.returncode}")
    return made
