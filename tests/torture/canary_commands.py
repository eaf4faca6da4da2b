"""
Many commands of `lapor-gateway`, each in a process of its own, for the price of one start.

As a program it imports the command line once and forks for each order it reads, a line of JSON.
Here are also settings in which somebody wrote a secret where none belongs.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

SECONDS = 400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One command."""

    words: Sequence[str]
    #: Piped in.
    typed: str = ""
    #: What its own program stumbles over, and quotes.
    bug: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What came of it."""

    order: Order
    code: int
    #: Standard output and standard error.
    text: str


async def ordered(home: Path, environment: dict[str, str], orders: Sequence[Order]) -> list[Said]:
    """Run them, one after the other."""
    folder = home / "orders"
    folder.mkdir(exist_ok=True)
    for file in folder.iterdir():
        file.unlink()
    lines = "".join(json.dumps(asdict(order)) + "\n" for order in orders)
    ended = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, __file__, str(folder)],
        cwd=home,
        env={"PATH": os.environ["PATH"], "HOME": str(home), **environment},
        input=lines,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    codes = ended.stdout.split()
    assert len(codes) == len(orders)
    return [
        Said(order=order, code=int(code), text=(folder / str(number)).read_text(errors="replace"))
        for number, (order, code) in enumerate(zip(orders, codes, strict=True))
    ]


def wrong_settings(secret: str) -> Iterator[str]:
    """Files gateway.toml in which this secret stands, each wrong in another way."""
    yield f'[channels.sms]\nsecrets = ["{secret}"]\n'
    yield f'[channels.sms]\npassword = "{secret}"\n'
    yield f'[channels.sms]\nsecrets = "{secret}"\n'
    yield f'[channels.telegram]\nenabled = true\ntoken = ["{secret}"]\n'
    yield f'[outbox]\nbase = "{secret}"\n'
    yield f'[store]\nurl = "postgresql://lapor:{secret}@127.0.0.1:1/lapor"\n'
    yield f'[store]\nurl = "mysql://lapor:{secret}@127.0.0.1:1/lapor"\n'
    yield f'[central.a]\nkind = "postgres"\nurl = "postgresql://lapor:{secret}@127.0.0.1:1/x"\n'
    yield f'[central.a]\nkind = "http"\nurl = "https://lapor:{secret}@store.example/x"\n'
    yield f'[central.a]\nkind = "http"\nurl = "https://store.example"\nsecrets = ["{secret}"]\n'
    yield f'[channels.mail]\nrelay = "lapor:{secret}@relay.example"\n'
    yield f'[channels.mail]\nrecipients = ["{secret}"]\n'
    yield f'[identity]\nministry_key = "{secret}"\n'
    yield f'[channels.sms]\npassword = "{secret}\n'
    yield f'[channels.api]\napps = [{{name = "x", keys = ["{secret}"]}}]\n'
    yield f'[channels.sms]\nsecret_in = "{secret}"\n'
    yield f'[attachments]\nplace = "s3://{secret}"\n'


def _serve(folder: Path) -> None:
    from gateway import cli  # noqa: PLC0415 (of the program alone; it takes seconds)

    for number, line in enumerate(sys.stdin.read().splitlines()):
        order = json.loads(line)
        child = os.fork()
        if not child:
            _be(folder / str(number), order)
            cli.main()  # whatever it raises ends this process as it would end a command
            return
        _, status = os.waitpid(child, 0)
        os.write(1, f"{os.waitstatus_to_exitcode(status)}\n".encode())


def _be(file: Path, order: dict[str, object]) -> None:
    """Become the process of a command."""
    out = os.open(file, os.O_WRONLY | os.O_CREAT, 0o600)
    typed = file.with_suffix(".typed")
    typed.write_text(str(order["typed"]))
    for descriptor, number in ((os.open(typed, os.O_RDONLY), 0), (out, 1), (out, 2)):
        os.dup2(descriptor, number)
    sys.stdin = os.fdopen(0)
    words = order["words"]
    assert isinstance(words, list)
    sys.argv = ["lapor-gateway", *words]
    if bug := order["bug"]:
        from gateway.commands import common  # noqa: PLC0415 (as above)

        def stumble(*_: object) -> None:
            raise LookupError(bug)

        common.Place.settings = stumble  # type: ignore[method-assign, assignment]


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
