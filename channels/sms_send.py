"""An SMS out: one request to the send API, and the truth about whether it happened."""

from channels.contract import Outcome, Receipt
from channels.provider_http import Answer, Caller
from channels.sms_apis import APIS, Account, Outgoing
from channels.sms_apis import Answer as Words

KEPT = Receipt(reference="kept: no send API is configured")

# Kannel with max-messages = 0 never answers at all.
_TIMEOUT = 30.0
_MOST_READ = 64 * 1024


class SendApi:
    """Sends one SMS at a time; the first one opens a session."""

    def __init__(self, account: Account, *, timeout: float = _TIMEOUT) -> None:
        self.account = account
        self._caller = Caller(timeout=timeout, most_bytes=_MOST_READ)

    async def send(self, sms: Outgoing) -> Outcome:
        """Hand it over, once."""
        if not self.account.url:
            return KEPT
        compose, judge = APIS[self.account.preset]
        request = compose(self.account, sms)
        answer = await self._caller.call(
            request.method,
            self.account.url,
            query=request.query,
            form=request.form or None,
            headers=request.headers,
        )
        return judge(_words(answer)) if isinstance(answer, Answer) else answer

    async def close(self) -> None:
        """Let go of the session."""
        await self._caller.close()


def _words(answer: Answer) -> Words:
    text = answer.body.decode("utf-8", "replace").strip()
    return Words(status=answer.status, text=text, wait=answer.wait)
