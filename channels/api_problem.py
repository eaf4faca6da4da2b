"""
What /api/v1 answers when it will not: RFC 9457 problem documents with types of their own.

A client switches on `type`. Who shows no valid key learns nothing but that.
"""

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType

import msgspec
from aiohttp import web

from channels.api_report import Mistake, Problem

MEDIA_TYPE = "application/problem+json"
INVALID = "urn:lapor:problem:invalid-report"
KEY_MISSING = "urn:lapor:problem:idempotency-key-missing"
KEY_REUSED = "urn:lapor:problem:idempotency-key-reused"
KEY_BUSY = "urn:lapor:problem:idempotency-key-in-use"
QUOTA = "https://iana.org/assignments/http-problem-types#quota-exceeded"

_TITLES = {
    INVALID: "The report is not valid",
    KEY_MISSING: "The idempotency key is missing",
    KEY_REUSED: "The idempotency key belongs to another report",
    KEY_BUSY: "A request with this idempotency key is still being answered",
    QUOTA: "Too many requests in this minute",
}
_UNKNOWN = re.compile(r"Object contains unknown field `.*`", re.DOTALL)
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


def refusal(  # noqa: PLR0913 (the members of a problem document, by name)
    status: HTTPStatus,
    *,
    kind: str = "about:blank",
    detail: str = "",
    errors: Sequence[Mistake] = (),
    violated: Sequence[str] = (),
    headers: Mapping[str, str] = _NO_HEADERS,
) -> web.Response:
    """One problem document."""
    document = Problem(
        type=kind,
        title=_TITLES.get(kind, status.phrase),
        status=status.value,
        detail=detail,
        errors=tuple(errors),
        violated_policies=tuple(violated),
    )
    return web.Response(
        status=status,
        body=msgspec.json.encode(document),
        content_type=MEDIA_TYPE,
        headers=dict(headers),
    )


def invalid(*errors: Mistake) -> web.Response:
    """The body is not what the OpenAPI document describes."""
    return refusal(HTTPStatus.BAD_REQUEST, kind=INVALID, errors=errors)


def mistake_of(error: Exception) -> Mistake:
    """Where msgspec found what is wrong; nothing of the body is quoted."""
    if not isinstance(error, msgspec.ValidationError):
        return Mistake(pointer="#", detail="is no JSON document")
    # From the end, where msgspec writes it; before it may stand whatever a stranger called a field.
    what, at, path = str(error).rpartition(" - at `")
    what, path = (what, path.removeprefix("key in ")) if at else (path, "")
    pointer = "".join(f"/{step}" for step in re.findall(r"[A-Za-z_]+", path))
    detail = "holds a field that is not in the OpenAPI document"
    return Mistake(pointer=f"#{pointer}", detail=detail if _UNKNOWN.fullmatch(what) else what)
