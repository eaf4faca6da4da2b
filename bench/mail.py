"""
Mail by SMTP, durable, at 16 sessions: beside a bare aiosmtpd that forgets every mail.

With `--postfix` also beside a private Postfix that takes the same mails into its queue; it
is set up in a temporary folder and removed again.
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ports import unused_port

from bench.load import Order
from bench.peers import Bare, Scale, bare, gateway, load, middle, only, port_of
from bench.table import Figure, at_least

SESSIONS = 16
SIZES = {2_000: "2 KB", 100_000: "100 KB"}
WANTED = 0.7
TIMES_POSTFIX = 2.0

MAIN_CF = """\
compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
mydestination =
relay_domains = localhost
relay_transport = relay
defer_transports = relay
alias_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtpd_recipient_restrictions = permit_mynetworks, reject
smtpd_client_connection_count_limit = 0
message_size_limit = 30000000
maillog_file = {home}/log
maillog_file_prefixes = {home}
"""
MASTER_CF = """\
127.0.0.1:{port} inet n - n - 50 smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
retry unix - - n - - error
error unix - - n - - error
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


async def mail(scale: Scale, *, postfix: bool = False) -> list[Figure]:
    """Rates for small and large mails."""
    with ExitStack() as stack:
        plain = stack.enter_context(bare("smtp"))
        peer = stack.enter_context(_postfix()) if postfix else None
        async with gateway() as whole:
            await whole.start()
            await plain.until_open()
            ours = Bare(port_of(whole.smtp), whole.pid)
            figures = []
            for size, words in SIZES.items():
                figures += await _sized(size, words, scale, (ours, plain, peer))
            return figures


async def _sized(
    size: int, words: str, scale: Scale, servers: tuple[Bare, Bare, Bare | None]
) -> list[Figure]:
    ours, plain, postfix = servers
    rates, refused = {}, 0
    for server in filter(None, servers):
        rounds = []
        for number in range(scale.rounds):
            order = Order(
                kind="smtp",
                port=server.port,
                prefix=f"m{size}r{number}",
                connections=SESSIONS,
                seconds=scale.seconds,
                size=size,
            )
            with only(server.pid, (ours.pid, plain.pid)):
                rounds.append(await load(order))
        rates[server.port] = middle(rounds).rate
        refused += middle(rounds).refused
    name = f"mail, {words}, {SESSIONS} sessions" + (f", {refused} refused" if refused else "")
    figures = [at_least(name, rates[ours.port], rates[plain.port], WANTED)]
    if postfix:
        beside = f"{name}, beside Postfix"
        figures.append(at_least(beside, rates[ours.port], rates[postfix.port], TIMES_POSTFIX))
    return figures


@contextmanager
def _postfix() -> Iterator[Bare]:
    """A Postfix of our own that queues and delivers nothing; needs root, as Postfix does."""
    if shutil.which("postfix") is None:
        raise SystemExit("bench: --postfix needs Postfix (apt-get install postfix)")
    with tempfile.TemporaryDirectory(prefix="lapor-bench-") as folder:
        home, port = Path(folder), unused_port()
        home.chmod(0o755)
        for name in ("etc", "queue", "data"):
            (home / name).mkdir()
        shutil.chown(home / "data", "postfix")
        (home / "etc/main.cf").write_text(MAIN_CF.format(home=home))
        (home / "etc/master.cf").write_text(MASTER_CF.format(port=port))
        control = ["postfix", "-c", str(home / "etc")]
        subprocess.run([*control, "start"], check=True, capture_output=True)
        try:
            time.sleep(1)  # its master forks away and tells nobody when it listens
            yield Bare(port, os.getpid())
        finally:
            subprocess.run([*control, "stop"], check=False, capture_output=True)
