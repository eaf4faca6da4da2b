"""
A multipart body taken apart while it streams in (RFC 7578, RFC 2046 section 5.1).

Memory holds one network chunk and one part header, whatever is sent. aiohttp's own reader is not
used: it counts neither preamble nor part headers against a limit, follows nested multiparts and
`_charset_` fields, and prints a malformed Content-Disposition, so a citizen's file name, to stderr.
"""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import unquote

from aiohttp import StreamReader

from channels.room import Lease

# Browsers write about 150 bytes; the longest file name a file system allows is 255 characters.
HEADER_BYTES = 16 * 1024
# RFC 2046 allows 70 characters; more, or none, is nothing a browser made.
BOUNDARY = re.compile(r'multipart/form-data;(?:.*;)?\s*boundary="?([^"\s;]{1,70})"?', re.IGNORECASE)
DISPOSITION = re.compile(rb"^content-disposition:\s*form-data(.*)$", re.IGNORECASE | re.MULTILINE)
# A quote inside a value comes as %22 and a backslash is only a backslash (HTML, not RFC 2045).
PARAMETER = re.compile(rb';\s*([a-z]+\*?)=(?:"([^"]*)"|([^";\s]*))', re.IGNORECASE)


class Broken(Exception):
    """The body is not the multipart form its header promises, or it ended early."""


class TooMuch(Exception):
    """The body is longer than anybody is willing to read to its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartName:
    """What a part says of itself; `filename` is None for an ordinary field."""

    name: str
    filename: str | None


class Parts:
    """
    Call `next`, then read `chunks`; what is left of a part is skipped by the next `next`.

    All of a body that is kept whole counts against its `lease`; NotStored where that is used up.
    """

    def __init__(
        self, content: StreamReader, content_type: str, limit: int, lease: Lease | None = None
    ) -> None:
        found = BOUNDARY.match(content_type)
        if not found:
            raise Broken("no multipart/form-data with a boundary")
        self._content = content
        self._limit = limit
        self._lease = lease
        self._mark = b"\r\n--" + found[1].encode("utf-8", "replace")
        # The first boundary may stand at the very start, with no line break before it.
        self._held = b"\r\n"
        self._skip = 0
        self._inside = True
        self.total = 0

    async def next(self) -> PartName | None:
        """Skip to the next part; None behind the last one."""
        async for _ in self.chunks():
            pass
        while len(self._held) < len(b"--"):
            await self._more()
        if self._held.startswith(b"--"):
            return None
        while (end := self._held.find(b"\r\n\r\n")) < 0:
            if len(self._held) > HEADER_BYTES:
                raise Broken("a part header without end")
            await self._more()
        # The second line break stays, to be skipped: an empty part is nothing but a boundary.
        header, self._held = self._held[:end], self._held[end + 2 :]
        self._skip = 2
        self._inside = True
        return _named(header)

    async def chunks(self) -> AsyncIterator[bytes]:
        """Give the content of the part, piece by piece."""
        while self._inside:
            end = self._held.find(self._mark)
            if end >= 0:
                self._inside = False
            elif len(self._held) <= len(self._mark) + self._skip:
                await self._more()
                continue
            # What could be the beginning of a boundary waits for the next chunk.
            cut = end if end >= 0 else len(self._held) - len(self._mark)
            piece = self._held[self._skip : cut]
            self._held = self._held[cut if end < 0 else cut + len(self._mark) :]
            self._skip = 0
            if piece:
                yield piece

    async def _more(self) -> None:
        chunk = await self._content.readany()
        if not chunk:
            raise Broken("the form ended early")
        self.total += len(chunk)
        if self.total > self._limit:
            raise TooMuch
        if self._lease:
            self._lease.need(len(chunk))
        self._held += chunk


def _named(header: bytes) -> PartName:
    found = DISPOSITION.search(header)
    values = {
        key.decode().lower(): (quoted or plain).decode("utf-8", "replace")
        for key, quoted, plain in PARAMETER.findall(found[1] if found else b"")
    }
    # The starred form, UTF-8''na%20me, is not for forms (RFC 7578 section 4.2); programs send it.
    filename = values.get("filename")
    if filename is None and "filename*" in values:
        filename = unquote(values["filename*"].rpartition("'")[2])
    return PartName(name=values.get("name", ""), filename=filename)
