"""
A real Dovecot of one's own, with one mailbox behind TLS, STARTTLS and plain IMAP.

Everything lies in one directory below /tmp (pytest's own are closed to the users Dovecot runs as),
ports are free ones on loopback, nothing of the machine's own Dovecot is touched. Needs root. Mail
is put into the Maildir as a delivering server would.
"""

import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import peers
import pytest
from ports import unused_port

USER = "lapor@gw.example"
#: Outside ASCII, which the LOGIN command cannot carry.
PASSWORD = "rahasia-ñ"

CONFIG = """\
base_dir = {home}/run
log_path = {home}/log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{home}/certificate.pem
ssl_key = <{home}/key.pem
disable_plaintext_auth = no
mail_location = maildir:{home}/mail
mail_uid = {uid}
mail_gid = {gid}
first_valid_uid = 1
first_valid_gid = 1
# a test looks at once, not when it is convenient
mailbox_idle_check_interval = 1 secs
auth_failure_delay = 0 secs
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  inet_listener imap {{
    port = {plain}
  }}
  inet_listener imaps {{
    port = {tls}
  }}
}}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {home}/users
}}
userdb {{
  driver = static
  args = home={home}/mail
}}
"""

DEADLINE = 60.0


@dataclass(kw_only=True)
class Dovecot:
    """One instance; ports and mails stay the same over `stop` and `start`."""

    home: Path
    program: Path
    plain: int = field(default_factory=unused_port)
    tls: int = field(default_factory=unused_port)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @property
    def certificate(self) -> Path:
        """What a client must trust."""
        return self.home / "certificate.pem"

    def start(self) -> None:
        """Until it answers."""
        subprocess.run(self._command, check=True, timeout=DEADLINE)
        until = time.monotonic() + DEADLINE
        while not (self.home / "run" / "master.pid").exists():
            assert time.monotonic() < until, self.log()
            time.sleep(0.05)

    def stop(self) -> None:
        """Every connection ends."""
        subprocess.run([*self._command, "stop"], check=False, timeout=DEADLINE, capture_output=True)
        until = time.monotonic() + DEADLINE
        while (self.home / "run" / "master.pid").exists():
            assert time.monotonic() < until, self.log()
            time.sleep(0.05)

    def password(self, word: str) -> None:
        """Change the password."""
        users, line = self.home / "users", f"{USER}:{word}::::::\n"
        if users.exists() and users.read_text() == line:
            return
        users.write_text(line)
        # Dovecot looks at the file once within a second, and then at its time in whole seconds.
        time.sleep(1.1)

    def deliver(self, mail: bytes, folder: str = "") -> Path:
        """Put a mail into the mailbox (or ".Folder" of it)."""
        place = self.home / "mail" / folder
        for name in ("tmp", "new", "cur"):
            (place / name).mkdir(parents=True, exist_ok=True)
        unique = f"{time.time_ns()}.{next(self._numbers)}.mx"
        (place / "tmp" / unique).write_bytes(mail)
        self._give_away(place)
        return (place / "tmp" / unique).rename(place / "new" / unique)

    def forget_uids(self) -> None:
        """Lose the numbers of all mails, as after a restored backup: a new UIDVALIDITY."""
        for path in (self.home / "mail").glob("dovecot*"):
            if path.name.startswith(("dovecot-uidlist", "dovecot.index", "dovecot.list")):
                path.unlink()

    def empty(self) -> None:
        """As at the beginning."""
        for path in (self.home / "mail").iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        (self.home / "log").write_text("")
        self.password(PASSWORD)

    def mails(self) -> list[Path]:
        """The mails as they lie there; flags would show in their names."""
        return sorted(p for p in (self.home / "mail").rglob("*.mx*") if p.is_file())

    def log(self) -> str:
        """What Dovecot wrote down."""
        return (self.home / "log").read_text(errors="replace")

    @property
    def _command(self) -> list[str]:
        return [str(self.program), "-c", str(self.home / "dovecot.conf")]

    def _give_away(self, place: Path) -> None:
        owner = pwd.getpwnam("mail")
        for path in (self.home / "mail", *place.rglob("*"), place):
            os.chown(path, owner.pw_uid, owner.pw_gid)


@contextmanager
def running_dovecot() -> Iterator[Dovecot]:
    """Dovecot with an empty mailbox."""
    program = peers.need("dovecot")
    if os.geteuid() != 0:
        pytest.skip("peer dovecot: starting it needs root")
    home = Path(tempfile.mkdtemp(prefix="lapor-dovecot-"))
    home.chmod(0o755)
    dovecot = Dovecot(home=home, program=program)
    owner = pwd.getpwnam("mail")
    conf = CONFIG.format(
        home=home, uid=owner.pw_uid, gid=owner.pw_gid, plain=dovecot.plain, tls=dovecot.tls
    )
    (home / "dovecot.conf").write_text(conf)
    (home / "mail").mkdir()
    os.chown(home / "mail", owner.pw_uid, owner.pw_gid)
    dovecot.password(PASSWORD)
    _certify(home)
    try:
        dovecot.start()
        yield dovecot
    finally:
        dovecot.stop()
        shutil.rmtree(home, ignore_errors=True)


def _certify(home: Path) -> None:
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    subprocess.run(
        [
            *command.split(), "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
            "-keyout", str(home / "key.pem"), "-out", str(home / "certificate.pem"),
        ],
        check=True, capture_output=True,
    )  # fmt: skip
