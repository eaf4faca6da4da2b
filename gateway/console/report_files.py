"""
Attachments of a case: pictures that are what they say they are are shown, everything else is saved.

What a citizen sends may be anything under any name. Only a picture that our own reader can take
apart, and that would lose nothing more by it, is shown, under a type from our list; a browser is
told to guess nothing and to run nothing. The name it had is used for saving alone.
"""

import asyncio
import mmap
from typing import BinaryIO
from urllib.parse import quote

from aiohttp import web

from channels.media_type import UNKNOWN, settled_type
from forwarder.ports import Transaction
from gateway.console.frame import office_of, person_of
from gateway.console.report_desk import ReportDesk
from gateway.console.report_parts import is_picture
from gateway.console.report_view import code_in
from gateway.handling import presence
from gateway.handling.seeing import NotHere, Seen, note, see
from gateway.images import clean
from gateway.scan import UNSCANNED
from normalizer.record import StoredFile

_HEAD = 1024
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-store",
}


class CaseFiles:
    """The handler of a case's files."""

    def __init__(self, desk: ReportDesk) -> None:
        self._desk = desk

    async def give(self, request: web.Request) -> web.StreamResponse:
        """One file; 404 for whatever is not this case's, and for who may not see the case."""
        sha256, saves = request.match_info["sha256"], bool(request.query.get("save"))
        seen, file = await self._look(request, sha256, saves=saves)
        try:
            content = await asyncio.to_thread(self._desk.files.open, sha256)
        except FileNotFoundError:
            raise web.HTTPNotFound from None
        except OSError:
            raise web.HTTPServiceUnavailable from None
        shown = not saves and await asyncio.to_thread(self._is_shown, seen, file, content)
        kind = "inline" if shown else "attachment"
        headers = HEADERS | {
            "Content-Type": file.media_type if shown else UNKNOWN,
            "Content-Disposition": f"{kind}; filename*=UTF-8''{_safe(file, sha256)}",
        }
        return web.Response(body=content, headers=headers)

    async def _look(
        self, request: web.Request, sha256: str, *, saves: bool
    ) -> tuple[Seen, StoredFile]:
        person, now = person_of(request), office_of(request).clock()

        def look(tx: Transaction) -> tuple[Seen, StoredFile]:
            seen = see(tx, self._desk.vault, code_in(request), person.agency)
            for file in seen.record.attachments:
                if file.sha256 == sha256:
                    return seen, file
            raise NotHere(sha256)

        def noted(tx: Transaction) -> tuple[Seen, StoredFile]:
            seen, file = look(tx)
            presence.enter(tx, seen, person, now)
            code = seen.status.case_code
            note(tx, person, f"saved file {sha256[:12]} of case {code}", now)
            return seen, file

        store = self._desk.office.parts.store
        try:
            if saves:
                return await store.write(noted)
            seen, file = await store.read(look)
            if not await store.read(lambda tx: presence.is_here(tx, seen, person, now)):
                await store.write(lambda tx: presence.enter(tx, seen, person, now))
        except NotHere:
            raise web.HTTPNotFound from None
        return seen, file

    @staticmethod
    def _is_shown(seen: Seen, file: StoredFile, content: BinaryIO) -> bool:
        """Whether it is a whole picture with nothing left to take out, and no scanner missed it."""
        if not is_picture(file) or any(UNSCANNED in remark for remark in seen.record.remarks):
            return False
        try:
            data = mmap.mmap(content.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError):
            return False
        with data:
            if settled_type(data[:_HEAD], "") != file.media_type:
                return False
            cleaned = clean(data, file.media_type)
            left = sum(
                len(piece) if isinstance(piece, bytes) else piece.stop - piece.start
                for piece in cleaned.pieces
            )
            return cleaned.media_type == file.media_type and left == len(data)


def _safe(file: StoredFile, sha256: str) -> str:
    """A name for saving: the citizen's without folders and signs, or the first of its hash."""
    bare = file.name.replace("\\", "/").rpartition("/")[2]
    kept = "".join(sign for sign in bare if sign.isprintable() and sign not in '<>:"|?*').strip(
        " ."
    )
    return quote(kept[:100] or f"lampiran-{sha256[:8]}", safe="")
