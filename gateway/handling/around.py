"""Other reports of the same district with a point on the map, for a drawing of where one lies."""

import msgspec

from forwarder.ports import Transaction, Vault
from gateway import neighbours
from gateway.handling.seeing import Seen
from normalizer.record import MapPoint

DAY_MS = 86_400_000
WINDOW_MS = 90 * DAY_MS
#: So many of the newest are opened, for points are sealed with the words.
MOST = 100
#: "36.03.18": the code of a kecamatan.
DISTRICT = 8
# Behind every digit and dot.
END = "~"

AROUND = """
select record_id from board
where received_at >= :since and place >= :district and place < :end
    and (:agency = '' or agency = :agency)
order by received_at desc limit :limit
"""


class _Placed(msgspec.Struct, frozen=True):
    case_code: str
    point: MapPoint | None = None


_PLACED = msgspec.json.Decoder(_Placed)


def points_around(tx: Transaction, vault: Vault, seen: Seen, *, agency: str) -> dict[str, MapPoint]:
    """By case code; none where this report has no point itself."""
    place = seen.record.place
    if seen.record.point is None or place is None or not place.code:
        return {}
    district = place.code[:DISTRICT]
    rows = tx.all(
        AROUND,
        since=seen.status.received_at - WINDOW_MS,
        district=district,
        end=district + END,
        agency=agency,
        limit=MOST,
    )
    ids = [row[0] for row in rows if row[0] != seen.status.record_id]
    found = (
        _PLACED.decode(vault.open(one.document, one.data_key))
        for one in neighbours.documents(tx, ids).values()
        if one.data_key is not None
    )
    return {one.case_code: one.point for one in found if one.point}
