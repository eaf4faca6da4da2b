"""What people say in public at any time, put where the monitor finds it, as the pipeline would."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

from channels.contract import Delivery, Signal
from channels.rss_entry import Entry
from gateway import signals, work
from gateway.journal import Journal
from gateway.store import Store
from gateway.vault import Vault

_numbers = count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Somebody's words at some time."""

    at: int
    text: str
    author: str = "@warga"
    channel: str = "x"
    source: str = "kata kunci"
    title: str = ""
    url: str = ""


async def say(database: Store, vault: Vault, said: Sequence[Said]) -> list[int]:
    """Keep signals; their numbers."""
    numbers = []
    moment = [0]
    journal = Journal(database, vault, clock=lambda: moment[0])
    await journal.open()
    for one in said:
        moment[0] = one.at
        name = f"public-{next(_numbers)}"
        delivery = Delivery(external_id=name, payload=_payload(one, name))
        [kept] = await journal.accept(one.channel, [delivery])
        numbers.append(kept.id)
    # What the pipeline has made of its rows; it must not read ours.
    await database.write(
        lambda tx: tx.run(work.ADOPT, start=0, end=1 << 40, limit=len(said), now=1 << 50)
    )
    rows = await database.read(lambda tx: work.load(tx, numbers))
    made = [
        (
            row,
            Signal(
                source=one.source, text=one.text, author=one.author, title=one.title, url=one.url
            ),
        )
        for row, one in zip(sorted(rows, key=lambda row: row.id), said, strict=True)
    ]
    await database.write(lambda tx: signals.put(tx, vault, made))
    return numbers


def _payload(said: Said, name: str) -> bytes:
    """As its channel has it: where a gateway runs, its pipeline reads the row too, to the same."""
    if said.channel == "rss":
        entry = Entry(
            feed=said.source,
            newspaper=said.author,
            id=name,
            title=said.title,
            summary=said.text,
            link=said.url,
        )
        return entry.delivery().payload
    number = (said.url or name).rpartition("/" if said.url else "-")[2]
    user = {"id": f"9{number}", "name": said.author, "username": said.author.removeprefix("@")}
    post = {"id": number, "text": said.text, "author_id": user["id"]}
    wrapped = {
        "from": "rule",
        "rule": said.source,
        "use": "signal",
        "item": post,
        "includes": {"users": [user]},
    }
    return json.dumps(wrapped).encode()
