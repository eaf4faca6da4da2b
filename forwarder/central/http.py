"""
A central store behind HTTP: each record is one POST of a CloudEvent, signed, under its own key.

`webhook-id`, `Idempotency-Key` and the event's id are one and the same and come from the record;
the body is equal over retries, only timestamp and signature are of the attempt. A push without an
answer is uncertain and sent again under the same key, after asking `find_url` where there is one.
What answers mean: answers.py. Where pushes may go: addresses.py, client.py. Updates come in signed
the same way, or are fetched from `poll_url`: events.py. For its developers: docs/central-http.md.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, ClassVar
from urllib.parse import quote

import msgspec

from channels.contract import Outcome, Receipt, Secret, TryLater, Uncertain
from channels.standard_webhooks import key_of, signed, verify
from forwarder.backoff import retry_after
from forwarder.central.addresses import host_of, is_private_literal
from forwarder.central.answers import ANSWER_LIMIT, Answer, outcome_of
from forwarder.central.client import Client, Question
from forwarder.central.contract import Central
from forwarder.central.events import page_in, updates_in
from forwarder.push import CONTENT_TYPE, Push, event
from forwarder.update import Page, Update

LOOPBACK = {"localhost", "127.0.0.1", "::1"}
PAGE_BYTES = 4 << 20


class HttpOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of a central store of kind http."""

    url: str = ""
    #: Names of `whsec_…` secrets; two during a rotation, both sign.
    secrets: tuple[Secret, ...] = ()
    #: Names of `whsec_…` secrets that updates are signed with; empty: those of `secrets`.
    update_secrets: tuple[Secret, ...] = ()
    #: Where to ask for a record: a URL with {id}, {record_id}, {revision}; 200 is yes, 404 no.
    find_url: str = ""
    #: Where to fetch updates: a URL with {cursor}; empty: the store sends them.
    poll_url: str = ""
    #: Seconds between two fetches.
    poll: Annotated[float, msgspec.Meta(gt=0)] = 60.0
    #: What citizens add goes there as events of its own; false: as a revision of the record.
    comments: bool = True
    #: Who sends, in each event.
    source: str = "/lapor-gateway"
    #: The store may have an address that is not of the open internet.
    allow_private: bool = False
    #: Seconds for one push, from connecting to the last byte of the answer.
    timeout: Annotated[float, msgspec.Meta(gt=0)] = 15.0
    #: Certificates to trust instead of the system's.
    ca_file: str = ""


class HttpCentral(Central):
    """Records at somebody else's HTTP endpoint."""

    kind: ClassVar[str] = "http"
    takes_anchors: ClassVar[bool] = True
    Options = HttpOptions

    def __init__(self, name: str, options: HttpOptions, clock: Callable[[], int]) -> None:
        """`clock` tells milliseconds since 1970; raises ValueError for a secret that is none."""
        super().__init__(name)
        self._options = options
        self._clock = clock
        self._keys = [key_of(secret) for secret in options.secrets]
        self._update_keys = [key_of(one) for one in options.update_secrets] or self._keys
        self.takes_comments = self.comments_with(options)
        self.poll_every = options.poll if options.poll_url else None
        self._client = Client(
            allow_private=options.allow_private, timeout=options.timeout, ca_file=options.ca_file
        )

    @classmethod
    def comments_with(cls, options: HttpOptions) -> bool:
        """Unless the settings say that it does not."""
        return options.comments

    async def push(self, pushes: Sequence[Push]) -> Sequence[Outcome]:
        """Post each record on its own."""
        return await asyncio.gather(*(self._push_one(push) for push in pushes))

    async def find(self, push: Push) -> Receipt | Uncertain | None:
        """Ask `find_url` for the record."""
        if not self._options.find_url:
            return Uncertain(reason="no find_url is set")
        url = self._options.find_url
        for word in ("id", "record_id", "revision"):
            url = url.replace(f"{{{word}}}", str(getattr(push, word)))
        answer = await self._ask("GET", url, push.id)
        if not isinstance(answer, Answer):
            return Uncertain(reason=f"asking the store: {answer.reason}")
        if answer.status in {200, 204}:
            return Receipt(reference="found there")
        if answer.status == 404:  # noqa: PLR2004 (an HTTP status)
            return None
        return Uncertain(reason=f"asking the store: HTTP {answer.status}")

    async def poll(self, cursor: str) -> Page | TryLater:
        """Fetch `poll_url`."""
        url = self._options.poll_url.replace("{cursor}", quote(cursor, safe=""))
        answer = await self._ask("GET", url, "poll")
        if not isinstance(answer, Answer):
            return TryLater(reason=answer.reason)
        if answer.status != 200:  # noqa: PLR2004 (an HTTP status)
            told = retry_after(answer.headers.get("retry-after", ""), self._clock() / 1000)
            return TryLater(reason=f"HTTP {answer.status}", wait=told)
        try:
            return page_in(answer.body, self._clock())
        except (ValueError, RecursionError) as exc:
            return TryLater(reason=f"the answer is no page of updates: {_said(exc)}")

    def heard(self, headers: Mapping[str, str], body: bytes, now: int) -> Sequence[Update]:
        """The updates of a request that is signed by the store."""
        if not self._update_keys or not verify(self._update_keys, headers, body, now / 1000):
            raise PermissionError("not signed by the store")
        try:
            return updates_in(headers, body, now)
        except RecursionError as exc:
            raise ValueError("nested too deeply") from exc

    def problems(self) -> Sequence[str]:
        """What is missing for a safe way there."""
        options, found = self._options, []
        host = host_of(options.url)
        if not host:
            return [f"central store {self.name}: url is no http address"]
        if options.url.startswith("http:") and host not in LOOPBACK:
            found.append(f"central store {self.name}: records travel unencrypted, use https")
        if not self._keys:
            found.append(f"central store {self.name}: no secret is set, pushes are not signed")
        if not options.allow_private and is_private_literal(host):
            found.append(f"central store {self.name}: a private address needs allow_private = true")
        if options.ca_file and not Path(options.ca_file).is_file():
            found.append(f"central store {self.name}: ca_file {options.ca_file} does not exist")
        return found

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _push_one(self, push: Push) -> Outcome:
        if push.doubtful and self._can_tell(push):
            there = await self.find(push)
            if there is not None:
                return there
        body = event(push, self._options.source)
        answer = await self._ask("POST", self._options.url, push.id, body)
        if not isinstance(answer, Answer):
            return answer
        return outcome_of(answer, push.document, self._clock() / 1000)

    def _can_tell(self, push: Push) -> bool:
        """Whether `find_url` names this very push, and not the record in any revision."""
        names = ("{id}",) if push.kind != "record" else ("{id}", "{revision}")
        return any(name in self._options.find_url for name in names)

    async def _ask(
        self, method: str, url: str, name: str, body: bytes = b""
    ) -> Answer | TryLater | Uncertain:
        timestamp = self._clock() // 1000
        headers = {
            "Accept": "application/json, application/problem+json",
            "webhook-id": name,
            "webhook-timestamp": str(timestamp),
        }
        if body or name != "poll":
            headers |= {"Content-Type": CONTENT_TYPE, "Idempotency-Key": f'"{name}"'}
        if self._keys:
            headers |= signed(self._keys, name, timestamp, body)
        limit = PAGE_BYTES if name == "poll" else ANSWER_LIMIT
        return await self._client.ask(
            Question(url=url, method=method, headers=headers, body=body, limit=limit)
        )


def _said(error: BaseException) -> str:
    """What does not fit, without the store's words."""
    text = str(error)
    return text if isinstance(error, msgspec.ValidationError) else type(error).__name__
