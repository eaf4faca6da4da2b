"""
Outgoing mail: one connection to the operator's relay, one answer, one outcome.

The outcome hangs on how far it got. Before the last dot nothing has happened over there, so it can
be tried again; after it and without an answer the mail may be on its way. A 5xx to our greeting or
password is our settings' fault and waits for the operator; a 5xx to the mail is final. Of what a
relay says only the codes are kept: its words quote addresses.
"""

import re
from dataclasses import dataclass

import aiosmtplib

from channels.contract import Outcome, Receipt, Refused, TryLater, Uncertain

_READY_FOR_DATA = 354
_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """Where mail goes out and how we show who we are."""

    host: str
    port: int
    username: str
    password: str
    security: str
    hostname: str
    timeout: float


async def send(relay: Relay, sender: str, recipient: str, content: bytes) -> Outcome:
    """Hand over one mail; never raises but when cancelled."""
    client = aiosmtplib.SMTP(
        hostname=relay.host,
        port=relay.port,
        username=relay.username or None,
        password=relay.password or None,
        use_tls=relay.security == "tls",
        start_tls=relay.security == "starttls",
        local_hostname=relay.hostname,
        timeout=relay.timeout,
    )
    try:
        await client.connect()
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        return TryLater(reason=f"no connection to the relay: {_reason(error)}")
    try:
        return await _send(client, sender, recipient, content)
    finally:
        client.close()


async def _send(client: aiosmtplib.SMTP, sender: str, recipient: str, content: bytes) -> Outcome:
    beyond_ascii = not (sender + recipient).isascii()
    encoding = "utf-8" if beyond_ascii else "ascii"
    options = ["SMTPUTF8"] if beyond_ascii else []
    try:
        if beyond_ascii:
            await client.ehlo()
            if not client.supports_extension("smtputf8"):
                return Refused(reason="the relay takes no address outside ASCII")
        await client.mail(sender, options=options, encoding=encoding)
        await client.rcpt(recipient, encoding=encoding)
        ready = await client.execute_command(b"DATA")
    except aiosmtplib.SMTPResponseException as answer:
        return _refusal(answer.code, answer.message)
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        return TryLater(reason=f"the relay hung up before the mail: {_reason(error)}")
    if ready.code != _READY_FOR_DATA:
        return _refusal(ready.code, ready.message)
    return await _send_content(client, content)


async def _send_content(client: aiosmtplib.SMTP, content: bytes) -> Outcome:
    protocol = client.protocol
    if protocol is None:
        return TryLater(reason="the relay hung up before the mail")
    # Not client.data(): it says in one breath DATA and the mail, and we must know which failed.
    dotted = (b"\r\n" + content).replace(b"\r\n.", b"\r\n..")[2:].removesuffix(b"\r\n")
    try:
        protocol.write(dotted + b"\r\n.\r\n")
        answer = await protocol.read_response(timeout=client.timeout)
    except aiosmtplib.SMTPResponseException as garbled:
        return Uncertain(reason=f"the relay's answer to the mail: {_reason(garbled)}")
    except (aiosmtplib.SMTPException, OSError) as error:
        return Uncertain(reason=f"no answer to the mail: {_reason(error)}")
    if answer.code // 100 == 2:  # noqa: PLR2004 (2yz: done)
        await _say_goodbye(client)
        return Receipt(reference=_codes(answer.code, answer.message))
    return _refusal(answer.code, answer.message)


async def _say_goodbye(client: aiosmtplib.SMTP) -> None:
    try:
        await client.quit(timeout=2)
    except (aiosmtplib.SMTPException, OSError):
        return  # the mail is delivered, whatever happens to the farewell


def _refusal(code: int, message: str) -> Outcome:
    reason = f"the relay says {_codes(code, message)}"
    return Refused(reason=reason) if code // 100 == 5 else TryLater(reason=reason)  # noqa: PLR2004


def _codes(code: int, message: str) -> str:
    """The reply code and the enhanced status code (RFC 3463), without the words behind them."""
    enhanced = _ENHANCED.match(message)
    return f"{code} {enhanced[0]}" if enhanced else str(code)


def _reason(error: Exception) -> str:
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return f"{type(error).__name__} {_codes(error.code, error.message)}"
    return type(error).__name__
