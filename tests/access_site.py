"""Accounts and sign-ins of a test: the real functions on a real store, with a clock it moves."""

from dataclasses import dataclass, field

import pyotp
from clock import Clock

from forwarder.ports import Transaction
from gateway.access import ordering, users
from gateway.access.options import Console
from gateway.access.ordering import UserOrder
from gateway.access.passwords import Passwords
from gateway.access.person import Role
from gateway.access.sessions import Origin
from gateway.access.signing_in import SigningIn, Step
from gateway.custody.duty import Done
from gateway.store import Store
from gateway.vault import Vault

PASSWORD = "kuda hijau makan rumput"
TRAIL = "select who, what from audit order by id"
HERE = Origin(network="198.51.100.7", browser="Firefox")
#: Made once: each hash takes its time on purpose.
KEPT = Passwords().hash_now(PASSWORD)


@dataclass(slots=True)
class Reception:
    """Where people sign in."""

    database: Store
    vault: Vault
    clock: Clock
    options: Console = Console()  # noqa: RUF009 (frozen)
    counted: list[str] = field(default_factory=list)

    @property
    def door(self) -> SigningIn:
        """As one process has it."""
        return SigningIn(
            self.database,
            self.vault,
            self.options,
            clock=lambda: self.clock.milliseconds,
            counted=self.counted.append,
        )

    async def order(self, **said: object) -> Done:
        """What an admin orders."""
        order = UserOrder(who="root", **said)  # type: ignore[arg-type]
        return await self.database.write(
            lambda tx: ordering.carry_out(tx, self.vault, order, self.clock.milliseconds)
        )

    async def add(self, login: str = "sari", role: Role = Role.OFFICER, **said: object) -> str:
        """An account with PASSWORD and an app; the app's secret."""
        done = await self.order(
            verb="add", login=login, role=role, password=KEPT, totp=True, **said
        )
        return str(pyotp.parse_uri(done.data["uri"]).secret)

    def code(self, secret: str) -> str:
        """What the app shows now."""
        return pyotp.TOTP(secret).at(self.clock.now)

    async def password(self, login: str = "sari", password: str = PASSWORD, **said: str) -> Step:
        """The first step."""
        return await self.door.with_password(login, password, HERE, **said)

    async def signed_in(self, secret: str, login: str = "sari") -> Step:
        """Both steps, half a minute later than the last one."""
        self.clock.advance(60)
        first = await self.password(login)
        return await self.door.with_code(first.token, self.code(secret), network=HERE.network)

    async def trail(self) -> list[str]:
        """What stands in the audit trail, oldest first."""
        rows = await self.database.read(lambda tx: tx.all(TRAIL))
        return [f"{who}: {what}" for who, what in rows]


def user_of(tx: Transaction, login: str = "sari") -> users.User:
    """An account that must be there."""
    user = users.find(tx, login)
    assert user
    return user
