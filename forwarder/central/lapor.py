"""
SP4N-LAPOR! as a central store, spoken to as config/lapor.toml says; see lapor_mapping.py.

Nothing is sent before the mapping is confirmed. A new report bears our case code in its text, by
which it is found again in doubt; where they fold what comes twice it is simply sent again, and
where neither is so a person looks. Files follow the report; when one of them fails the whole is in
doubt and taken up again, since a second copy of a photo is better than none.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, ClassVar

import msgspec

from channels.contract import Outcome, Receipt, Refused, Secret, TryLater, Uncertain
from forwarder.central.addresses import host_of
from forwarder.central.cases import moment
from forwarder.central.client import Client
from forwarder.central.contract import Central
from forwarder.central.lapor_calls import Bad, Calls, File
from forwarder.central.lapor_mapping import EXTRA, LaporMapping, templates_in, text_at
from forwarder.central.lapor_words import number_among, updates_in, words_for
from forwarder.central.templates import WORDS, unknown_names
from forwarder.ledger import Ledger
from forwarder.push import Push
from forwarder.update import Comment, Page, Update
from normalizer.record import Record, StoredFile

CASES = 20
OVERLAP_MS = 3_600_000
UNCONFIRMED = "its mapping is not confirmed: run lapor-gateway conform lapor"

_RECORD = msgspec.json.Decoder(Record)
_COMMENT = msgspec.json.Decoder(Comment)

#: The content of a kept file by its SHA-256, None where it is gone; OSError in bad weather.
Fetch = Callable[[str], bytes | None]


class LaporOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of a central store of kind lapor."""

    url: str = ""
    #: The file with the mapping, in the config folder.
    mapping: str = "lapor.toml"
    #: Names of secrets, for {token} and {password} in the mapping.
    token: Secret | None = None
    username: str = ""
    password: Secret | None = None
    #: Seconds between two looks at what happened to our reports; 0: nobody looks.
    poll: Annotated[float, msgspec.Meta(ge=0)] = 900.0
    allow_private: bool = False
    #: Seconds for one question.
    timeout: Annotated[float, msgspec.Meta(gt=0)] = 30.0
    ca_file: str = ""


