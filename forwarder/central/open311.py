"""
A central store that speaks Open311 GeoReport v2, as its client.

A record is one POST; the server's number, or its token until there is one, is remembered as the
reference. A POST is not idempotent: in doubt the server's list of that hour is searched for our
mark in the description before anything is sent again. The standard knows no changes: revisions and
comments go there only where the server has the FixMyStreet extension (`updates`). What comes back:
open311_poll.py. https://wiki.open311.org/GeoReport_v2/
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlencode

import msgspec

from channels.contract import Outcome, Receipt, Refused, Secret, TryLater, Uncertain
from forwarder.central.addresses import host_of
from forwarder.central.answers import Answer
from forwarder.central.cases import moment
from forwarder.central.client import Client, Question
from forwarder.central.contract import Central
from forwarder.central.open311_answers import DUPLICATE, TOKEN, outcome_of, read
from forwarder.central.open311_form import Pairs, Share, described, form_of, mark_of
from forwarder.central.open311_poll import OUR_MARK, Poller
from forwarder.central.open311_read import Row, text
from forwarder.central.open311_services import Services, attributes_for
from forwarder.ledger import Case, Ledger
from forwarder.push import Push
from forwarder.update import Comment, Page
from normalizer.record import Record

HOUR_MS = 3_600_000
# A list of requests or services may be long; one of 1000 requests takes about a megabyte.
LIST_BYTES = 8 << 20
IDS_AT_ONCE = 50
# How much the server's clock may differ from ours.
AROUND_MS = HOUR_MS
# How the answer to "is it solved?" is told where the citizen said no more.
VERDICTS = {True: "Selesai", False: "Belum selesai", None: ""}
SHOWS_NONE = "its list shows no descriptions"

_RECORD = msgspec.json.Decoder(Record)
_COMMENT = msgspec.json.Decoder(Comment)


class Open311Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of a central store of kind open311."""

    #: What the server's discovery calls its endpoint, without the resource.
    url: str = ""
    #: Name of a secret.
    api_key: Secret | None = None
    jurisdiction_id: str = ""
    format: Literal["json", "xml"] = "json"
    #: Its service codes by our topics; a topic that is a code itself needs none.
    services: dict[str, str] = {}
    #: The service code for every other topic.
    fallback: str = ""
    #: What its services ask for, by code: templates such as "{title}".
    attributes: dict[str, str] = {}
    #: In doubt whether a request arrived: look in its list; repeat it, where the server folds an
    #: Idempotency-Key; or leave it to a person.
    doubt: Literal["list", "repeat", "person"] = "list"
    #: The server has the FixMyStreet extension servicerequestupdates.
    updates: bool = False
    share: Share = Share()
    #: Seconds between two looks at the states of our requests; 0: nobody looks.
    poll: Annotated[float, msgspec.Meta(ge=0)] = 600.0
    #: Hours a list of services is good for.
    services_hours: Annotated[float, msgspec.Meta(gt=0)] = 6.0
    allow_private: bool = False
    #: Seconds for one question.
    timeout: Annotated[float, msgspec.Meta(gt=0)] = 30.0
    ca_file: str = ""


