"""
What one item of a WhatsApp webhook says: a message, or news about an answer of ours.

People are known by a business-scoped id (BSUID) first and a telephone number second: who took a
username may show no number at all. A status carries the id of our reply, which we send along as
biz_opaque_callback_data; statuses come out of order, and "read" may come without "delivered".
Wire format: https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks/payload-examples
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from channels.contract import (
    DeliveryReport,
    Ignored,
    InboundMessage,
    Parsed,
    RemoteFile,
    Unreadable,
)
from channels.webhooks import clean, decode, moment, place_on_map, word
from channels.whatsapp_shapes import Card, Contact, Location, Media, Message, Status, Value, Webhook
from channels.windows import pack_address

# "voice" is what older gateways between us and WhatsApp call an audio note.
_FILES = ("image", "video", "audio", "voice", "document")
_NO_MESSAGES = ("sticker", "reaction", "system", "request_welcome")

_DIGEST = re.compile(r"[0-9a-fA-F]{64}|[A-Za-z0-9+/]{43}=", re.ASCII)
_DIGITS = re.compile(r"\d{6,15}", re.ASCII)

# What a status says: whether it arrived, and whether that is the last word.
_STATUSES = {
    "sent": (False, False),
    "delivered": (True, True),
    "read": (True, True),
    "played": (True, True),
    "failed": (False, True),
}


def read(payload: bytes) -> Parsed:
    """What one item says."""
    try:
        webhook = decode(payload, Webhook)
        if webhook.object != "whatsapp_business_account" or len(webhook.entry) != 1:
            return Unreadable(reason="not one item of a WhatsApp webhook")
        changes = webhook.entry[0].changes
        if len(changes) != 1:
            return Ignored(reason="a notice of a kind we do not know")
        if changes[0].field != "messages":
            # Our own side's messages and the past of a number that came from the app among them.
            return Ignored(reason=f"an event: {word(changes[0].field)}")
        return _value(decode(bytes(changes[0].value), Value))
    except ValueError as error:
        return Unreadable(reason=f"no item of a WhatsApp webhook: {error}")


def _value(value: Value) -> Parsed:
    match value:
        case Value(messages=[message]):
            return _message(message, value)
        case Value(statuses=[status]):
            return _status(status)
        case Value(errors=[error, *_]):
            return Ignored(reason=f"an error notice: {error.code}")
    return Unreadable(reason="not one message or status")


# --- statuses -----------------------------------------------------------------------------------


def _status(status: Status) -> Parsed:
    reply_id, told = clean(status.biz_opaque_callback_data), word(status.status)
    if not reply_id:
        return Ignored(reason=f"a status of a message that is none of our answers: {told}")
    if status.status not in _STATUSES:
        return Ignored(reason=f"a status of a kind we do not know: {told}")
    delivered, final = _STATUSES[status.status]
    detail = " ".join([told, *(str(error.code) for error in status.errors)])
    return DeliveryReport(reply_id=reply_id, delivered=delivered, final=final, detail=detail)


# --- messages -----------------------------------------------------------------------------------


def _message(message: Message, value: Value) -> Parsed:
    if message.phone and message.phone == _digits(value.metadata.display_phone_number):
        return Ignored(reason="said by our own side")
    if message.type in _NO_MESSAGES:
        return Ignored(reason=f"a {message.type} message")
    blank = _blank(message, value)
    if message.type == "revoke":
        edited = message.revoke.original_message_id
        return replace(blank, edits=edited, withdrawn=True, return_address=None)
    if message.type == "edit":
        inner = decode(bytes(message.edit.message), Message)
        blank = replace(blank, edits=message.edit.original_message_id)
        return _said(inner, blank)
    return _said(message, blank)


def _blank(message: Message, value: Value) -> InboundMessage:
    """Who wrote, when, and where an answer goes."""
    contact = _contact(message, value.contacts)
    phone = _digits(message.phone or contact.wa_id)
    user = clean(message.from_user_id or contact.user_id)
    number = clean(value.metadata.phone_number_id)
    context = "\n".join(filter(None, (message.referral.headline, message.referral.body)))
    address = pack_address(user or phone, phone=phone, number=number)
    return InboundMessage(
        sender=user or (f"+{phone}" if phone else ""),
        text="",
        name=clean(contact.profile.name or contact.profile.username),
        contact=f"+{phone}" if phone else "",
        sent_at=_moment(message.timestamp),
        return_address=address if user or phone else None,
        context=clean(context),
    )


def _contact(message: Message, contacts: Sequence[Contact]) -> Contact:
    """The sender among the contacts of a webhook; where they are not told apart, there is one."""
    for contact in contacts:
        if message.from_user_id and contact.user_id == message.from_user_id:
            return contact
        if message.phone and contact.wa_id == message.phone:
            return contact
    return contacts[0] if len(contacts) == 1 else Contact()


def _said(message: Message, blank: InboundMessage) -> Parsed:
    if message.type in _FILES:
        return _file(message, blank)
    if message.type == "location":
        return _location(message.location, blank)
    if message.type == "unsupported":
        remark = "a message of a kind that WhatsApp does not pass on"
        return replace(blank, remarks=(remark,))
    text = _text(message)
    if text is None:
        remark = f"a message of a kind we do not know: {word(message.type)}"
        return replace(blank, remarks=(remark,))
    if not text.strip():
        return Ignored(reason="an empty message")
    remarks = ("a shared contact",) if message.type == "contacts" else ()
    return replace(blank, text=clean(text), remarks=remarks)


def _text(message: Message) -> str | None:
    """The words of a message that is all words; None for kinds we do not know."""
    match message.type:
        case "text":
            return message.text.body
        case "button":
            return message.button.payload or message.button.text
        case "contacts":
            return "\n".join(map(_card, message.contacts))
        case "interactive":
            asked = message.interactive
            choice = asked.button_reply if asked.button_reply.id else asked.list_reply
            form = "\n".join(filter(None, (asked.nfm_reply.body, asked.nfm_reply.response_json)))
            return choice.id or choice.title or form
    return None


def _card(card: Card) -> str:
    phones = (phone.phone for phone in card.phones)
    return ", ".join(filter(None, (card.name.formatted_name, *phones)))


def _file(message: Message, blank: InboundMessage) -> Parsed:
    media: Media = getattr(message, message.type)
    caption = clean(media.caption)
    if not media.id:
        return replace(blank, text=caption, remarks=(f"file not fetched: {message.type}",))
    kind = "voice" if media.voice else message.type
    digest = media.sha256 if _DIGEST.fullmatch(media.sha256) else ""
    file = RemoteFile(
        key=f"{media.id} {digest}".rstrip(),
        name=clean(media.filename) or kind,
        media_type=clean(media.mime_type.partition(";")[0].strip()),
    )
    return replace(blank, text=caption, remote=(file,))


def _location(location: Location, blank: InboundMessage) -> Parsed:
    place = clean(", ".join(filter(None, (location.name, location.address))))
    point = place_on_map(location.latitude, location.longitude)
    remarks = () if point else ("a location without coordinates",)
    return replace(blank, place=place, point=point, remarks=remarks)


def _digits(number: str) -> str:
    """A telephone number as WhatsApp writes it, without plus; "" for what is none."""
    digits = re.sub(r"[\s+().-]", "", number)
    return digits if _DIGITS.fullmatch(digits) else ""


def _moment(timestamp: int | str) -> datetime | None:
    try:
        return moment(int(timestamp))
    except ValueError:
        return None
