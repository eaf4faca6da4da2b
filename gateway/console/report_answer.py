"""The reply box: what the citizen would read of it, and sending it."""

from aiohttp import web

from gateway.console.frame import ROOT, go, office_of, person_of
from gateway.console.report_desk import ReportDesk
from gateway.console.report_view import Typed, code_in, page, word_of
from gateway.handling.replying import LONGEST
from gateway.handling.seeing import NotHere, Outdated


class Answers:
    """Handlers of the reply box."""

    def __init__(self, desk: ReportDesk) -> None:
        self._desk = desk

    async def preview(self, request: web.Request) -> web.StreamResponse:
        """The page with what the citizen would read; nothing is sent."""
        return await page(request, self._desk, Typed(form="reply", values=await typed_in(request)))

    async def send(self, request: web.Request) -> web.StreamResponse:
        """Send it, unless it is empty, too long, or the case is another one by now."""
        values = await typed_in(request)
        if values.get("act") == "preview":
            return await page(request, self._desk, Typed(form="reply", values=values))
        word, code = word_of(values), code_in(request)
        wrong = "" if word.text else "empty"
        wrong = "long" if len(word.text) > LONGEST else wrong
        if wrong:
            return await page(request, self._desk, Typed(form="reply", values=values, wrong=wrong))
        person = person_of(request)
        try:
            await self._desk.change(
                lambda tx, seen: self._desk.replier.reply(
                    tx, seen, word, person=person, now=office_of(request).clock()
                ),
                (code, values.get("stand", "")),
                person,
            )
        except NotHere:
            raise web.HTTPNotFound from None
        except Outdated:
            return await page(request, self._desk, outdated("reply", values))
        raise go(f"{ROOT}/report/{code}#track")


async def typed_in(request: web.Request) -> dict[str, str]:
    """The fields of a form, as text."""
    form = await request.post()
    return {name: value for name, value in form.items() if isinstance(value, str)}


def outdated(form: str, values: dict[str, str]) -> Typed:
    """What comes back where the case has changed since the form was made."""
    made = values.get("made", "")
    since = int(made) if made.isdecimal() and len(made) < 20 else 1  # noqa: PLR2004 (a number)
    return Typed(form=form, values=values, wrong="outdated", since=max(since, 1))
