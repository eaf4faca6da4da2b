"""
One request of the mapping, filled, sent, and its answer judged.

A good status is not enough where the mapping says how they write "yes" in the body. An answer that
is no JSON under a good status may be a portal's page: it leaves the doubt.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

import msgspec

from channels.contract import Receipt, Refused, TryLater, Uncertain
from forwarder.central.answers import Answer, outcome_of
from forwarder.central.client import Client, Question
from forwarder.central.lapor_mapping import (
    Asked,
    LaporMapping,
    fields_of,
    nested,
    text_at,
)
from forwarder.central.templates import filled

ANSWER_BYTES = 4 << 20
UNAUTHORIZED = 401

Bad = TryLater | Uncertain | Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file to send along."""

    field: str
    name: str
    media_type: str
    content: bytes


class Calls:
    """Speaks as a mapping says."""

    def __init__(
        self,
        url: str,
        mapping: LaporMapping,
        client: Client,
        *,
        account: Mapping[str, str],
        clock: Callable[[], int],
    ) -> None:
        self._url = url.rstrip("/")
        self._mapping = mapping
        self._client = client
        #: token, username, password.
        self._account = account
        self._token = ""
        self._clock = clock

    async def ask(
        self, asked: Asked, words: Mapping[str, str], file: File | None = None
    ) -> object | Bad:
        """The JSON of a good answer, or what is wrong; once more with a new token after a 401."""
        if self._mapping.login.path and not self._token:
            problem = await self._log_in()
            if problem:
                return problem
        answer = await self.send(asked, words, file)
        if isinstance(answer, Answer) and answer.status == UNAUTHORIZED and self._token:
            self._token = ""
            problem = await self._log_in()
            if problem:
                return problem
            answer = await self.send(asked, words, file)
        return self.judged(asked, answer)

    async def send(
        self,
        asked: Asked,
        words: Mapping[str, str],
        file: File | None = None,
        account: Mapping[str, str] | None = None,
    ) -> Answer | TryLater | Uncertain:
        """Send one request as it is filled, under another account where one is given."""
        return await self._client.ask(self.question(asked, words, file, account=account))

    def question(
        self,
        asked: Asked,
        words: Mapping[str, str],
        file: File | None = None,
        *,
        account: Mapping[str, str] | None = None,
    ) -> Question:
        """The request, filled."""
        known = {**words, **(account or self._account)}
        if self._token and account is None:
            known["token"] = self._token
        fields = fields_of(asked, self._mapping.fields, known)
        headers = {name: filled(said, known) for name, said in self._mapping.headers.items()}
        headers.setdefault("Accept", "application/json")
        url, body = self._url + filled(asked.path, known), b""
        if asked.send == "query" or asked.method == "GET":
            url += ("&" if "?" in url else "?") + urlencode(fields) if fields else ""
        elif asked.send == "json":
            body = msgspec.json.encode(nested(fields))
            headers["Content-Type"] = "application/json; charset=utf-8"
        elif asked.send == "form":
            body = urlencode(fields).encode()
            headers["Content-Type"] = "application/x-www-form-urlencoded; charset=utf-8"
        else:
            kind, body = multipart(fields, file)
            headers["Content-Type"] = kind
        return Question(
            url=url, method=asked.method, headers=headers, body=body, limit=ANSWER_BYTES
        )

    def judged(self, asked: Asked, answer: Answer | TryLater | Uncertain) -> object | Bad:
        """What an answer says."""
        if not isinstance(answer, Answer):
            return answer
        if answer.status not in asked.ok:
            outcome = outcome_of(answer, b"", self._clock() / 1000)
            good = isinstance(outcome, Receipt)
            return Refused(reason=f"HTTP {answer.status} is not in `ok`") if good else outcome
        try:
            content = msgspec.json.decode(answer.body) if answer.complete else None
        except (ValueError, RecursionError):
            content = None
        if not isinstance(content, dict | list):
            return Uncertain(reason=f"answered {answer.status}, but no JSON")
        read = self._mapping.read
        if read.success and text_at(content, read.success) not in read.success_is:
            said = text_at(content, read.error)[:100]
            return Refused(reason=f"they said no: {said}".removesuffix(": "))
        return content

    async def _log_in(self) -> Bad | None:
        answer = self.judged(
            self._mapping.login, await self.send(self._mapping.login, {"token": ""})
        )
        if isinstance(answer, Refused):
            return TryLater(reason=f"login: {answer.reason}", trouble="bad_credentials")
        if isinstance(answer, TryLater | Uncertain):
            return TryLater(reason=f"login: {answer.reason}")
        self._token = text_at(answer, self._mapping.read.token)
        if not self._token:
            why = "login: nothing at read.token in the answer"
            return TryLater(reason=why, trouble="bad_credentials")
        return None


def multipart(fields: Mapping[str, str], file: File | None) -> tuple[str, bytes]:
    """Content-Type and body of a form with a file (RFC 7578)."""
    boundary = f"lapor-{secrets.token_hex(16)}"
    pieces = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    if file:
        name = file.name.replace('"', "_").replace("\r", "_").replace("\n", "_")
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="{file.field}"; '
            f'filename="{name}"\r\nContent-Type: {file.media_type}\r\n\r\n'
        )
        pieces.append(head.encode() + file.content + b"\r\n")
    return f"multipart/form-data; boundary={boundary}", b"".join(
        pieces
    ) + f"--{boundary}--\r\n".encode()
