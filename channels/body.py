"""
A request's body, up to a limit.

The gateway's own limit is that of a form with photographs; what most doors take is far smaller.
"""

from aiohttp import web

from channels.room import lease_of


async def read_body(request: web.Request, most: int) -> bytes | None:
    """
    The whole body, or None where it is longer than `most` bytes, announced or not.

    Raises NotStored while too much else is arriving.
    """
    if (request.content_length or 0) > most:
        return None
    lease, body = lease_of(request), bytearray()
    async for chunk in request.content.iter_any():
        if len(body) + len(chunk) > most:
            return None
        lease.need(len(chunk))
        body += chunk
    return bytes(body)
