"""
From the fields of a request to what a citizen said.

Parts stay parts here, each with what joins it to the others; joining is the dialog's work, for the
rest may come tomorrow. Octets that are no text are kept as a file, never decoded on a guess.
"""

from channels.addresses import e164
from channels.contract import Attachment, Ignored, InboundMessage, Parsed, Part, Unreadable
from channels.sms_form import Fields
from channels.sms_text import decode, is_binary, moment, octets, read_udh, udh_octets, words


def read_message(fields: Fields, *, country: str, own: str) -> Parsed:
    """The message in the fields; `own` is our number, to which no answer may go."""
    if "text" not in fields:
        return Unreadable(reason="the request has no field with a text")
    if not fields["text"] and not fields.get("from"):
        return Unreadable(reason="the request has neither a sender nor a text")
    text, files, remark = _content(octets(fields["text"]), fields.get("charset", ""))
    sender, number = _address(fields.get("from", ""), country)
    receiver, _ = _address(fields.get("to", ""), country)
    part, doubt = _part(fields.get("udh", ""), receiver)
    if not text.strip() and not files and not part:
        return Ignored(reason="an empty message")
    is_answerable = number is not None and sender != (e164(own, country) or own)
    return InboundMessage(
        sender=sender,
        text=text,
        sent_at=moment(words(fields.get("sent_at", ""))),
        return_address=f"{number} {receiver}".rstrip() if is_answerable else None,
        attachments=files,
        part=part,
        remarks=tuple(filter(None, (remark, doubt))),
    )


def _content(raw: bytes, charset: str) -> tuple[str, tuple[Attachment, ...], str]:
    if not is_binary(charset):
        text, remark = decode(raw, charset)
        return text, (), remark
    if not raw:
        return "", (), ""
    file = Attachment(name="sms.bin", media_type="application/octet-stream", content=raw)
    return "", (file,), "binary message, kept as a file"


def _address(characters: str, country: str) -> tuple[str, str | None]:
    """The address as it stands in the record, and the number to call back, if it is one."""
    written = words(characters).strip()
    number = e164(written, country)
    return number or written, number


def _part(udh: str, receiver: str) -> tuple[Part | None, str]:
    if not udh:
        return None, ""
    found, doubt = read_udh(udh_octets(udh))
    if not found:
        return None, doubt
    kind, reference, total, number = found
    joined = f"{receiver}:{kind}:{reference}:{total}"
    return Part(reference=joined, number=number, total=total), doubt
