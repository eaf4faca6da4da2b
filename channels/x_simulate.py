"""A citizen who names us in a post, and X that tells us: one signed event of the webhook."""

import json
import uuid

import aiohttp

from channels.contract import Simulated
from channels.signatures import Signatures
from channels.x_hook import PATH

_TIMEOUT = aiohttp.ClientTimeout(total=15)


async def post_a_mention(  # noqa: PLR0913 (who says what to whom, by name)
    text: str, *, sender: str, account: str, now: float, signed: Signatures, at: str
) -> Simulated:
    """Send it, and tell what the gateway answered."""
    # Ids of X have 63 bits at most.
    post = str(uuid.uuid4().int >> 66)
    event = {
        "id_str": post,
        "text": f"@lapor {text}",
        "timestamp_ms": str(int(now * 1000)),
        "user": {"id_str": sender, "name": "Warga Contoh", "screen_name": "warga_contoh"},
        "entities": {"user_mentions": [{"id_str": account, "screen_name": "lapor"}]},
    }
    body = json.dumps({"for_user_id": account, "tweet_create_events": [event]}).encode()
    headers = {"Content-Type": "application/json", **signed.sign(body)}
    try:
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT) as session,
            session.post(at.rstrip("/") + PATH, data=body, headers=headers) as response,
        ):
            answer = f"{response.status} {response.reason}"
            return Simulated(external_id=post, answer=answer, accepted=response.ok)
    except (aiohttp.ClientError, TimeoutError) as error:
        name = type(error).__name__
        return Simulated(external_id=post, answer=f"no answer: {name}", accepted=False)