class Open311Central(Central):
    """Records as requests of somebody's GeoReport server."""

    kind: ClassVar[str] = "open311"
    Options = Open311Options
    public: ClassVar[bool] = True

    def __init__(
        self, name: str, options: Open311Options, clock: Callable[[], int], ledger: Ledger
    ) -> None:
        super().__init__(name)
        self._options = options
        self._clock = clock
        self.takes_comments = self.comments_with(options)
        self.poll_every = options.poll or None
        self._client = Client(
            allow_private=options.allow_private, timeout=options.timeout, ca_file=options.ca_file
        )
        self._services = Services(
            self._get,
            names=options.services,
            fallback=options.fallback,
            keep_ms=int(options.services_hours * HOUR_MS),
            clock=clock,
        )
        self._poller = Poller(self._get, ledger, clock=clock, extension=options.updates)

    @classmethod
    def comments_with(cls, options: Open311Options) -> bool:
        """With the extension for updates alone."""
        return options.updates

    async def push(self, pushes: Sequence[Push]) -> Sequence[Outcome]:
        """Post each one, one after the other."""
        return [await self._push_one(push) for push in pushes]

    async def find(self, push: Push) -> Receipt | Uncertain | None:
        """Look for our mark among the requests of that time."""
        if push.reference and not push.reference.startswith(TOKEN):
            found = await self._get("requests", service_request_id=push.reference)
            return _found(found, lambda row: text(row, "service_request_id") == push.reference)
        if not push.document:
            return Uncertain(reason="without its text a request cannot be found")
        mark = mark_of(_RECORD.decode(push.document).case_code)
        rows = await self._get(
            "requests",
            start_date=moment(push.created_at - AROUND_MS),
            end_date=moment(self._clock() + AROUND_MS),
        )
        # Some servers publish no descriptions: there our mark cannot be seen.
        listed = () if isinstance(rows, TryLater | Uncertain | Refused) else rows
        if listed and not any(text(row, "description") for row in listed):
            return Uncertain(reason=SHOWS_NONE)
        return _found(rows, lambda row: mark in text(row, "description"))

    async def holds(self, cases: Sequence[Case]) -> Sequence[bool | None]:
        """Ask for many numbers at once."""
        answers: list[bool | None] = []
        for start in range(0, len(cases), IDS_AT_ONCE):
            some = cases[start : start + IDS_AT_ONCE]
            numbers = [case.reference for case in some if _is_number(case.reference)]
            rows = await self._get("requests", service_request_id=",".join(numbers))
            if isinstance(rows, TryLater | Uncertain | Refused):
                answers += [None] * len(some)
                continue
            there = {text(row, "service_request_id") for row in rows}
            answers += [
                case.reference in there if _is_number(case.reference) else None for case in some
            ]
        return answers

    async def poll(self, cursor: str) -> Page | TryLater:
        """States of our requests, numbers for tokens, and what the extension tells."""
        return await self._poller.page(cursor)

    def problems(self) -> Sequence[str]:
        """What is missing, and what this server cannot be told."""
        options, found = self._options, []
        if not host_of(options.url):
            found.append(f"central store {self.name}: url is no http address")
        if options.api_key is None:
            found.append(f"central store {self.name}: no api_key, most servers refuse new requests")
        if not options.fallback:
            found.append(f"central store {self.name}: fallback is empty, unknown topics are parked")
        if not options.updates:
            found.append(f"central store {self.name}: later changes are not told (updates = false)")
        return found

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    # --- pushing -------------------------------------------------------------------------------

    async def _push_one(self, push: Push) -> Outcome:
        try:
            if push.kind == "comment":
                said = _COMMENT.decode(push.document)
                words = f"{said.text or VERDICTS[said.solved]}\n\n{OUR_MARK}]"
                return await self._update(push, words, said.at)
            return await self._push_record(push, _RECORD.decode(push.document))
        except msgspec.DecodeError as exc:
            return Refused(reason=f"the document cannot be read: {type(exc).__name__}")

    async def _push_record(self, push: Push, record: Record) -> Outcome:
        if record.confidential:
            # Whoever is named here already was before the flag was set; the list is public.
            return _at_an_end(push, "confidential reports do not go to a public list")
        if push.reference:
            if not self._options.updates or push.revision <= push.known:
                return Receipt(reference=push.reference)
            return await self._update(push, described(record, record.text), push.created_at)
        if push.doubtful and self._options.doubt != "repeat":
            return await self._resolve(push)
        return await self._post(push, record)

    async def _resolve(self, push: Push) -> Outcome:
        """An earlier attempt may have arrived: never a second request while that is open."""
        if self._options.doubt == "person":
            return Refused(reason="may have been sent: look there, then retry or drop")
        found = await self.find(push)
        if found is None:
            return await self._post(push, _RECORD.decode(push.document))
        if isinstance(found, Uncertain) and found.reason == SHOWS_NONE:
            return Refused(reason=f"may have been sent, {found.reason}: look there, then retry")
        return found

    async def _post(self, push: Push, record: Record) -> Outcome:
        service = await self._services.of(record)
        if isinstance(service, TryLater | Refused):
            return service
        attributes = attributes_for(service, self._options.attributes, record)
        if isinstance(attributes, Refused):
            return attributes
        pairs = form_of(record, service.code, attributes, self._options.share)
        rows = await self._ask("POST", "requests", pairs, {"Idempotency-Key": f'"{push.id}"'})
        if isinstance(rows, Uncertain) and rows.reason == DUPLICATE:
            found = await self.find(push)
            return found or Refused(reason=f"{DUPLICATE}, and our mark is not in its list")
        if isinstance(rows, Refused):
            self._services.forget()
        if isinstance(rows, TryLater | Uncertain | Refused):
            return rows
        return outcome_of(rows, service.kind)

    async def _update(self, push: Push, words: str, at: int) -> Outcome:
        """By the extension; a request that has only a token yet must get its number first."""
        reference = push.reference
        if reference.startswith(TOKEN):
            reference = await self._poller.number_of(reference)
            if not reference:
                return TryLater(reason="the server has given no number yet, only a token")
        if not reference:
            return _at_an_end(push, "the server gave this request no number")
        pairs = [
            ("service_request_id", reference),
            ("update_id", push.id),
            ("status", "OPEN"),
            ("updated_datetime", moment(at)),
            ("description", words),
        ]
        pairs += [("email", self._options.share.email)] if self._options.share.email else []
        headers = {"Idempotency-Key": f'"{push.id}"'}
        rows = await self._ask("POST", "servicerequestupdates", pairs, headers)
        if isinstance(rows, TryLater | Uncertain | Refused):
            return rows
        return Receipt(reference=reference)

    # --- asking --------------------------------------------------------------------------------

    async def _get(
        self, resource: str, **query: str
    ) -> Sequence[Row] | TryLater | Uncertain | Refused:
        return await self._ask("GET", resource, [*query.items()], {})

    async def _ask(
        self, method: str, resource: str, pairs: Pairs, headers: Mapping[str, str]
    ) -> Sequence[Row] | TryLater | Uncertain | Refused:
        options = self._options
        if options.jurisdiction_id:
            pairs = [("jurisdiction_id", options.jurisdiction_id), *pairs]
        if method == "POST" and options.api_key:
            pairs = [("api_key", options.api_key.value), *pairs]
        url = f"{options.url.rstrip('/')}/{resource}.{options.format}"
        body = b""
        if method == "POST":
            body = urlencode(pairs).encode()
            kind = "application/x-www-form-urlencoded; charset=utf-8"
            headers = {"Content-Type": kind, **headers}
        elif pairs:
            url = f"{url}?{urlencode(pairs)}"
        answer = await self._client.ask(
            Question(url=url, method=method, headers=headers, body=body, limit=LIST_BYTES)
        )
        return read(answer, self._clock() / 1000) if isinstance(answer, Answer) else answer


def _found(
    rows: Sequence[Row] | TryLater | Uncertain | Refused, ours: Callable[[Row], bool]
) -> Receipt | Uncertain | None:
    if isinstance(rows, TryLater | Uncertain):
        return Uncertain(reason=f"asking the server: {rows.reason}")
    if isinstance(rows, Refused):
        return None if rows.reason == "HTTP 404" else Uncertain(reason=rows.reason)
    found = next((row for row in rows if ours(row)), None)
    return Receipt(reference=text(found, "service_request_id")) if found else None


def _is_number(reference: str) -> bool:
    return bool(reference) and not reference.startswith(TOKEN) and "," not in reference


def _at_an_end(push: Push, why: str) -> Outcome:
    return Receipt(reference=push.reference) if push.reference else Refused(reason=why)
