"""What the pages of *Serah* share: the stores records are carried to by hand, and for whom."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from urllib.parse import quote

from aiohttp import web

from forwarder.ports import Transaction
from gateway.access.person import Person
from gateway.access.trail import enter
from gateway.build_routes import categories_of, read_taxonomy, tracking_forms
from gateway.console.frame import ROOT, sentences_of
from gateway.console.office import Office
from gateway.handoff import AlreadyGiven, Handed, NotWaiting, Task, WrongForm, hand_over, tasks

PATH = f"{ROOT}/handoff"
#: Cases on a page; whoever works through them sees the next ones then.
PAGE = 50
#: Of what was typed, so that it fits into a page again.
LONGEST = 200

Refusal = WrongForm | NotWaiting | AlreadyGiven


@dataclass(frozen=True, slots=True, kw_only=True)
class Lists:
    """The stores records are carried to, and what is needed for it."""

    office: Office
    #: What tracking ids look like, by store.
    forms: Mapping[str, str]
    #: What topics are called there.
    categories: Mapping[str, str]

    def store_in(self, request: web.Request) -> str:
        """The store an address names."""
        store = request.match_info["store"]
        if store not in self.forms:
            raise web.HTTPNotFound
        return store

    async def waiting(self, store: str, person: Person, limit: int = 100_000) -> list[Task]:
        """What waits there of this person's records, oldest first."""

        def read(tx: Transaction) -> list[Task]:
            return self.tasks(tx, store, person, limit=limit)

        return await self.office.parts.store.read(read)

    def tasks(
        self, tx: Transaction, store: str, person: Person, *, code: str = "", limit: int = 100_000
    ) -> list[Task]:
        """The same within a transaction; with a code that case alone."""
        record_id = ""
        if code:
            row = tx.one("select record_id from records where case_code = :code", code=code)
            if row is None:
                return []
            record_id = row[0]
        vault, agency = self.office.parts.vault, person.agency
        found = tasks(tx, vault, store, record_id=record_id, agency=agency, limit=limit)
        return [task for task in found if _theirs(task, person)]

    async def hand_over(self, handed: Handed, person: Person) -> None:
        """It is over there; raises what `gateway.handoff.hand_over` does."""
        now, pattern = self.office.clock(), self.forms[handed.store]

        def write(tx: Transaction) -> None:
            if person.agency and not self.tasks(tx, handed.store, person, code=handed.case_code):
                raise NotWaiting(f"case {handed.case_code}")
            hand_over(tx, handed, pattern=pattern, now=now)

        await self.office.parts.store.write(write)
        self.office.parts.poke_workers()
        self.office.news.tell("handoff", "board", f"case:{handed.case_code}")

    async def note(self, person: Person, what: str) -> None:
        """Somebody saw citizens' words."""
        now = self.office.clock()
        write = partial(enter, who=person.login, what=what, now=now)
        await self.office.parts.store.write(write)


def lists_of(office: Office) -> Lists:
    """The lists of a gateway."""
    settings = office.parts.settings
    categories = categories_of(read_taxonomy(settings))
    return Lists(office=office, forms=tracking_forms(settings), categories=categories)


def why(request: web.Request, refusal: Refusal) -> str:
    """What is wrong with what was typed, in the reader's language."""
    return str(sentences_of(request)["handoff"]["wrong"][type(refusal).__name__])


def address(store: str, code: str) -> str:
    """The page of a case."""
    return f"{PATH}/{quote(store)}/case/{quote(code)}"


def _theirs(task: Task, person: Person) -> bool:
    """An agency's people carry over what is theirs; of comments alone nobody knows whose."""
    agency = task.record.agency.value if task.record else None
    return not person.agency or agency == person.agency
