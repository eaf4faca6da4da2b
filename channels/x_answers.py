"""
What X's refusals mean: wait for the limit, wait for a person, try again, or never.

X has no Retry-After but `x-rate-limit-reset`, a moment of its own clock; so does its Date, and the
difference does not depend on ours. Bodies may be problem documents, the old error list, or HTML.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from channels.contract import Outcome, Receipt, Refused, Trouble, TryLater, Uncertain
from channels.provider_http import LONGEST_WAIT, Answer

#: X is never asked again sooner, whatever it says.
LEAST_WAIT = 1.0
_NO_RESET_WAIT = 60.0
_CREDIT_WAIT = 900.0

# How problem types end: https://docs.x.com/x-api/fundamentals/response-codes-and-errors
_NO_CREDIT = ("usage-capped", "credits-depleted")
_NO_ACCESS = ("client-forbidden", "oauth1-permissions", "unsupported-authentication")
# The old codes of the same: bad keys, a token without the permission, a suspended app.
_BAD_CODES = {32, 89, 215, 220, 261, 416, 453}
_DUPLICATE_CODE = 187


@dataclass(frozen=True, slots=True, kw_only=True)
class Setback:
    """Why a page did not come."""

    reason: str
    trouble: Trouble
    #: Seconds, where X told; None: a little longer each time.
    wait: float | None = None


def setback(result: Answer | TryLater | Uncertain, clock: float) -> Setback | None:
    """What stopped a reading; None where a page came."""
    if not isinstance(result, Answer):
        return Setback(reason=result.reason, trouble="away")
    status, reason = result.status, f"answered {result.status}"
    kinds = _kinds(result)
    if status == HTTPStatus.PAYMENT_REQUIRED or kinds & set(_NO_CREDIT):
        return Setback(reason=reason, trouble="no_credit")
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Setback(reason=reason, trouble="throttled", wait=until_reset(result, clock))
    # 404: there is no such account.
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND):
        return Setback(reason=reason, trouble="bad_credentials")
    if result.is_success and isinstance(result.json(), Mapping):
        return None
    return Setback(reason="no page came" if result.is_success else reason, trouble="away")


def until_reset(answer: Answer, clock: float) -> float:
    """Seconds until the limit is lifted, at least one; `clock` is ours, for want of a Date."""
    told = answer.headers.get("x-rate-limit-reset", "").strip()
    if not (told.isascii() and told.isdecimal()):
        return _NO_RESET_WAIT
    wait = float(told[:12]) - _date(answer.headers, clock)
    return min(max(wait, LEAST_WAIT), LONGEST_WAIT)


def is_spent(answer: Answer) -> bool:
    """Whether the next request of this kind would be one too many."""
    return answer.headers.get("x-rate-limit-remaining", "").strip() == "0"


def outcome_of_writing(
    result: Answer | TryLater | Uncertain, clock: float, probe: float
) -> Outcome:
    """What became of an answer to a citizen; `probe` is the wait while a person must act."""
    if not isinstance(result, Answer):
        return result
    if result.is_success:
        return _posted(result)
    return _delay(result, clock, probe) or _refusal(result)


def _delay(answer: Answer, clock: float, probe: float) -> TryLater | None:
    """The wait where the whole channel cannot write now."""
    status, reason = answer.status, f"answered {answer.status}"
    if status == HTTPStatus.PAYMENT_REQUIRED or _kinds(answer) & set(_NO_CREDIT):
        return TryLater(reason=reason, wait=max(probe, _CREDIT_WAIT), trouble="no_credit")
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return TryLater(reason=reason, wait=until_reset(answer, clock), trouble="throttled")
    if status == HTTPStatus.UNAUTHORIZED or _lacks_access(answer):
        return TryLater(reason=reason, wait=probe, trouble="bad_credentials")
    return TryLater(reason=reason) if status >= HTTPStatus.INTERNAL_SERVER_ERROR else None


def _posted(answer: Answer) -> Outcome:
    data = _of(answer.json(), "data")
    for name in ("id", "dm_event_id"):
        if isinstance(_of(data, name), str):
            return Receipt(reference=str(_of(data, name)))
    # 200 may hold nothing but `errors`.
    if answer.status == HTTPStatus.OK and _of(answer.json(), "errors"):
        return Refused(reason="answered 200 with an error in it")
    return Receipt()


def _refusal(answer: Answer) -> Outcome:
    if answer.status == HTTPStatus.FORBIDDEN:
        if _is_duplicate(answer):
            return Uncertain(reason="X says that these very words were posted before")
        reason = "X does not let us answer this post: answered 403"
        return Refused(reason=reason, unreachable=True)
    if answer.status == HTTPStatus.NOT_FOUND:
        return Refused(reason="the post is gone: answered 404", unreachable=True)
    return Refused(reason=f"answered {answer.status}")


def _is_duplicate(answer: Answer) -> bool:
    words = " ".join(_words(answer.json())).lower()
    return "duplicate" in words or _DUPLICATE_CODE in _codes(answer.json())


def _lacks_access(answer: Answer) -> bool:
    """
    Whether the app itself is refused.

    client-forbidden stands for the rule about replies as well; only of the app X names `reason`.
    """
    if answer.status != HTTPStatus.FORBIDDEN:
        return False
    kinds, body = _kinds(answer), answer.json()
    if _codes(body) & _BAD_CODES or kinds & {"oauth1-permissions", "unsupported-authentication"}:
        return True
    return bool(kinds & set(_NO_ACCESS) and (_of(body, "reason") or _of(body, "registration_url")))


def _kinds(answer: Answer) -> set[str]:
    """The last part of each problem's type."""
    found = (_of(problem, "type") for problem in _problems(answer.json()))
    return {kind.rpartition("/")[2] for kind in found if isinstance(kind, str)}


def _codes(body: object) -> set[object]:
    found = (_of(problem, "code") for problem in _problems(body))
    return {code for code in found if isinstance(code, int)}


def _words(body: object) -> Iterator[str]:
    for problem in _problems(body):
        for name in ("detail", "message"):
            said = _of(problem, name)
            if isinstance(said, str):
                yield said


def _problems(body: object) -> Iterator[object]:
    """The problem itself and those in `errors`."""
    yield body
    errors = _of(body, "errors")
    if isinstance(errors, list):
        yield from errors


def _of(thing: object, name: str) -> object:
    return thing.get(name) if isinstance(thing, Mapping) else None


def _date(headers: Mapping[str, str], clock: float) -> float:
    try:
        return parsedate_to_datetime(headers.get("Date", "")).timestamp()
    except (ValueError, OverflowError):
        return clock
