"""
What a GeoReport v2 server answers to a new request; pure.

Codes of errors stand in the body as well, of some servers only there. A 404 with an error in it is
about what was sent, without one about the address. Texts of answers are not repeated: they may
quote the complaint.
"""

from collections.abc import Sequence
from http import HTTPStatus

from channels.contract import Outcome, Receipt, Refused, TryLater, Uncertain
from forwarder.backoff import retry_after
from forwarder.central.answers import DONE, Answer
from forwarder.central.open311_read import Row, is_error, rows_in, text

TOKEN = "token:"  # noqa: S105 (how a reference begins that is no number yet)
AGAIN = {408, 409, 425, 429}
ADDRESS = {404, 405, 410}
DUPLICATE = "it says this is a duplicate"


def read(answer: Answer, now: float) -> Sequence[Row] | TryLater | Uncertain | Refused:
    """The rows of a good answer, or what is wrong; `now` is the Unix time."""
    try:
        rows = rows_in(answer.body) if answer.complete else ()
    except ValueError:
        rows = None
    if answer.status in DONE:
        if rows is None or not answer.complete:
            return Uncertain(reason=f"answered {answer.status}, but not as an Open311 server does")
        errors = [row for row in rows if is_error(row)]
        return _refusal(_code(errors[0]), errors, None) if errors else rows
    errors = [row for row in rows or () if is_error(row)]
    told = retry_after(answer.headers.get("retry-after", ""), now)
    return _refusal(answer.status, errors, told)


def outcome_of(rows: Sequence[Row], kind: str) -> Outcome:
    """What the rows of a new request are: its number, a token, or nothing for a blackbox."""
    for row in rows[:1]:
        if text(row, "service_request_id"):
            return Receipt(reference=text(row, "service_request_id"))
        if text(row, "token"):
            return Receipt(reference=TOKEN + text(row, "token"))
    if rows and kind == "blackbox":
        return Receipt()
    return Uncertain(reason="answered without a number or a token")


def _refusal(
    status: int, errors: Sequence[Row], told: float | None
) -> TryLater | Uncertain | Refused:
    reason = f"HTTP {status}"
    if any("duplicate" in text(row, "description").lower() for row in errors):
        return Uncertain(reason=DUPLICATE)
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return TryLater(reason=f"{reason}: api_key", trouble="bad_credentials")
    if status in AGAIN or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return TryLater(reason=reason, wait=told)
    if not errors and (status in ADDRESS or status < HTTPStatus.BAD_REQUEST):
        return TryLater(reason=f"{reason}: check the url")
    return Refused(reason=reason)


def _code(row: Row) -> int:
    code = text(row, "code")
    return int(code) if code.isdecimal() and len(code) == len("400") else 400
