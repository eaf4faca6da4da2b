"""
The body of one report, JSON or multipart, read with a bound on every piece of it.

The JSON report has no files and is small. In a form the fields are strings, read as the struct
wants them: `true`, `1.05`, a date. Files are the parts named `files`.
"""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from aiohttp import web

from channels.api_filed import Filed, FiledFile, filed
from channels.api_options import ApiOptions
from channels.api_problem import invalid, mistake_of, refusal
from channels.api_report import FormReport, Mistake, Report
from channels.body import read_body
from channels.multipart import Broken, Parts, TooMuch
from channels.room import lease_of

JSON_BYTES = 256 * 1024
FIELD_BYTES = 128 * 1024

# JSON's own spelling; Python's float also reads "1_0", "nan" and other alphabets' digits.
_NUMBER = re.compile(r"-?\d{1,20}(\.\d{1,20})?([eE][+-]?\d{1,3})?", re.ASCII)
_WORDS = {"true": True, "false": False}


class _Refused(Exception):
    """The body cannot be taken."""

    def __init__(self, answer: web.Response) -> None:
        super().__init__()
        self.answer = answer


async def read_report(request: web.Request, app: str, options: ApiOptions) -> Filed | web.Response:
    """What this app files, or the answer that says why not."""
    try:
        if request.content_type == "application/json":
            return await _json(request, app)
        if request.content_type == "multipart/form-data":
            return await _form(request, app, options)
    except _Refused as refused:
        return refused.answer
    return refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)


async def _json(request: web.Request, app: str) -> Filed:
    body = await read_body(request, JSON_BYTES)
    if body is None:
        raise _Refused(refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE))
    try:
        return filed(app, msgspec.json.decode(body, type=Report))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _Refused(invalid(mistake_of(error))) from error


async def _form(request: web.Request, app: str, options: ApiOptions) -> Filed:
    fields, files = await _parts(request, options)
    try:
        report = msgspec.convert(_typed(fields), FormReport)
    except msgspec.ValidationError as error:
        raise _Refused(invalid(mistake_of(error))) from error
    if not report.text and not files:
        raise _Refused(invalid(Mistake(pointer="#/text", detail="neither text nor files")))
    return filed(app, report, files)


async def _parts(
    request: web.Request, options: ApiOptions
) -> tuple[dict[str, str], tuple[FiledFile, ...]]:
    fields: dict[str, str] = {}
    files: list[FiledFile] = []
    try:
        kind = request.headers.get("Content-Type", "")
        parts = Parts(request.content, kind, options.max_body_bytes, lease_of(request))
        while part := await parts.next():
            if part.name == "files" and part.filename is not None:
                content = await _content(parts, options.max_file_bytes)
                files.append(FiledFile(name=part.filename, content=content))
            else:
                _once(fields, part.name, await _content(parts, FIELD_BYTES))
            if len(files) > options.max_files:
                raise _Refused(
                    invalid(Mistake(pointer="#/files", detail="more files than are taken"))
                )
    except Broken as error:
        wrong = Mistake(pointer="#", detail="is no whole multipart form")
        raise _Refused(invalid(wrong)) from error
    except TooMuch as error:
        raise _Refused(refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)) from error
    return fields, tuple(files)


async def _content(parts: Parts, most: int) -> bytes:
    content = bytearray()
    async for chunk in parts.chunks():
        content += chunk
        if len(content) > most:
            raise _Refused(refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE))
    return bytes(content)


def _once(fields: dict[str, str], name: str, content: bytes) -> None:
    if name in fields:
        raise _Refused(invalid(Mistake(pointer="#", detail="holds a field twice")))
    try:
        fields[name] = content.decode()
    except UnicodeDecodeError as error:
        wrong = Mistake(pointer="#", detail="holds a field that is not UTF-8")
        raise _Refused(invalid(wrong)) from error


def _typed(fields: Mapping[str, str]) -> dict[str, Any]:
    """The fields with numbers and truth values as JSON would have them."""
    typed: dict[str, Any] = dict(fields)
    for name in ("lat", "lon"):
        if _NUMBER.fullmatch(fields.get(name, "")):
            typed[name] = float(fields[name])
    for name in ("anonymous", "confidential"):
        typed |= {name: _WORDS[fields[name]]} if fields.get(name) in _WORDS else {}
    return typed
