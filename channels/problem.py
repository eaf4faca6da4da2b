"""
Errors for machines: RFC 9457 problem documents.

A refusal says what kind of refusal it is and nothing about what would have been accepted.
"""

from http import HTTPStatus

import msgspec
from aiohttp import web


def problem(status: HTTPStatus, detail: str = "", *, wait: int | None = None) -> web.Response:
    """An `application/problem+json` response; `wait` becomes Retry-After, in seconds."""
    document: dict[str, object] = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
    }
    if detail:
        document["detail"] = detail
    return web.Response(
        status=status,
        body=msgspec.json.encode(document),
        content_type="application/problem+json",
        headers={} if wait is None else {"Retry-After": str(wait)},
    )
