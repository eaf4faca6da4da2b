"""
A real Postfix of one's own: mail for us goes to the gateway, all other mail into a sink.

Everything lies in one directory below /tmp (pytest's own are closed to the user postfix runs as),
ports are free ones on loopback, nothing of the machine's own Postfix is touched. Needs root.
"""

import asyncio
import json
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import peers
import pytest
from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as SmtpdSession
from ports import unused_port

MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup    unix n - n 60 1 pickup
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 300 1 qmgr
tlsmgr    unix - - n 1000? 1 tlsmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
verify    unix - - n - 1 verify
flush     unix n - n 1000? 0 flush
proxymap  unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp      unix - - n - - smtp
relay     unix - - n - - smtp
lmtp      unix - - n - - lmtp
showq     unix n - n - - showq
error     unix - - n - - error
retry     unix - - n - - error
discard   unix - - n - - discard
anvil     unix - - n - 1 anvil
scache    unix - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
"""

MAIN = """\
compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
mail_owner = postfix
myhostname = mx.example
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
relay_domains = {domain}
transport_maps = inline:{{ {{ {domain} = {transport} }} }}
default_transport = smtp:[{sink_host}]:{sink_port}
recipient_delimiter = +
smtp_host_lookup = native
disable_dns_lookups = yes
alias_maps =
alias_database =
local_recipient_maps =
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_peername_lookup = no
maillog_file = {home}/mail.log
maillog_file_prefixes = {home}
minimal_backoff_time = 1s
maximal_backoff_time = 1s
queue_run_delay = 1s
message_size_limit = 52428800
"""

DEADLINE = 60.0


@dataclass(frozen=True, kw_only=True)
class Postfix:
    """One running instance."""

    home: Path
    program: Path
    #: Where it takes mail, "127.0.0.1:port".
    address: str

    def flush(self) -> None:
        """Try everything in the queue now."""
        subprocess.run(self._postqueue("-f"), check=True, timeout=DEADLINE)

    def queued(self) -> int:
        """How many mails wait in the queue."""
        query = self._postqueue("-j")
        listing = subprocess.run(query, check=True, capture_output=True, text=True)
        return sum(bool(json.loads(line)) for line in listing.stdout.splitlines())

    async def until_delivered(self) -> None:
        """Wait until the queue is empty; by itself Postfix takes its time between two tries."""
        deadline = time.monotonic() + DEADLINE
        while await asyncio.to_thread(self.queued):
            assert time.monotonic() < deadline, self.log()
            await asyncio.to_thread(self.flush)
            await asyncio.sleep(0.3)

    def _postqueue(self, option: str) -> list[str]:
        return [str(self.program.with_name("postqueue")), "-c", str(self.home / "etc"), option]

    def log(self) -> str:
        """What Postfix wrote down."""
        return (self.home / "mail.log").read_text(errors="replace")


@contextmanager
def running_postfix(transport: str, sink: str, *, domain: str = "localhost") -> Iterator[Postfix]:
    """
    Postfix with mail for `domain` over `transport` and everything else to `sink`.

    A transport is "smtp:[127.0.0.1]:2525" or "lmtp:inet:127.0.0.1:2526".
    """
    program = peers.need("postfix")
    if os.geteuid() != 0:
        pytest.skip("peer postfix: starting it needs root")
    home = Path(tempfile.mkdtemp(prefix="lapor-postfix-"))
    home.chmod(0o755)
    port = unused_port()
    instance = Postfix(home=home, program=program, address=f"127.0.0.1:{port}")
    _configure(home, port=port, transport=transport, sink=sink, domain=domain)
    try:
        subprocess.run(
            [str(program), "-c", str(home / "etc"), "start"], check=True, timeout=DEADLINE
        )
        yield instance
    finally:
        stop = [str(program), "-c", str(home / "etc"), "stop"]
        subprocess.run(stop, check=False, timeout=DEADLINE, capture_output=True)
        shutil.rmtree(home, ignore_errors=True)


def _configure(home: Path, *, port: int, transport: str, sink: str, domain: str) -> None:
    for folder in ("etc", "queue", "data"):
        (home / folder).mkdir()
    owner = pwd.getpwnam("postfix")
    os.chown(home / "data", owner.pw_uid, owner.pw_gid)
    host, _, sink_port = sink.rpartition(":")
    settings = {"home": home, "domain": domain, "transport": transport}
    main = MAIN.format(**settings, sink_host=host, sink_port=sink_port)
    (home / "etc" / "main.cf").write_text(main)
    (home / "etc" / "master.cf").write_text(MASTER.format(port=port))


@dataclass
class Sink:
    """Where citizens' mail ends: takes everything but for the addresses that do not exist."""

    address: str = ""
    unknown: set[str] = field(default_factory=set)
    mails: asyncio.Queue[Envelope] = field(default_factory=asyncio.Queue)

    async def next(self) -> Envelope:
        """The next mail, as soon as it is there."""
        return await asyncio.wait_for(self.mails.get(), DEADLINE)

    async def handle_RCPT(  # noqa: N802 (aiosmtpd's name and its arguments)
        self, _s: SMTP, _n: SmtpdSession, envelope: Envelope, address: str, _o: list[str]
    ) -> str:
        """Refuse who does not exist."""
        if address in self.unknown:
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _s: SMTP, _n: SmtpdSession, envelope: Envelope) -> str:  # noqa: N802
        """Keep the mail."""
        self.mails.put_nowait(envelope)
        return "250 OK"


@asynccontextmanager
async def running_sink() -> AsyncIterator[Sink]:
    """A sink on loopback."""
    sink = Sink()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(sink, hostname="sink.example", enable_SMTPUTF8=True, loop=loop), "127.0.0.1", 0
    )
    sink.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield sink
    finally:
        server.close()
