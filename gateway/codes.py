"""
Case codes: a keyed permutation of the journal id, spelled in Crockford base32.

Being a permutation, two reports never share a code and none has to be looked up; being keyed, a
code tells nothing and the next one cannot be guessed. Only codes are issued whose check symbol is a
plain letter or digit, and that hold both letters and digits, so that no code looks like a word or
a number: the walk repeats the permutation until it lands on one.
"""

import hashlib

from gateway.chain import CHAIN_BITS
from normalizer.codes import check_symbol, spell

# Check values from 32 on are spelled *~$=U, which no SMS keyboard and no ear is made for.
PLAIN_SYMBOLS = 32
HALF = 20
MASK = (1 << HALF) - 1
ROUNDS = 8
# 40 bits of code carry 8 bits of chain and 32 of position: 4 billion reports for each writer.
POSITION_BITS = 32


class CaseCodes:
    """Issues the case code of a journal row."""

    __slots__ = ("_keyed",)

    def __init__(self, key: bytes) -> None:
        # A hash that has the key in already; a copy of it is made for each round.
        self._keyed = hashlib.blake2b(key=key, digest_size=3)

    def of(self, row: int) -> str:
        """The nine characters for one journal row."""
        chain, position = row >> CHAIN_BITS, row & ((1 << CHAIN_BITS) - 1)
        value = (chain & 0xFF) << POSITION_BITS | position & ((1 << POSITION_BITS) - 1)
        while True:
            value = self._permute(value)
            code = spell(value) if check_symbol(value) < PLAIN_SYMBOLS else ""
            if code and not code.isalpha() and not code.isdigit():
                return code

    def _permute(self, value: int) -> int:
        """A balanced Feistel network over 40 bits."""
        left, right = value >> HALF, value & MASK
        for number in range(ROUNDS):
            round_ = self._keyed.copy()
            round_.update((number << 24 | right).to_bytes(4))
            left, right = right, left ^ int.from_bytes(round_.digest()) & MASK
        return left << HALF | right
