"""
What officers find: a pasted link or text, a letter, a call, the table of another system.

The acknowledgement is 201 with the case code, after `accept`; what was entered before is a 200 with
the code it got then. Only tools of the office come in, with a secret: without one nobody does.
Tables are read by officer_table and planned by officer_plan; officer_found is what is kept.
"""

from collections.abc import Sequence
from http import HTTPStatus

import aiohttp
import msgspec
from aiohttp import web

from channels.body import read_body
from channels.contract import (
    Attachment,
    Channel,
    Delivery,
    Inbox,
    NotStored,
    Outcome,
    Parsed,
    Refused,
    Reply,
    Simulated,
    Unreadable,
)
from channels.officer_found import (
    Found,
    FoundFile,
    external_id,
    message_of,
    read_found,
    says_nothing,
)
from channels.officer_options import OfficerOptions
from channels.problem import problem
from channels.secrets import Guard

PATH = "/in/officer"
RETRY_SECONDS = 5

_SIMULATOR_TIMEOUT = aiohttp.ClientTimeout(total=60)


class Officer(Channel):
    """The officer's own door."""

    name = "officer"
    knows_sender = False
    #: Takes nothing over the net without a secret; what `import` puts down needs the channel.
    embedded = True
    Options = OfficerOptions
    example_sender = "@wargacontoh"

    def __init__(self, options: OfficerOptions, key: bytes) -> None:
        del key
        self.reload(options)

    def reload(self, options: OfficerOptions) -> None:
        """Take new secrets while running."""
        self._options = options
        self._guard = Guard(options.secrets, options.secret_in)

    # --- in ---

    def routes(self, inbox: Inbox) -> Sequence[web.AbstractRouteDef]:
        """One address, for tools of the office."""

        async def receive(request: web.Request) -> web.Response:
            query = request.raw_path.partition("?")[2]
            if not self._options.secrets or not self._guard.may_admit(request, query):
                return problem(HTTPStatus.FORBIDDEN)
            body = await read_body(request, self._options.max_body_bytes)
            if body is None:
                return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            if not self._guard.admits(request, query, body):
                return problem(HTTPStatus.FORBIDDEN)
            try:
                found = read_found(body)
            except ValueError as error:
                return problem(HTTPStatus.BAD_REQUEST, str(error))
            if says_nothing(found):
                return problem(HTTPStatus.BAD_REQUEST, "neither text nor link nor file")
            return await _keep(inbox, Delivery(external_id=external_id(found), payload=body))

        return [web.post(PATH, receive)]

    def parse(self, payload: bytes) -> Parsed:
        """Read what was put down."""
        try:
            found = read_found(payload)
        except ValueError as error:
            return Unreadable(reason=f"not what an officer puts down: {error}")
        return message_of(found)

    # --- out ---

    async def reply(self, reply: Reply) -> Outcome:
        """Refuse: the author wrote elsewhere; the contact they gave may be another way."""
        del reply
        return Refused(reason="the author did not write to us", unreachable=True)

    # --- set-up ---

    def problems(self) -> Sequence[str]:
        """What the settings leave undone."""
        found = {
            "no secrets: tools of the office cannot post; `import` works": (
                not self._options.secrets
            ),
            "two secrets are valid: take the old one out once the tool uses the new one": (
                len(self._options.secrets) > 1
            ),
        }
        return [sentence for sentence, is_so in found.items() if is_so]

    async def simulate(
        self, text: str, *, sender: str, files: Sequence[Attachment], at: str
    ) -> Simulated:
        """Enter one post as a tool of the office."""
        found = Found(
            text=text,
            author=sender,
            system="send",
            by="lapor-gateway send",
            files=tuple(
                FoundFile(name=file.name, media_type=file.media_type, content=file.content)
                for file in files
            ),
        )
        body = msgspec.json.encode(found)
        query, signature = self._guard.sign("", body)
        url = f"{at.rstrip('/')}{PATH}{'?' + query if query else ''}"
        try:
            async with (
                aiohttp.ClientSession(timeout=_SIMULATOR_TIMEOUT) as session,
                session.post(url, data=body, headers=signature) as response,
            ):
                accepted = response.status in {HTTPStatus.OK, HTTPStatus.CREATED}
                answer = f"{response.status} {response.reason}"
        except (aiohttp.ClientError, TimeoutError) as error:
            accepted, answer = False, f"no answer: {type(error).__name__}"
        return Simulated(external_id=external_id(found), answer=answer, accepted=accepted)


async def _keep(inbox: Inbox, delivery: Delivery) -> web.Response:
    try:
        [accepted] = await inbox.accept([delivery])
    except NotStored:
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, wait=RETRY_SECONDS)
    status = HTTPStatus.CREATED if accepted.new else HTTPStatus.OK
    return web.json_response({"case_code": inbox.case_code(accepted)}, status=status)
