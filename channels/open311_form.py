"""
The body of a POST: urlencoded, or multipart with files, read with a bound on every piece of it.

What stands in the address counts as well, behind the body; clients put their api_key there.
"""

from http import HTTPStatus

from aiohttp import web

from channels.body import read_body
from channels.multipart import Broken, Parts, TooMuch
from channels.open311_answer import Fault
from channels.open311_fields import MOST_FIELDS, Pairs, pairs_of
from channels.open311_filed import FiledFile
from channels.open311_options import Open311Options
from channels.room import lease_of

FORM_BYTES = 256 * 1024
_FORMS = ("application/x-www-form-urlencoded", "application/octet-stream", "")


class Refused(Exception):
    """The body cannot be taken."""

    def __init__(self, status: HTTPStatus, why: str) -> None:
        super().__init__(why)
        self.fault = Fault(code=status, description=why)


async def read_form(
    request: web.Request, options: Open311Options
) -> tuple[Pairs, tuple[FiledFile, ...]]:
    """The fields and files of a request; raises Refused."""
    if request.content_type == "multipart/form-data":
        fields, files = await _multipart(request, options)
    elif request.content_type in _FORMS:
        body = await read_body(request, FORM_BYTES)
        if body is None:
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The request is too large")
        fields, files = _pairs(body.decode("utf-8", "replace")), ()
    else:
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Expected a form")
    return (*fields, *query_of(request)), files


def query_of(request: web.Request) -> Pairs:
    """The fields in the address; raises Refused."""
    query = request.raw_path.partition("?")[2]
    return _pairs(query.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))


def _pairs(query: str) -> Pairs:
    try:
        return pairs_of(query)
    except ValueError as error:
        raise Refused(HTTPStatus.BAD_REQUEST, "Too many fields") from error


async def _multipart(
    request: web.Request, options: Open311Options
) -> tuple[Pairs, tuple[FiledFile, ...]]:
    fields: list[tuple[str, str]] = []
    files: list[FiledFile] = []
    try:
        kind = request.headers.get("Content-Type", "")
        parts = Parts(request.content, kind, options.max_body_bytes, lease_of(request))
        while part := await parts.next():
            if part.filename is None:
                content = await _content(parts, FORM_BYTES)
                fields.append((part.name, content.decode("utf-8", "replace")))
            else:
                content = await _content(parts, options.max_file_bytes)
                files.append(FiledFile(name=part.filename, content=content))
            if len(files) > options.max_files or len(fields) > MOST_FIELDS:
                raise Refused(HTTPStatus.BAD_REQUEST, "Too many files or fields")
    except Broken as error:
        raise Refused(HTTPStatus.BAD_REQUEST, "Not a whole multipart form") from error
    except TooMuch as error:
        raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The request is too large") from error
    # Browsers send an empty file where none was chosen.
    return tuple(fields), tuple(file for file in files if file.content)


async def _content(parts: Parts, most: int) -> bytes:
    content = bytearray()
    async for chunk in parts.chunks():
        content += chunk
        if len(content) > most:
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "A file or field is too large")
    return bytes(content)
