"""Requests that another gateway's adapters were tested with, read through mapped field names."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from sms_gateway import opened

from channels.capture import pack
from channels.contract import DeliveryReport, Ignored, InboundMessage, Unreadable
from channels.sms_form import external_id
from channels.sms_presets import PRESETS, Names

DATA = Path(os.environ.get("LAPOR_DATA", Path(__file__).parents[2] / "shared" / "data"))

FORM = {"content-type": "application/x-www-form-urlencoded"}

NAMES = {
    "kannel": Names(sender="sender", text="message", sent_at="ts"),
    "external_generic": Names(sender="sender", sent_at="date"),
    "twilio": Names(sender="From", receiver="To", text="Body", id="MessageSid"),
}


def rows(*channels: str) -> list[dict[str, Any]]:
    """The recorded requests to these channels."""
    file = DATA / "webhook_payloads" / "dev.jsonl"
    if not file.exists():
        pytest.skip(f"evaluation data absent: {file} (set LAPOR_DATA)")
    found = [json.loads(line) for line in file.read_text().splitlines()]
    return [row for row in found if row["channel"] in channels]


def captured(row: dict[str, Any], preset: str) -> bytes:
    """The request as our journal would hold it."""
    query = row["url"].partition("?")[2]
    return pack(f"{preset}?{query}", FORM, (row["data"] or "").encode())


def test_no_recorded_request_is_beyond_reading() -> None:
    """Status calls, missing fields, SOAP: each gives a value with every preset."""
    for row in rows("kannel", "jasmin", "twilio", "external_generic"):
        for preset in PRESETS:
            names = NAMES.get(row["channel"], Names())
            said = opened(fields=names).parse(captured(row, preset))

            assert isinstance(said, InboundMessage | DeliveryReport | Ignored | Unreadable)


def test_a_foreign_provider_is_read_by_mapping_its_names() -> None:
    """Twilio's form needs no code for text, sender and id: three names in the settings do."""
    names = NAMES["twilio"]
    messages = [
        row
        for row in rows("twilio")
        if row["expected_text"] == "Msg" and row["expected_urn"].startswith("tel:")
    ]
    assert messages
    for row in messages:
        payload = captured(row, "generic")
        said = opened(fields=names).parse(payload)
        fields = PRESETS["generic"].read(("", FORM, row["data"].encode()), names)

        assert isinstance(said, InboundMessage)
        assert (said.text, f"tel:{said.sender}") == (row["expected_text"], row["expected_urn"])
        assert external_id(fields) == row["expected_external_id"]
