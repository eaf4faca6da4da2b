"""
Where a report is, drawn from coordinates alone: no tiles, no outlines, nothing from outside.

The table of places has names and codes and no shapes. So what is drawn is the point of the report,
other reports around it, and a scale that tells how far apart they are; north is above. Pure.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import cos, radians

from normalizer.record import MapPoint

WIDTH, HEIGHT, MARGIN = 320, 220, 24
KM_PER_DEGREE = 111.32
#: Never nearer than this, so that a single point is not a drawing of nothing.
LEAST_KM = 0.5
#: Farther away is another story.
MOST_KM = 40.0
STEPS_KM = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50)


@dataclass(frozen=True, slots=True)
class Dot:
    """A report on the drawing; `label` is its case code."""

    x: float
    y: float
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """What the template draws, in units of its view box."""

    point: MapPoint
    here: Dot
    others: tuple[Dot, ...]
    #: How long the bar is, and what it stands for in metres.
    bar: float
    metres: int


def drawing(point: MapPoint, others: Iterable[tuple[str, MapPoint]]) -> Drawing:
    """The point in the middle, and what lies near it."""
    shrink = cos(radians(point.lat))
    away = [
        (
            code,
            (other.lon - point.lon) * shrink * KM_PER_DEGREE,
            (other.lat - point.lat) * KM_PER_DEGREE,
        )
        for code, other in others
    ]
    near = [one for one in away if max(abs(one[1]), abs(one[2])) <= MOST_KM]
    wide = max([LEAST_KM, *(abs(east) for _, east, _ in near)])
    high = max([LEAST_KM, *(abs(north) for _, _, north in near)])
    per_km = min((WIDTH / 2 - MARGIN) / wide, (HEIGHT / 2 - MARGIN) / high)
    dots = (
        Dot(round(WIDTH / 2 + east * per_km, 1), round(HEIGHT / 2 - north * per_km, 1), code)
        for code, east, north in near
    )
    step = max((km for km in STEPS_KM if km * per_km <= WIDTH / 3), default=STEPS_KM[0])
    return Drawing(
        point=point,
        here=Dot(WIDTH / 2, HEIGHT / 2, ""),
        others=tuple(dots),
        bar=round(step * per_km, 1),
        metres=round(step * 1000),
    )
