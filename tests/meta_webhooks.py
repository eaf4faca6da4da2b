"""Webhooks as Meta's platform sends them to a page, an account or a number, and their signature."""

import hashlib
import hmac
import json
import time
import uuid

from meta_server import ACCOUNT, NUMBER, PAGE, PERSON, PHONE, SECRET, USER, Json, Sent


def chat(
    text: str, *, kind: str = "page", mid: str = "", sender: str = PERSON, **message: object
) -> bytes:
    """A private message to the page or the account."""
    ours = PAGE if kind == "page" else ACCOUNT
    now = int(time.time() * 1000)
    said = {"mid": mid or f"m_{uuid.uuid4().hex}", "text": text, **message}
    item = {"sender": {"id": sender}, "recipient": {"id": ours}, "timestamp": now, "message": said}
    return written({"object": kind, "entry": [{"id": ours, "time": now, "messaging": [item]}]})


def whatsapp(*messages: Json, statuses: list[Json] | None = None, **value: object) -> bytes:
    """WhatsApp messages, of one person with number and BSUID unless `value` says otherwise."""
    content: Json = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "6280000000000", "phone_number_id": NUMBER},
    }
    if messages:
        content["contacts"] = [{"profile": {"name": "Warga"}, "wa_id": PHONE, "user_id": USER}]
        content["messages"] = list(messages)
    if statuses:
        content["statuses"] = statuses
    change = {"field": "messages", "value": content | value}
    return written(
        {"object": "whatsapp_business_account", "entry": [{"id": "WABA", "changes": [change]}]}
    )


def words(text: str = "", /, **more: object) -> Json:
    """A WhatsApp message, of text unless `more` says otherwise; None leaves a field out."""
    message: Json = {
        "from": PHONE,
        "id": f"wamid.{uuid.uuid4().hex}",
        "timestamp": str(int(time.time())),
        "type": "text",
        "text": {"body": text} if text else None,
    }
    return {key: value for key, value in (message | more).items() if value is not None}


def status(sent: Sent, state: str, *codes: int) -> Json:
    """News of a WhatsApp message."""
    return {
        "id": sent.id,
        "status": state,
        "timestamp": str(int(time.time())),
        "recipient_id": sent.to,
        "biz_opaque_callback_data": sent.body["biz_opaque_callback_data"],
        "errors": [{"code": code, "title": "x"} for code in codes],
    }


def echo(sent: Sent) -> bytes:
    """The echo of a message a page sent."""
    message = {"mid": sent.id, "is_echo": True, "app_id": 1, **sent.body["message"]}
    item = {
        "sender": {"id": PAGE},
        "recipient": {"id": sent.to},
        "timestamp": 1,
        "message": message,
    }
    return written({"object": "page", "entry": [{"id": PAGE, "time": 1, "messaging": [item]}]})


def written(webhook: Json) -> bytes:
    """A body as Meta writes it: everything beyond ASCII escaped, and the slash."""
    return json.dumps(webhook, separators=(",", ":")).replace("/", "\\/").encode()


def signed(body: bytes, secret: str = SECRET) -> dict[str, str]:
    """The header Meta sends with it."""
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"X-Hub-Signature-256": f"sha256={digest}"}
