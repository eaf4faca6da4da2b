"""S6: signatures that are missing, wrong, another channel's, of another body, or shown again."""

import aiohttp
from gateway_process import Gateway
from ledger import rows

from torture.case import Case, Chamber, Finding
from torture.hostile_office import SignedDoor, open_every_door, signed_doors

REFUSED = (400, 401, 403)


async def run(chamber: Chamber) -> Finding:
    """At every door whose provider signs."""
    gateway = Gateway(chamber.folder)
    again = chamber.pick(short=3, quick=20, full=500)
    doors = signed_doors()
    let_in, refused, doubled = [], 0, []
    with chamber.store() as store:
        open_every_door(gateway, store)
        async with gateway, aiohttp.ClientSession() as session:
            for door in doors:
                url = gateway.url + door.path
                for what, headers, body in _forged(door, doors):
                    status = await _post(session, url, headers, body)
                    refused += status in REFUSED
                    if status not in REFUSED or _kept(gateway, door):
                        let_in.append(f"{door.name}: {what}: {status}")
                first = await _post(session, url, door.signed(door.body), door.body)
                kept = _kept(gateway, door)
                for _ in range(again):
                    await _post(session, url, door.signed(door.body), door.body)
                if first != 200 or not kept or _kept(gateway, door) != kept:
                    doubled.append(f"{door.name}: {first}, {kept}")
    figure = (
        f"{len(let_in)} of {refused + len(let_in)} forged requests let in at {len(doors)} doors;"
        f" {len(doubled)} doubled by showing a valid one {again} times more"
    )
    wrong = [*let_in, *doubled]
    return Finding(figure=" ".join([figure, *wrong]), passed=not wrong)


def _forged(door: SignedDoor, doors: list[SignedDoor]) -> list[tuple[str, dict[str, str], bytes]]:
    right = door.signed(door.body)
    [name] = right
    others = [other.name for other in doors if other.name != door.name]
    return [
        ("none", {}, door.body),
        ("empty", {name: ""}, door.body),
        ("wrong", {name: right[name][:-4] + "AAAA"}, door.body),
        ("only the prefix", {name: "sha256="}, door.body),
        ("another body", right, door.body.replace(b"1", b"2", 1)),
        ("a space more", right, door.body + b" "),
        ("an empty body's", door.signed(b""), door.body),
        ("twice the value", {name: f"{right[name]}, {right[name]}"}, door.body),
        *(("signed by " + other, door.signed(door.body, by=other), door.body) for other in others),
    ]


async def _post(
    session: aiohttp.ClientSession, url: str, headers: dict[str, str], body: bytes
) -> int:
    kind = {"Content-Type": "application/json"}
    async with session.post(url, data=body, headers=headers | kind) as answer:
        return answer.status


def _kept(gateway: Gateway, door: SignedDoor) -> int:
    return int(rows(gateway, "select count(*) from journal where channel = ?", door.name)[0][0])


CASES = (Case(number="S6", what="forged, borrowed and repeated signatures", run=run),)
