"""An Open311 client, for `lapor-gateway send open311`: one request for the first service."""

import uuid
from collections.abc import Sequence
from http import HTTPStatus

import aiohttp

from channels.contract import Attachment, Simulated
from channels.open311_desk import PATH
from channels.open311_names import Names
from channels.open311_options import Client

_TIMEOUT = aiohttp.ClientTimeout(total=60)


async def post_request(  # noqa: PLR0913 (as Channel.simulate, and whose key)
    text: str, *, client: Client, names: Names, sender: str, files: Sequence[Attachment], at: str
) -> Simulated:
    """Ask for the services, then post."""
    key = str(uuid.uuid4())
    base = at.rstrip("/") + PATH
    accepted = False
    async with aiohttp.ClientSession(timeout=_TIMEOUT) as session:
        try:
            async with session.get(f"{base}/services.json") as response:
                services = await response.json()
            form = _form(text, client, sender, files)
            form.add_field("service_code", services[0]["service_code"])
            headers = {"Idempotency-Key": f'"{key}"'}
            async with session.post(
                f"{base}/requests.json", data=form, headers=headers
            ) as response:
                accepted = response.status in {HTTPStatus.OK, HTTPStatus.CREATED}
                answer = f"{response.status} {response.reason}"
        except (aiohttp.ClientError, TimeoutError) as error:
            answer = f"no answer: {type(error).__name__}"
    return Simulated(external_id=names.by_key(client.name, key), answer=answer, accepted=accepted)


def _form(text: str, client: Client, sender: str, files: Sequence[Attachment]) -> aiohttp.FormData:
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("api_key", client.keys[0].value)
    form.add_field("description", text)
    form.add_field("address_string", "Kelurahan Contoh")
    form.add_field("phone", sender)
    for file in files:
        form.add_field(
            "media", file.content, filename=file.name or "file", content_type=file.media_type
        )
    return form
