"""A citizen with a browser, for `lapor-gateway send web`: open the form, fill it in, send it."""

import re
from collections.abc import Sequence
from html import unescape

from aiohttp import ClientSession, ClientTimeout, CookieJar, FormData
from yarl import URL

from channels.contract import Attachment, Simulated
from channels.web_desk import REPORT_HEADER

TOKEN = re.compile(r'name="token" value="([^"]+)"')
CODE = re.compile(r"<code>([^<]+)</code>")
WRONG = re.compile(r'<li class="problem">(?:<a[^>]*>)?([^<]+)')


async def visit(at: str, text: str, contact: str, files: Sequence[Attachment]) -> Simulated:
    """Send one report through the form of the gateway at this address."""
    here = URL(at.rstrip("/") + "/lapor")
    # A form behind https sets Secure cookies; `send` may still come by plain loopback.
    jar = CookieJar(unsafe=True, treat_as_secure_origin=here.origin())
    async with ClientSession(cookie_jar=jar, timeout=ClientTimeout(total=60)) as browser:
        async with browser.get(here) as response:
            found = TOKEN.search(await response.text())
        form = _filled(found[1] if found else "", text, contact, files)
        async with browser.post(here, data=form) as response:
            page = await response.text()
            status = f"{response.status} {response.reason}"
            code = CODE.search(page)
            said = f"kode {code[1]}" if code else " ".join(map(unescape, WRONG.findall(page)))
            return Simulated(
                external_id=response.headers.get(REPORT_HEADER, ""),
                answer=f"{status}, {said}",
                accepted=code is not None,
            )


def _filled(token: str, text: str, contact: str, files: Sequence[Attachment]) -> FormData:
    form = FormData(quote_fields=False, default_to_multipart=True)
    for name, value in (("token", token), ("text", text), ("contact", contact)):
        form.add_field(name, value)
    for file in files:
        form.add_field(
            "files", file.content, filename=file.name or "file", content_type=file.media_type
        )
    return form