class LaporCentral(Central):
    """Records as reports of SP4N."""

    kind: ClassVar[str] = "lapor"
    Options = LaporOptions

    def __init__(  # noqa: PLR0913 (the composition root names each)
        self,
        name: str,
        options: LaporOptions,
        *,
        mapping: LaporMapping,
        clock: Callable[[], int],
        ledger: Ledger,
        fetch: Fetch = lambda _: None,
    ) -> None:
        super().__init__(name)
        self._options = options
        self.mapping = mapping
        self._clock = clock
        self._ledger = ledger
        self._fetch = fetch
        self.takes_comments = bool(mapping.comment.path)
        asks = mapping.confirmed and mapping.poll.path
        self.poll_every = options.poll if options.poll and asks else None
        self._client = Client(
            allow_private=options.allow_private, timeout=options.timeout, ca_file=options.ca_file
        )
        account = {
            "token": options.token.value if options.token else "",
            "username": options.username,
            "password": options.password.value if options.password else "",
        }
        self.calls = Calls(options.url, mapping, self._client, account=account, clock=clock)

    async def push(self, pushes: Sequence[Push]) -> Sequence[Outcome]:
        """One after the other."""
        if not self.mapping.confirmed:
            return [TryLater(reason=UNCONFIRMED)] * len(pushes)
        return [await self._push_one(push) for push in pushes]

    async def find(self, push: Push) -> Receipt | Uncertain | None:
        """Look for our case code in what their search answers."""
        if not self.mapping.find.path or not push.document or push.kind != "record":
            return Uncertain(reason="there is no way to search")
        record = _RECORD.decode(push.document)
        answer = await self.calls.ask(self.mapping.find, words_for(self.mapping, record))
        if isinstance(answer, TryLater | Uncertain | Refused):
            return Uncertain(reason=f"searching: {answer.reason}")
        number = number_among(self.mapping, answer, record.case_code)
        return Receipt(reference=number) if number else None

    async def poll(self, cursor: str) -> Page | TryLater:
        """Ask for each open report, or for everything since, as the mapping has it."""
        if not any("{tracking_id}" in one for one in self._poll_templates()):
            return await self._poll_all(cursor)
        cases = await self._ledger.cases(cursor, CASES)
        updates: list[Update] = []
        problem: TryLater | None = None
        answered = False
        for case in cases:
            if not case.reference:
                continue
            words = {"tracking_id": case.reference, "record_id": case.record_id}
            answer = await self.calls.ask(self.mapping.poll, words)
            if isinstance(answer, TryLater | Uncertain | Refused):
                problem = TryLater(reason=answer.reason)
                if isinstance(answer, Refused) or answer.reason.endswith("HTTP 404"):
                    continue  # this one may be gone alone; the others are asked for
                return problem
            answered = True
            updates += updates_in(self.mapping, answer, case, self._clock())
        if problem and not answered:
            return problem
        more = len(cases) == CASES
        return Page(updates=tuple(updates), cursor=cases[-1].record_id if more else "", more=more)

    def problems(self) -> Sequence[str]:
        """What the mapping leaves undone."""
        mapping, store, found = self.mapping, f"central store {self.name}", []
        if not host_of(self._options.url):
            found.append(f"{store}: url is no http address")
        if not mapping.confirmed:
            found.append(f"{store}: {UNCONFIRMED}")
        if not mapping.create.path or not mapping.read.tracking_id:
            found.append(f"{store}: the mapping has no create.path or no read.tracking_id")
        if not mapping.update.path:
            found.append(f"{store}: later changes are not told (the mapping has no update.path)")
        known = (*WORDS, *EXTRA)
        strange = unknown_names(templates_in(mapping), known)
        return [*found, *(f"{store}: the mapping names {{{n}}}, unknown here" for n in strange)]

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    def _poll_templates(self) -> Sequence[str]:
        return (self.mapping.poll.path, *self.mapping.poll.fields.values())

    async def _poll_all(self, cursor: str) -> Page | TryLater:
        now = self._clock()
        since = moment(max(int(cursor or 0) - OVERLAP_MS, 0))
        answer = await self.calls.ask(self.mapping.poll, {"cursor": since})
        if isinstance(answer, TryLater | Uncertain | Refused):
            return TryLater(reason=answer.reason)
        return Page(updates=tuple(updates_in(self.mapping, answer, None, now)), cursor=str(now))

    # --- pushing -------------------------------------------------------------------------------

    async def _push_one(self, push: Push) -> Outcome:
        try:
            if push.kind == "comment":
                return await self._comment(push, _COMMENT.decode(push.document))
            record = _RECORD.decode(push.document)
        except msgspec.DecodeError as exc:
            return Refused(reason=f"the document cannot be read: {type(exc).__name__}")
        if push.reference:
            return await self._change(push, record)
        if push.doubtful and not self.mapping.folds:
            return await self._resolve(push, record)
        return await self._create(record)

    async def _resolve(self, push: Push, record: Record) -> Outcome:
        if not self.mapping.find.path:
            return Refused(reason="may have been sent: look there, then retry or drop")
        found = await self.find(push)
        if found is None:
            return await self._create(record)
        return await self._attach(record, found.reference) if isinstance(found, Receipt) else found

    async def _create(self, record: Record) -> Outcome:
        answer = await self.calls.ask(self.mapping.create, words_for(self.mapping, record))
        if isinstance(answer, TryLater | Uncertain | Refused):
            return answer
        number = text_at(answer, self.mapping.read.tracking_id)
        if not number:
            return Uncertain(reason="no tracking id where the mapping says it stands")
        return await self._attach(record, number)

    async def _change(self, push: Push, record: Record) -> Outcome:
        """A revision of what they have, where they take one."""
        if self.mapping.update.path and push.revision > push.known:
            words = words_for(self.mapping, record, push.reference)
            answer = await self.calls.ask(self.mapping.update, words)
            if isinstance(answer, TryLater | Uncertain | Refused):
                return answer
        return Receipt(reference=push.reference)

    async def _comment(self, push: Push, said: Comment) -> Outcome:
        if not push.reference:
            return Refused(reason="the report this is about has no tracking id")
        verdict = {True: self.mapping.yes, False: self.mapping.no, None: ""}[said.solved]
        words: Mapping[str, str] = {
            "tracking_id": push.reference,
            "record_id": said.record_id,
            "comment_id": said.comment_id,
            "comment": said.text,
            "solved": verdict,
        }
        answer = await self.calls.ask(self.mapping.comment, words)
        if isinstance(answer, TryLater | Uncertain | Refused):
            return answer
        return Receipt(reference=push.reference)

    async def _attach(self, record: Record, number: str) -> Outcome:
        for stored in record.attachments if self.mapping.attach.path else ():
            try:
                content = await asyncio.to_thread(self._fetch, stored.sha256)
            except OSError:
                return Uncertain(reason="a file could not be read")
            if content is None:  # erased or never fetched: the record tells of it
                continue
            problem = await self.attach(record, number, stored, content)
            if problem:
                return Uncertain(reason=f"a file could not be sent: {problem.reason}")
        return Receipt(reference=number)

    async def attach(
        self, record: Record, number: str, stored: StoredFile, content: bytes
    ) -> Bad | None:
        """Send one file; None when it is there."""
        file = File(
            field=self.mapping.file_field,
            name=stored.name or f"{stored.sha256[:12]}",
            media_type=stored.media_type,
            content=content,
        )
        answer = await self.calls.ask(
            self.mapping.attach, words_for(self.mapping, record, number), file
        )
        return answer if isinstance(answer, TryLater | Uncertain | Refused) else None
