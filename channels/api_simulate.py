"""A local app, for `lapor-gateway send api`: one report with the first app's first key."""

import uuid
from collections.abc import Sequence
from http import HTTPStatus

import aiohttp

from channels.api_desk import PATH
from channels.api_keys import Names
from channels.api_options import App
from channels.contract import Attachment, Simulated

_TIMEOUT = aiohttp.ClientTimeout(total=60)


async def file_report(  # noqa: PLR0913 (as Channel.simulate, and whose key)
    text: str, *, app: App, names: Names, sender: str, files: Sequence[Attachment], at: str
) -> Simulated:
    """Post it, as JSON or with files as a form."""
    key = str(uuid.uuid4())
    headers = {"Authorization": f"Bearer {app.keys[0].value}", "Idempotency-Key": f'"{key}"'}
    url = f"{at.rstrip('/')}{PATH}/reports"
    accepted = False
    async with aiohttp.ClientSession(timeout=_TIMEOUT, headers=headers) as session:
        report = {"text": text, "reporter": {"id": sender}}
        request = {"data": _form(text, sender, files)} if files else {"json": report}
        try:
            async with session.post(url, **request) as response:
                accepted = response.status == HTTPStatus.CREATED
                answer = f"{response.status} {response.reason}"
        except (aiohttp.ClientError, TimeoutError) as error:
            answer = f"no answer: {type(error).__name__}"
    external_id = names.external_id(app.name, key)
    return Simulated(external_id=external_id, answer=answer, accepted=accepted)


def _form(text: str, sender: str, files: Sequence[Attachment]) -> aiohttp.FormData:
    form = aiohttp.FormData(quote_fields=False, default_to_multipart=True)
    form.add_field("text", text)
    form.add_field("reporter_id", sender)
    for file in files:
        form.add_field(
            "files", file.content, filename=file.name or "file", content_type=file.media_type
        )
    return form
