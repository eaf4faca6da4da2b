"""Files people send by WhatsApp: id, address, token, digest, and no storm of errors."""

import hashlib
from collections.abc import AsyncIterator

import pytest
from basket import Basket
from meta_server import MOST_MEDIA_ERRORS, TOKEN, MetaPlatform
from meta_webhooks import whatsapp, words

from channels.contract import (
    InboundMessage,
    Receipt,
    Refused,
    RemoteFile,
    Secret,
    TooLarge,
    TryLater,
)
from channels.meta_options import WhatsappOptions
from channels.whatsapp import Whatsapp
from channels.whatsapp_media import MOST_ERRORS

PHOTO = b"\xff\xd8\xff" + bytes(100_000)


@pytest.fixture
async def platform() -> AsyncIterator[MetaPlatform]:
    """Meta with a photo."""
    async with MetaPlatform().serving() as platform:
        platform.media["M1"] = PHOTO
        yield platform


@pytest.fixture
async def channel(platform: MetaPlatform) -> AsyncIterator[Whatsapp]:
    """The channel that fetches there."""
    channel = opened(platform)
    yield channel
    await channel.close()


def opened(platform: MetaPlatform, hosts: tuple[str, ...] = ("127.0.0.1",)) -> Whatsapp:
    """A channel that may fetch from these hosts."""
    return Whatsapp(WhatsappOptions(**platform.account, media_hosts=hosts), bytes(32))


def named(channel: Whatsapp, media_id: str = "M1", sha256: str = "") -> RemoteFile:
    """The file of a message with a photo."""
    photo = {"id": media_id, "mime_type": "image/jpeg", "sha256": sha256}
    said = channel.parse(whatsapp(words(type="image", image=photo)))
    assert isinstance(said, InboundMessage)
    (file,) = said.remote
    return file


# --- 10 -----------------------------------------------------------------------------------------


async def test_a_photo_comes_by_its_id_with_our_token(
    platform: MetaPlatform, channel: Whatsapp
) -> None:
    """First the address, which is good for minutes, then the file; both want the token."""
    basket, digest = Basket(), hashlib.sha256(PHOTO).hexdigest()
    outcome = await channel.fetch(named(channel, sha256=digest), basket)

    assert isinstance(outcome, Receipt)
    assert basket.content == PHOTO
    assert platform.fetched == [("/v25.0/M1", 200), ("/media/M1", 200)]


async def test_another_digest_is_another_file(channel: Whatsapp) -> None:
    """The digest the webhook told must be that of what came; a damaged transfer comes again."""
    other = hashlib.sha256(b"another").hexdigest()

    assert isinstance(await channel.fetch(named(channel, sha256=other), Basket()), TryLater)


async def test_a_digest_that_is_none_is_not_compared(channel: Whatsapp) -> None:
    """Where the webhook tells no readable digest the file is taken as it comes."""
    assert isinstance(await channel.fetch(named(channel, sha256="?"), Basket()), Receipt)


async def test_the_token_goes_to_metas_hosts_alone(platform: MetaPlatform) -> None:
    """An address of any other host is refused before anything is sent there."""
    channel = opened(platform, hosts=("lookaside.fbsbx.com",))
    outcome = await channel.fetch(named(channel), Basket())
    await channel.close()

    assert isinstance(outcome, Refused)
    assert platform.fetched == [("/v25.0/M1", 200)]


async def test_a_file_that_is_gone_is_given_up(channel: Whatsapp) -> None:
    """Media is kept for days; afterwards the message stays and the missing file shows."""
    assert isinstance(await channel.fetch(named(channel, "GONE"), Basket()), Refused)


async def test_a_revoked_token_is_trouble_of_the_channel(
    platform: MetaPlatform, channel: Whatsapp
) -> None:
    """The file is not lost with the token."""
    platform.token = "renewed"
    outcome = await channel.fetch(named(channel), Basket())

    assert isinstance(outcome, TryLater)
    assert outcome.trouble == "bad_credentials"


async def test_a_file_that_is_too_large_ends_the_transfer(channel: Whatsapp) -> None:
    """The gateway's cap ends it at once."""
    with pytest.raises(TooLarge):
        await channel.fetch(named(channel), Basket(most=1000))


async def test_errors_never_close_the_endpoint(platform: MetaPlatform, channel: Whatsapp) -> None:
    """Before the twentieth error within an hour we stop asking, and say how long."""
    outcomes = [await channel.fetch(named(channel, "GONE"), Basket()) for _ in range(30)]
    last = await channel.fetch(named(channel), Basket())
    errors = [status for _, status in platform.fetched if status >= 400]

    assert len(errors) == MOST_ERRORS < MOST_MEDIA_ERRORS
    assert all(isinstance(outcome, Refused) for outcome in outcomes[:MOST_ERRORS])
    assert isinstance(last, TryLater)
    assert last.trouble == "throttled"
    assert last.wait is not None
    assert 0 < last.wait <= 3600


async def test_nobody_listening_is_no_error_of_media(
    platform: MetaPlatform, free_port: int
) -> None:
    """Without a connection nothing was counted over there."""
    channel = opened(platform)
    channel.reload(
        WhatsappOptions(access_token=Secret(TOKEN), api_url=f"http://127.0.0.1:{free_port}")
    )
    file = RemoteFile(key="M1")
    outcomes = [await channel.fetch(file, Basket()) for _ in range(MOST_ERRORS + 2)]
    await channel.close()

    assert all(isinstance(outcome, TryLater) and not outcome.trouble for outcome in outcomes)


async def test_an_id_is_no_path(platform: MetaPlatform, channel: Whatsapp) -> None:
    """Whatever stands in a media id, no other resource is asked."""
    assert isinstance(await channel.fetch(RemoteFile(key="../me?x="), Basket()), Refused)
    assert [path for path, _ in platform.fetched] == ["/v25.0/../me?x="]
