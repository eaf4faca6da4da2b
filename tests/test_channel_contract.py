"""
What holds for every channel there is; no channel is named here.

Channels come from the registry, payloads from fixtures/<channel>/, each with its neighbour
NAME.expected.json. How to add a channel: channels/README.md.
"""

import dataclasses
import hashlib
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp.web import RouteDef
from doors import door
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.contract import (
    Attachment,
    Channel,
    DeliveryReport,
    Ignored,
    InboundMessage,
    Parsed,
    Secret,
    Signal,
    Unreadable,
)
from channels.registry import CHANNELS

REPOSITORY = Path(__file__).parent.parent
FIXTURES = REPOSITORY / "tests" / "fixtures"
EXPECTED = ".expected.json"

#: Files up to here stand in an .expected.json as base64, longer ones as length and digest.
READABLE = 100

KINDS: dict[type[Parsed], str] = {
    InboundMessage: "message",
    Signal: "signal",
    DeliveryReport: "report",
    Ignored: "ignored",
    Unreadable: "unreadable",
}


def payloads(channel: type[Channel]) -> list[Path]:
    """The recorded payloads of a channel."""
    files = (FIXTURES / channel.name).glob("*")
    return sorted(file for file in files if not file.name.endswith(EXPECTED))


RECORDED = [
    pytest.param(channel, file, id=f"{channel.name}/{file.stem}")
    for channel in CHANNELS
    for file in payloads(channel)
]

every_channel = pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.name)


def opened(channel: type[Channel]) -> Channel:
    """The channel with its defaults."""
    return channel(channel.Options(), bytes(32))


def as_expected(parsed: Parsed) -> dict[str, Any]:
    """The value as an .expected.json says it: without what is left at its default."""
    kind = KINDS[type(parsed)]
    if isinstance(parsed, Ignored | Unreadable):
        return {kind: parsed.reason}
    told = {
        field.name: _plain(getattr(parsed, field.name))
        for field in dataclasses.fields(parsed)
        if getattr(parsed, field.name) != field.default
    }
    return {kind: told}


def _plain(value: object) -> object:
    if isinstance(value, Attachment) and len(value.content) > READABLE:
        told = {"name": value.name, "media_type": value.media_type, "bytes": len(value.content)}
        return told | {"sha256": hashlib.sha256(value.content).hexdigest()}
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return msgspec.to_builtins(value)


@pytest.mark.parametrize(("channel", "file"), RECORDED)
def test_a_recorded_payload_says_what_stands_beside_it(channel: type[Channel], file: Path) -> None:
    """What a provider really sent is read as its .expected.json says."""
    expected = json.loads(file.with_name(file.stem + EXPECTED).read_text())

    assert as_expected(opened(channel).parse(file.read_bytes())) == expected


@pytest.mark.parametrize(("channel", "file"), RECORDED)
def test_reading_twice_gives_the_same(channel: type[Channel], file: Path) -> None:
    """A payload read again, by another process, gives an equal value: `parse` is pure."""
    payload = file.read_bytes()

    assert opened(channel).parse(payload) == opened(channel).parse(payload)


@every_channel
def test_messages_noise_and_nonsense_are_recorded(channel: type[Channel]) -> None:
    """Every channel shows a message or signal, one ignored and one unreadable payload at least."""
    seen = {KINDS[type(opened(channel).parse(file.read_bytes()))] for file in payloads(channel)}

    assert seen >= {"ignored", "unreadable"}
    assert seen & {"message", "signal"}


@every_channel
@settings(max_examples=150)
@given(payload=st.binary(max_size=400))
def test_any_bytes_can_be_read(channel: type[Channel], payload: bytes) -> None:
    """Whatever the journal holds, `parse` answers one of its values and never raises."""
    assert type(opened(channel).parse(payload)) in KINDS


