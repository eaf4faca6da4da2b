"""
Recorded webhook requests of real providers, from the evaluation data beside the project.

Each is signed as its provider would and posted to the channel; what a well-known gateway reads in
it (words, sender, files) must be found in ours. Skipped, with a reason, where the data is absent.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from doors import Site, door

from channels.contract import Channel, InboundMessage, Parsed, Secret, Unreadable
from channels.instagram import Instagram
from channels.line import Line
from channels.messenger import Messenger
from channels.signatures import Signatures
from channels.telegram import Telegram
from channels.telegram_options import SECRET_HEADER, TelegramOptions
from channels.whatsapp import Whatsapp

DATA = Path(os.environ.get("LAPOR_DATA", Path(__file__).parents[2] / "shared" / "data"))
SECRET = Secret("corpus-secret")
FAMILIES: dict[str, type[Channel]] = {
    "telegram": Telegram,
    "line": Line,
    "messenger": Messenger,
    "facebook_legacy": Messenger,
    "instagram": Instagram,
    "whatsapp_cloud": Whatsapp,
}
#: A wrong signature (here everything is signed well), a sticker (no complaint), and the answer of a
#: form inside Telegram and of buttons that are not ours.
LEFT_OUT = ("Invalid Signature", "Thumbs Up", "WebApp Data", "Button Reply")


def recorded() -> Iterator[Any]:
    """Every request of the families we speak to, as test parameters."""
    file = DATA / "webhook_payloads" / "dev.jsonl"
    if not file.is_file():
        yield pytest.param({}, marks=pytest.mark.skip(f"no evaluation data at {file}"))
        return
    for line in file.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        left_out = any(case in row["label"] for case in LEFT_OUT)
        if row["channel"] in FAMILIES and row["data"] and not left_out:
            yield pytest.param(row, id=row["id"])


@pytest.mark.parametrize("row", list(recorded()))
async def test_what_a_provider_really_sends_is_understood(
    row: dict[str, Any], tmp_path: Path
) -> None:
    """Acknowledged, kept, and read: the words, who said them, and how many files came along."""
    kind = FAMILIES[row["channel"]]
    channel = _opened(kind)
    async with door(channel, tmp_path) as site:
        status = await _post(site, channel, row["data"])
        parsed = [channel.parse(payload) for payload in await site.payloads()]

    assert status in {200, 400}
    if not row["expected_urn"]:
        return
    [message] = _messages(parsed)
    assert not any(isinstance(one, Unreadable) for one in parsed)
    if row["channel"] != "whatsapp_cloud":  # its rows have numbers nobody could be called under
        person = row["expected_urn"].partition(":")[2].partition("#")[0]
        assert message.sender.rpartition(":")[2] == person
    if row["expected_text"] and message.text:
        assert _letters(row["expected_text"]) <= _letters(f"{message.text} {message.place}")
    if row["expected_attachments"] and message.point is None:
        assert len(message.remote) == len(row["expected_attachments"])


def _opened(kind: type[Channel]) -> Channel:
    if kind is Telegram:
        options: Any = TelegramOptions(mode="webhook", secrets=(SECRET,), token=Secret("1:a"))
    elif kind is Line:
        options = kind.Options(secrets=(SECRET,), groups="all")
    else:
        options = kind.Options(secrets=(SECRET,), verify_token=SECRET)
    return kind(options, bytes(32))


async def _post(site: Site, channel: Channel, data: str) -> int:
    body = data.encode()
    headers = {"Content-Type": "application/json"}
    if channel.name == "telegram":
        headers[SECRET_HEADER] = SECRET.value
    elif channel.name == "line":
        headers |= Signatures((SECRET,), "X-Line-Signature", form="base64").sign(body)
    else:
        meta = Signatures((SECRET,), "X-Hub-Signature-256", form="hex", prefix="sha256=")
        headers |= meta.sign(body)
    status, _ = await site.post(f"/in/{channel.name}", body, headers)
    return status


def _messages(parsed: list[Parsed]) -> list[InboundMessage]:
    return [one for one in parsed if isinstance(one, InboundMessage)]


def _letters(text: str) -> set[str]:
    return {letter for letter in text.lower() if letter.isalnum()}
