"""
A form on its way in: read within caps, judged, and packed for the journal.

Reading never gives up early: when a file or the whole is too big the rest is read past, so that
the words before and behind it can be shown again and the browser gets to see the answer. What is
wrong becomes a `Problem` beside the field; only a form without one is filed.
"""

import asyncio
import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from aiohttp import web
from aiohttp.http import HttpProcessingError

from channels.multipart import Broken, Parts, TooMuch
from channels.room import Lease
from channels.web_filing import FiledFile, Filing, clean, is_blank
from channels.web_options import MIB, WebOptions

# Characters a citizen may type per field; the text is the only one that is required.
LENGTHS: Mapping[str, int] = {"text": 20_000, "place": 500, "date": 60, "name": 200, "contact": 200}
# Fields no citizen sees: they are cut in silence, and a cut token is simply not ours.
HIDDEN: Mapping[str, int] = {
    "token": 200,
    "lang": 10,
    "situs": 200,
    "anonymous": 5,
    "confidential": 5,
    "warned": 100,
}
# So much of a field is kept to be shown again when it was too long.
SHOWN_AGAIN = 8
MAX_PARTS = 100
# How much of an oversized body is read past, in multiples of the cap, before the door closes.
READ_PAST = 4
NAME_LENGTH = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something to put right; `key` names its sentence in pages/*.toml."""

    key: str
    status: int
    field: str = ""
    values: Mapping[str, str | int] = dataclasses.field(default_factory=dict)
    #: Kinds of private data, named in the words of pages/*.toml as {kinds}.
    kinds: tuple[str, ...] = ()
    #: Seconds after which sending again makes sense; 0: at once.
    wait: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """All that was read, also of a form that cannot be filed."""

    values: Mapping[str, str] = dataclasses.field(default_factory=dict)
    files: tuple[FiledFile, ...] = ()
    #: Every file that was chosen, also those left out: the browser forgets them.
    chosen: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    #: False when reading stopped before the end.
    complete: bool = True

    def filing(self) -> Filing:
        """What goes into the journal."""
        return Filing(
            text=self.values.get("text", ""),
            place=self.values.get("place", "").strip(),
            date=self.values.get("date", "").strip(),
            name=self.values.get("name", "").strip(),
            contact=self.values.get("contact", "").strip(),
            anonymous=bool(self.values.get("anonymous")),
            confidential=bool(self.values.get("confidential")),
            trap=self.values.get("situs", "").strip(),
            files=self.files,
        )


async def read_form(request: web.Request, caps: WebOptions, lease: Lease) -> Form:
    """Read a posted form to its end, whatever it holds; never more in memory than the caps."""
    reading = _Reading(caps, lease)
    try:
        async with asyncio.timeout(caps.upload_seconds):
            await reading.run(request)
    except (Broken, HttpProcessingError, web.RequestPayloadError, ConnectionError):
        reading.stop(Problem(key="broken", status=400))
    except TooMuch:
        reading.stop(_too_big(caps))
    except TimeoutError:
        reading.stop(Problem(key="too_slow", status=408))
    return reading.form()


class _Reading:
    """The state of one form while it is read."""

    def __init__(self, caps: WebOptions, lease: Lease) -> None:
        self._caps = caps
        self._lease = lease
        self._values: dict[str, str] = {}
        self._files: list[FiledFile] = []
        self._chosen: list[str] = []
        self._problems: list[Problem] = []
        self._complete = True

    async def run(self, request: web.Request) -> None:
        limit = self._caps.max_body_bytes * READ_PAST
        parts = Parts(request.content, request.headers.get("Content-Type", ""), limit)
        for _ in range(MAX_PARTS):
            part = await parts.next()
            if part is None:
                if parts.total > self._caps.max_body_bytes:
                    self._problems.append(_too_big(self._caps))
                return
            if part.filename is not None:
                await self._file(part.filename, parts)
            elif part.name in LENGTHS or part.name in HIDDEN:
                await self._field(part.name, parts)
        self.stop(Problem(key="too_many_parts", status=413))

    def stop(self, problem: Problem) -> None:
        self._problems = [problem]
        self._complete = False

    def form(self) -> Form:
        problems = [*(self._judged() if self._complete else ()), *self._problems]
        return Form(
            values=self._values,
            files=() if problems else tuple(self._files),
            chosen=tuple(self._chosen),
            problems=tuple(problems),
            complete=self._complete,
        )

    async def _field(self, name: str, parts: Parts) -> None:
        before = self._values.get(name, "")
        length = HIDDEN[name] if name in HIDDEN else SHOWN_AGAIN * LENGTHS[name]
        # Four bytes are the longest character of UTF-8.
        cap = 4 * max(0, length - len(before))
        kept = bytearray()
        async for chunk in parts.chunks():
            kept += chunk[: cap - len(kept)]
        said = clean(kept.decode("utf-8", "replace"))
        self._values[name] = f"{before}\n{said}" if name in self._values else said

    async def _file(self, filename: str, parts: Parts) -> None:
        name = clean(filename)[:NAME_LENGTH]
        kept, size, wanted = bytearray(), 0, len(self._chosen) < self._caps.max_files
        async for chunk in parts.chunks():
            size += len(chunk)
            wanted = (
                wanted
                and size <= self._caps.max_file_bytes
                and parts.total <= self._caps.max_body_bytes
                and self._lease.take(len(chunk))
            )
            kept += chunk if wanted else b""
        if name or size:  # else it is what a browser sends where no file was chosen
            self._chosen.append(name)
            if wanted:
                self._files.append(FiledFile(name=name, content=bytes(kept)))
            else:
                self._object_to(name, size, parts.total)

    def _object_to(self, name: str, size: int, total: int) -> None:
        caps = self._caps
        if len(self._chosen) > caps.max_files:
            problem = Problem(
                key="too_many_files", status=413, field="files", values={"limit": caps.max_files}
            )
        elif size > caps.max_file_bytes:
            values = {"name": name, **_mib(caps.max_file_bytes)}
            problem = Problem(key="file_too_big", status=413, field="files", values=values)
        elif total > caps.max_body_bytes:
            return  # said once, at the end of the reading
        else:
            problem = Problem(key="busy", status=503, field="files", wait=30)
        if problem not in self._problems:
            self._problems.append(problem)

    def _judged(self) -> Iterator[Problem]:
        if is_blank(self._values.get("text", "")):
            yield Problem(key="text_empty", status=422, field="text")
        for name, limit in LENGTHS.items():
            if len(self._values.get(name, "")) > limit:
                yield Problem(key="too_long", status=422, field=name, values={"limit": limit})


def _too_big(caps: WebOptions) -> Problem:
    values = _mib(caps.max_body_bytes)
    return Problem(key="body_too_big", status=413, field="files", values=values)


def _mib(size: int) -> dict[str, str | int]:
    return {"limit": max(1, size // MIB)}
