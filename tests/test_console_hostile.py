"""What citizens send by any channel is text on every page of the console."""

from pathlib import Path

import pytest
from office import office

from channels.registry import CHANNELS

pytestmark = pytest.mark.peer

HOSTILE = (
    '"><img src=x onerror=alert(1)><script>alert(2)</script></textarea></title></option>'
    "<svg onload=alert(3)><a href=javascript:alert(4)>jalan</a>{{7*7}} di pasar Curug rusak"
)
SHOWN = '"><img src=x onerror=alert(1)>'
PAGES = ("inbox?stand=all", "watch", "handoff", "deadlines", "insights", "channels")
#: The embedded default's three, and those the office has already, are switched on elsewhere.
REST = """
[channels.officer]
secrets = ["door"]
[channels.telegram]
enabled = true
mode = "webhook"
allow = ["127.0.0.0/8"]
[channels.line]
enabled = true
secrets = ["door"]
[channels.messenger]
enabled = true
secrets = ["door"]
[channels.instagram]
enabled = true
secrets = ["door"]
[channels.whatsapp]
enabled = true
secrets = ["door"]
[channels.x]
enabled = true
user_id = "900000000000000001"
secrets = ["door"]
[pipeline]
quiet_time = 0.1
"""


async def test_what_strangers_send_is_text_wherever_it_is_shown(tmp_path: Path) -> None:
    """By every channel that brings reports, on every page, with scripts allowed to run."""
    async with office(tmp_path, REST) as place:
        site = place.site
        doors = [name for name in site.parts.channels if name != "rss"]
        assert len(doors) == len(CHANNELS) - 1
        for name in doors:
            channel = site.parts.channels[name]
            at = next(iter(channel.listening_on()), site.url)
            sent = await channel.simulate(HOSTILE, sender=channel.example_sender, files=[], at=at)
            assert sent.accepted, f"{name}: {sent.answer}"
        await site.settled()
        page = await place.seat()
        spoken: list[str] = []
        page.on("dialog", lambda dialog: spoken.append(dialog.message))
        await place.sign_in(page)
        base = f"{site.internal}/console"
        await page.goto(f"{base}/inbox?stand=all")
        codes = [await one.inner_text() for one in await page.locator("#list .code").all()]
        assert len(codes) >= len(doors) - 1  # X's is a mention, on Pantau as well
        for code in codes:
            await page.goto(f"{base}/report/{code}")
            assert SHOWN in await page.inner_text("main"), code
        for path in PAGES:
            await page.goto(f"{base}/{path}")
            assert await page.locator("main img[src='x'], main svg[onload]").count() == 0
        assert spoken == []