@every_channel
@settings(max_examples=150)
@given(data=st.data())
def test_damaged_payloads_can_be_read(channel: type[Channel], data: st.DataObject) -> None:
    """A recorded payload with a piece missing, doubled or replaced gives one of its values."""
    payload = data.draw(st.sampled_from(payloads(channel))).read_bytes()
    start = data.draw(st.integers(0, len(payload)))
    end = data.draw(st.integers(start, min(len(payload), start + 40)))
    piece = data.draw(st.one_of(st.binary(max_size=20), st.just(payload[start:end] * 2)))
    parsed = opened(channel).parse(payload[:start] + piece + payload[end:])

    assert type(parsed) in KINDS
    if isinstance(parsed, InboundMessage):
        said = "".join((parsed.text, parsed.matter or "", parsed.sender, parsed.title, parsed.name))
        assert not re.search("[\x00\ud800-\udfff]", said)


@every_channel
def test_every_setting_stands_in_the_shipped_configuration(channel: type[Channel]) -> None:
    """gateway.toml shows every key of a channel with its default; one without, as a comment."""
    text = (REPOSITORY / "config" / "gateway.toml").read_text()
    section = tomllib.loads(text)["channels"][channel.name]
    del section["enabled"]  # which is the gateway's own
    optional = {
        field.encode_name
        for field in msgspec.structs.fields(channel.Options)
        if field.default is None and re.search(rf"^# ?{field.encode_name} = ", text, re.MULTILINE)
    }

    assert section.keys() | optional == set(channel.Options.__struct_encode_fields__)
    assert msgspec.convert(section, channel.Options, dec_hook=_secret) == channel.Options()


def _secret(_type: type, name: object) -> Secret:
    return Secret(str(name))


@every_channel
async def test_without_its_secret_nothing_enters(channel: type[Channel], tmp_path: Path) -> None:
    """As shipped, a channel that needs an account takes nothing from anybody, and says no why."""
    if channel.embedded:
        pytest.skip("open on loopback by design; see test_settings.py for other addresses")
    async with door(opened(channel), tmp_path) as site:
        for route in opened(channel).routes(site.inbox):
            assert isinstance(route, RouteDef)
            path = re.sub(r"\{[^}]*\}", "x", route.path)
            async with site.session.request(route.method, site.url + path, data=b"{}") as answer:
                said = await answer.text()
            assert answer.status < 500, (route.method, path, said)
            if route.method == "POST":
                assert answer.status in {400, 401, 403, 404}, (path, said)

        assert await site.payloads() == []


@every_channel
def test_whoever_names_files_can_fetch_them(channel: type[Channel]) -> None:
    """`fetches` and `fetch` agree, and only such channels give messages with remote files."""
    parsed = [opened(channel).parse(file.read_bytes()) for file in payloads(channel)]
    named = any(isinstance(one, InboundMessage) and one.remote for one in parsed)

    assert channel.fetches == (channel.fetch is not Channel.fetch)
    assert channel.fetches or not named


@every_channel
def test_the_readme_lists_the_channel(channel: type[Channel]) -> None:
    """Who looks for a channel finds it in the table of the README."""
    readme = (REPOSITORY / "README.md").read_text()

    assert re.search(rf"^\| *`?{channel.name}`? *\|", readme, re.MULTILINE)


def test_there_is_a_guide_for_the_next_channel() -> None:
    """How to add a channel is written down beside the channels, and names this test."""
    assert "test_channel_contract.py" in (REPOSITORY / "channels" / "README.md").read_text()


def test_every_channel_has_a_name_and_a_folder_of_its_own() -> None:
    """Registry, fixtures and the layer rule that keeps channels apart name the same channels."""
    names = [channel.name for channel in CHANNELS]
    rules = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["importlinter"]
    apart = next(rule for rule in rules["contracts"] if rule["type"] == "independence")

    assert len(set(names)) == len(names)
    assert {file.name for file in FIXTURES.iterdir()} >= set(names)
    modules = {f"channels.{name}" for name in names}
    hidden = next(rule for rule in rules["contracts"] if "channels.registry" in str(rule))
    assert modules == set(apart["modules"])
    assert modules < set(hidden["forbidden_modules"])
