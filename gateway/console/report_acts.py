"""What else is done on page Laporan: each a form, each back to the page or to why not."""

from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web

from forwarder.ports import Transaction
from gateway.console.frame import ROOT, go, office_of, person_of
from gateway.console.report_answer import outdated, typed_in
from gateway.console.report_desk import ReportDesk
from gateway.console.report_view import Typed, code_in, page
from gateway.custody.duty import Done, Duty, Refused, Verb
from gateway.custody.revealing import open_requests
from gateway.handling.choices import FIELDS
from gateway.handling.deciding import Outcome
from gateway.handling.place_choices import Spot
from gateway.handling.seeing import NotHere, Outdated, Seen, see

Act = Callable[[Transaction, Seen], object]


class Acts:
    """Handlers of the forms beside the reply box."""

    def __init__(self, desk: ReportDesk) -> None:
        self._desk = desk

    async def transfer(self, request: web.Request) -> web.StreamResponse:
        """To another agency; only to one there is."""
        values, person = await typed_in(request), person_of(request)
        agency = values.get("agency", "").strip()

        def act(tx: Transaction, seen: Seen) -> object:
            now = office_of(request).clock()
            done = self._desk.transfers.transfer(tx, seen, agency, person=person, now=now)
            if done is not Outcome.DONE:
                raise Refused("unknown")
            return done

        return await self._do(request, "transfer", values, act)

    async def accept(self, request: web.Request) -> web.StreamResponse:
        """What was derived is right."""
        person, now = person_of(request), office_of(request).clock()

        def act(tx: Transaction, seen: Seen) -> object:
            id_, revision = seen.status.record_id, seen.record.revision
            done = self._desk.decider.accept(tx, person, id_, revision=revision, now=now)
            if done is Outcome.UNDECIDED:
                raise Refused("undecided")
            return done

        return await self._do(request, "accept", await typed_in(request), act)

    async def correct(self, request: web.Request) -> web.StreamResponse:
        """One of the things derived is another."""
        values, person = await typed_in(request), person_of(request)
        now, field = office_of(request).clock(), values.get("task", "")
        if field == "place" and (named := values.get("named", "").strip()):
            found = self._desk.decider.choices.places.named(named)
            if len(found) != 1:
                return await self._which_place(request, values, found)
            values["value"] = found[0].code

        def act(tx: Transaction, seen: Seen) -> object:
            chosen = {one: values.get("value", "") for one in FIELDS if one == field}
            id_, revision = seen.status.record_id, seen.record.revision
            done = self._desk.decider.correct(tx, person, id_, chosen, revision=revision, now=now)
            if not chosen or done is Outcome.STRANGE:
                raise Refused("value")
            return done

        return await self._do(request, "correct", values, act)

    async def _which_place(
        self, request: web.Request, values: dict[str, str], found: Sequence[Spot]
    ) -> web.StreamResponse:
        """The page again, with the places that may have been meant as buttons."""
        offered = found or self._desk.decider.choices.places.like(values["named"])
        wrong = "which_place" if offered else "no_such_place"
        typed = Typed(form="correct", values=values, wrong=wrong, places=offered)
        return await page(request, self._desk, typed)

    async def undo(self, request: web.Request) -> web.StreamResponse:
        """What this person decided last is taken back, if it was about this case."""
        person, now = person_of(request), office_of(request).clock()

        def act(tx: Transaction, seen: Seen) -> object:
            only = seen.status.record_id
            done = self._desk.decider.undo(tx, person, now=now, only=only)
            if done.get(only) is not Outcome.DONE:
                raise Refused("too_late")
            return done

        return await self._do(request, "undo", await typed_in(request), act)

    async def alarm(self, request: web.Request) -> web.StreamResponse:
        """Somebody is in danger."""
        person, now = person_of(request), office_of(request).clock()

        def act(tx: Transaction, seen: Seen) -> object:
            if not self._desk.alarm.raise_it(tx, seen, person, now):
                raise Refused("alarmed")
            return True

        return await self._do(request, "alarm", await typed_in(request), act)

    async def join(self, request: web.Request) -> web.StreamResponse:
        """It and another report are the same."""
        return await self._with_other(request, "join", self._desk.joiner.join)

    async def differ(self, request: web.Request) -> web.StreamResponse:
        """It and another one that sounds alike are not."""
        return await self._with_other(request, "differ", self._desk.joiner.differ)

    async def part(self, request: web.Request) -> web.StreamResponse:
        """It is not the same as those it was put to."""
        person, now = person_of(request), office_of(request).clock()

        def act(tx: Transaction, seen: Seen) -> object:
            return self._desk.joiner.part(tx, seen, person=person, now=now)

        return await self._do(request, "part", await typed_in(request), act)

    async def tighten(self, request: web.Request) -> web.StreamResponse:
        """Anonymous, confidential or both, from now on."""
        values = await typed_in(request)
        return await self._order(request, "tighten", values)

    async def hold(self, request: web.Request) -> web.StreamResponse:
        """Nobody may erase it."""
        return await self._order(request, "hold", await typed_in(request))

    async def release(self, request: web.Request) -> web.StreamResponse:
        """It may be erased again."""
        return await self._order(request, "release", await typed_in(request))

    async def reveal(self, request: web.Request) -> web.StreamResponse:
        """Who reported it: shown in this one answer, and kept by no browser."""
        return await self._order(request, "reveal", await typed_in(request), self._show)

    async def approve(self, request: web.Request) -> web.StreamResponse:
        """Consent to somebody else's request."""
        return await self._order(request, "approve", await typed_in(request))

    async def _show(self, request: web.Request, done: Done) -> web.StreamResponse:
        waits = "sender" not in done.data
        return await page(request, self._desk, identity=done.data, identity_waits=waits)

    async def _with_other(
        self, request: web.Request, form: str, decide: Callable[..., object]
    ) -> web.StreamResponse:
        values, person = await typed_in(request), person_of(request)
        now = office_of(request).clock()

        def act(tx: Transaction, seen: Seen) -> object:
            try:
                other = see(tx, self._desk.vault, values.get("other", ""), person.agency)
            except NotHere:
                raise Refused("no_case") from None
            return decide(tx, seen, other, person=person, now=now)

        return await self._do(request, form, values, act)

    async def _do(
        self, request: web.Request, form: str, values: dict[str, str], act: Act
    ) -> web.StreamResponse:
        """Carry it out on the case as it was seen, and go back to its page."""
        code, person = code_in(request), person_of(request)
        try:
            await self._desk.change(act, (code, values.get("stand", "")), person)
        except NotHere:
            raise web.HTTPNotFound from None
        except Outdated:
            return await page(request, self._desk, outdated(form, values))
        except Refused as why:
            return await page(request, self._desk, Typed(form=form, values=values, wrong=str(why)))
        gone = person.agency and form in {"transfer", "correct"}
        raise go(ROOT if gone else f"{ROOT}/report/{code}")

    async def _order(
        self,
        request: web.Request,
        verb: Verb,
        values: dict[str, str],
        then: Callable[[web.Request, Done], Awaitable[web.StreamResponse]] | None = None,
    ) -> web.StreamResponse:
        """Hand an order about personal data to the custodian; its reason is asked for."""
        code, person = code_in(request), person_of(request)
        reason = values.get("reason", "").strip()
        if not reason and verb != "approve":
            return await page(request, self._desk, Typed(form=verb, values=values, wrong="reason"))
        duty = Duty(
            verb=verb,
            who=person.login,
            reason=reason,
            case_code=code,
            anonymous=bool(values.get("anonymous")),
            confidential=bool(values.get("confidential")),
            number=int(values.get("number", "0")) if values.get("number", "").isdecimal() else 0,
        )
        now = office_of(request).clock()

        def look(tx: Transaction) -> None:
            seen = see(tx, self._desk.vault, code, person.agency)
            asked = open_requests(tx, seen.status.record_id, now)
            if verb == "approve" and duty.number not in {one.number for one in asked}:
                raise NotHere(code)  # a request about another case, perhaps another agency's

        try:
            await self._desk.office.parts.store.read(look)
            done = await self._desk.custodian.carry_out(duty)
        except LookupError:
            raise web.HTTPNotFound from None
        except Refused as why:
            typed = Typed(form=verb, values=values, wrong="refused", sentence=str(why))
            return await page(request, self._desk, typed)
        self._desk.tell(code)
        if then:
            return await then(request, done)
        raise go(f"{ROOT}/report/{code}")
