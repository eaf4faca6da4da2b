"""The names records get."""

import uuid

import pytest

from gateway.naming import RECORDS, record_id_of


@pytest.mark.parametrize("external_id", ["n-1", "<kata pak é@contoh.id>", ""])
def test_a_records_id_is_the_uuid_5_of_channel_and_external_id(external_id: str) -> None:
    """Anybody can reckon it again, with any library."""
    expected = str(uuid.uuid5(RECORDS, f"sms\n{external_id}"))

    assert record_id_of("sms", external_id) == expected
