"""
A request's body, up to a limit.

The gateway's own limit is that of a form with photographs; what most doors take is far smaller.
"""

from aiohttp import web


async def read_body(request: web.Request, most: int) -> bytes | None:
    """The whole body, or None where it is longer than `most` bytes, announced or not."""
    if (request.content_length or 0) > most:
        return None
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > most:
            return None
    return bytes(body)
