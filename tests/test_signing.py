import base64
import random

import pytest

from channels.contract import Secret
from channels.standard_webhooks import key_of, sign, verify

OLD = Secret("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
NEW = Secret("whsec_" + base64.b64encode(bytes(range(32))).decode())
BODY = b'{"type":"message.received"}'
AT = 1_700_000_000


def headers(*secrets: Secret, at: int = AT, message_id: str = "msg_1") -> dict[str, str]:
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(at),
        "webhook-signature": sign([key_of(secret) for secret in secrets], message_id, at, BODY),
    }


def test_the_published_vector() -> None:
    """The signature equals the one the reference library makes."""
    signature = sign([key_of(OLD)], "msg_1", AT, BODY)

    assert signature == "v1,eITGSlQsIt9lcSycZ74vHeeyNMy3ge+1ySYrz6Orea0="


def test_rotation() -> None:
    """While both secrets sign, a receiver with the old one and one with the new one accept."""
    both = headers(OLD, NEW)

    assert verify([key_of(OLD)], both, BODY, AT)
    assert verify([key_of(NEW)], both, BODY, AT)
    assert verify([key_of(NEW), key_of(OLD)], headers(OLD), BODY, AT)
    assert not verify([key_of(NEW)], headers(OLD), BODY, AT)


def test_what_is_not_ours_is_refused() -> None:
    """Another body, id, time or version is refused, and so is a message too old or too new."""
    keys = [key_of(OLD)]
    good = headers(OLD)

    assert verify(keys, good, BODY, AT + 300)
    assert not verify(keys, good, BODY, AT + 301)
    assert not verify(keys, good, BODY, AT - 301)
    assert not verify(keys, good, BODY + b" ", AT)
    assert not verify(keys, good | {"webhook-id": "msg_2"}, BODY, AT)
    assert not verify(keys, good | {"webhook-timestamp": str(AT + 1)}, BODY, AT)
    assert not verify(keys, good | {"webhook-timestamp": "now"}, BODY, AT)
    assert not verify(keys, good | {"webhook-timestamp": "9" * 5000}, BODY, AT)
    assert not verify(
        keys, good | {"webhook-signature": "v2" + good["webhook-signature"][2:]}, BODY, AT
    )
    assert not verify(keys, {}, BODY, AT)
    assert not verify([], good, BODY, AT)


def test_unknown_versions_beside_a_known_one_do_no_harm() -> None:
    """A receiver looks only for signatures it understands."""
    good = headers(OLD)
    mixed = good | {"webhook-signature": f"v1a,xyz {good['webhook-signature']} é\udcff"}

    assert verify([key_of(OLD)], mixed, BODY, AT)


def test_an_id_with_a_dot_is_not_signed() -> None:
    """A dot in the id would let a receiver read another time and body out of the same bytes."""
    with pytest.raises(ValueError, match="dot"):
        sign([key_of(OLD)], "a.b", AT, BODY)


@pytest.mark.parametrize("value", ["", "whsec_", "whsec_c2hvcnQ=", "whsec_no base64!", "x" * 200])
def test_a_secret_that_is_none(value: str) -> None:
    """A secret too short, too long or not base64 is refused before anything is signed with it."""
    with pytest.raises(ValueError, match="signing secret"):
        key_of(Secret(value))


def test_any_changed_byte_is_found() -> None:
    """A body with one byte changed anywhere does not verify."""
    chance = random.Random(1)  # noqa: S311 (positions for a test)
    keys, good = [key_of(OLD)], headers(OLD)

    for _ in range(100):
        changed = bytearray(BODY)
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
        assert not verify(keys, good, bytes(changed), AT)
