"""Page Laporan: one case, why it was sorted as it was, and what an officer does about it."""

from aiohttp import web

from gateway.access.person import Right
from gateway.console.frame import ROOT, Entry, Handler
from gateway.console.office import Office
from gateway.console.report_acts import Acts
from gateway.console.report_answer import Answers
from gateway.console.report_desk import ReportDesk, build_desk
from gateway.console.report_files import CaseFiles
from gateway.console.report_live import live
from gateway.console.report_view import page

PATH = f"{ROOT}/report/{{code:[0-9A-Za-z-]{{9,12}}}}"


def routes(office: Office) -> list[Entry]:
    """The page, its stream, its files and its forms."""
    desk = build_desk(office)
    answers, acts, files = Answers(desk), Acts(desk), CaseFiles(desk)
    handle = (
        ("preview", answers.preview),
        ("reply", answers.send),
        ("accept", acts.accept),
        ("correct", acts.correct),
        ("undo", acts.undo),
        ("transfer", acts.transfer),
        ("alarm", acts.alarm),
        ("join", acts.join),
        ("part", acts.part),
        ("differ", acts.differ),
    )
    custody = (
        ("tighten", acts.tighten, Right.APPROVE),
        ("hold", acts.hold, Right.APPROVE),
        ("release", acts.release, Right.APPROVE),
        ("approve", acts.approve, Right.APPROVE),
        ("reveal", acts.reveal, Right.REVEAL),
    )
    return [
        Entry("GET", PATH, _show(desk), Right.READ),
        Entry("GET", f"{PATH}/live", live(desk), Right.READ),
        Entry("GET", f"{PATH}/file/{{sha256:[0-9a-f]{{64}}}}", files.give, Right.READ),
        *(Entry("POST", f"{PATH}/{name}", act, Right.HANDLE) for name, act in handle),
        *(Entry("POST", f"{PATH}/{name}", act, right) for name, act, right in custody),
    ]


def _show(desk: ReportDesk) -> Handler:
    async def case(request: web.Request) -> web.StreamResponse:
        return await page(request, desk)

    return case
