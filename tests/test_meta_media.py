"""Files people send by Messenger and Instagram, and the words of mentions."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from basket import Basket
from meta_server import ACCOUNT, MetaPlatform
from meta_webhooks import chat, written

from channels.contract import (
    InboundMessage,
    Receipt,
    Refused,
    RemoteFile,
    TooLarge,
    TryLater,
)
from channels.instagram import Instagram
from channels.messenger import Messenger
from channels.meta_chats import MetaChats

PHOTO = b"\xff\xd8\xff" + bytes(100_000)


@pytest.fixture
async def platform() -> AsyncIterator[MetaPlatform]:
    """Meta with its delivery network."""
    async with MetaPlatform().serving() as platform:
        platform.files["jalan.jpg"] = PHOTO
        yield platform


@pytest.fixture(params=[Messenger, Instagram], ids=lambda kind: kind.name)
async def channel(
    request: pytest.FixtureRequest, platform: MetaPlatform
) -> AsyncIterator[MetaChats]:
    """Each of the two channels, fetching there."""
    channel = opened(request.param, platform)
    yield channel
    await channel.close()


def opened(kind: type[MetaChats], platform: MetaPlatform, **options: Any) -> MetaChats:  # noqa: ANN401 (one option)
    """A channel whose files may come from this Meta alone."""
    settings = platform.account | {"media_hosts": ("127.0.0.1", "fbcdn.net")} | options
    return kind(kind.Options(**settings), bytes(32))


def named(channel: MetaChats, url: str) -> RemoteFile:
    """The file of a message with one photo."""
    photo = {"type": "image", "payload": {"url": url}}
    said = channel.parse(chat("", kind=channel.kind, attachments=[photo]))
    assert isinstance(said, InboundMessage)
    (file,) = said.remote
    return file


async def test_a_photo_comes_from_the_delivery_network(
    platform: MetaPlatform, channel: MetaChats
) -> None:
    """The address needs no token and gets none; the file arrives whole."""
    basket = Basket()
    outcome = await channel.fetch(named(channel, f"{platform.url}/cdn/jalan.jpg?oe=1"), basket)

    assert outcome == Receipt(reference="image/jpeg")
    assert basket.content == PHOTO


async def test_an_address_that_expired_is_given_up(
    platform: MetaPlatform, channel: MetaChats
) -> None:
    """Addresses of the delivery network expire; the message stays, the missing file shows."""
    outcome = await channel.fetch(named(channel, f"{platform.url}/cdn/lama.jpg"), Basket())

    assert isinstance(outcome, Refused)


@pytest.mark.parametrize(
    "url",
    [
        "https://gambar.example/jalan.jpg",
        "https://fbcdn.net.jahat.example/jalan.jpg",
        "https://127.0.0.2/jalan.jpg",
        "https://169.254.169.254/latest/meta-data/",
        "http://scontent.fbcdn.net/jalan.jpg",
        "file:///etc/passwd",
        "https://[",
        "gambar",
    ],
)
async def test_other_hosts_are_not_asked(channel: MetaChats, url: str) -> None:
    """Whatever address a message holds, files come from Meta's hosts and over https alone."""
    assert isinstance(await channel.fetch(named(channel, url), Basket()), Refused)


async def test_metas_host_must_not_lead_inside(
    platform: MetaPlatform, channel: MetaChats, free_port: int
) -> None:
    """An allowed name with an address of our own network is refused; only api_url may have one."""
    del platform
    file = named(channel, f"https://127.0.0.1:{free_port}/jalan.jpg")

    assert isinstance(await channel.fetch(file, Basket()), Refused)


async def test_a_file_that_is_too_large_ends_the_transfer(
    platform: MetaPlatform, channel: MetaChats
) -> None:
    """The gateway's cap ends it at once."""
    with pytest.raises(TooLarge):
        await channel.fetch(named(channel, f"{platform.url}/cdn/jalan.jpg"), Basket(most=1000))


# --- mentions -----------------------------------------------------------------------------------


def mention(**ids: str) -> bytes:
    """A mention of our account."""
    change = {"field": "mentions", "value": ids}
    entry = {"id": ACCOUNT, "time": 1795300000, "changes": [change]}
    return written({"object": "instagram", "entry": [entry]})


@pytest.mark.parametrize(
    ("ids", "told", "words"),
    [
        ({"media_id": "1", "comment_id": "2"}, {"id": "2", "text": "@lapor jalan rusak"},
         b"@lapor jalan rusak"),
        ({"media_id": "1"}, {"id": "1", "username": "warga.contoh", "caption": "@lapor banjir",
                             "permalink": "https://www.instagram.com/p/1/"},
         b"warga.contoh\n@lapor banjir\nhttps://www.instagram.com/p/1/"),
    ],
    ids=["in a comment", "in a caption"],
)  # fmt: skip
async def test_the_words_of_a_mention_are_fetched(
    platform: MetaPlatform, ids: dict[str, str], told: dict[str, str], words: bytes
) -> None:
    """A webhook tells only the ids of a mention; its words come as a file of the report."""
    channel, basket = opened(Instagram, platform), Basket()
    said = channel.parse(mention(**ids))
    assert isinstance(said, InboundMessage)
    missing = await channel.fetch(said.remote[0], Basket())
    platform.mentions[told["id"]] = told
    outcome = await channel.fetch(said.remote[0], basket)
    await channel.close()

    assert said.return_address is None
    assert isinstance(missing, Refused)
    assert outcome == Receipt(reference="text/plain")
    assert basket.content == words


async def test_a_mention_waits_for_a_valid_token(platform: MetaPlatform) -> None:
    """A revoked token is trouble of the channel; the mention is fetched afterwards."""
    platform.token = "renewed"
    channel = opened(Instagram, platform)
    said = channel.parse(mention(media_id="1"))
    assert isinstance(said, InboundMessage)
    outcome = await channel.fetch(said.remote[0], Basket())
    await channel.close()

    assert isinstance(outcome, TryLater)
    assert outcome.trouble == "bad_credentials"
