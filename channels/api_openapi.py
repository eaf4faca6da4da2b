"""
The OpenAPI 3.1 document of /api/v1.

Paths and answers are written down here; every body is the JSON Schema msgspec makes of the struct
that reads or writes it, so the two cannot differ. https://spec.openapis.org/oas/v3.1.0
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec

from channels.api_report import CaseState, Created, FormReport, Problem, Report, TopicList

Json = dict[str, Any]

ABOUT = """\
Complaints that a local app already holds become cases of SP4N-LAPOR!.

Every request carries the app's key as `Authorization: Bearer …`. A report is kept from the moment
it is answered with 201. Send it again with the same `Idempotency-Key` after a timeout, a 409, a 429
or a 5xx: the same answer comes back, however often and however late (keys do not expire). The same
key with another report is a 422.

News of a case goes to the app's `callback_url` as a signed webhook (https://www.standardwebhooks.com)
holding a CloudEvent of type `lapor.reply.v1`; an app without one asks at `status_url`.
"""

# A string of RFC 8941 without escapes, or the bare key.
KEY_PATTERN = r'^("[ !#-\[\]-~]{1,255}"|[!#-~]{1,255})$'

_REF = "#/components/schemas/{name}"
_RATES: Mapping[str, str] = {
    "RateLimit": 'What is left of this minute, such as "app";r=12;t=20.',
    "RateLimit-Policy": 'What a minute holds, such as "app";q=60;w=60.',
}
_REFUSALS: Mapping[int, str] = {
    400: "The report or its key is not valid; `errors` says where.",
    401: "No valid key.",
    403: "The key does not cover this.",
    404: "No such report of this app.",
    405: "Not with this method.",
    409: "A request with this key is still being answered: try again.",
    413: "Larger than what is taken.",
    415: "Neither JSON nor multipart/form-data.",
    422: "This idempotency key belongs to another report.",
    429: "Too many requests in this minute.",
    503: "Not stored: send it again.",
}
_WAITS = (409, 429, 503)
_ALWAYS = (401, 403, 405, 429)


@cache
def document(most_files: int) -> bytes:
    """The document as JSON, for a gateway that takes so many files with a report."""
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {"title": "Lapor gateway", "version": "1", "description": ABOUT},
            "servers": [{"url": "/"}],
            "security": [{"key": []}],
            "paths": {
                "/api/v1/reports": {"post": _file()},
                "/api/v1/reports/{reference}": {"get": _look_up()},
                "/api/v1/topics": {"get": _list_topics()},
            },
            "components": {
                "schemas": _schemas(most_files),
                "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            },
        }
    )


def _schemas(most_files: int) -> Json:
    structs = (Report, FormReport, Created, CaseState, TopicList, Problem)
    _, schemas = msgspec.json.schema_components(structs, ref_template=_REF)
    form = schemas["FormReport"]
    # Files are no field of the struct: they are read apart from the others.
    form["properties"]["files"] = {
        "type": "array",
        "maxItems": most_files,
        "items": {"type": "string", "contentMediaType": "application/octet-stream"},
    }
    some = {"properties": {"files": {"minItems": 1}}, "required": ["files"]}
    form["anyOf"] = [{"required": ["text"]}, some]
    return schemas


def _file() -> Json:
    return {
        "operationId": "fileReport",
        "summary": "File a report",
        "parameters": [
            {
                "name": "Idempotency-Key",
                "in": "header",
                "description": "One value for one report, the same with every retry; in quotes or"
                " without. It may be missing where the body has an `id`.",
                "schema": {"type": "string", "pattern": KEY_PATTERN},
                "example": '"0b7f6f0c-6a1e-4d0e-9c55-2f1d3a9b7e10"',
            }
        ],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": _ref("Report")},
                "multipart/form-data": {"schema": _ref("FormReport")},
            },
        },
        "responses": {
            "201": _answer(
                "Kept, now or before.", "Created", {"Location": "Where to ask for its state."}
            ),
            **_refusals(400, 409, 413, 415, 422, 503),
        },
    }


def _look_up() -> Json:
    return {
        "operationId": "lookUpReport",
        "summary": "The state of a report of this app",
        "parameters": [
            {
                "name": "reference",
                "in": "path",
                "required": True,
                "description": "The last part of `status_url`.",
                "schema": {"type": "string"},
            }
        ],
        "responses": {"200": _answer("Its state.", "CaseState"), **_refusals(404)},
    }


def _list_topics() -> Json:
    return {
        "operationId": "listTopics",
        "summary": "The kinds of complaint",
        "responses": {"200": _answer("All of them.", "TopicList"), **_refusals()},
    }


def _answer(description: str, schema: str, headers: Mapping[str, str] | None = None) -> Json:
    return {
        "description": description,
        "headers": _headers({**_RATES, **(headers or {})}),
        "content": {"application/json": {"schema": _ref(schema)}},
    }


def _refusals(*statuses: int) -> Json:
    return {
        str(status): {
            "description": _REFUSALS[status],
            "headers": _headers({"Retry-After": "Seconds."} if status in _WAITS else {}),
            "content": {"application/problem+json": {"schema": _ref("Problem")}},
        }
        for status in sorted({*_ALWAYS, *statuses})
    }


def _headers(described: Mapping[str, str]) -> Json:
    return {
        name: {"description": text, "required": True, "schema": {"type": "string"}}
        for name, text in described.items()
    }


def _ref(name: str) -> Json:
    return {"$ref": _REF.format(name=name)}
