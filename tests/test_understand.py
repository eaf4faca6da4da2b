"""What messages say by themselves, many read together."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from normalizing import RULES

from channels.contract import Attachment, InboundMessage
from gateway.assembly import Ready
from gateway.build_craft import build_recorder
from gateway.recording import Recorder
from gateway.settings import read_settings
from gateway.vault import KEY_BYTES, Vault
from gateway.work import Claimed
from normalizer.record import MapPoint
from normalizer.text import clean
from normalizer.understand import matter_of, understand, understand_all

PHOTO = (Path(__file__).parent / "fixtures" / "pictures" / "baseline.jpg").read_bytes()
LAMP = "Lampu jalan mati di desa Sukamulya sejak kemarin, mohon diperbaiki"
ROAD = "Jalan rusak parah depan pasar, nama saya Budi Santoso"
FIRE = "TOLONG kebakaran rumah sekarang di Jl. Mawar"
TEXTS = st.lists(st.sampled_from((LAMP, ROAD, FIRE, "", "?")) | st.text(max_size=80), max_size=5)


@given(TEXTS)
def test_messages_read_together_say_what_each_says_alone(texts: list[str]) -> None:
    """However many are read at once, no message changes what another one means."""
    messages = [InboundMessage(sender="+6281200000001", text=text) for text in texts]
    made_readable = [clean(matter_of(message), RULES.abbreviations) for message in messages]

    together = understand_all(messages, made_readable, RULES)

    assert together == [understand(message, RULES) for message in messages]


def test_a_message_that_cannot_be_understood_harms_no_other(tmp_path: Path) -> None:
    """A bug that one message meets leaves the others of its batch understood and found."""
    broken = InboundMessage(sender="", text=ROAD, place=None)  # type: ignore[arg-type]
    messages = [InboundMessage(sender="", text=LAMP), broken, InboundMessage(sender="", text=FIRE)]

    lamp, road, fire = _recorder(tmp_path).ask([_ready(*each) for each in enumerate(messages)])

    assert lamp.understood == understand(messages[0], RULES)
    assert fire.understood == understand(messages[2], RULES)
    assert (road.understood, road.keys, bool(lamp.keys)) == (None, (), True)


def test_where_a_photo_was_taken_counts_though_its_words_were_read_before(tmp_path: Path) -> None:
    """A photo is opened when the record is made; its place is the report's if none was given."""
    photo = Attachment(name="foto.jpg", media_type="image/jpeg", content=PHOTO)
    recorder = _recorder(tmp_path)
    [asked] = recorder.ask([_ready(1, InboundMessage(sender="", text=LAMP, attachments=(photo,)))])
    draft = recorder.draft(asked.ready.row, asked.ready.message, asked)

    record = recorder.record(replace(draft, understood=asked.understood), [])

    assert (record.point, record.remarks) == (MapPoint(lat=-6.2088, lon=106.8456), ())


def _recorder(folder: Path) -> Recorder:
    return build_recorder(read_settings(None, folder, {}), Vault(bytes(KEY_BYTES)))


def _ready(number: int, message: InboundMessage) -> Ready:
    row = Claimed(
        id=number,
        channel="sms",
        external_id=str(number),
        received_at=0,
        payload=b"",
        data_key=b"",
        state="received",
        attempts=0,
        record_id=None,
    )
    return Ready(row=row, message=message, lane="")
