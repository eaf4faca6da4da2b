"""
What a store's HTTP answer means for the record that was pushed; pure.

    2xx                      done, if the body looks like a store's and not like a portal's page
    409                      already there: done; with Retry-After the first push is still running
    3xx 401 403 404 405 407 408 410 425 429 5xx    later: it is about the endpoint, not the record
    other 4xx, 501, 505      refused: a person must look

A redirect or a 404 is a wrong setting, not a wrong record: parking ten thousand records for it
would be the wrong door. Bodies are never logged; of a problem document (RFC 9457) the words are
kept that do not repeat the record.
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from http import HTTPStatus

import msgspec

from channels.contract import Outcome, Receipt, Refused, TryLater, Uncertain
from forwarder.backoff import retry_after

ANSWER_LIMIT = 64 << 10
# "OK", "accepted", "berhasil": what small stores write instead of JSON.
SHORT = 200
# An endpoint that says it is gone is asked again now and then, in case it was a mistake.
GONE_SECONDS = 3600.0
DONE = range(200, 300)
#: Statuses that are about the endpoint or the moment, and what they tell the operator.
LATER: tuple[tuple[Container[int], str], ...] = (
    (range(300, 400), "the store redirects, check its url: "),
    ((401, 403, 404, 405, 407), "the store refuses us: "),
    ((410,), "the store says its address is gone: "),
    ((408, 425, 429), ""),
    (frozenset(range(500, 600)) - {501, 505}, ""),
)
REFERENCES = ("reference", "id")
# Words up to this length ("is", "not") tell nothing of anybody.
HARMLESS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP answer, as far as it was read."""

    status: int
    #: Names in lower case.
    headers: Mapping[str, str]
    body: bytes
    #: False when there was more than we read.
    complete: bool = True


class _Problem(msgspec.Struct):
    title: str = ""
    detail: str = ""


def outcome_of(answer: Answer, sent: bytes, now: float) -> Outcome:
    """Sort an answer to the push of `sent`; `now` is the Unix time."""
    told = retry_after(answer.headers.get("retry-after", ""), now)
    if answer.status in DONE:
        return _done(answer)
    if answer.status == HTTPStatus.CONFLICT:
        if told is None:
            return Receipt(reference="already there")
        return TryLater(reason="the store is still at the first push of this record", wait=told)
    reason = _reason(answer, sent)
    for statuses, meaning in LATER:
        if answer.status in statuses:
            wait = GONE_SECONDS if answer.status == HTTPStatus.GONE else told
            return TryLater(reason=f"{meaning}{reason}", wait=wait)
    return Refused(reason=reason)


def _done(answer: Answer) -> Outcome:
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_json = kind.endswith(("/json", "+json"))
    if not answer.complete and is_json:
        return Receipt()
    if answer.complete and (not answer.body.strip() or _is_short_text(answer.body)):
        return Receipt(reference=answer.headers.get("location", ""))
    if answer.complete and _is_json(answer.body):
        return Receipt(reference=_reference(answer))
    return Uncertain(reason=f"answered {answer.status}, but not as a store does ({kind or '?'})")


def _is_short_text(body: bytes) -> bool:
    if len(body) > SHORT or not body.isascii():
        return False
    words = body.decode().strip()
    return words.replace("\n", " ").isprintable() and words[0] not in '<{["'


def _is_json(body: bytes) -> bool:
    try:
        msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return False
    return True


def _reference(answer: Answer) -> str:
    try:
        values = msgspec.json.decode(answer.body, type=dict[str, msgspec.Raw])
    except ValueError:
        return answer.headers.get("location", "")
    for name in REFERENCES:
        raw = bytes(values.get(name, b"")).strip(b'"')
        if raw and len(raw) <= SHORT and raw != b"null":
            return raw.decode("utf-8", "replace")
    return answer.headers.get("location", "")


def _reason(answer: Answer, sent: bytes) -> str:
    phrase = f"HTTP {answer.status}"
    kind = answer.headers.get("content-type", "")
    if not kind.startswith("application/problem+json"):
        return phrase
    try:
        problem = msgspec.json.decode(answer.body, type=_Problem)
    except (ValueError, RecursionError):
        return phrase
    # The store may quote the complaint; reasons stand unencrypted and are seen by operators.
    words = f"{problem.title} {problem.detail}".split()
    kept = ["…" if len(word) > HARMLESS and word.encode() in sent else word for word in words]
    return f"{phrase}: {' '.join(kept)}"
