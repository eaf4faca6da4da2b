"""`lapor-gateway user`, beside a running gateway and without one."""

import pyotp
from gateway_process import Gateway
from test_commands import Finished, ran

PASSWORD = "kuda hijau makan rumput"


async def typed(gateway: Gateway, *words: str, password: str = PASSWORD) -> Finished:
    """A command that reads a password from its standard input."""
    return await gateway.command("user", *words, typed=f"{password}\n")


async def test_accounts_are_kept_beside_a_running_gateway(gateway: Gateway) -> None:
    """Made, listed, changed, disabled; no default account is there, no password is shown."""
    async with gateway:
        nobody = await ran(gateway, "user", "list")
        weak = await typed(gateway, "add", "sari", password="password1234")
        added = await typed(gateway, "add", "sari", "--role", "admin", "--totp")
        twice = await typed(gateway, "add", "Sari")
        second = await typed(gateway, "add", "budi", "--name", "Budi", "--language", "en")
        role = await ran(gateway, "user", "role", "budi", "verifier", "--agency", "dinas-pu")
        changed = await typed(gateway, "passwd", "budi")
        last = await gateway.command("user", "disable", "sari")
        await ran(gateway, "user", "disable", "budi")
        listed = await ran(gateway, "user", "list")
        await ran(gateway, "user", "enable", "budi")
        unknown = await gateway.command("user", "totp-reset", "siti")
    reset = await ran(gateway, "user", "totp-reset", "budi")

    assert len(nobody.splitlines()) == 1
    assert weak.returncode == 1
    assert "tried first" in weak.stderr
    assert added.returncode == 0
    uri = next(line for line in added.stdout.splitlines() if line.startswith("otpauth://"))
    assert pyotp.parse_uri(uri).name == "sari"
    assert "█" in added.stdout
    assert "already" in twice.stderr
    assert (second.returncode, changed.returncode) == (0, 0)
    assert "verifier of dinas-pu, was officer" in role
    assert "only admin" in last.stderr
    assert "budi\tBudi\tverifier\tdinas-pu\tno\tdisabled\t-" in listed
    assert "there is no user siti" in unknown.stderr
    assert "took the sign-in app" in reset
    assert PASSWORD not in gateway.log + added.stdout + listed
