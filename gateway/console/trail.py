"""Jejak: who saw or changed what, newest first; as a page and as a file."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo

import msgspec
from aiohttp import web

from forwarder.ports import Transaction
from gateway import sheets
from gateway.access import trail, trail_list
from gateway.access.person import Right
from gateway.access.trail_list import FOREVER, TrailEntry, Wanted
from gateway.console.deeds import WRITTEN, meant, said
from gateway.console.door_safe import number_of
from gateway.console.frame import ROOT, Entry, language_in, person_of, sentences_of, show
from gateway.console.office import Office
from normalizer.codes import read_case_code

HERE = f"{ROOT}/trail"
PAGE = 100
MOST_ROWS = 100_000
MOST_TYPED = 100


class Trail:
    """The page of the audit trail."""

    def __init__(self, office: Office) -> None:
        self._office = office

    async def look(self, request: web.Request) -> web.StreamResponse:
        """A page of it."""
        typed = _typed(request)
        wanted = wanted_of(typed, self._office.zone, language_in(request))

        def read(tx: Transaction) -> tuple[list[TrailEntry], int]:
            return trail_list.entries(tx, wanted, PAGE + 1), trail.last_head(tx).position

        found, length = await self._office.parts.store.read(read)
        shown = found[:PAGE]
        filters = {name: value for name, value in typed.items() if value and name != "before"}
        older = (
            str(request.rel_url.with_query(filters | {"before": str(shown[-1].id)}))
            if len(found) > PAGE
            else ""
        )
        return show(
            request,
            "trail.html",
            tab="trail",
            here=f"{ROOT}/people",  # the line of the navigation it belongs to
            entries=shown,
            typed=typed,
            filtered=bool(filters),
            length=length,
            older=older,
            newest=str(request.rel_url.with_query(filters)) if typed["before"] else "",
            file=str(request.rel_url.with_path(f"{HERE}.csv").with_query(filters)),
        )

    async def file(self, request: web.Request) -> web.StreamResponse:
        """The same as CSV; that it was taken away stands in the trail."""
        typed, person, now = _typed(request), person_of(request), self._office.clock()
        language = language_in(request)
        wanted = wanted_of(typed, self._office.zone, language)
        found = await self._office.parts.store.read(
            lambda tx: trail_list.entries(tx, wanted, MOST_ROWS)
        )
        what = f"took {len(found)} entries of the trail as a file"
        await self._office.parts.store.write(
            lambda tx: trail.enter(tx, who=person.login, what=what, now=now)
        )
        words = sentences_of(request)["trail"]["head"]
        head = [words[name] for name in ("position", "at", "who", "what", "case")]
        return web.Response(
            body=await asyncio.to_thread(self._table, head, found, language),
            headers={
                "Content-Type": "text/csv; charset=utf-8",
                "Content-Disposition": 'attachment; filename="jejak.csv"',
                "Cache-Control": "no-store",
            },
        )

    def _table(self, head: Sequence[str], found: Sequence[TrailEntry], language: str) -> bytes:
        """Of many entries this takes seconds: beside the loop, where everybody else waits."""
        rows = (
            (one.position, self._local(one.at), one.who, said(one.what, language), one.case)
            for one in found
        )
        return sheets.as_csv(head, rows)

    def _local(self, at: int) -> str:
        moment = datetime.fromtimestamp(at / 1000, tz=UTC).astimezone(self._office.zone)
        return moment.isoformat(timespec="seconds")


def wanted_of(typed: dict[str, str], zone: tzinfo, language: str = WRITTEN) -> Wanted:
    """
    What a form asks for; days are those of the office's clock, what is none does not count.

    Words are those of the page, in its `language`.
    """
    since, until = _day(typed["since"], zone), _day(typed["until"], zone)
    wanted = Wanted(
        who=typed["who"],
        words=typed["words"],
        meant=tuple(meant(typed["words"], language)),
        case=read_case_code(typed["case"]) or typed["case"],
        since=_milliseconds(since) if since else 0,
        until=_milliseconds(until + timedelta(days=1)) if until else FOREVER,
    )
    before = number_of(typed["before"])
    return msgspec.structs.replace(wanted, before=before) if before else wanted


def routes(office: Office) -> list[Entry]:
    """The trail and its file."""
    page = Trail(office)
    return [
        Entry("GET", HERE, page.look, Right.TRAIL),
        Entry("GET", f"{HERE}.csv", page.file, Right.TRAIL),
    ]


def _typed(request: web.Request) -> dict[str, str]:
    names = ("who", "words", "case", "since", "until", "before")
    query = request.query
    return {name: query.get(name, "").replace("\0", "").strip()[:MOST_TYPED] for name in names}


def _day(typed: str, zone: tzinfo) -> datetime | None:
    try:
        return datetime.strptime(typed, "%Y-%m-%d").replace(tzinfo=zone)
    except ValueError:
        return None


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
