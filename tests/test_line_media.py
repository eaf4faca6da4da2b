"""Files people send by LINE: from its content host with our token, from elsewhere with care."""

import hashlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from basket import Basket
from line_server import TOKEN, Content, LinePlatform, webhook

from channels.contract import (
    InboundMessage,
    Outcome,
    Receipt,
    Refused,
    RemoteFile,
    Secret,
    TooLarge,
    TryLater,
)
from channels.line import Line
from channels.line_options import LineOptions

PHOTO = b"\xff\xd8\xff" + bytes(200_000)


@pytest.fixture
async def platform() -> AsyncIterator[LinePlatform]:
    """LINE with its content host."""
    async with LinePlatform().serving() as platform:
        yield platform


@pytest.fixture
async def channel(platform: LinePlatform) -> AsyncIterator[Line]:
    """The channel that fetches there."""
    channel = Line(LineOptions(**platform.account), bytes(32))
    yield channel
    await channel.close()


def named(platform: LinePlatform, channel: Line, kind: str, **more: Any) -> RemoteFile:  # noqa: ANN401 (JSON)
    """The file a message of this kind names, and LINE holds."""
    message = {"type": kind, "contentProvider": {"type": "line"}, **more}
    event = platform.event(message)
    platform.contents[event["message"]["id"]] = Content(body=PHOTO)
    said = channel.parse(webhook(event))
    assert isinstance(said, InboundMessage)
    (file,) = said.remote
    return file


def content_of(platform: LinePlatform) -> Content:
    """The one file LINE holds."""
    (content,) = platform.contents.values()
    return content


@pytest.mark.parametrize("kind", ["image", "video", "audio", "file"])
async def test_a_file_comes_from_the_content_host(
    platform: LinePlatform, channel: Line, kind: str
) -> None:
    """Every kind of file is fetched by its message id with our token, whole."""
    basket = Basket()
    outcome = await channel.fetch(named(platform, channel, kind), basket)

    assert outcome == Receipt(reference="image/jpeg")
    assert hashlib.sha256(basket.content).digest() == hashlib.sha256(PHOTO).digest()


@pytest.mark.parametrize("kind", ["image", "video"])
async def test_what_is_not_ready_is_fetched_later(
    platform: LinePlatform, channel: Line, kind: str
) -> None:
    """202, and "processing" for videos, are a short wait and no failure."""
    file = named(platform, channel, kind)
    content_of(platform).preparing = 1
    outcomes: list[Outcome] = [await channel.fetch(file, Basket()) for _ in range(2)]

    assert outcomes[0] == TryLater(reason="LINE is still preparing the file", wait=5.0)
    assert isinstance(outcomes[1], Receipt)


async def test_what_line_cannot_prepare_is_given_up(platform: LinePlatform, channel: Line) -> None:
    """A video whose transcoding failed will never come."""
    file = named(platform, channel, "video")
    content_of(platform).is_failed = True

    assert isinstance(await channel.fetch(file, Basket()), Refused)


@pytest.mark.parametrize("kind", ["image", "audio"])
async def test_what_line_deleted_is_given_up(
    platform: LinePlatform, channel: Line, kind: str
) -> None:
    """After an undisclosed time content is gone: 404 is final."""
    file = named(platform, channel, kind)
    platform.contents.clear()

    assert isinstance(await channel.fetch(file, Basket()), Refused)


@pytest.mark.parametrize("kind", ["image", "audio"])
async def test_a_revoked_token_is_trouble_of_the_channel(
    platform: LinePlatform, channel: Line, kind: str
) -> None:
    """401 while fetching is told as bad credentials, and the file is not lost."""
    file = named(platform, channel, kind)
    platform.token = "renewed"
    outcome = await channel.fetch(file, Basket())

    assert isinstance(outcome, TryLater)
    assert outcome.trouble == "bad_credentials"


async def test_a_file_that_is_too_large_ends_the_transfer(
    platform: LinePlatform, channel: Line
) -> None:
    """The gateway's cap ends it at once; what has come is not more than the cap and one chunk."""
    basket = Basket(most=1000)

    with pytest.raises(TooLarge):
        await channel.fetch(named(platform, channel, "image"), basket)

    assert len(basket.content) <= 1000 + 64 * 1024


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/jalan.jpg",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::1]/jalan.jpg",
        "http://gambar.example/jalan.jpg",
        "file:///etc/passwd",
        "https://name:word@gambar.example/",
        "gopher:",
        "",
    ],
)
async def test_an_address_of_somebody_else_is_untrusted(
    platform: LinePlatform, channel: Line, url: str
) -> None:
    """An external content provider's address must not lead into our own network."""
    provider = {"type": "external", "originalContentUrl": url}
    file = named(platform, channel, "image", contentProvider=provider)

    assert isinstance(await channel.fetch(file, Basket()), Refused)


async def test_a_message_id_is_no_path(platform: LinePlatform, channel: Line) -> None:
    """Whatever stands in an id, no other resource of the host is asked."""
    file = RemoteFile(key="image:../../bot/info?x=", name="x")

    assert isinstance(await channel.fetch(file, Basket()), Refused)
    assert platform.fetched == ["../../bot/info?x="]


async def test_the_content_host_away_is_tried_again(free_port: int) -> None:
    """Without a connection the file waits."""
    url = f"http://127.0.0.1:{free_port}"
    channel = Line(LineOptions(access_token=Secret(TOKEN), content_url=url), bytes(32))
    outcomes = [
        await channel.fetch(RemoteFile(key=f"{kind}:1"), Basket()) for kind in ("image", "video")
    ]
    await channel.close()

    assert all(isinstance(outcome, TryLater) and not outcome.trouble for outcome in outcomes)
