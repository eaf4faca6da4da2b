"""
S1, S4, S8, S10, S16: requests made to break something, at every door of the real gateway.

What may not happen: an answer that is our bug, an end of the process, memory that grows, a log line
that somebody else wrote, a message that was acknowledged and is not kept as it was.
"""

import asyncio
import io
import json
import resource
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import aiohttp
from gateway_process import Gateway
from ledger import central, until_drained

from torture.case import Case, Chamber, Finding
from torture.hostile_office import SIGNED, open_every_door, secret_of, signed_doors

MOST_GROWN = 300 << 20
PATHS = (
    *(f"/in/{name}" for name in (*SIGNED, "sms", "telegram", "officer", "nobody")),
    *("/in/sms/kannel", "/in/sms/jasmin", "/in/sms/gammu", "/in/sms/dlr", "/lapor"),
    *("/lapor/status", "/api/v1/reports", "/open311/v2/requests.json", "/central/updates/x"),
)
#: What breaks a query, a page, a table, a terminal, a template, a header or a path.
WORDS = (
    "'; drop table journal; --", "' or '1'='1", "1) union select payload from journal --",
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{7*7}}", "${7*7}", "{0.x}",
    "=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(1)", "\t=1", "%s%s%n", "../../../etc/passwd",
    "..\\..\\windows", "a\r\nX-Evil: 1", "a\nINFO forged=1", "\x1b[2J\x1b[31mmerah", "\x00nul",
    "CON", "nama.", "\u202egpj.exe", "x" * 4096, "\ud7ff\ufffe\uffff", "\u0085baris\u2028baru",
)  # fmt: skip
JSON_BOMBS = (
    b"[" * 100_000,
    b'{"a":' * 50_000,
    b'{"id":' + b"9" * 5_000 + b"}",
    b'{"id":NaN,"id":Infinity,"id":-0}',
    b'{"text":"\\u0000\\ud83d","text":"twice"}',
    b'"' + b"\\u0041" * 100_000 + b'"',
    b"\xff\xfe{\x00}\x00",
)


async def run(chamber: Chamber) -> Finding:
    """Everything, as often as the size asks; then look at what it left behind."""
    gateway = Gateway(chamber.folder)
    rounds = chamber.pick(short=1, quick=3, full=60)
    seen: Counter[int] = Counter()
    with chamber.store() as store:
        open_every_door(gateway, store)
        async with gateway:
            before = _resident(gateway.pid)
            kept = await _rounds(gateway, rounds, seen)
            await until_drained(gateway)
            grown = _resident(gateway.pid) - before
            lost = _lost(gateway, kept)
            exported = await gateway.command("export", "--format", "csv")
            verified = await gateway.command("verify")
    bugs = sum(many for status, many in seen.items() if status >= 500 and status != 503)
    forged = _forged_lines(gateway.log)
    formulas = _formulas(exported.stdout)
    whole = verified.returncode == 0 and exported.returncode == 0
    figure = (
        f"{sum(seen.values()):,} hostile requests at {len(PATHS)} doors: {bugs} answered 5xx,"
        f" {gateway.log.count('Traceback')} tracebacks; {lost} of {len(kept)} acknowledged words"
        f" changed or lost; {forged} forged log lines; {formulas} formulas exported; memory grew by"
        f" {max(0, grown) >> 20} MB"
    )
    clean = not (bugs or lost or forged or formulas or "Traceback" in gateway.log)
    return Finding(figure=figure, passed=clean and whole and grown < MOST_GROWN)


async def _rounds(gateway: Gateway, rounds: int, seen: Counter[int]) -> list[str]:
    timeout = aiohttp.ClientTimeout(total=120)
    kept = []
    async with aiohttp.ClientSession(timeout=timeout) as session:
        for number in range(rounds):
            for path in PATHS:
                for headers, body in _bodies(path):
                    url = f"{gateway.url}{path}"
                    # aiohttp warns of large bytes, and our tests take warnings for errors.
                    large = io.BytesIO(body)
                    async with session.post(url, data=large, headers=headers) as answer:
                        seen[answer.status] += 1
                for word in WORDS:
                    query = {"kode": word, "from": word, "text": word, "status": word}
                    async with session.get(gateway.url + path, params=query) as answer:
                        seen[answer.status] += 1
            for at, word in enumerate(WORDS):
                text = f"{word} lampu padam tanda{number}x{at}x"
                form = {"from": "+6281200000001", "text": text, "id": f"h{number}-{at}", "to": word}
                shown = {"X-Secret": secret_of("sms")}
                async with session.post(f"{gateway.url}/in/sms", data=form, headers=shown) as said:
                    seen[said.status] += 1
                    if said.status == 200:
                        kept.append(f"tanda{number}x{at}x")
    seen += await _raw(gateway)
    return kept


