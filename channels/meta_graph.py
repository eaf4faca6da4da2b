"""
The Graph API: one request with our token, and what its errors mean for an answer of ours.

Meta tells what went wrong by a code in the body, with HTTP statuses that say little. Codes:
https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes and
https://developers.facebook.com/docs/messenger-platform/error-codes
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus

import msgspec

from channels.contract import Outcome, Receipt, Refused, Trouble, TryLater, Uncertain
from channels.meta_options import MetaOptions
from channels.provider_http import LONGEST_WAIT, Answer, Caller, outcome_of
from channels.webhooks import decode

KEPT = Receipt(reference="kept: no access token is configured")

# WhatsApp's media addresses refuse a client that does not name itself.
USER_AGENT = {"User-Agent": "lapor-gateway"}

_WAITS = {"bad_credentials": 60.0, "no_credit": 900.0, "throttled": 60.0}

_TROUBLES: dict[int, Trouble] = {
    **dict.fromkeys((4, 17, 32, 613, 80007, 130429, 131048), "throttled"),
    # Token, permission, account: nothing goes out until an operator has acted.
    **dict.fromkeys((3, 10, 102, 190, 200, 131005, 131031), "bad_credentials"),
    131042: "no_credit",
}
#: One person was sent too much too fast; everybody else may be written to.
_PAIR_THROTTLED = 131056
_PASSING = {1, 2, 131000, 131016, 133004}
# The person is not there for us: blocked, gone, no WhatsApp, answered once already, window closed.
_UNREACHABLE = {551, 10900, 130472, 131026, 131047, 131049, 131050, 131062}
_WINDOW_CLOSED = (10, 2018278)


class _Error(msgspec.Struct, frozen=True):
    code: int = 0
    error_subcode: int = 0
    is_transient: bool = False


class _Failure(msgspec.Struct, frozen=True):
    error: _Error = _Error()


class _Usage(msgspec.Struct, frozen=True):
    """How near we are to one of Meta's limits; the time is in minutes."""

    estimated_time_to_regain_access: float = 0.0


class Graph:
    """Calls the Graph API with the token of the settings."""

    def __init__(self, options: MetaOptions) -> None:
        self.options = options
        self._caller = Caller()

    async def post(self, path: str, body: object) -> Answer | TryLater | Uncertain:
        """Post a JSON document."""
        return await self._caller.call(
            "POST", self._url(path), headers=credentials(self.options), json=body
        )

    async def get(
        self, path: str, query: Mapping[str, str] | None = None
    ) -> Answer | TryLater | Uncertain:
        """Get one."""
        return await self._caller.call(
            "GET", self._url(path), headers=credentials(self.options), query=query
        )

    async def close(self) -> None:
        """Let go of the connections."""
        await self._caller.close()

    def _url(self, path: str) -> str:
        return f"{self.options.api_url.rstrip('/')}/{self.options.api_version}/{path}"


def credentials(options: MetaOptions) -> dict[str, str]:
    """The headers that say who we are."""
    token = options.access_token
    return USER_AGENT | ({"Authorization": f"Bearer {token.value}"} if token else {})


def shown(reference: str) -> str:
    """Meta's id of a message as it may stand in plain: WhatsApp's holds the number it went to."""
    if not reference.startswith("wamid."):
        return reference
    return f"wamid:{hashlib.sha256(reference.encode()).hexdigest()[:16]}"


def judge(answer: Answer | TryLater | Uncertain, reference: str = "") -> Outcome:
    """What came of a message; `reference` is Meta's id of it where it was taken."""
    if not isinstance(answer, Answer):
        return answer
    if answer.is_success:
        return Receipt(reference=shown(reference))
    error = _error(answer)
    if error.code == 0 and answer.status == HTTPStatus.GATEWAY_TIMEOUT:
        return Uncertain(reason="answered 504")
    return _of_code(error, answer) or outcome_of(answer)


def _of_code(error: _Error, answer: Answer) -> Outcome | None:
    reason = f"answered {answer.status} with code {error.code}"
    is_closed = (error.code, error.error_subcode) == _WINDOW_CLOSED
    if is_closed or error.code in _UNREACHABLE:
        return Refused(reason=reason, unreachable=True)
    if trouble := _TROUBLES.get(error.code):
        wait = _wait(answer) if trouble == "throttled" else None
        return TryLater(reason=reason, wait=wait or _WAITS[trouble], trouble=trouble)
    # No wait is told of it: that would hold up the whole channel.
    if error.code in _PASSING or error.code == _PAIR_THROTTLED or error.is_transient:
        return TryLater(reason=reason)
    is_refusal = bool(error.code) and answer.status < HTTPStatus.INTERNAL_SERVER_ERROR
    return Refused(reason=reason) if is_refusal else None


def _error(answer: Answer) -> _Error:
    try:
        return decode(answer.body, _Failure).error
    except ValueError:
        return _Error()


def _wait(answer: Answer) -> float | None:
    """How many seconds Meta asks us to wait, by any of its headers."""
    usage = answer.headers.get("X-Business-Use-Case-Usage", "").encode("utf-8", "replace")
    try:
        minutes = max(_minutes(decode(usage, dict[str, list[_Usage]])), default=0.0)
    except ValueError:
        minutes = 0.0
    return answer.wait or min(minutes * 60, LONGEST_WAIT) or None


def _minutes(usage: Mapping[str, Sequence[_Usage]]) -> Iterator[float]:
    for limits in usage.values():
        for limit in limits:
            yield limit.estimated_time_to_regain_access
