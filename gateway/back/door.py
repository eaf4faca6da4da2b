"""
Where stores tell of updates on their own: POST /central/updates/<name>.

The store's connector verifies before anything is read. 2xx follows the commit; until then the store
is told to send it again, and what it sends twice is known. A refusal is the same for a store that
does not exist and for one whose signature is wrong.
"""

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus

from aiohttp import web

from channels.problem import problem
from forwarder.central.contract import Central
from forwarder.ports import Database
from forwarder.update import Update
from gateway.back.take import Taken, Taker
from gateway.store import StoreUnavailable

MOST_BYTES = 1 << 20
MOST_UPDATES = 1000
RETRY_SECONDS = 5


class Door:
    """The public route."""

    def __init__(  # noqa: PLR0913 (the composition root names each)
        self,
        centrals: Mapping[str, Central],
        *,
        database: Database,
        taker: Taker,
        clock: Callable[[], int],
        told: Callable[[str, Taken], None],
        refused: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._centrals = centrals
        self._database = database
        self._taker = taker
        self._clock = clock
        self._told = told
        self._refused = refused

    def routes(self) -> Sequence[web.AbstractRouteDef]:
        """The one route for every store."""
        return [web.post("/central/updates/{name}", self._take)]

    async def _take(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        body = await _read(request)
        if body is None:
            return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        updates = self._verified(name, request, body)
        if isinstance(updates, HTTPStatus):
            self._refused(name)
            return problem(updates)
        try:
            taken = await self._database.write(
                lambda tx: self._taker.take(tx, name, updates, self._clock())
            )
        except StoreUnavailable:
            return problem(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "not stored, please send it again",
                wait=RETRY_SECONDS,
            )
        self._told(name, taken)
        return web.Response(status=HTTPStatus.NO_CONTENT)

    def _verified(
        self, name: str, request: web.Request, body: bytes
    ) -> Sequence[Update] | HTTPStatus:
        central = self._centrals.get(name)
        if central is None:
            return HTTPStatus.UNAUTHORIZED
        headers = {key.lower(): value for key, value in request.headers.items()}
        try:
            updates = central.heard(headers, body, self._clock())
        except PermissionError:
            return HTTPStatus.UNAUTHORIZED
        except ValueError:
            return HTTPStatus.BAD_REQUEST
        too_many = len(updates) > MOST_UPDATES
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE if too_many else updates


async def _read(request: web.Request) -> bytes | None:
    """The body, or None where it is larger than any news."""
    if (request.content_length or 0) > MOST_BYTES:
        return None
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > MOST_BYTES:
            return None
    return bytes(body)
