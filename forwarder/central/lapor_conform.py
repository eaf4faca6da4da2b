"""
The conformance kit: tries a mapping against the real SP4N, step by step.

Each step says what was expected, what came, and what to change. Dry it shows the requests and sends
nothing; else one test report is made, marked as such, found, added to, asked about and sent again.
Answers are shown as the places where they hold values, never as the values.
"""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Literal

import msgspec

from channels.contract import Refused, TryLater, Uncertain
from forwarder.central.answers import Answer
from forwarder.central.client import Question
from forwarder.central.lapor import LaporCentral
from forwarder.central.lapor_mapping import Asked, list_at, pointers_in, text_at
from forwarder.central.lapor_words import number_among, updates_in, words_for
from forwarder.ledger import Case
from normalizer.record import Agency, Judgement, Record, Reporter, StoredFile, Urgency

TEST_TEXT = (
    "[UJI COBA] Ini laporan uji coba sambungan gateway, bukan laporan warga. Mohon diabaikan."
)
PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c4944415408d763f8ffff3f0005fe02fea735819e0000000049454e44ae426082"
)
SHOWN = 12

Verdict = Literal["ok", "wrong", "skipped", "dry"]


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step and how it went."""

    name: str
    verdict: Verdict
    expected: str
    came: str = ""
    change: str = ""


def sample(case_code: str, now: int) -> Record:
    """The test report."""
    nobody = Judgement(value=None, confidence=0.0)
    return Record(
        record_id=f"uji-coba-{case_code}",
        revision=1,
        case_code=case_code,
        received_at=datetime.fromtimestamp(now / 1000, UTC),
        sent_at=None,
        channel="uji-coba",
        external_id=case_code,
        visibility="private",
        reporter=Reporter(pseudonym="uji-coba"),
        anonymous=True,
        confidential=True,
        text=TEST_TEXT,
        clean_text=TEST_TEXT.lower(),
        title="[UJI COBA] Sambungan gateway",
        language="id",
        type=Judgement(value="pengaduan", confidence=1.0),
        topic=nobody,
        agency=Agency(value=None, confidence=0.0),
        urgency=Urgency(),
    )


class Conform:
    """Tries one store's mapping."""

    def __init__(self, store: LaporCentral, record: Record, *, send: bool) -> None:
        self._store = store
        self._mapping = store.mapping
        self._record = record
        self._send = send
        self._number = ""

    async def steps(self) -> AsyncIterator[Step]:
        """One after the other; what follows from a failed one is skipped."""
        mapping = self._mapping
        for problem in self._store.problems():
            if "not confirmed" not in problem:
                yield Step(name="mapping", verdict="wrong", expected="complete", change=problem)
        yield await self._reach()
        yield await self._authenticate()
        yield await self._step("categories", mapping.categories, self._categories)
        yield await self._step("create", mapping.create, self._created)
        yield await self._step("find", mapping.find, self._found, needs_number=True)
        yield await self._attach()
        yield await self._step("comment", mapping.comment, self._taken, needs_number=True)
        yield await self._step("update", mapping.update, self._taken, needs_number=True)
        yield await self._step("poll", mapping.poll, self._polled, needs_number=True)
        yield await self._again()

    async def _reach(self) -> Step:
        expected = "any HTTP answer from the url"
        if not self._send:
            return Step(name="reach", verdict="dry", expected=expected)
        answer = await self._store.calls.send(Asked(method="GET"), {})
        if isinstance(answer, Answer):
            came = f"HTTP {answer.status}"
            return Step(name="reach", verdict="ok", expected=expected, came=came)
        change = "url, allow_private, ca_file or timeout of this store in gateway.toml"
        return Step(
            name="reach", verdict="wrong", expected=expected, came=answer.reason, change=change
        )

    async def _authenticate(self) -> Step:
        """Whoever asks without a token must be refused: else the token goes nowhere."""
        expected = "categories are refused without our token"
        asked = self._mapping.categories
        if not asked.path:
            return Step(name="authenticate", verdict="skipped", expected=expected)
        if not self._send:
            return Step(name="authenticate", verdict="dry", expected=expected)
        blank = {"token": "", "username": "", "password": ""}
        answer = await self._store.calls.send(asked, self._words(), account=blank)
        content = self._store.calls.judged(asked, answer)
        if isinstance(content, Refused | TryLater):
            return Step(name="authenticate", verdict="ok", expected=expected, came=content.reason)
        change = (
            "it answers without a token too: this step proves nothing about ours; set read.success"
            " and read.success_is if they refuse with a good status"
        )
        return Step(
            name="authenticate",
            verdict="skipped",
            expected=expected,
            came="an answer",
            change=change,
        )

    async def _attach(self) -> Step:
        expected = "a small picture is taken"
        asked = self._mapping.attach
        if not asked.path or (self._send and not self._number):
            return Step(name="attach", verdict="skipped", expected=expected)
        if not self._send:
            return self._dry("attach", asked, expected)
        file = StoredFile(sha256="0" * 64, media_type="image/png", bytes=67, name="uji-coba.png")
        problem = await self._store.attach(self._record, self._number, file, PICTURE)
        if problem is None:
            return Step(name="attach", verdict="ok", expected=expected, came="taken")
        change = "attach.path, attach.fields, file_field, attach.ok"
        return Step(
            name="attach", verdict="wrong", expected=expected, came=problem.reason, change=change
        )

    async def _again(self) -> Step:
        expected = "the same report again is the same report (folds = true), or another one"
        asked = self._mapping.create
        if not asked.path or not (self._number or not self._send):
            return Step(name="repeat", verdict="skipped", expected=expected)
        if not self._send:
            return self._dry("repeat", asked, expected)
        answer = await self._store.calls.ask(asked, self._words())
        if isinstance(answer, TryLater | Uncertain | Refused):
            came, folded = answer.reason, False
        else:
            number = text_at(answer, self._mapping.read.tracking_id)
            folded = number == self._number
            came = "the same tracking id" if folded else "another tracking id"
        if folded == self._mapping.folds:
            return Step(name="repeat", verdict="ok", expected=expected, came=came)
        change = f"folds = {'true' if folded else 'false'}"
        return Step(name="repeat", verdict="wrong", expected=expected, came=came, change=change)

    # --- steps that read an answer -------------------------------------------------------------

    def _categories(self, answer: object) -> tuple[str, str]:
        read = self._mapping.read
        rows = list_at(answer, read.categories)
        known = {text_at(row, read.category_id) for row in rows} - {""}
        if not known:
            return f"no ids; {_places(answer)}", "read.categories and read.category_id"
        unknown = sorted({one for one in self._mapping.topics.values() if one not in known})
        if unknown:
            return f"{len(known)} categories", f"[topics] names unknown ids: {', '.join(unknown)}"
        return f"{len(known)} categories", ""

    def _created(self, answer: object) -> tuple[str, str]:
        self._number = text_at(answer, self._mapping.read.tracking_id)
        if self._number:
            return f"tracking id {self._number}", ""
        return f"no tracking id; {_places(answer)}", "read.tracking_id"

    def _found(self, answer: object) -> tuple[str, str]:
        number = number_among(self._mapping, answer, self._record.case_code)
        if number == self._number:
            return "found under its tracking id", ""
        came = f"under {number}" if number else f"not found; {_places(answer)}"
        return came, "find.fields, read.found, read.found_id, read.found_text"

    def _taken(self, _: object) -> tuple[str, str]:
        return "taken", ""

    def _polled(self, answer: object) -> tuple[str, str]:
        case = Case(record_id="", revision=1, reference=self._number, at=0)
        updates = updates_in(self._mapping, answer, case, 0)
        words = sorted({update.status for update in updates if update.status})
        if not updates:
            return f"no news; {_places(answer)}", "read.updates, read.update_status"
        strange = [word for word in words if word.lower() not in self._mapping.statuses]
        change = f"[statuses] lacks: {', '.join(strange)}" if strange else ""
        return f"{len(updates)} entries, statuses: {', '.join(words)}", change

    async def _step(
        self,
        name: str,
        asked: Asked,
        judge: Callable[[object], tuple[str, str]],
        *,
        needs_number: bool = False,
    ) -> Step:
        expected = EXPECTED[name]
        if not asked.path or (self._send and needs_number and not self._number):
            return Step(name=name, verdict="skipped", expected=expected)
        if not self._send:
            return self._dry(name, asked, expected)
        answer = await self._store.calls.ask(asked, self._words())
        if isinstance(answer, TryLater | Uncertain | Refused):
            change = f"{name}.path, {name}.send, {name}.fields, {name}.ok, headers, read.success"
            return Step(
                name=name, verdict="wrong", expected=expected, came=answer.reason, change=change
            )
        came, change = judge(answer)
        verdict: Verdict = "wrong" if change else "ok"
        return Step(name=name, verdict=verdict, expected=expected, came=came, change=change)

    def _dry(self, name: str, asked: Asked, expected: str) -> Step:
        hidden = {"token": "…", "username": "…", "password": "…"}
        question = self._store.calls.question(asked, self._words(), account=hidden)
        return Step(name=name, verdict="dry", expected=expected, came=_shown(question))

    def _words(self) -> dict[str, str]:
        comment = {"comment_id": "uji-coba", "comment": "[UJI COBA] Tambahan.", "solved": ""}
        return {**words_for(self._mapping, self._record, self._number), **comment}


EXPECTED = {
    "categories": "a list of categories with ids",
    "create": "a tracking id",
    "find": "the test report, by our case code in its text",
    "comment": "a comment is taken",
    "update": "a change is taken",
    "poll": "what happened to the test report",
}


def _places(answer: object) -> str:
    places = list(pointers_in(answer))
    more = " …" if len(places) > SHOWN else ""
    return f"the answer has values at: {', '.join(places[:SHOWN])}{more}"


def _shown(question: Question) -> str:
    body = question.body.decode("utf-8", "replace")
    return f"would send {question.method} {question.url} {body}".strip()
