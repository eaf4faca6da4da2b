"""What the tests of the normalizer share: the shipped rules, an invented message and report."""

from datetime import UTC, datetime
from pathlib import Path

from channels.contract import InboundMessage
from normalizer.report import Complaint, Neighbour, Report
from normalizer.rules import FILES, read_rules

CONFIG = Path(__file__).parent.parent / "config"
SHIPPED = {name: (CONFIG / name).read_bytes() for name in FILES}
RULES = read_rules(SHIPPED)
NOON = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)


def said(text: str) -> InboundMessage:
    """A message by SMS."""
    return InboundMessage(sender="+6281200000001", text=text)


def report(message: InboundMessage, *, share_identity: bool = False) -> Report:
    """A message with the names the gateway gives it."""
    return Report(
        message=message,
        record_id="11111111-2222-5333-8444-555555555555",
        case_code="0000000AA",
        channel="sms",
        external_id="m-1",
        received_at=NOON,
        pseudonym="p-1",
        share_identity=share_identity,
    )


def neighbour(  # noqa: PLR0913 (each named)
    text: str,
    *,
    same_sender: bool = False,
    place: str = "",
    code: str | None = None,
    topic: str | None = None,
    at: datetime = NOON,
) -> Neighbour:
    """An earlier record."""
    return Neighbour(
        record_id="earlier",
        cluster="cluster",
        same_sender=same_sender,
        said=Complaint(text=text, place=place, code=code, topic=topic, at=at),
    )
