"""*Serah*, many at a time: a table to take away, and the numbers pasted back, a line each."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus

from aiohttp import web

from gateway.access.person import Right
from gateway.console.frame import Entry, go, person_of, sentences_of, show
from gateway.console.handoff_lists import LONGEST, PATH, Lists, why
from gateway.handoff import AlreadyGiven, Handed, NotWaiting, WrongForm
from gateway.handoff_table import as_csv, as_xlsx, rows_of
from gateway.sheets import XLSX
from normalizer.codes import read_case_code

#: Lines taken at once.
MOST = 1_000
# A code and a number as a spreadsheet copies them, or as somebody types them.
BETWEEN = re.compile(r"[\t;,]")
MAKERS = {"csv": (as_csv, "text/csv; charset=utf-8"), "xlsx": (as_xlsx, XLSX)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a line."""

    line: str
    code: str
    number: str
    #: Empty: it is done.
    wrong: str


def routes(lists: Lists) -> list[Entry]:
    """The tables and the paste box."""
    many = f"{PATH}/{{store}}/many"
    return [
        Entry("GET", many, partial(_ask, lists), Right.HANDLE),
        Entry("POST", many, partial(_take, lists), Right.HANDLE),
        *(
            Entry("GET", f"{PATH}/{{store}}/list.{ending}", partial(_table, lists), Right.HANDLE)
            for ending in MAKERS
        ),
    ]


def pairs_in(pasted: str) -> Iterator[tuple[str, str, str]]:
    """Each line with the case and the number it names; empty lines and a table's head are none."""
    for line in pasted.splitlines()[:MOST]:
        found = BETWEEN.split(line.strip(), maxsplit=1)
        if len(found) == 1 or not found[0]:
            found = line.split(maxsplit=1)
        if not found:
            continue
        code, number = (one.strip() for one in (*found, "")[:2])
        if code.casefold() in {"kode", "code"}:
            continue
        yield line[:LONGEST], read_case_code(code) or code[:LONGEST], number[:LONGEST]


async def _ask(lists: Lists, request: web.Request) -> web.StreamResponse:
    store = lists.store_in(request)
    done = request.query.get("done", "")
    return show(
        request,
        "handoff_many.html",
        store=store,
        most=MOST,
        done=int(done) if done.isdecimal() else 0,
        outcomes=[],
        pasted="",
    )


async def _take(lists: Lists, request: web.Request) -> web.StreamResponse:
    store = lists.store_in(request)
    pasted = str((await request.post()).get("lines", ""))
    outcomes = [
        await _one(lists, request, store, line=line, code=code, number=number)
        for line, code, number in pairs_in(pasted)
    ]
    left = [one for one in outcomes if one.wrong]
    if outcomes and not left:
        raise go(f"{PATH}/{store}/many?done={len(outcomes)}")
    rest = pasted.splitlines()[MOST:]
    return show(
        request,
        "handoff_many.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY,
        store=store,
        most=MOST,
        done=len(outcomes) - len(left),
        outcomes=outcomes,
        pasted="\n".join([*(one.line for one in left), *rest]) if outcomes else pasted,
    )


async def _one(  # noqa: PLR0913 (a line's parts)
    lists: Lists, request: web.Request, store: str, *, line: str, code: str, number: str
) -> Outcome:
    person = person_of(request)
    outcome = partial(Outcome, line=line, code=code, number=number)
    if not number:
        return outcome(wrong=str(sentences_of(request)["handoff"]["wrong"]["missing"]))
    handed = Handed(store=store, case_code=code, tracking_id=number, who=person.login)
    try:
        await lists.hand_over(handed, person)
    except (WrongForm, NotWaiting, AlreadyGiven) as exc:
        return outcome(wrong=why(request, exc))
    return outcome(wrong="")


async def _table(lists: Lists, request: web.Request) -> web.StreamResponse:
    store, ending = lists.store_in(request), request.path.rpartition(".")[2]
    make, media_type = MAKERS[ending]
    waiting = await lists.waiting(store, person_of(request))
    await lists.note(person_of(request), f"exported {len(waiting)} cases of {store}")
    body = await asyncio.to_thread(make, rows_of(waiting, lists.categories))
    headers = {
        "Content-Type": media_type,
        "Content-Disposition": f'attachment; filename="{store}.{ending}"',
        "Cache-Control": "no-store",
    }
    return web.Response(body=body, headers=headers)
