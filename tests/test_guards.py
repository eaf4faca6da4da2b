"""What every test gets without asking: no network beyond this machine, no stray settings."""

import asyncio
import os
import socket
import subprocess
import sys
from pathlib import Path

import peers
import postgres
import pytest
import structlog

from gateway.log import ForbiddenKey

# A pytest run of one peer test that skips.
SKIPPING = """
import pytest

@pytest.mark.peer
def test_peer():
    pytest.skip("not today")
"""


def test_a_connection_that_leaves_the_host_fails_the_test() -> None:
    """Also where the code under test catches every Exception: the failure is none."""
    with pytest.raises(pytest.fail.Exception, match=r"tried to reach 192\.0\.2\.1"):
        socket.create_connection(("192.0.2.1", 80), timeout=1)


async def test_a_name_is_not_even_looked_up() -> None:
    """A resolver is another host."""
    with pytest.raises(pytest.fail.Exception, match=r"tried to reach sms\.example\.org"):
        await asyncio.open_connection("sms.example.org", 80)


async def test_loopback_and_unix_sockets_are_free(tmp_path: Path) -> None:
    """Real sockets on this machine are what tests are made of."""
    answered = asyncio.Queue[None]()

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()
        await writer.wait_closed()
        await answered.put(None)

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    unix = await asyncio.start_unix_server(answer, tmp_path / "socket")
    port = server.sockets[0].getsockname()[1]

    for opening in (
        asyncio.open_connection("localhost", port),
        asyncio.open_unix_connection(tmp_path / "socket"),
    ):
        reader, writer = await opening

        assert await reader.read() == b""
        await answered.get()
        writer.close()
        await writer.wait_closed()
    for listener in (server, unix):
        listener.close()
        await listener.wait_closed()


def test_the_developers_own_environment_stays_outside() -> None:
    """No setting, proxy or service manager of the machine reaches a test."""
    names = {"LAPOR_GATEWAY_KEY", "NOTIFY_SOCKET", "https_proxy", "HTTPS_PROXY", "PGPASSWORD"}

    assert names & set(os.environ) == set()


def test_a_forbidden_key_fails_any_test() -> None:
    """Whoever logs a sender finds out in the first test that runs there."""
    with pytest.raises(ForbiddenKey):
        structlog.get_logger().info("accepted", sender="+6281200000001")


def test_absent_postgres_names_every_place() -> None:
    """The message is a recipe: four places, and how to leave these tests out."""
    for place in ("GATEWAY_TEST_POSTGRES", "PG_BIN", "/usr/lib/postgresql", "pgserver"):
        assert place in postgres.ABSENT
    assert "--without-postgres" in postgres.ABSENT


def test_a_required_peer_that_is_missing_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """Elsewhere the test is skipped, and the summary names the program."""
    monkeypatch.setattr(peers, "REQUIRED", False)
    with pytest.raises(pytest.skip.Exception, match="peer missing: no-such-peer"):
        peers.need("no-such-peer")
    monkeypatch.setattr(peers, "REQUIRED", True)
    with pytest.raises(pytest.fail.Exception, match="peer missing: no-such-peer"):
        peers.need("no-such-peer")


@pytest.mark.parametrize(("required", "code"), [("1", 1), ("0", 0)])
def test_where_peers_are_required_no_peer_test_is_skipped(
    tmp_path: Path, required: str, code: int
) -> None:
    """However it skips: by mark, by fixture or in its body."""
    (tmp_path / "test_peer.py").write_text(SKIPPING)
    root = Path(__file__).parents[1]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    options = ["--rootdir", str(root), "-c", str(root / "pyproject.toml")]

    done = subprocess.run(
        [*command, *options, "-p", "conftest", str(tmp_path / "test_peer.py")],
        env={**os.environ, "LAPOR_REQUIRE_PEERS": required, "PYTHONPATH": str(root / "tests")},
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == code, done.stdout + done.stderr
