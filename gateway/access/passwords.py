"""
Passwords: argon2id with the parameters OWASP advises, computed one at a time and off the loop.

19 MiB, two passes, one lane (OWASP Password Storage Cheat Sheet). What a password must be follows
NIST SP 800-63B: long, not the login, not a common one, and no rules about which signs it has.
"""

import asyncio
import base64
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from channels.contract import NotStored

T = TypeVar("T")

LEAST = 12
MOST = 256
# A shorter login stands in ordinary words: "ayu" in "kayu".
TELLING = 4
MEMORY_KIB, PASSES, LANES = 19 * 1024, 2, 1
# Each takes 19 MiB and some 30 ms of a core; who comes when so many wait is told to come again.
WAITING = 16

#: Words whose repetition or continuation with digits is tried first, in any case of letters.
COMMON = frozenset(
    """
    password passw0rd passwort admin administrator qwerty qwertyuiop asdfghjkl letmein welcome
    iloveyou monkey dragon football superman sayang cinta rahasia katasandi sandi bismillah
    alhamdulillah indonesia merdeka garuda pancasila jakarta bandung tangerang surabaya semarang
    diskominfo kominfo pemda pemkab pemkot bupati walikota lapor laporgateway spanlapor petugas
    operator kantor user pengguna test testing changeme default gateway console konsol
    """.split()  # noqa: SIM905 (a list of words reads best as words)
)
RUNS = ("01234567890123456789", "98765432109876543210", "qwertyuiopasdfghjklzxcvbnm")


class TooBusy(NotStored):
    """So many passwords wait to be checked that one more would only wait."""


class Passwords:
    """Makes and checks hashes, one at a time: memory and processor belong to the messages."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(
            time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES, type=Type.ID
        )
        self._thread = ThreadPoolExecutor(1, "passwords")
        self._waiting = 0

    async def hashed(self, password: str) -> str:
        """The hash to keep."""
        return await self._run(self._hash, password)

    async def fits(self, kept: str | None, password: str) -> bool:
        """Whether it is the password; where there is none it takes as long to say no."""
        return await self._run(self._fits, kept or NOBODY, password)

    def is_old(self, kept: str) -> bool:
        """Whether the hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(kept)

    def hash_now(self, password: str) -> str:
        """The hash to keep, for a command line that has nothing else to do."""
        return self._hash(password)

    async def _run(self, work: Callable[..., T], *words: str) -> T:
        if self._waiting >= WAITING:
            raise TooBusy
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work, *words)
        finally:
            self._waiting -= 1

    def _hash(self, password: str) -> str:
        return self._hasher.hash(_same_signs(password))

    def _fits(self, kept: str, password: str) -> bool:
        try:
            return self._hasher.verify(kept, _same_signs(password))
        except (VerificationError, InvalidHashError):
            return False


def refusal(password: str, login: str) -> str | None:
    """Why this cannot be a password: short, long, login or common; None where it can."""
    if len(_same_signs(password)) < LEAST:
        return "short"
    if len(password) > MOST:
        return "long"
    folded = _same_signs(password).casefold()
    if len(login) >= TELLING and login.casefold() in folded:
        return "login"
    return "common" if _is_common(folded) else None


def _is_common(folded: str) -> bool:
    """Few different signs, a run of keys, or common words with digits and signs around them."""
    if len(set(folded)) < 5 or any(folded[:LEAST] in run for run in RUNS):  # noqa: PLR2004
        return True
    rest = "".join(sign for sign in folded if sign.isalpha())
    words = sorted(COMMON, key=len, reverse=True)
    while rest:
        word = next((word for word in words if rest.startswith(word)), None)
        if word is None:
            return False
        rest = rest.removeprefix(word)
    return any(sign.isalpha() for sign in folded)


def _same_signs(password: str) -> str:
    """However a keyboard composes its letters, it is one password."""
    return unicodedata.normalize("NFKC", password)


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode().rstrip("=")


#: A hash nobody has the password of: checking against it costs what any other check costs.
NOBODY = (
    f"$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}"
    f"${_base64(b'nobody has a key')}${_base64(bytes(32))}"
)
