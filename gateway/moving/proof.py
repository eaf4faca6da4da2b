"""What shows that a move is whole: each row counted and digested on both sides, and the chains."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.moving.carry import Meter, batches
from gateway.moving.progress import Carried
from gateway.moving.shapes import Shape
from gateway.moving.sides import Side
from gateway.moving.standing import Standing, standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One table on both sides."""

    name: str
    source: Carried
    target: Carried

    @property
    def same(self) -> bool:
        """Whether both hold the same rows."""
        return (self.source.rows, self.source.digest) == (self.target.rows, self.target.digest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Both sides after a move."""

    tables: Sequence[Compared]
    source: Standing
    target: Standing

    @property
    def differences(self) -> list[str]:
        """A sentence for each thing that is not the same; none when the move is whole."""
        found = [
            f"{one.name} differs: {one.source.rows} rows were read, {one.target.rows} are there"
            for one in self.tables
            if not one.same
        ]
        if self.target.broken:
            found.append(self.target.broken)
        if self.target != self.source:
            found.append("verify or reconcile do not say the same of both")
        return found


def compare(target: Side, shape: Shape, source: Carried, meter: Meter) -> Compared:
    """What was read of a table beside what is there now."""
    meter.begin(f"compare {shape.name}", source.rows)
    found = Carried()
    for batch in batches(target.stream(shape, shape.whole)):
        found = found.with_(batch, ())
        meter.more(len(batch))
    return Compared(name=shape.name, source=source, target=found)


def walked(side: Side, meter: Meter, what: str) -> Standing:
    """What `verify` and `reconcile` say of a side."""
    with side.transaction() as tx:
        row = tx.one("select count(*) from journal")
        meter.begin(what, row[0] if row else 0)
        return standing(tx, lambda _: meter.more(1))
