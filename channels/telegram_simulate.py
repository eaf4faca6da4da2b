"""Playing a citizen and Telegram: what `lapor-gateway send telegram` does."""

import secrets
import time

import msgspec

from channels.contract import Simulated
from channels.telegram_key import Bot, arrival
from channels.telegram_options import SECRET_HEADER
from channels.webhooks import post


async def play(text: str, *, sender: str, bot: Bot, secret: str, at: str) -> Simulated:
    """Post one private message to the webhook below `at`, as Telegram would."""
    update = _update(text, int(sender) if sender.isdigit() else 0)
    raw = msgspec.json.encode(update)
    headers = {SECRET_HEADER: secret} if secret else {}
    key = arrival(raw, bot).external_id
    answer = await post(f"{at.rstrip('/')}/in/telegram", headers, raw)
    return Simulated(external_id=key, answer=answer, accepted=answer.startswith("200 "))


def _update(text: str, sender: int) -> dict[str, object]:
    person = {"id": sender, "is_bot": False, "first_name": "Warga", "last_name": "Contoh"}
    message = {
        "message_id": secrets.randbelow(1 << 31),
        "date": int(time.time()),
        "chat": {"id": sender, "type": "private", "first_name": "Warga"},
        "from": person,
        "text": text,
    }
    return {"update_id": secrets.randbelow(1 << 31), "message": message}
