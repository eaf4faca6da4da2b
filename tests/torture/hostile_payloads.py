"""
Payloads nobody sends by accident: recorded ones, damaged in every way we know; and made-up ones.

Half of them are mutated bytes, a quarter are JSON with one value exchanged for a strange one, the
rest comes from hypothesis. One seed gives the same payloads.
"""

import contextlib
import io
import json
import random
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st

MOST_BYTES = 8_192
#: Of so many payloads one is hypothesis' own; it takes ten times as long to make one.
MADE_UP = 50

#: What has broken readers before.
WORDS: tuple[bytes, ...] = (
    *(b"", b"\x00", b"\xff", b"\xed\xa0\x80", b"\\ud83d", b"\\u0000", b"\r\n", b"\n\n", b"\x1b[2J"),
    *(b"[" * 2000, b'{"a":' * 2000, b"<a>" * 500, b"(" * 2000, b"9" * 5000, b"A" * 5000),
    *(b"1e999", b"-1e999", b"NaN", b"Infinity", b"-0", b"0x7f", b"18446744073709551616", b"null"),
    *(b"9999-12-31T23:59:59-23:59", b"0001-01-01T00:00:00+23:59", b"253402300800", b"-62135596801"),
    *(b"Fri, 31 Dec 9999 23:59:59 -2359", b"Mon, 01 Jan 0001 00:00:00 +2359", b"24:61:61"),
    *(b"../" * 20, b"%00", b"%ff%fe", b"%u0041", b"+AGE-", b"=?utf-8?b?/////w==?=", b"=?x?q?=00="),
    *(b"--frontier", b"--frontier--", b"boundary=", b'filename="', b"charset=utf-7"),
    *(b"<script>", b"{{7*7}}", b"{0.__class__}", b"%(x)s", b"=cmd|' /C calc'!A0", b"' or 1=1 --"),
    *(b"a=1&" * 500, b"&amp;" * 200, b"<!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]>"),
)  # fmt: skip

#: Values that stand where another type was expected.
STRANGE: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1e308, 2**63, -(2**63) - 1, 10**400, "", " ", "\x00", "\ud83d"),
    *([], {}, [[]], [None], {"": ""}, {"a": {"b": {}}}, ["x"] * 300, "9999-12-31T23:59:59-23:59"),
    *("0001-01-01T00:00:00+23:59", "NaN", "x" * 10_000, "\u202eabc", "../etc/passwd", "1" * 5000),
)  # fmt: skip

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4)
    ),
    max_leaves=8,
)
_MADE = st.one_of(
    st.binary(max_size=400),
    st.text(max_size=400).map(lambda text: text.encode("utf-8", "surrogatepass")),
    _JSON.map(lambda value: json.dumps(value).encode()),
)


def payloads(seeds: Sequence[bytes], count: int, seed: int) -> Iterator[bytes]:
    """So many payloads out of these recorded ones; the recorded ones come first."""
    chance = random.Random(seed)  # noqa: S311 (a run that can be repeated)
    yield from seeds[:count]
    left = max(0, count - len(seeds))
    made = made_up(left // MADE_UP, seed)
    yield from made
    for _ in range(left - len(made)):
        base = chance.choice(seeds) if seeds else b""
        changed = exchanged(base, chance) if chance.random() < 1 / 3 else None
        if changed is None and base.startswith(b"PK\x03\x04") and chance.random() < 3 / 4:
            changed = rezipped(base, chance)
        yield (mutated(base, seeds, chance) if changed is None else changed)[:MOST_BYTES]


def mutated(base: bytes, seeds: Sequence[bytes], chance: random.Random) -> bytes:
    """A few changes anywhere."""
    content = bytearray(base)
    for _ in range(chance.randint(1, 5)):
        at = chance.randint(0, len(content))
        end = min(len(content), at + chance.choice((1, 2, 8, 40, 400)))
        match chance.randrange(7):
            case 0 if content:
                content[min(at, len(content) - 1)] = chance.randrange(256)
            case 1:
                del content[at:end]
            case 2:
                content[at:at] = content[at:end] * chance.choice((1, 2, 100))
            case 3 | 4:
                content[at:end] = chance.choice(WORDS)
            case 5:
                content[at:at] = chance.choice(WORDS)
            case _:
                other = chance.choice(seeds) if seeds else b""
                start = chance.randint(0, len(other))
                content[at:end] = other[start : start + 200]
        del content[MOST_BYTES:]
    return bytes(content)


def exchanged(base: bytes, chance: random.Random) -> bytes | None:
    """The JSON in a payload with one value exchanged, moved or gone; None where there is none."""
    start = base.find(b"{")
    try:
        tree = json.loads(base[start:]) if start >= 0 else None
    except ValueError:
        return None
    spots = list(_spots(tree))
    if not spots:
        return None
    holder, key = chance.choice(spots)
    if chance.random() < 1 / 5 and isinstance(holder, dict):
        del holder[key]
    elif chance.random() < 1 / 5:
        holder[key] = [holder[key]] * chance.choice((1, 3))
    else:
        holder[key] = chance.choice(STRANGE)
    with contextlib.suppress(ValueError):  # an integer with too many digits for Python's own
        return base[:start] + json.dumps(tree).encode()
    return None


def _spots(tree: Any) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401 (any JSON)
    keys = (
        tree.keys()
        if isinstance(tree, dict)
        else range(len(tree))
        if isinstance(tree, list)
        else ()
    )
    for key in list(keys):
        yield tree, key
        yield from _spots(tree[key])


def rezipped(base: bytes, chance: random.Random) -> bytes:
    """A zip file whose one member is damaged within, so that it still unpacks."""
    with zipfile.ZipFile(io.BytesIO(base)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    chosen = chance.choice(list(members))
    members[chosen] = mutated(members[chosen], list(members.values()), chance)
    out = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        warnings.simplefilter("ignore")
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def made_up(count: int, seed: int) -> list[bytes]:
    """What hypothesis makes of bytes, texts and JSON."""
    found: list[bytes] = []
    if not count:
        return found

    @seeded(seed)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(_MADE)
    def keep(payload: bytes) -> None:
        found.append(payload)

    keep()
    return found
