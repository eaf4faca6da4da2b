"""
The send API of each preset: the request for one SMS, and what its answers mean for the outbox.

Reasons and references stay in the outbox in plain, so nothing that a gateway we do not know may
echo (a number, a text) is taken into them.
Kannel 1.4.5 user guide, "Using the HTTP interface to send SMS"; Jasmin, "HTTP API", send.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

import aiohttp
import msgspec

from channels import gsm7
from channels.contract import Outcome, Receipt, Refused, Secret, TryLater, Uncertain

_RETRYABLE = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}

_REFERENCE = re.compile(r"[\w.:-]{1,64}", re.ASCII)
_NUMBERS = re.compile(r"\+?\d{5,}")


class SendNames(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"sender": "from"}
):
    """What the send API of a generic or Gammu preset calls the fields of the form we post."""

    to: str = "to"
    sender: str = "from"
    text: str = "text"
    id: str = "id"
    dlr_url: str = "dlr_url"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Where and as whom we send; no url: nothing is sent."""

    preset: str
    url: str
    username: str
    password: Secret | None
    names: SendNames


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One SMS to send."""

    id: str
    to: str
    sender: str
    text: str
    #: Where delivery reports go, "" for none.
    report_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request to a send API."""

    method: str
    query: Mapping[str, str]
    form: Mapping[str, str]
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a send API answered; `wait` is its Retry-After."""

    status: int
    text: str
    wait: float | None

    @property
    def is_success(self) -> bool:
        """Any 2xx."""
        return 200 <= self.status < 300  # noqa: PLR2004 (the class of status codes)


# --- Kannel -------------------------------------------------------------------------------------


def _compose_kannel(account: Account, sms: Outgoing) -> Request:
    query = _credentials(account) | {
        "to": sms.to,
        "text": sms.text,
        "charset": "utf-8",
        # Characters outside GSM-7 turn into "?" with coding 0, and every SMS shrinks with coding 2.
        "coding": "0" if gsm7.is_gsm7(sms.text) else "2",
    }
    if sms.sender:
        query["from"] = sms.sender
    if sms.report_url:
        query |= {"dlr-mask": "31", "dlr-url": sms.report_url}
    return Request(method="GET", query=query, form={})


def _judge_kannel(answer: Answer) -> Outcome:
    if answer.status == HTTPStatus.ACCEPTED and answer.text.startswith(("0:", "3:")):
        return Receipt(reference=answer.text[:64])
    if answer.is_success:
        return Uncertain(reason=f"answered {answer.status}, which Kannel does not")
    return _judge_failure(answer, _NUMBERS.sub("#", answer.text[:100]))


# --- Jasmin -------------------------------------------------------------------------------------


def _compose_jasmin(account: Account, sms: Outgoing) -> Request:
    form = _credentials(account) | {"to": sms.to}
    if gsm7.is_gsm7(sms.text):
        form |= {"coding": "0", "content": sms.text}
    else:
        form |= {"coding": "8", "hex-content": sms.text.encode("utf-16-be").hex()}
    if sms.sender:
        form["from"] = sms.sender
    if sms.report_url:
        form |= {"dlr": "yes", "dlr-level": "3", "dlr-method": "POST", "dlr-url": sms.report_url}
    return Request(method="POST", query={}, form=form)


def _judge_jasmin(answer: Answer) -> Outcome:
    success = re.fullmatch(r'Success "([\w-]{1,64})"', answer.text)
    if answer.status == HTTPStatus.OK and success:
        return Receipt(reference=success[1])
    if answer.is_success:
        return Uncertain(reason=f"answered {answer.status}, which Jasmin does not")
    if "throughput" in answer.text:  # comes as a 403, but passes
        return TryLater(reason="throughput exceeded", wait=answer.wait)
    return _judge_failure(answer, _NUMBERS.sub("#", answer.text[:100]))


# --- generic, Gammu -----------------------------------------------------------------------------


def _compose_form(account: Account, sms: Outgoing) -> Request:
    names = account.names
    form = {names.to: sms.to, names.text: sms.text, names.id: sms.id}
    if sms.sender:
        form[names.sender] = sms.sender
    if sms.report_url:
        form[names.dlr_url] = sms.report_url
    password = account.password.value if account.password else ""
    if not account.username:
        return Request(method="POST", query={}, form=form)
    basic = aiohttp.encode_basic_auth(account.username, password, "utf-8")
    return Request(method="POST", query={}, form=form, headers={"Authorization": basic})


def _judge_form(answer: Answer) -> Outcome:
    if answer.is_success:
        return Receipt(reference=answer.text if _REFERENCE.fullmatch(answer.text) else "")
    return _judge_failure(answer, "")


# --- all ----------------------------------------------------------------------------------------


def _credentials(account: Account) -> dict[str, str]:
    password = account.password.value if account.password else ""
    return {"username": account.username, "password": password}


def _judge_failure(answer: Answer, words: str) -> Outcome:
    reason = f"answered {answer.status} {words}".strip()
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR or answer.status in _RETRYABLE:
        return TryLater(reason=reason, wait=answer.wait)
    return Refused(reason=reason)


APIS: Mapping[str, tuple[Callable[[Account, Outgoing], Request], Callable[[Answer], Outcome]]] = {
    "generic": (_compose_form, _judge_form),
    "kannel": (_compose_kannel, _judge_kannel),
    "jasmin": (_compose_jasmin, _judge_jasmin),
    "gammu": (_compose_form, _judge_form),
}
