"""
The rows of a model: what each unit of a report adds to the scores of all labels.

A row of 16-bit weights is taken as one long number and spread until each weight has 32 bits, so
that adding two numbers adds all labels at once. A sum is spread once more, to 64 bits, before one
product weighs all of it. Sums of a word are remembered, because words come again; most pairs of
words are met once.
"""

import struct
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from normalizer.model_features import Block, buckets_of
from normalizer.remembered import Remembered

#: What a weight of nothing is written as; weights are 16 bits, and this keeps them positive.
ZERO = 0x8000
# Bits of a weight in a row as it is written, in a sum of rows, and in a sum of weighed sums.
_WRITTEN, _SUMMED, _WEIGHED = 16, 32, 64
_ONE_SUM = (1 << _SUMMED) - 1


#: What a unit is: its name, its rarity squared, how many rows it has, and their sum.
Part: TypeAlias = tuple[str, float, int, int]


class Rows:
    """A table from bucket to row, and the rows; what a row has for a label is in its lane."""

    def __init__(self, index: memoryview, rows: memoryview, kinds: int) -> None:
        self._index = index.cast("H")
        self._rows = rows
        self._row = row_of(kinds)
        # A number is spread by moving every second lane behind the others, twice.
        self._half = (kinds + 3) // 4 * 2
        self._second = {bits: _every_second(bits, self._half) for bits in (_WRITTEN, _SUMMED)}
        self._lanes = struct.Struct(f"<{2 * self._half}Q")
        #: In which lane each label is after the first and after the second time.
        self._summed = [_lane(label, self._half) for label in range(kinds)]
        self._weighed = [_lane(lane, self._half) for lane in self._summed]
        self._parts = Remembered[str, Part | None](self._part)

    def parts(self, block: Block) -> list[Part]:
        """The units of a block that are known."""
        if not block.buckets:
            return list(filter(None, map(self._parts.__getitem__, block.units)))
        both = zip(block.units, map(self._index.__getitem__, block.buckets), strict=True)
        return [self._summed_up(unit, (at,)) for unit, at in both if at]

    def part(self, unit: str) -> Part | None:
        """A unit, if it is known."""
        return self._parts[unit]

    def weighed(self, sums: Iterable[tuple[int, int]]) -> Sequence[int]:
        """The sum of some sums, each times a whole number, label by label."""
        second, even, odd = self._second[_SUMMED], 0, 0
        for times, lanes in sums:
            even += times * (lanes & second)
            odd += times * (lanes >> _SUMMED & second)
        total = even | odd << self._half * _WEIGHED
        summed = self._lanes.unpack(total.to_bytes(self._lanes.size, "little"))
        return [summed[lane] for lane in self._weighed]

    def gains(self, parts: Iterable[Part], label: int) -> list[tuple[str, int]]:
        """Those parts that speak for a label, each with how much it adds to the score."""
        shift = _SUMMED * self._summed[label]
        return [
            (unit, gain)
            for unit, _, rows, lanes in parts
            if (gain := (lanes >> shift & _ONE_SUM) - rows * ZERO) > 0
        ]

    def _part(self, unit: str) -> Part | None:
        ats = [at for bucket in buckets_of(unit) if (at := self._index[bucket])]
        return self._summed_up(unit, ats) if ats else None

    def _summed_up(self, unit: str, ats: Sequence[int]) -> Part:
        square, even, odd = 0.0, 0, 0
        second, size = self._second[_WRITTEN], self._row.size
        for at in ats:
            rarity, weights = self._row.unpack_from(self._rows, (at - 1) * size)
            number = int.from_bytes(weights, "little")
            square += rarity * rarity
            even += number & second
            odd += number >> _WRITTEN & second
        return unit, square, len(ats), even | odd << self._half * _SUMMED


def row_of(kinds: int) -> struct.Struct:
    """A row as it is written: its rarity, and the weights of all labels."""
    return struct.Struct(f"<f{2 * kinds}s")


def _every_second(bits: int, count: int) -> int:
    return sum((1 << bits) - 1 << 2 * bits * lane for lane in range(count))


def _lane(lane: int, half: int) -> int:
    return lane // 2 + half * (lane % 2)
