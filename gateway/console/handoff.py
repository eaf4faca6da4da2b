"""
*Serah*: records an officer carries to a store that has no API, as the fields of its form.

The list is gateway/handoff.py's. A record stands as SP4N's form has it, each field copied by one
key; the store's number typed or pasted back closes it, and the next one opens. Many at a time:
gateway/console/handoff_many.py.
"""

from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from urllib.parse import quote, urlencode

from aiohttp import web

from forwarder.ports import Transaction
from gateway.access.person import Right
from gateway.console import handoff_many
from gateway.console.frame import Entry, go, person_of, show
from gateway.console.handoff_lists import LONGEST, PAGE, PATH, Lists, address, lists_of, why
from gateway.console.office import Office
from gateway.handoff import AlreadyGiven, Handed, NotWaiting, Task, WrongForm, count, form_of
from gateway.handoff_table import said_of
from normalizer.codes import read_case_code
from normalizer.privacy import masked, spans_in


def routes(office: Office) -> list[Entry]:
    """The list, one case, that it is done, and many at a time."""
    lists = lists_of(office)
    one = f"{PATH}/{{store}}/case/{{code}}"
    return [
        Entry("GET", PATH, partial(_list, lists), Right.READ),
        Entry("GET", f"{PATH}/{{store}}", partial(_list, lists), Right.READ),
        Entry("GET", one, partial(_look, lists), Right.HANDLE),
        Entry("POST", one, partial(_done, lists), Right.HANDLE),
        *handoff_many.routes(lists),
    ]


async def _list(lists: Lists, request: web.Request) -> web.StreamResponse:
    if not lists.forms:
        return show(request, "handoff_none.html")
    store = lists.store_in(request) if "store" in request.match_info else next(iter(lists.forms))
    person = person_of(request)
    waiting = await lists.waiting(store, person, PAGE)
    read = partial(count, store=store, agency=person.agency)
    counted = await lists.office.parts.store.read(read)
    return show(
        request,
        "handoff.html",
        store=store,
        stores=list(lists.forms),
        lines=[_line(task) for task in waiting],
        count=max(counted, len(waiting)),
        told=_told(request),
    )


async def _look(lists: Lists, request: web.Request) -> web.StreamResponse:
    task, after = await _found(lists, request)
    if task is None:
        raise web.HTTPNotFound
    await lists.note(person_of(request), f"read {task.case_code} to hand it over")
    return _page(lists, request, task, after)


async def _done(lists: Lists, request: web.Request) -> web.StreamResponse:
    form = await request.post()
    typed, last = str(form.get("number", ""))[:LONGEST], str(form.get("last", ""))
    task, after = await _found(lists, request)
    if task is None:
        return _gone(request, typed)
    person, store = person_of(request), lists.store_in(request)
    handed = Handed(
        store=store,
        case_code=task.case_code,
        tracking_id=typed.strip(),
        last=int(last) if last.isdecimal() else task.last,
        who=person.login,
    )
    try:
        await lists.hand_over(handed, person)
    except NotWaiting:
        return _gone(request, typed)
    except (WrongForm, AlreadyGiven) as exc:
        return _page(lists, request, task, after, typed=typed, wrong=why(request, exc))
    told = urlencode({"done": task.case_code, "number": typed.strip() or task.tracking_id})
    raise go(f"{address(store, after) if after else f'{PATH}/{quote(store)}'}?{told}")


def _page(  # noqa: PLR0913 (what a page shows)
    lists: Lists,
    request: web.Request,
    task: Task,
    after: str,
    *,
    typed: str = "",
    wrong: str = "",
) -> web.Response:
    fields = form_of(task.record, lists.categories) if task.record else []
    store = lists.store_in(request)
    return show(
        request,
        "handoff_case.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if wrong else HTTPStatus.OK,
        store=store,
        task=task,
        fields=fields,
        comments=[said_of(one.text, solved=one.solved) for one in task.comments],
        whole="\n".join(f"{label}: {value}" for label, value in fields),
        after=address(store, after) if after else "",
        typed=typed,
        wrong=wrong,
        told=_told(request),
    )


def _gone(request: web.Request, typed: str) -> web.Response:
    """Somebody else was faster, or nothing waits any more; what was typed is not lost."""
    values = {"store": request.match_info["store"], "code": _code(request), "typed": typed}
    return show(request, "handoff_gone.html", status=HTTPStatus.CONFLICT, **values)


async def _found(lists: Lists, request: web.Request) -> tuple[Task | None, str]:
    """The case an address names, and the code of the one to do after it."""
    store, code, person = lists.store_in(request), _code(request), person_of(request)

    def read(tx: Transaction) -> tuple[Task | None, str]:
        found = lists.tasks(tx, store, person, code=code)
        if not found:
            return None, ""
        # The few that wait longest hold the one to go on with, wherever this one stands.
        first = [task.case_code for task in lists.tasks(tx, store, person, limit=PAGE)]
        at = first.index(code) if code in first else -1
        others = [*first[at + 1 :], *first[: max(at, 0)]]
        return found[0], others[0] if others else ""

    return await lists.office.parts.store.read(read)


def _told(request: web.Request) -> Mapping[str, str]:
    """What was done just before, for the line that says so."""
    return {name: request.query.get(name, "")[:LONGEST] for name in ("done", "number")}


def _line(task: Task) -> Mapping[str, object]:
    """A line of the list: who works through it need not read personal data."""
    title = task.record.title if task.record else ""
    return {
        "task": task,
        "title": masked(title, spans_in(title)),
        "agency": task.record.agency.value if task.record else None,
        "comments": len(task.comments),
    }


def _code(request: web.Request) -> str:
    code = request.match_info["code"]
    return read_case_code(code) or code
