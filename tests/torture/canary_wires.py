"""
How each door is spoken to: what its provider sends for a person, and how it proves itself.

Written out here, and not taken from the stand-ins, because everything in it is a canary: also the
ids of accounts, and the secrets that sign.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import line_server
import meta_webhooks
from telegram_people import DATE, person
from telegram_server import SECRET_HEADER

from channels.contract import Secret
from channels.signatures import Signatures
from torture.canary_words import Person

#: Bodies are made for a person, a text and an id of this one message.
Written = Callable[[Person, str, str], bytes]
#: What is added to a body so that it is let in, by a secret.
Proven = Callable[[bytes, str], tuple[bytes, Mapping[str, str]]]

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """One address strangers may post to."""

    name: str
    path: str
    #: The name of the secret that opens it.
    secret: str
    written: Written
    proven: Proven
    kind: str = JSON


def doors() -> list[Door]:
    """All but the form and the mail, which are no single request."""
    return [
        Door(
            name="sms",
            path="/in/sms",
            secret="door_sms",
            written=_sms,
            proven=_shown("X-Secret"),
            kind=FORM,
        ),
        Door(
            name="telegram",
            path="/in/telegram",
            secret="door_telegram",
            written=_telegram,
            proven=_shown(SECRET_HEADER),
        ),
        Door(name="line", path="/in/line", secret="door_line", written=_line, proven=_by_line),
        Door(
            name="whatsapp",
            path="/in/whatsapp",
            secret="door_whatsapp",
            written=_whatsapp,
            proven=_hub,
        ),
        Door(
            name="messenger",
            path="/in/messenger",
            secret="door_messenger",
            written=_chat("page"),
            proven=_hub,
        ),
        Door(
            name="instagram",
            path="/in/instagram",
            secret="door_instagram",
            written=_chat("instagram"),
            proven=_hub,
        ),
        Door(name="x", path="/in/x", secret="door_x", written=_post, proven=_by_x),
        Door(name="api", path="/api/v1/reports", secret="app_key", written=_report, proven=_bearer),
        Door(
            name="open311",
            path="/open311/v2/requests.json",
            secret="city_client_key",
            written=_request,
            proven=_api_key,
            kind=FORM,
        ),
        Door(
            name="officer",
            path="/in/officer",
            secret="door_officer",
            written=_found,
            proven=_shown("X-Secret"),
        ),
    ]


# --- bodies ------------------------------------------------------------------------------------


def _sms(who: Person, text: str, id_: str) -> bytes:
    return urlencode({"from": f"+62{who.phone}", "text": text, "id": id_}).encode()


def _telegram(who: Person, text: str, id_: str) -> bytes:
    number = int(who.account)
    names = {"first_name": who.name, "last_name": who.name, "username": who.mailbox}
    message = {
        "message_id": 1 + sum(id_.encode()),
        "date": DATE,
        "chat": {"id": number, "type": "private", **names},
        "from": person(number, **names),
        "text": text,
    }
    return json.dumps({"update_id": 880_000_000 + hash_of(id_), "message": message}).encode()


def _line(who: Person, text: str, id_: str) -> bytes:
    event: dict[str, Any] = {
        "type": "message",
        "mode": "active",
        "timestamp": int(time.time() * 1000),
        "source": {"type": "user", "userId": f"U{who.account:0>32}"},
        "webhookEventId": f"01FZ{hash_of(id_):022d}",
        "deliveryContext": {"isRedelivery": False},
        "replyToken": f"{hash_of(id_):032x}",
        "message": {
            "id": f"4440{hash_of(id_):014d}",
            "type": "text",
            "quoteToken": "q",
            "text": text,
        },
    }
    return line_server.webhook(event)


def _whatsapp(who: Person, text: str, id_: str) -> bytes:
    phone = f"62{who.phone}"
    message = meta_webhooks.words(text, **{"id": f"wamid.{id_}", "from": phone})
    contact = {"profile": {"name": who.name}, "wa_id": phone, "user_id": f"ID.{who.account}"}
    return meta_webhooks.whatsapp(message, contacts=[contact])


def _chat(kind: str) -> Written:
    return lambda who, text, id_: meta_webhooks.chat(
        text, kind=kind, mid=f"m_{id_}", sender=who.account
    )


def _post(who: Person, text: str, id_: str) -> bytes:
    us = {"screen_name": "lapor", "name": "Lapor", "id": 1, "id_str": "1", "indices": [0, 6]}
    number = 1_990_000_000_000_000_000 + hash_of(id_)
    post = {
        "created_at": "Sat Nov 21 10:00:00 +0000 2026",
        "id": number,
        "id_str": str(number),
        "text": f"@lapor {text}",
        "truncated": False,
        "user": {
            "id": int(who.account),
            "id_str": who.account,
            "name": who.name,
            "screen_name": who.mailbox,
        },
        "entities": {"user_mentions": [us]},
        "timestamp_ms": "1795255200000",
    }
    return json.dumps({"for_user_id": "1", "tweet_create_events": [post]}).encode()


def _report(who: Person, text: str, id_: str) -> bytes:
    reporter = {"id": who.account, "name": who.name, "contact": who.mail}
    return json.dumps({"text": text, "id": id_, "reporter": reporter}).encode()


def _request(who: Person, text: str, id_: str) -> bytes:
    form = {
        "service_code": "jalan",
        "lat": "-6.91751",
        "long": "107.61912",
        "description": text,
        "first_name": who.name,
        "email": who.mail,
        "phone": f"0{who.phone}",
        "account_id": who.account,
        "device_id": f"{who.account}-{id_}",
    }
    return urlencode(form).encode()


def _found(who: Person, text: str, id_: str) -> bytes:
    found = {
        "text": text,
        "author": f"{who.name} {who.account}",
        "contact": who.mail,
        "system": "uji",
        "id": id_,
        "other": {"akun": who.account},
    }
    return json.dumps(found).encode()


def hash_of(id_: str) -> int:
    """A number for an id, the same in every run."""
    return int.from_bytes(id_.encode()[-5:]) % 10**10


# --- proofs ------------------------------------------------------------------------------------


def _shown(header: str) -> Proven:
    return lambda body, secret: (body, {header: secret} if secret else {})


def _hub(body: bytes, secret: str) -> tuple[bytes, Mapping[str, str]]:
    return _signed(body, secret, "X-Hub-Signature-256", prefix="sha256=")


def _by_line(body: bytes, secret: str) -> tuple[bytes, Mapping[str, str]]:
    return _signed(body, secret, "X-Line-Signature", form="base64")


def _by_x(body: bytes, secret: str) -> tuple[bytes, Mapping[str, str]]:
    return _signed(body, secret, "x-twitter-webhooks-signature", form="base64", prefix="sha256=")


def _signed(
    body: bytes,
    secret: str,
    header: str,
    **how: Any,  # noqa: ANN401 (as Signatures)
) -> tuple[bytes, Mapping[str, str]]:
    if not secret:
        return body, {}
    return body, Signatures([Secret(secret)], header, **how).sign(body)


def _bearer(body: bytes, secret: str) -> tuple[bytes, Mapping[str, str]]:
    return body, {"Authorization": f"Bearer {secret}"} if secret else {}


def _api_key(body: bytes, secret: str) -> tuple[bytes, Mapping[str, str]]:
    return (body + b"&" + urlencode({"api_key": secret}).encode() if secret else body), {}
