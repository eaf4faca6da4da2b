"""LINE's own SDK as an independent peer: of our signatures, our webhooks and our stand-in."""

import uuid
import warnings
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from doors import door
from line_server import (
    PERSON,
    SECRET,
    TOKEN,
    Content,
    LinePlatform,
    Weather,
    signed,
    webhook,
)

from channels.contract import InboundMessage, Receipt, Reply, Secret
from channels.line import Line
from channels.line_options import LineOptions, signatures_of

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of the pydantic it brings along
    from linebot.v3.messaging import (  # type: ignore[import-untyped]  # ships no types
        ApiException,
        AsyncApiClient,
        AsyncMessagingApi,
        AsyncMessagingApiBlob,
        Configuration,
        PushMessageRequest,
        ReplyMessageRequest,
        TextMessage,
    )
    from linebot.v3.models import (  # type: ignore[import-untyped]  # too
        UnknownEvent,
    )
    from linebot.v3.webhook import (  # type: ignore[import-untyped]  # as above
        SignatureValidator,
        WebhookParser,
    )
    from linebot.v3.webhooks import (  # type: ignore[import-untyped]  # as above
        MessageEvent,
        TextMessageContent,
    )


@pytest.fixture
async def platform() -> AsyncIterator[LinePlatform]:
    """Our LINE."""
    async with LinePlatform().serving() as platform:
        yield platform


@pytest.fixture
async def client(platform: LinePlatform) -> AsyncIterator[AsyncApiClient]:
    """The SDK's client, pointed at it."""
    configuration = Configuration(access_token=TOKEN, host=platform.url)
    async with AsyncApiClient(configuration) as client:
        yield client


def opened() -> Line:
    """The channel."""
    return Line(LineOptions(secrets=(Secret(SECRET),), access_token=Secret(TOKEN)), bytes(32))


# --- signatures and webhooks --------------------------------------------------------------------


@pytest.mark.parametrize("text", ["Jalan rusak", "Caf\u00e9 😢", "\\u00e4\\/"])
def test_the_sdk_admits_what_we_sign(platform: LinePlatform, text: str) -> None:
    """Our simulator's signature and our stand-in's are LINE's, for any text."""
    body = webhook(platform.text(text))
    ours = signatures_of(LineOptions(secrets=(Secret(SECRET),))).sign(body)
    validator = SignatureValidator(SECRET)

    assert ours == signed(body)
    assert validator.validate(body.decode(), ours["X-Line-Signature"])
    assert not validator.validate(body.decode() + " ", ours["X-Line-Signature"])


async def test_what_send_plays_is_a_webhook_to_the_sdk(tmp_path: Path) -> None:
    """The simulated message is one LINE's parser reads as a text message of the same person."""
    async with door(opened(), tmp_path) as site:
        await opened().simulate("Jalan rusak", sender=PERSON, files=(), at=site.url)
        (payload,) = await site.payloads()
    (event,) = WebhookParser(SECRET).parse(payload.decode(), signed(payload)["X-Line-Signature"])

    assert isinstance(event, MessageEvent)
    assert isinstance(event.message, TextMessageContent)
    assert (event.message.text, event.source.user_id) == ("Jalan rusak", PERSON)


def test_we_read_what_the_sdk_loses(platform: LinePlatform) -> None:
    """A text without a quoteToken is an unknown event to the SDK; to us it is a complaint."""
    event = platform.text("Lampu mati")
    del event["message"]["quoteToken"]
    body = webhook(event)
    (theirs,) = WebhookParser(SECRET).parse(body.decode(), signed(body)["X-Line-Signature"])
    ours = opened().parse(body)

    assert isinstance(theirs, UnknownEvent)
    assert isinstance(ours, InboundMessage)
    assert ours.text == "Lampu mati"


# --- the stand-in -------------------------------------------------------------------------------


async def test_the_sdk_replies_once_with_a_token(
    platform: LinePlatform, client: AsyncApiClient
) -> None:
    """The stand-in takes the SDK's reply, and refuses the token the second time as LINE does."""
    token = platform.text("x")["replyToken"]
    request = ReplyMessageRequest(replyToken=token, messages=[TextMessage(text="Terima kasih")])
    api = AsyncMessagingApi(client)
    done = await api.reply_message(request)
    with pytest.raises(ApiException) as refused:
        await api.reply_message(request)

    assert done.sent_messages
    assert platform.sent[0].text == "Terima kasih"
    assert refused.value.status == 400
    assert "Invalid reply token" in refused.value.body


async def test_the_sdk_pushes_once_under_a_retry_key(
    platform: LinePlatform, client: AsyncApiClient
) -> None:
    """The stand-in answers a repeated key with 409 and the first request's id."""
    key = str(uuid.uuid4())
    request = PushMessageRequest(to=PERSON, messages=[TextMessage(text="Selesai")])
    api = AsyncMessagingApi(client)
    await api.push_message(request, x_line_retry_key=key)
    with pytest.raises(ApiException) as refused:
        await api.push_message(request, x_line_retry_key=key)

    assert [sent.retry_key for sent in platform.sent] == [key]
    assert refused.value.status == 409
    assert refused.value.headers["x-line-accepted-request-id"]


async def test_the_sdk_hears_limits_and_failures(
    platform: LinePlatform, client: AsyncApiClient
) -> None:
    """The monthly limit and a failure reach the SDK as its own exceptions."""
    platform.pushes_left = 0
    platform.weather.append(Weather(status=500))
    request = PushMessageRequest(to=PERSON, messages=[TextMessage(text="Selesai")])
    statuses = []
    for _ in range(2):
        with pytest.raises(ApiException) as refused:
            await AsyncMessagingApi(client).push_message(request)
        statuses.append(refused.value.status)

    assert statuses == [500, 429]


async def test_the_sdk_fetches_content(platform: LinePlatform, client: AsyncApiClient) -> None:
    """The content host gives the SDK the same bytes as us."""
    platform.contents["1"] = Content(body=b"\xff\xd8\xff foto")

    content = await AsyncMessagingApiBlob(client).get_message_content("1")

    assert bytes(content) == b"\xff\xd8\xff foto"


async def test_ours_and_the_sdks_answer_look_the_same(
    platform: LinePlatform, client: AsyncApiClient
) -> None:
    """What we send to a person is what the SDK would have sent."""
    options = LineOptions(access_token=Secret(TOKEN), api_url=platform.url)
    channel = Line(options, bytes(32))
    said = channel.parse(webhook(platform.text("x")))
    assert isinstance(said, InboundMessage)
    to = said.return_address or ""
    outcome = await channel.reply(Reply(id="r1", to=to, text="Halo", now=datetime.now(UTC)))
    await channel.close()
    token = platform.text("x")["replyToken"]
    await AsyncMessagingApi(client).reply_message(
        ReplyMessageRequest(replyToken=token, messages=[TextMessage(text="Halo")])
    )
    ours, theirs = [sent.messages for sent in platform.sent]

    assert isinstance(outcome, Receipt)
    assert ours == [{key: theirs[0][key] for key in ours[0]}]