def _bodies(path: str) -> Iterator[tuple[dict[str, str], bytes]]:
    """Each with what lets it past the first guard, where that guard knows a secret."""
    secret = secret_of(path.rpartition("/")[2]) if path.startswith("/in/") else "x"
    shown = {"X-Secret": secret, "X-Telegram-Bot-Api-Secret-Token": secret}
    door = next((one for one in signed_doors() if one.path == path), None)
    bomb = zlib.compress(bytes(50 << 20), wbits=31)
    parts = b"--b\r\nContent-Disposition: form-data; name=x\r\n\r\ny\r\n" * 5_000 + b"--b--\r\n"
    form = "multipart/form-data; boundary=b"
    for kind, body in (
        *(("application/json", bomb_) for bomb_ in JSON_BOMBS),
        ("application/x-www-form-urlencoded", b"a=1&" * 50_000),
        ("application/x-www-form-urlencoded", b"text=" + b"%00%ff" * 10_000),
        (form, parts),
        (form, b"--b\r\n" + b"X: y\r\n" * 20_000),
        (form, b'--b\r\nContent-Disposition: form-data; name="files"; filename="../../x"\r\n\r\ny'),
        ("application/xml", b"<!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]><x>&y;</x>"),
        ("application/octet-stream", b"x" * (3 << 20)),
    ):
        yield {**shown, "Content-Type": kind} | (door.signed(body) if door else {}), body
    packed = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    yield {**shown, **packed} | (door.signed(bomb) if door else {}), bomb


async def _raw(gateway: Gateway) -> Counter[int]:
    """What no client library sends."""
    seen: Counter[int] = Counter()
    head = b"POST /in/sms HTTP/1.1\r\nHost: x\r\n"
    for request in (
        head + b"Content-Length: 99999999999\r\n\r\nx",
        head + b"Content-Length: -1\r\n\r\n",
        head + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
        head + b"X: " + b"y" * 200_000 + b"\r\n\r\n",
        head + b"X: y\r\n" * 20_000 + b"\r\n",
        b"GET /" + b"a/../" * 3_000 + b"in/sms HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /lapor/../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http://169.254.169.254/ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
    ):
        host, port = gateway.public.split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(request)
        writer.write_eof()
        try:
            async with asyncio.timeout(60):
                words = (await reader.readline()).split()
        except (ConnectionError, TimeoutError):
            words = []
        writer.transport.abort()
        seen[int(words[1]) if len(words) > 1 and words[1].isdigit() else 400] += 1
    return seen


def _lost(gateway: Gateway, kept: list[str]) -> int:
    """How many acknowledged words are not in the central store as they were written."""
    texts = "\n".join(str(row[0]) for row in central(gateway, "select text from records"))
    replaced = [word.replace("\x00", "\ufffd") for word in WORDS]
    wanted = [(mark, replaced[int(mark.split("x")[1])]) for mark in kept]
    return sum(f"{word} lampu padam {mark}" not in texts for mark, word in wanted)


def _forged_lines(log: str) -> int:
    """Lines of the log that are not one JSON object each."""
    forged = 0
    for line in log.splitlines():
        if line.startswith("{") or "tanda" in line or "forged" in line or "X-Evil" in line:
            try:
                json.loads(line)
            except ValueError:
                forged += 1
    return forged


def _formulas(table: str) -> int:
    return sum(
        line.startswith(("=", "+", "-", "@")) or ',"=' in line or ",=" in line
        for line in table.splitlines()[1:]
    )


def _resident(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize()


CASES = (
    Case(
        number="S1",
        what="bombs and injections at every door",
        run=run,
    ),
)
